"""The web page's files: those of the built page if there is one, otherwise a small one that signs in and makes keys."""

import gzip
import mimetypes
from functools import cache, lru_cache
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tilth.server.routes.packing import takes_gzip
from tilth.server.routes.platform import base_url

__all__ = ["is_file_of_page", "page"]

_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: https: http:;"
    " media-src 'self' blob: https: http:; frame-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'self';"
    " form-action 'self'; frame-ancestors 'none'"
)

_BASE = b'<base href="/"'
"""In the page: what its own addresses are relative to. It may lie below the path of a proxy."""
_WORTH_PACKING = 1_000
_TEXTS = ("application/javascript", "image/svg+xml")
"""Kinds of texts whose names do not say so."""
_LONGEST_NAME = 100
"""Of a file of the page; systems refuse to look for names that are much longer."""


async def page(request: Request, path: str) -> Response:
    """A file of the page; for a path that is none, the page itself, which knows its own addresses."""
    if request.method not in ("GET", "HEAD"):
        return JSONResponse({"msg": "there is nothing here that takes this"}, 405, {"allow": "GET, HEAD"})
    name = path.strip("/")
    found = _file(name) if name else None
    body = found if found is not None else _file("index.html")
    assert body is not None
    if found is None or name == "index.html":
        body = body.replace(_BASE, f'<base href="{escape(urlsplit(base_url(request)).path)}/"'.encode())
    kind = mimetypes.guess_type(name)[0] if found is not None else "text/html"
    packed = None
    if found is not None and name != "index.html" and takes_gzip(request.headers):
        packed = await to_thread.run_sync(_packed, name)
    headers = {
        "content-security-policy": _POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cache-control": "public, max-age=31536000, immutable" if name.startswith("assets/") and found is not None else "no-cache",
    }
    if packed is not None:
        body = packed
        headers["content-encoding"] = "gzip"
    if found is not None:
        headers["vary"] = "accept-encoding"
    return Response(body if request.method == "GET" else b"", 200, headers, kind or "application/octet-stream")


def is_file_of_page(path: str) -> bool:
    """Whether the page has a file at `path`; its name may look like a call's, as `start.js` does."""
    name = path.strip("/")
    return bool(name) and _file(name) is not None


@cache
def _root() -> Traversable:
    built = files("tilth.server") / "static"
    return built if (built / "index.html").is_file() else files("tilth.server.routes") / "page"


@lru_cache(maxsize=1_000)
def _packed(name: str) -> bytes | None:
    """A text of the page, compressed once and then kept; None for what is small, or compressed as it is."""
    body = _file(name)
    kind = mimetypes.guess_type(name)[0] or ""
    if body is None or len(body) < _WORTH_PACKING or not (kind.startswith("text/") or kind in _TEXTS):
        return None
    return gzip.compress(body, 6, mtime=0)


@lru_cache(maxsize=1_000)
def _file(name: str) -> bytes | None:
    parts = name.split("/")
    if any(part in ("", ".", "..") or len(part) > _LONGEST_NAME or "\\" in part or "\x00" in part for part in parts):
        return None
    found = _root()
    for part in parts:
        found /= part
    return found.read_bytes() if found.is_file() else None
