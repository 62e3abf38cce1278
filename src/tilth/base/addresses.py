"""Addresses of files as they may be told and kept: without passwords, and without signatures that let their holder in."""

import codecs
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, unquote, unquote_to_bytes, urlsplit, urlunsplit

from tilth.base.errors import Invalid

__all__ = [
    "local_path",
    "plain_web_address",
    "readable_path",
    "refuse_address",
    "refuse_lost_slash",
    "scheme_of",
    "secret_in",
    "shown_address",
    "signature_end",
]

_SIGNED = frozenset(
    [
        "x-amz-signature",
        "x-amz-credential",
        "x-amz-security-token",
        "awsaccesskeyid",
        "signature",
        "x-goog-signature",
        "x-goog-credential",
        "googleaccessid",
        "sig",
        "token",
        "access_token",
        "api_key",
        "apikey",
        "auth",
        "password",
        "secret",
    ]
)
_WEB = ("http", "https")
_KNOWN = (*_WEB, "s3", "gs", "azure", "az")
_ESCAPED = "tilth.escaped"
_STANDING = "!$&'()*+,;=:@/~[]"
"""What stands in an address as it is, beside letters, digits, and `-`, `.` and `_`."""
_LONE_PERCENT = re.compile(r"%(?![0-9a-fA-F]{2})")


_LOST_SLASH = re.compile(r"(s3|gs|azure|az|file|https?):/(?!/)(.*)", re.DOTALL | re.IGNORECASE)


def scheme_of(address: str) -> str:
    """What stands before `://`, in small letters, as which all schemes are meant; empty if there is none."""
    scheme, mark, _ = address.partition("://")
    return scheme.lower() if mark else ""


def local_path(address: str) -> str:
    """The path that an address with `file://` means; `Invalid` if it means none of this machine.

    A `#` or `?` in it is part of a name: a file has no parts and answers no questions.
    """
    rest = address.partition("://")[2]
    host, _, below = rest.partition("/")
    if host.lower() not in ("", "localhost") or not rest:
        raise Invalid(
            f"{address:.200} is no path of this machine: what stands behind file:// begins with /",
            hint=f"write file:///..., or the path without file://, such as {rest:.200}" if rest else "write file:///path",
        )
    return unquote(f"/{below}")


def refuse_lost_slash(said: str) -> None:
    """Refuse a path that was meant as an address: `s3:/bucket` would be a folder `s3:` below this one."""
    if found := _LOST_SLASH.fullmatch(said):
        slashes = ":///" if found[1].lower() == "file" else "://"
        raise Invalid(
            f"{said:.200} lacks a slash",
            hint=f"write {found[1]}{slashes}{found[2]:.200}, or ./{said:.200} if it is a path below this folder",
        )


def refuse_address(said: str) -> None:
    """Refuse an address where a path of this machine is wanted."""
    refuse_lost_slash(said)
    scheme = scheme_of(said)
    if scheme == "file":
        raise Invalid(f"{said:.200} is an address, where a path is wanted", hint=f"write {local_path(said):.200}")
    if scheme in _KNOWN:
        raise Invalid(
            f"{shown_address(said):.200} is an address, where a path is wanted",
            hint="give it with --links, in Python to `add_external_files`",
        )


def secret_in(address: str) -> str | None:
    """What part of an address lets its holder in; None if it holds nothing of that kind."""
    scheme, mark, rest = address.partition("://")
    if not mark or scheme.lower() == "file":
        return None
    if "@" in rest.partition("/")[0]:
        return "a name or password before its @"
    if scheme.lower() not in _WEB:
        return None
    found = [name for name, _ in parse_qsl(urlsplit(address).query, keep_blank_values=True) if name.lower() in _SIGNED]
    return f"a signature or key ({found[0]}=)" if found else None


def signature_end(address: str) -> datetime | None:
    """When a signed address stops letting its holder in, as far as it says so itself."""
    said = {name.lower(): value for name, value in parse_qsl(urlsplit(address).query)}
    with suppress(ValueError, OverflowError, KeyError):
        for maker in ("x-amz", "x-goog"):
            if f"{maker}-expires" in said:
                begin = datetime.strptime(said[f"{maker}-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
                return begin + timedelta(seconds=int(said[f"{maker}-expires"]))
        if "sig" in said and "se" in said:
            end = datetime.fromisoformat(said["se"])
            return end.astimezone(UTC) if end.tzinfo else end.replace(tzinfo=UTC)
        if "signature" in said and "expires" in said:
            return datetime.fromtimestamp(int(said["expires"]), UTC)
    return None


def shown_address(address: str) -> str:
    """An address as it may be told."""
    scheme, mark, rest = address.partition("://")
    if not mark:
        return address[:300]
    host, slash, path = rest.partition("/")
    bare = f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
    if scheme.lower() in _WEB:
        parts = urlsplit(bare)
        query = "..." if parts.query and secret_in(bare) else parts.query
        bare = urlunsplit(parts._replace(query=query))
    return bare[:300]


def readable_path(part: str) -> str:
    """A part of an address as people read it; bytes that are no UTF-8 stay escaped, so `a%E8` is just that."""
    return unquote_to_bytes(part).decode("utf-8", _ESCAPED)


def plain_web_address(address: str) -> str:
    """The one way in which an address of a web server is written: nothing in it that only browsers take, no `..`, no part of a page."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=_downwards(_standing(parts.path, "")), query=_standing(parts.query, "?"), fragment=""))


def _downwards(path: str) -> str:
    """A path without `.` and `..`, as browsers resolve them."""
    names = path.split("/")
    kept: list[str] = []
    for name in names:
        if name == "..":
            del kept[max(1, len(kept) - 1) :]
        elif name != ".":
            kept.append(name)
    ends_above = names[-1] in (".", "..")
    return "/".join([*kept, ""] if ends_above else kept)


def _standing(text: str, more: str) -> str:
    return quote(_LONE_PERCENT.sub("%25", text), safe=f"{_STANDING}%{more}")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "".join(f"%{byte:02X}" for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_ESCAPED, _escaped)
