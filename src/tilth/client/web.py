"""Files of any web server: how large one is, whether it changed, and its bytes. No keys of ours are ever sent there."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import urllib3
from msgspec import Struct
from urllib3.exceptions import HTTPError
from urllib3.util import make_headers

from tilth.base.errors import Denied, Invalid, ObjectNotFound, TilthError, Unavailable

__all__ = ["WebFile", "describe", "open_web"]

_TIMEOUT = urllib3.Timeout(connect=10, read=60)
_BUSY = (408, 429, 500, 502, 503, 504)
_TRIES = 4
_PAUSE_S = 0.3
_ERRORS: dict[int, type[TilthError]] = {401: Denied, 403: Denied, 404: ObjectNotFound, 410: ObjectNotFound}


class WebFile(Struct, frozen=True):
    """What a web server says of a file."""

    size: int | None
    version: str | None
    """Changes with the content; None if the server says nothing that does."""


def describe(url: str) -> WebFile:
    """What there is to know without fetching it; raises `ObjectNotFound`, `Denied` or `Unavailable`."""
    with _answer("HEAD", url, refused=(400, 403, 405, 501)) as answer:
        if answer.status == 200:
            return _described(answer)
    with _answer("GET", url) as answer:  # some servers do not answer HEAD, or sign addresses for one method
        return _described(answer)


@contextmanager
def open_web(url: str) -> Iterator[Any]:
    """The bytes of a file."""
    with _answer("GET", url) as answer:
        try:
            yield answer
        except HTTPError as error:
            raise Unavailable(f"{_shown(url)} broke off ({error})", hint="try again") from error


@contextmanager
def _answer(method: str, url: str, *, refused: tuple[int, ...] = ()) -> Iterator[urllib3.BaseHTTPResponse]:
    address, headers = _without_password(url)
    answer = _patiently(method, address, headers)
    try:
        if answer.status != 200 and answer.status not in refused:
            kind = _ERRORS.get(answer.status, Unavailable)
            raise kind(f"{_shown(url)} is answered with status {answer.status}", hint="check the address")
        yield answer
    finally:
        answer.close()


def _patiently(method: str, address: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
    pool = urllib3.PoolManager(retries=False, timeout=_TIMEOUT)
    for attempt in range(1, _TRIES + 1):
        try:
            # A redirect to another host takes no authorization along: urllib3 drops it.
            retries = urllib3.Retry(total=None, connect=0, read=0, status=0, redirect=10)
            answer = pool.request(method, address, headers=headers, preload_content=False, retries=retries)
        except HTTPError as error:
            if attempt == _TRIES:
                raise Unavailable(
                    f"{_shown(address)} can't be reached ({_plainly(error)})", hint="check the address and the network"
                ) from error
        else:
            if answer.status not in _BUSY or attempt == _TRIES:
                return answer
            answer.close()
        time.sleep(_PAUSE_S * 2**attempt)
    raise AssertionError("the last attempt returns or raises")


def _described(answer: urllib3.BaseHTTPResponse) -> WebFile:
    said = answer.headers.get("content-length", "")
    whole = answer.headers.get("content-encoding", "identity") == "identity"
    size = int(said) if said.isascii() and said.isdecimal() and whole else None
    changes = answer.headers.get("etag") or answer.headers.get("last-modified")
    return WebFile(size, f"{changes} {said}" if changes else None)


def _without_password(url: str) -> tuple[str, dict[str, str]]:
    """The address, and the headers that say what stands before its `@`."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise Invalid(f"{url!r:.200} is no address", hint="check it") from error
    if not host:
        raise Invalid(f"{url!r:.200} names no server", hint="check the address")
    headers = {"accept-encoding": "identity", "user-agent": "tilth"}
    if parts.username is None:
        return url, headers
    headers |= make_headers(basic_auth=f"{unquote(parts.username)}:{unquote(parts.password or '')}")
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])), headers


def _shown(url: str) -> str:
    """The address as it may be told: without passwords and signatures."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))[:300]


def _plainly(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason).rpartition(": ")[2][:200]
