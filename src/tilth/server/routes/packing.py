"""Which answers travel compressed, and for whom: texts of the page and answers in JSON that are worth it, for whoever takes gzip."""

import gzip

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

__all__ = ["packed", "takes_gzip"]

_WORTH_PACKING = 2_000
"""What is smaller fits into one or two packets of a network as it is."""
_LEVEL = 1
"""Answers are made anew each time. Level 1 costs about a tenth of making them, level 6 three to five times that for a tenth fewer bytes."""
_NAMES = ("gzip", "x-gzip")


async def packed(request: Request, response: Response) -> Response:
    """An answer, compressed if it is JSON that is whole and long enough and the caller takes it so.

    Streams, ranges and what is compressed as it is stay as they are.
    """
    body = bytes(getattr(response, "body", b""))  # a stream has none
    headers = response.headers
    is_json = headers.get("content-type", "").partition(";")[0].strip() == "application/json"
    if not is_json or len(body) < _WORTH_PACKING or "content-encoding" in headers or "content-range" in headers:
        return response
    headers.add_vary_header("accept-encoding")
    if takes_gzip(request.headers):
        response.body = await to_thread.run_sync(lambda: gzip.compress(body, _LEVEL, mtime=0))
        headers["content-encoding"] = "gzip"
        headers["content-length"] = str(len(response.body))
    return response


def takes_gzip(headers: Headers) -> bool:
    """Whether a caller takes answers that are compressed with gzip: it says so by name or by `*`, and not with the weight 0."""
    weights: dict[str, float] = {}
    for part in ",".join(headers.getlist("accept-encoding")).split(","):
        name, *parameters = (word.strip().lower() for word in part.split(";"))
        said = [word.partition("=")[2] for word in parameters if word.partition("=")[0].rstrip() == "q"]
        weights[name] = _weight(said[0]) if said else 1.0
    named = [weights[name] for name in _NAMES if name in weights]
    return max(named, default=weights.get("*", 0.0)) > 0


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # nothing is packed for whoever can't be understood
        return 0.0
