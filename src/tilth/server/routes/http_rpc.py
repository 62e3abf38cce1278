"""The API over HTTP: any verb, any version prefix, a JSON body, and an envelope back."""

import re
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tilth.base.errors import FieldInvalid, TilthError
from tilth.server.routes.bodies import read_body
from tilth.server.routes.metrics import METRICS
from tilth.server.routes.packing import packed
from tilth.server.routes.platform import Platform, identity_of, origin_of
from tilth.server.routes.rpc import Answer, Caller
from tilth.wire.envelope import Endpoint, failure, status_of
from tilth.wire.own_files import localised, portable

__all__ = ["answer_call", "looks_like_call"]

MOST_BYTES = 256 * 1024 * 1024
"""Batches of events have up to 16 MB, configurations and frames of datasets up to 100 MB."""

_CALL = re.compile(r"^/?(?:v(\d+\.\d+)/)?([a-z_]+\.[a-z_0-9]+)/?$")


def looks_like_call(path: str) -> bool:
    """Whether a path names a call of the API."""
    return _CALL.match(path) is not None


async def answer_call(platform: Platform, request: Request, path: str) -> Response:
    """Answer the call that a path names."""
    match = _CALL.match(path)
    version, name = (match.group(1) or "2.34", match.group(2)) if match else ("2.34", path.strip("/")[:200])
    endpoint = Endpoint(name=name, requested_version=version, actual_version=version)
    with METRICS.timed(name if match else "unknown") as timing:
        try:
            body = await read_body(request, most=MOST_BYTES)
            if request.scope["query_string"]:
                body = _with_query(body, request.scope["query_string"].decode("latin-1"))
            origin = origin_of(request, platform)
            caller = Caller(identify=identity_of(request), origin=origin, endpoint=endpoint)
            body = portable(body, origin.files_urls)
            answer = await platform.in_thread(platform.dispatcher.call, name, body, caller)
            assert isinstance(answer, Answer)
            answer = Answer(answer.status, localised(answer.body, origin.files_urls), answer.content_type)
        except TilthError as error:
            answer = Answer(status_of(error), failure(error, endpoint))
        timing.status = answer.status
    headers = {"retry-after": "5"} if answer.status in (429, 503) else {}
    headers |= {"www-authenticate": 'Bearer realm="tilth"'} if answer.status == 401 else {}
    return await packed(request, Response(answer.body, answer.status, headers | {"cache-control": "no-store"}, answer.content_type))


def _with_query(body: bytes, query: str) -> bytes:
    """A body with what the query string says put in; a name that comes twice is a list."""
    try:
        given: Any = msgspec.json.decode(body) if body.strip() else {}
    except (msgspec.MsgspecError, RecursionError):
        return body
    if not isinstance(given, dict):
        return body
    said: dict[str, Any] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=1_000)
    except ValueError as error:
        raise FieldInvalid(f"the query string can't be read: {error}", hint="check the address") from error
    for name, value in pairs:
        plain = _plain(value)
        said[name] = [*_listed(said[name]), plain] if name in said else plain
    return msgspec.json.encode(said | given)


def _plain(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else text


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
