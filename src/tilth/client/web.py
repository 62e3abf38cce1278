"""Files of any web server: how large one is, whether it changed, and its bytes. No keys of ours are ever sent there."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http.client import IncompleteRead
from pathlib import PurePosixPath
from time import sleep, time_ns
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import urllib3
from msgspec import Struct
from urllib3.exceptions import HTTPError, LocationValueError
from urllib3.util import make_headers

from tilth.base.addresses import secret_in, signature_end
from tilth.base.errors import Denied, Invalid, NotFound, ObjectNotFound, TilthError, Unavailable

__all__ = ["UNSETTLED_NS", "WebFile", "WebPage", "describe", "open_web", "open_web_from", "page"]

_TIMEOUT = urllib3.Timeout(connect=10, read=60)
_BUSY = (408, 429, 500, 502, 503, 504)
_TRIES = 4
_PIECE = 64 << 10
_PAGES = ("", ".html", ".htm", ".xhtml", ".shtml", ".php", ".asp", ".aspx", ".jsp", ".cgi")
_PAUSE_S = 0.3
_HTML = ("text/html", "application/xhtml+xml")
_JSON = "application/json"
_LARGEST = (1 << 63) - 1
UNSETTLED_NS = 2_000_000_000
"""A file that was modified so short a time before may be modified once more without a later time: web servers tell whole seconds."""
_REFUSED = (400, 401, 403)
_ERRORS: dict[int, type[TilthError]] = {401: Denied, 403: Denied, 404: ObjectNotFound, 410: ObjectNotFound}


class WebFile(Struct, frozen=True):
    """What a web server says of a file."""

    size: int | None
    version: str | None
    """Changes with the content; None if the server says nothing that does."""
    etag: str = ""
    """The part of it that does not say how long the file is; empty if that is a time which may hold for later contents as well."""
    modified_ns: int = 0
    leads_to: str = ""
    """The address that answered, after all redirects."""
    is_page: bool = False
    """Whether the server answers with a page for people, although the address names something else: a login, as a rule."""


class WebPage(Struct, frozen=True):
    """What a web server shows of a folder."""

    data: bytes
    is_json: bool
    at_ns: int
    """When, by the server's clock."""


def describe(url: str) -> WebFile:
    """What there is to know without fetching it; raises `ObjectNotFound`, `Denied` or `Unavailable`."""
    with _answer("HEAD", url, refused=(400, 403, 405, 501)) as answer:
        if answer.status == 200 and (told := _described(answer)).size != 0:
            return told
    # Some servers do not answer HEAD, or sign addresses for one method, or say of each file that it is as long as their answer to HEAD.
    with _answer("GET", url) as answer:
        return _described(answer)


def page(url: str, *, most_bytes: int) -> WebPage | None:
    """The page at an address, in HTML or JSON; None if something else is there, or more than `most_bytes`."""
    with open_web(url) as answer:
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in (*_HTML, _JSON):
            return None
        data = answer.read(most_bytes + 1)
        return None if len(data) > most_bytes else WebPage(bytes(data), kind == _JSON, _now_ns(answer))


@contextmanager
def open_web(url: str) -> Iterator[Any]:
    """The bytes of a file."""
    with _answer("GET", url) as answer:
        try:
            yield answer
        except HTTPError as error:
            raise Unavailable(f"{_shown(url)} broke off ({_plainly(error)})", hint="try again") from error


@contextmanager
def open_web_from(url: str, start: int) -> Iterator[tuple[Any, WebFile, int]]:
    """The bytes of a file from `start` on, its state as this answer tells it, and where they begin: at 0 if a server knows no parts."""
    with _answer("GET", url, refused=(206, 416), headers={"range": f"bytes={start}-"} if start else {}) as answer:
        if answer.status != 416:
            begin = _begin_of(answer.headers.get("content-range", ""), start) if answer.status == 206 else 0
            yield _Broken(answer, url), _described(answer), begin
            return
    with _answer("GET", url) as answer:  # it has become shorter than that
        yield _Broken(answer, url), _described(answer), 0


class _Broken:
    """An answer that says so if it breaks off."""

    def __init__(self, answer: urllib3.BaseHTTPResponse, url: str) -> None:
        self._answer = answer
        self._url = url

    def read(self, size: int) -> bytes:
        try:
            return bytes(self._answer.read(min(size, _PIECE)))  # what a larger piece had when it broke off would be lost
        except HTTPError as error:
            raise Unavailable(f"{_shown(self._url)} broke off ({_plainly(error)})", hint="try again") from error


def _begin_of(said: str, start: int) -> int:
    """Where a part begins: `bytes 10-19/20`."""
    first = said.removeprefix("bytes ").partition("-")[0]
    return int(first) if first.isascii() and first.isdecimal() else start


@contextmanager
def _answer(
    method: str, url: str, *, refused: tuple[int, ...] = (), headers: Mapping[str, str] = MappingProxyType({})
) -> Iterator[urllib3.BaseHTTPResponse]:
    address, own = _without_password(url)
    answer = _patiently(method, address, {**own, **headers})
    try:
        if answer.status != 200 and answer.status not in refused:
            kind = _ERRORS.get(answer.status, Unavailable)
            raise kind(f"{_shown(url)} is answered with status {answer.status}{_ended(url, answer.status)}", hint=_hint(url, kind))
        yield answer
    finally:
        if method == "HEAD":
            answer.drain_conn()  # the connection is good for the next request
            answer.release_conn()
        else:
            answer.close()


def _ended(url: str, status: int) -> str:
    end = signature_end(url) if status in _REFUSED else None
    return f", since its signature ended on {end:%Y-%m-%d at %H:%M:%S} UTC" if end and end < datetime.now(UTC) else ""


def _hint(url: str, kind: type[TilthError]) -> str:
    if secret_in(url):
        return "the address is signed, and signatures end some time: use the plain address, or ask for a new one"
    if kind is Denied:
        return "it is only for those who log in: check the address, or download it by other means"
    return "check the address" if issubclass(kind, NotFound) else "check the address, or try again later"


def _patiently(method: str, address: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
    pool = _pool(os.getpid())
    for attempt in range(1, _TRIES + 1):
        try:
            # A redirect to another host takes no authorization along: urllib3 drops it.
            retries = urllib3.Retry(total=None, connect=0, read=0, status=0, other=0, redirect=10)
            answer = pool.request(method, address, headers=headers, preload_content=False, retries=retries)
        except HTTPError as error:
            _refuse_for_good(address, error)
            if attempt == _TRIES:
                raise Unavailable(
                    f"{_shown(address)} can't be reached ({_plainly(error)})", hint="check the address and the network"
                ) from error
        else:
            if answer.status not in _BUSY or attempt == _TRIES:
                return answer
            answer.close()
        sleep(_PAUSE_S * 2**attempt)
    raise AssertionError("the last attempt returns or raises")


def _refuse_for_good(address: str, error: HTTPError) -> None:
    """Raise what asking again does not change: certificates that nobody vouches for, servers without TLS, redirects without end."""
    said = _plainly(error)
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        hint = "check the address; if the server is your own, name its authority's certificate in SSL_CERT_FILE"
        raise Denied(f"the certificate of {_shown(address)} is not trusted ({said})", hint=hint) from error
    if "WRONG_VERSION_NUMBER" in str(error) or "RECORD_LAYER_FAILURE" in str(error):
        raise Denied(f"{_shown(address)} is no address of a server that speaks TLS", hint="try http:// instead of https://") from error
    browser = "it may want a login: open the address in a browser"
    if "too many redirects" in str(error):
        raise Denied(f"{_shown(address)} leads from one address to the next without end", hint=browser) from error
    if isinstance(error, LocationValueError):
        raise Denied(f"{_shown(address)} leads to an address that is none of a web server ({said})", hint=browser) from error


def _described(answer: urllib3.BaseHTTPResponse) -> WebFile:
    said = answer.headers.get("content-length", "")
    if answer.status == 206:
        said = answer.headers.get("content-range", "").rpartition("/")[2]
    whole = answer.headers.get("content-encoding", "identity") == "identity"
    size = int(said) if said.isascii() and said.isdecimal() and len(said) < 20 and whole else None
    size = size if size is None or size <= _LARGEST else None
    changes = answer.headers.get("etag") or answer.headers.get("last-modified")
    modified_ns = _nanoseconds(answer.headers.get("last-modified", ""))
    etag = (changes or "").removeprefix("W/").strip('"')
    # nginx makes its ETags of the second and the size, so they say no more than these.
    is_time = "etag" not in answer.headers or etag == f"{modified_ns // 1_000_000_000:x}-{size or 0:x}"
    is_settled = not is_time or _now_ns(answer) - modified_ns >= UNSETTLED_NS
    return WebFile(
        size,
        f"{changes} {said}" if changes else None,
        etag=etag if is_settled else "",
        modified_ns=modified_ns,
        leads_to=answer.url or "",
        is_page=_is_page(answer),
    )


def _is_page(answer: urllib3.BaseHTTPResponse) -> bool:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    ending = PurePosixPath(urlsplit(answer.url or "").path).suffix.lower()
    return kind in _HTML and (_is_elsewhere(answer) or ending not in _PAGES)


def _is_elsewhere(answer: urllib3.BaseHTTPResponse) -> bool:
    """Whether a redirect led to a page to log in."""
    history = answer.retries.history if answer.retries else ()
    words = urlsplit(answer.url or "").path.lower()
    return bool(history) and any(word in words for word in ("login", "signin", "sign_in", "sign-in", "auth", "sso"))


def _now_ns(answer: urllib3.BaseHTTPResponse) -> int:
    return _nanoseconds(answer.headers.get("date", "")) or time_ns()


def _nanoseconds(said: str) -> int:
    with suppress(ValueError):
        moment_ns = int(parsedate_to_datetime(said).timestamp()) * 1_000_000_000
        return moment_ns if abs(moment_ns) <= _LARGEST else 0
    return 0


@cache
def _pool(_process: int) -> urllib3.PoolManager:
    """The connections of one process; a fork has its own."""
    return urllib3.PoolManager(num_pools=64, maxsize=32, retries=False, timeout=_TIMEOUT)


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
    while len(reason.args) == 2 and isinstance(reason.args[1], Exception):
        reason = reason.args[1]
    if isinstance(reason, IncompleteRead):
        promised = "" if reason.expected is None else f", and {reason.expected:,} more were promised"
        partial: Any = reason.partial
        came = partial if isinstance(partial, int) else len(partial)  # as urllib3 tells it, and as Python does
        return f"{came:,} bytes came{promised}"
    return str(reason).rpartition(": ")[2][:200]
