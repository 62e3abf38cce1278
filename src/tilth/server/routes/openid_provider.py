"""What is asked of an OpenID provider: where it is, its keys, and who came with a code. Nothing but what its own description names."""

import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import jwt
import msgspec
import urllib3
from msgspec import Struct
from urllib3.util import make_headers

from tilth.base.errors import CredentialsWrong, Invalid, Unavailable
from tilth.server.services.openid import Attempt, Person, checked_claims, person_of

__all__ = ["Client", "OpenIdProvider"]

T = TypeVar("T")

_DESCRIPTION = "/.well-known/openid-configuration"
_TIMEOUT = urllib3.Timeout(connect=5, read=10)
_LONGEST = 1024 * 1024
_KNOWN_S = 3_600.0
_PATIENCE_S = 10.0
_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")


class Client(Struct, frozen=True, kw_only=True):
    """As what the provider knows us."""

    issuer: str
    id: str
    secret: str | None = None


class _Description(Struct, frozen=True):
    """What a provider says of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(Struct, frozen=True):
    id_token: str
    access_token: str = ""


class _Remembered:
    """Something that is asked for again when it is old, and not at once when that failed."""

    def __init__(self, ask: Callable[[], Any], now: Callable[[], float]) -> None:
        self._ask = ask
        self._now = now
        self._lock = Lock()
        self._value: Any = None
        self._asked_at = self._got_at = float("-inf")

    def get(self, *, newer: bool = False) -> Any:
        """The value; with `newer` it is asked for again, unless that was done a moment ago."""
        with self._lock:
            age, since = self._now() - self._got_at, self._now() - self._asked_at
            if self._value is None and since < _PATIENCE_S:
                raise Unavailable("the OpenID provider could not be reached a moment ago", hint="try again in a few seconds")
            if self._value is None or ((age > _KNOWN_S or newer) and since >= _PATIENCE_S):
                self._asked_at = self._now()
                self._value = self._ask()
                self._got_at = self._now()
            return self._value


class OpenIdProvider:
    """The provider that was configured. Safe for threads; nothing is asked before somebody signs in."""

    def __init__(self, client: Client, now: Callable[[], float] = time.monotonic) -> None:
        _check_address(client.issuer, "the issuer", secure=True)
        self._client = client
        self._http = urllib3.PoolManager(timeout=_TIMEOUT, retries=False, maxsize=4)
        self._description = _Remembered(self._ask_description, now)
        self._keys = _Remembered(self._ask_keys, now)

    def authorize_url(self, attempt: Attempt, redirect: str) -> str:
        """Where a browser is sent to sign in."""
        endpoint = self._described().authorization_endpoint
        fields = {
            "response_type": "code",
            "client_id": self._client.id,
            "redirect_uri": redirect,
            "scope": "openid profile email",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(fields)}"

    def check_sender(self, issuer: str | None) -> None:
        """Raise unless an answer that says who sent it comes from this provider."""
        if issuer is not None and issuer != self._described().issuer:
            raise CredentialsWrong("the answer comes from another provider", hint="sign in once more")

    def person(self, code: str, attempt: Attempt, redirect: str) -> Person:
        """Who came back with a code."""
        tokens = self._exchange(code, attempt, redirect)
        described = self._described()
        key = self._key(tokens.id_token)
        claims = checked_claims(tokens.id_token, key, issuer=described.issuer, client=self._client.id, nonce=attempt.nonce)
        more: dict[str, Any] = {}
        if not (claims.get("email") and claims.get("name")) and described.userinfo_endpoint and tokens.access_token:
            headers = {"authorization": f"Bearer {tokens.access_token}"}
            more = self._ask("GET", described.userinfo_endpoint, dict[str, Any], headers=headers)
        # What is told of somebody else is not believed.
        return person_of(claims, more if more.get("sub") == claims["sub"] else {})

    def _described(self) -> _Description:
        found: _Description = self._description.get()
        return found

    def _ask_description(self) -> _Description:
        issuer = self._client.issuer.rstrip("/")
        found = self._ask("GET", f"{issuer}{_DESCRIPTION}", _Description)
        if found.issuer.rstrip("/") != issuer:
            raise Unavailable(f"the OpenID provider at {issuer} says that it is {found.issuer:.200}", hint="correct --oidc-issuer")
        secure = issuer.startswith("https://")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
            address = getattr(found, name)
            if address is not None:
                _check_address(address, f"the provider's {name}", secure=secure)
        return found

    def _ask_keys(self) -> Mapping[str, jwt.PyJWK]:
        body = self._ask("GET", self._described().jwks_uri, dict[str, Any])
        try:
            keys = jwt.PyJWKSet.from_dict(body).keys
        except (jwt.PyJWTError, AttributeError, TypeError) as error:
            raise Unavailable(
                "the OpenID provider's keys can't be used", hint="see whether it signs with RSA or elliptic curves"
            ) from error
        return {key.key_id or "": key for key in keys if key.public_key_use in (None, "sig")}

    def _key(self, token: str) -> jwt.PyJWK:
        try:
            name = str(jwt.get_unverified_header(token).get("kid") or "")
        except jwt.InvalidTokenError as error:
            raise CredentialsWrong("the provider's token can't be read", hint="sign in once more") from error
        for newer in (False, True):
            keys: Mapping[str, jwt.PyJWK] = self._keys.get(newer=newer)
            if name in keys:
                return keys[name]
            if not name and len(keys) == 1:
                return next(iter(keys.values()))
        raise CredentialsWrong("the provider's token is signed with a key that it does not show", hint="sign in once more")

    def _exchange(self, code: str, attempt: Attempt, redirect: str) -> _Tokens:
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": attempt.verifier}
        described, secret = self._described(), self._client.secret
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if secret is not None and "client_secret_basic" in described.token_endpoint_auth_methods_supported:
            headers |= make_headers(basic_auth=f"{quote(self._client.id, safe='')}:{quote(secret, safe='')}")
        else:
            fields |= {"client_id": self._client.id} | ({"client_secret": secret} if secret is not None else {})
        return self._ask("POST", described.token_endpoint, _Tokens, headers=headers, body=urlencode(fields).encode())

    def _ask(self, method: str, address: str, wanted: type[T], *, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> T:
        """What an address answers; it is not followed elsewhere."""
        try:
            answer = self._http.request(
                method, address, headers={"accept": "application/json", **(headers or {})}, body=body, redirect=False, preload_content=False
            )
            try:
                content = answer.read(_LONGEST + 1)
            finally:
                answer.close()
                answer.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            place = urlsplit(address).netloc
            raise Unavailable(f"the OpenID provider at {place} can't be reached: {error}", hint="try again later") from error
        if answer.status in (400, 401, 403):
            raise CredentialsWrong(f"the OpenID provider refuses: {answer.status} {content[:200]!r}", hint="sign in once more")
        if answer.status != 200 or len(content) > _LONGEST:
            raise Unavailable(f"the OpenID provider answers {answer.status} at {address:.200}", hint="try again later")
        try:
            return msgspec.json.decode(content, type=wanted)
        except msgspec.MsgspecError as error:
            raise Unavailable(
                f"the OpenID provider's answer at {address:.200} can't be read: {error}", hint="check --oidc-issuer"
            ) from error


def _check_address(address: str, what: str, *, secure: bool) -> None:
    parts = urlsplit(address)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme != "http" or not parts.hostname or (secure and parts.hostname not in _OWN_MACHINE):
        raise Invalid(f"{what} {address:.200} is no https:// address", hint="OpenID Connect needs HTTPS, but on this machine itself")
