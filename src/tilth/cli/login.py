"""Whether a server knows a key and its secret."""

import base64
from typing import Any

import msgspec
import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from tilth.base.errors import CredentialsWrong, Denied, Invalid, TilthError, Unavailable

__all__ = ["verify_login"]

_PATIENCE_S = 10.0
_REDIRECTED = range(300, 400)
_TROUBLED = {429, *range(500, 600)}


def verify_login(server: str, access_key: str, secret_key: str, *, timeout_s: float = _PATIENCE_S) -> None:
    """Sign in at the API `server` once; `CredentialsWrong`, `Unavailable` or `Invalid` if that fails."""
    basic = base64.b64encode(f"{access_key}:{secret_key}".encode()).decode()
    # Redirects are not followed: every later call would go astray again, and the secret with it.
    with urllib3.PoolManager(retries=False, timeout=timeout_s) as http:
        try:
            answer = http.request("GET", f"{server}/auth.login", headers={"Authorization": f"Basic {basic}"}, redirect=False)
        except (HTTPError, OSError) as error:
            raise _unreachable(server, error, timeout_s) from error
    refused = _refusal(server, access_key, answer.status, answer.headers.get("Location", ""))
    if refused:
        raise refused
    if not _token(answer.data):
        raise _no_api(server, answer.status)


def _refusal(server: str, access_key: str, status: int, location: str) -> TilthError | None:
    if status == 200:
        return None
    if status == 401:
        hint = "copy the whole block once more, or make new keys on the server's web page"
        return CredentialsWrong(f"{server} does not know the key {access_key} with this secret", hint=hint)
    if status == 403:
        return Denied(f"{server} knows the key {access_key}, but does not let it in", hint="ask whoever runs the server")
    if status in _TROUBLED:
        return Unavailable(f"{server} can't answer now (status {status})", hint="wait a little and try again")
    if status in _REDIRECTED and location:
        return Invalid(f"{server} sends everybody to another address", hint=f"use {location.partition('/auth.login')[0]}")
    return _no_api(server, status)


def _no_api(server: str, status: int) -> TilthError:
    hint = "the API's address is needed, not the web page's: with `tilth up` it ends in /api, with a ClearML server it has port 8008"
    return Invalid(f"{server} answers (status {status}), but not as the API of a server does", hint=hint)


def _token(data: bytes) -> str:
    try:
        envelope: Any = msgspec.json.decode(data)
        return str(envelope["data"]["token"] or "")
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError, IndexError):
        return ""


def _unreachable(server: str, error: Exception, timeout_s: float) -> TilthError:
    reason = error.reason if isinstance(error, MaxRetryError) and error.reason else error
    if isinstance(reason, LocationValueError):
        return Invalid(f"{server} is no address", hint="write it like http://host:8008/api")
    if isinstance(reason, SSLError):
        return _unsafe(server, str(reason))
    hint = "check the address and whether the server runs; `tilth up` starts one on this machine"
    return Unavailable(f"{server} can't be reached ({_why(reason, timeout_s)})", hint=hint)


def _unsafe(server: str, said: str) -> TilthError:
    if "certificate" in said:
        hint = "if it is your own, name the file with the certificate, or with that of its authority, in SSL_CERT_FILE"
        return Unavailable(f"the certificate of {server} is not trusted", hint=hint)
    return Unavailable(f"{server} does not speak HTTPS", hint="begin the address with http://, or give the server a certificate")


def _why(reason: Exception, timeout_s: float) -> str:
    if isinstance(reason, NameResolutionError):
        return "nobody knows its name"
    if isinstance(reason, ConnectTimeoutError | ReadTimeoutError) and not isinstance(reason, NewConnectionError):
        return f"no answer within {timeout_s:g} s"
    if isinstance(reason, ProtocolError):
        return "it hung up without an answer"
    cause = reason.__cause__ if isinstance(reason.__cause__, OSError) else reason
    said = getattr(cause, "strerror", None) or str(cause)
    return said[:1].lower() + said[1:]
