"""Sign-in by OpenID Connect, apart from HTTP: one attempt from its beginning to its end, what a token has to say, and whose account it is.

An attempt is known to the browser alone, by a signed cookie, and is good once. What proves it to the provider (the nonce, and the
verifier of PKCE) is derived from its name and the server's secret, so that it is stored nowhere.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

import jwt
from msgspec import Struct

from tilth.base.errors import AlreadyExists, CredentialsWrong, Forbidden
from tilth.domain.access import Role
from tilth.server.services.access import add_account, server_secret, update_account
from tilth.server.stores.accounts import Account
from tilth.server.stores.unit_of_work import Tx

__all__ = [
    "ALGORITHMS",
    "ATTEMPT_S",
    "Attempt",
    "Person",
    "Rules",
    "account_of",
    "begin_attempt",
    "checked_claims",
    "end_attempt",
    "person_of",
]

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""With keys that the provider alone has; nothing else is believed."""
ATTEMPT_S = 600

_LEEWAY_S = 60
_REQUIRED = ["iss", "sub", "aud", "exp", "iat"]
_LONGEST_NAME = 100
_MOST_NAMESAKES = 1_000
_AGAIN = "sign in once more"


class Rules(Struct, frozen=True, kw_only=True):
    """Who may come in, and as what."""

    role: Role = Role.MEMBER
    """Of accounts that are made; those that exist keep theirs."""
    domains: tuple[str, ...] = ()
    """Domains of addresses for mail; any, if there are none."""


class Attempt(Struct, frozen=True, kw_only=True):
    """Somebody who was sent to the provider, and has to come back."""

    state: str
    nonce: str
    verifier: str
    cookie: str = ""

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())


class Person(Struct, frozen=True, kw_only=True):
    """Somebody as the provider knows them."""

    issuer: str
    subject: str
    name: str
    email: str | None
    verified: bool | None
    """Whether the address is theirs, if the provider says so."""


def begin_attempt(tx: Tx) -> Attempt:
    """A new attempt; the browser has to bring its cookie back."""
    state = secrets.token_urlsafe(24)
    claims = {"jti": state, "exp": int(tx.time.timestamp()) + ATTEMPT_S}
    return _attempt(tx, state, jwt.encode(claims, _derived(tx, "cookie", ""), algorithm="HS256"))


def end_attempt(tx: Tx, *, state: str, cookie: str) -> Attempt:
    """The attempt that a browser comes back from. It is used up by that; `CredentialsWrong` if it is not this browser's, or was used."""
    try:
        claims = jwt.decode(cookie, _derived(tx, "cookie", ""), algorithms=["HS256"], options={"verify_exp": False})
    except jwt.InvalidTokenError as error:
        raise CredentialsWrong("this browser did not begin to sign in here", hint=_AGAIN) from error
    if not hmac.compare_digest(claims["jti"].encode(), state.encode()):
        raise CredentialsWrong("the answer belongs to another attempt to sign in", hint=_AGAIN)
    if claims["exp"] < tx.time.timestamp():
        raise CredentialsWrong("signing in took too long", hint=_AGAIN)
    if tx.accounts.is_blocked(state):
        raise CredentialsWrong("the answer was used already", hint=_AGAIN)
    tx.accounts.block_token(state, claims["exp"])
    return _attempt(tx, state, cookie)


def checked_claims(token: str, key: jwt.PyJWK, *, issuer: str, client: str, nonce: str) -> dict[str, Any]:
    """What an ID token says; `CredentialsWrong` unless it is this provider's, for us, for this attempt, and good now."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(ALGORITHMS),
            audience=client,
            issuer=issuer,
            leeway=_LEEWAY_S,
            options={"require": _REQUIRED},
        )
    except jwt.InvalidTokenError as error:
        raise CredentialsWrong(f"the provider's token is refused: {error}", hint=_AGAIN) from error
    party = claims.get("azp", client if isinstance(claims["aud"], str) or len(claims["aud"]) == 1 else None)
    if party != client:
        raise CredentialsWrong("the provider's token is refused: it was made for another program", hint=_AGAIN)
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise CredentialsWrong("the provider's token is refused: it belongs to another attempt", hint=_AGAIN)
    return claims


def person_of(claims: Mapping[str, Any], more: Mapping[str, Any]) -> Person:
    """Who a token, and what the provider told besides, is about."""
    said = {**more, **claims}
    email = said.get("email")
    name = next((said[field] for field in ("name", "preferred_username", "email", "sub") if said.get(field)), "")
    verified = said.get("email_verified")
    return Person(
        issuer=claims["iss"],
        subject=claims["sub"],
        name=str(name)[:_LONGEST_NAME],
        email=email if isinstance(email, str) else None,
        verified=None if verified is None else verified in (True, "true"),
    )


def account_of(tx: Tx, person: Person, rules: Rules) -> Account:
    """The account of somebody, which is made when they come for the first time; `Forbidden` if they may not come in.

    It is found by the provider's own name for them alone: whoever has the name or the address of another account does not get it.
    """
    _check_domain(person, rules)
    subject = f"{person.issuer} {person.subject}"
    found = tx.accounts.by_subject(subject)
    if found is None:
        made = _made(tx, person, subject, rules)
        tx.audit(made.name, "user.created", made.id, "")
        return made
    if not found.active:
        raise Forbidden(f"{found.name} is locked out", hint="ask an administrator")
    return update_account(tx, found, email=person.email) if person.email and person.email != found.email else found


def _made(tx: Tx, person: Person, subject: str, rules: Rules) -> Account:
    for number in range(_MOST_NAMESAKES):
        try:
            name = person.name if not number else f"{person.name} {number + 1}"
            return add_account(tx, name, role=rules.role, email=person.email, subject=subject)
        except AlreadyExists:
            continue
    raise Forbidden(f"there are too many accounts named {person.name}", hint="ask an administrator")


def _check_domain(person: Person, rules: Rules) -> None:
    if not rules.domains:
        return
    domain = (person.email or "").rpartition("@")[2].casefold()
    if not domain or person.verified is False or domain not in {known.casefold() for known in rules.domains}:
        raise Forbidden(f"{person.email or person.name} may not sign in here", hint=f"use an address of {' or '.join(rules.domains)}")


def _attempt(tx: Tx, state: str, cookie: str) -> Attempt:
    return Attempt(state=state, nonce=_derived(tx, "nonce", state), verifier=_derived(tx, "verifier", state), cookie=cookie)


def _derived(tx: Tx, purpose: str, name: str) -> str:
    return _text(hmac.new(server_secret(tx).encode(), f"openid {purpose} {name}".encode(), hashlib.sha256).digest())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
