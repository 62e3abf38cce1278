"""Addresses of files as they may be told and kept: without passwords, and without signatures that let their holder in."""

from urllib.parse import parse_qsl, urlsplit, urlunsplit

__all__ = ["secret_in", "shown_address"]

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
