"""Who may come in: keys and secrets, passwords, tokens, one-time links, and what becomes of each call's caller."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from tilth.base.errors import AlreadyExists, CredentialsWrong, FieldInvalid, KeyNotFound, TokenInvalid, Unauthenticated, UserNotFound
from tilth.base.ids import new_id
from tilth.domain.access import COMPANY, Actor, Permission, Role
from tilth.server.services.context import Call
from tilth.server.stores.accounts import Account, Credential
from tilth.server.stores.unit_of_work import Tx

__all__ = [
    "API_VERSION",
    "SERVER_VERSION",
    "account_named",
    "actor_of",
    "add_account",
    "authenticate",
    "check_password",
    "create_credential",
    "delete_account",
    "introduce",
    "issue_token",
    "label_credential",
    "log_in",
    "log_out",
    "make_link",
    "preferences_merged",
    "revoke_credential",
    "server_secret",
    "set_password",
    "token_for",
    "update_account",
    "use_link",
]

API_VERSION = "2.34"
"""The version of ClearML's protocol that is announced."""
SERVER_VERSION = "2.0.0"
"""The version of a ClearML server that clients take this one for; some of their features depend on it."""

_TOKEN_S = 30 * 24 * 3_600
_LONGEST_TOKEN_S = 365 * 24 * 3_600
_LINK_S = 15 * 60
_ALGORITHM = "HS256"
_KEY_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_SCRYPT = {"n": 2**14, "r": 8, "p": 1, "maxmem": 64 * 2**20}
_SHORTEST_PASSWORD = 8
_LONGEST_NAME = 200
_LONGEST_ADDRESS = 254
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")


def log_in(call: Call, *, expires_s: int | None) -> str:
    """A token for whoever the `Authorization` header says that the caller is: a key and its secret, or a token that is still good."""
    scheme, _, value = call.origin.authorization.partition(" ")
    if scheme.lower() == "basic":
        key, secret = _basic(value)
        credential = call.tx.accounts.credential(key)
        if credential is None or not _fits_secret(secret, credential.secret):
            raise CredentialsWrong("the access key or the secret key is wrong", hint="check api.credentials, or make new keys")
        account = _active(call.tx, credential.account)
        call.tx.accounts.use_credential(key, call.now, call.origin.address)
        return issue_token(call.tx, account, expires_s=expires_s, access_key=key)
    if scheme.lower() == "bearer":
        actor = authenticate(call.tx, value)
        return issue_token(call.tx, _active(call.tx, actor.id), expires_s=expires_s, access_key=actor.access_key)
    if not scheme and call.actor.token is None and call.services.get("open"):
        return issue_token(call.tx, _active(call.tx, call.actor.id), expires_s=expires_s, access_key=None)
    raise Unauthenticated("nobody signed in", hint="send an access key and its secret as HTTP Basic, or a token as Bearer")


def issue_token(tx: Tx, account: Account, *, expires_s: int | None = None, access_key: str | None = None) -> str:
    """A signed token for an account; it says what ClearML's clients want to know of a server."""
    now = int(tx.time.timestamp())
    lasts = min(max(1, expires_s or _TOKEN_S), _LONGEST_TOKEN_S)
    claims: dict[str, Any] = {
        "jti": new_id(),
        "iat": now,
        "exp": now + lasts,
        "auth_type": "Bearer",
        "api_version": API_VERSION,
        "server_version": SERVER_VERSION,
        "server_build": "tilth",
        "feature_set": "basic",
        "env": "tilth",
        "identity": {
            "user": account.id,
            "company": COMPANY,
            "role": "admin" if account.role is Role.ADMIN else "user",
            "user_name": account.name,
            "company_name": "Tilth",
        },
    }
    if access_key:
        claims["key"] = access_key
    import jwt  # noqa: PLC0415  it brings all of cryptography, which a home without a server never needs

    return jwt.encode(claims, server_secret(tx), algorithm=_ALGORITHM)


def authenticate(tx: Tx, token: str) -> Actor:
    """Who a token stands for; refused when it has run out, was revoked, or its key or account is gone."""
    import jwt  # noqa: PLC0415  as above

    try:
        # The time is that of the transaction, which tests can move.
        claims = jwt.decode(token, server_secret(tx), algorithms=[_ALGORITHM], options={"verify_exp": False, "verify_iat": False})
    except jwt.InvalidTokenError as error:
        raise TokenInvalid("the token is not one of this server's", hint="sign in again") from error
    if claims["exp"] <= tx.time.timestamp():
        raise TokenInvalid("the token has run out", hint="sign in again")
    if tx.accounts.is_blocked(claims["jti"]):
        raise TokenInvalid("the token was revoked", hint="sign in again")
    key = claims.get("key")
    if key and tx.accounts.credential(key) is None:
        raise TokenInvalid("the key behind the token was revoked", hint="sign in again with another key")
    return actor_of(tx, _active(tx, claims["identity"]["user"]), access_key=key, token=claims["jti"])


def actor_of(tx: Tx, account: Account, *, access_key: str | None = None, token: str | None = None) -> Actor:
    """An account as the caller of a call."""
    roles = tx.accounts.roles_of(account.id) if account.role is not Role.ADMIN else []
    reach = max(roles, key=lambda role: role.permission, default=Role.NONE)
    return Actor(
        id=account.id, name=account.name, role=account.role, access_key=access_key, token=token, reach=reach, limited=Role.NONE in roles
    )


def log_out(call: Call) -> None:
    """Revoke the token that the call came with."""
    if call.actor.token:
        call.tx.accounts.block_token(call.actor.token, int((call.tx.time + timedelta(seconds=_LONGEST_TOKEN_S)).timestamp()))


def token_for(call: Call, account: str, *, expires_s: int | None) -> str:
    """A token for another account, for administrators."""
    call.actor.check(Permission.ADMIN, "act as somebody else")
    found = call.tx.accounts.get(account)
    if found is None or not found.active:
        raise UserNotFound(f"there is no account {account:.100} that may come in", hint="`tilth user list` shows which there are")
    call.note("token.issued", account)
    return issue_token(call.tx, found, expires_s=expires_s)


def create_credential(tx: Tx, account: str, *, label: str | None = None) -> tuple[str, str]:
    """A new key of an account, and its secret, which is known to nobody afterwards but the caller."""
    key = "".join(secrets.choice(_KEY_CHARACTERS) for _ in range(20))
    secret = secrets.token_urlsafe(36)
    tx.accounts.add_credential(Credential(access_key=key, account=account, label=label, secret=_hashed(secret), created=tx.now))
    return key, secret


def revoke_credential(call: Call, access_key: str) -> None:
    """Make a key of the caller useless, at once and with all tokens that it signed in for."""
    if not call.tx.accounts.drop_credential(call.actor.id, access_key):
        raise KeyNotFound(f"you have no key {access_key:.40}", hint="see auth.get_credentials for those you have")
    call.note("key.revoked", access_key)


def label_credential(call: Call, access_key: str, label: str) -> None:
    """Give a key of the caller another label."""
    if not call.tx.accounts.label_credential(call.actor.id, access_key, label):
        raise KeyNotFound(f"you have no key {access_key:.40}", hint="see auth.get_credentials for those you have")


def add_account(
    tx: Tx,
    name: str,
    *,
    role: Role = Role.MEMBER,
    password: str | None = None,
    kind: str = "personal",
    email: str | None = None,
    subject: str | None = None,
) -> Account:
    """Make an account."""
    name = _account_name(name)
    if tx.accounts.by_name(name):
        raise AlreadyExists(f"there is an account {name} already", hint="choose another name")
    account = Account(
        id=new_id(),
        name=name,
        role=role,
        kind=kind,
        email=email,
        password=_hashed_password(password) if password else None,
        subject=subject,
        created=tx.now,
    )
    tx.accounts.insert(account)
    return account


def _account_name(said: str) -> str:
    name = said.strip()
    if not name or len(name) > _LONGEST_NAME:
        raise FieldInvalid("the name of an account has 1 to 200 characters", hint="choose another name")
    return name


def account_named(tx: Tx, said: str) -> Account:
    """The account with this name or id."""
    found = tx.accounts.by_name(said) or tx.accounts.get(said)
    if found is None:
        raise UserNotFound(f"there is no account {said:.100}", hint="`tilth user list` shows which there are")
    return found


def update_account(tx: Tx, account: Account, **values: Any) -> Account:
    """Change what is given of an account; the last administrator stays one."""
    changed = msgspec.structs.replace(account, **values)
    if account.role is Role.ADMIN and (changed.role is not Role.ADMIN or not changed.active):
        _keep_an_administrator(tx, account)
    tx.accounts.update(changed)
    return changed


def introduce(tx: Tx, account: Account, *, name: str | None, email: str | None) -> dict[str, Any]:
    """Change the name and the address of an account, and tell what is different now; an empty address takes it away."""
    changed: dict[str, Any] = {}
    if name and name.strip() != account.name:
        changed["name"] = _account_name(name)
        known = tx.accounts.by_name(changed["name"])
        if known and known.id != account.id:
            raise FieldInvalid(f"name: there is an account {changed['name']:.100} already", hint="choose another name")
    if email is not None and (email.strip() or None) != account.email:
        if account.subject:
            raise FieldInvalid("email: it is what the provider says that you sign in with", hint="change it there")
        changed["email"] = email.strip() or None
        if changed["email"] and (len(email) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(changed["email"])):
            raise FieldInvalid(f"email: {email!r:.60} is no address", hint="write it as name@example.org")
    if changed:
        update_account(tx, account, **changed)
    return changed


def delete_account(tx: Tx, account: Account) -> None:
    """Delete an account with its keys; what it made stays."""
    if account.role is Role.ADMIN:
        _keep_an_administrator(tx, account)
    tx.accounts.delete(account.id)


def set_password(tx: Tx, account: Account, password: str) -> None:
    """Give an account a password."""
    tx.accounts.update(msgspec.structs.replace(account, password=_hashed_password(password)))


def check_password(tx: Tx, name: str, password: str) -> Account:
    """The account that signs in by name and password; the same time is spent on names that do not exist."""
    account = tx.accounts.by_name(name.strip())
    stored = account.password if account and account.password else _NOBODY
    fits = _fits_password(password, stored)
    if account is None or not fits or not account.active or not account.password:
        raise CredentialsWrong("the name or the password is wrong", hint="check both; an administrator can set a new password")
    return account


def make_link(tx: Tx, account: str) -> str:
    """A secret that signs in to an account once, within a quarter of an hour."""
    secret = secrets.token_urlsafe(24)
    tx.accounts.add_link(hashlib.sha256(secret.encode()).hexdigest(), account, int(tx.time.timestamp()) + _LINK_S)
    return secret


def use_link(tx: Tx, secret: str) -> Account:
    """The account that a one-time secret signs in to."""
    account = tx.accounts.take_link(hashlib.sha256(secret.encode()).hexdigest(), int(tx.time.timestamp()))
    if account is None:
        raise CredentialsWrong("the link was used already, or is older than 15 minutes", hint="`tilth link` prints a new one")
    return _active(tx, account)


def server_secret(tx: Tx) -> str:
    """What this server signs with."""
    found = tx.setting("secret")
    if found is None:
        raise Unauthenticated("the server was not set up", hint="start it with `tilth up`")
    return found


def preferences_merged(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Preferences with others put in; a dotted name means one inside another."""
    merged = dict(before)
    for name, value in given.items():
        head, _, rest = name.partition(".")
        below = merged.get(head)
        merged[head] = preferences_merged(below if isinstance(below, Mapping) else {}, {rest: value}) if rest else value
    return merged


def _keep_an_administrator(tx: Tx, account: Account) -> None:
    others = [found for found in tx.accounts.all() if found.role is Role.ADMIN and found.active and found.id != account.id]
    if not others:
        raise FieldInvalid(f"{account.name} is the only administrator", hint="make somebody else an administrator first")


def _active(tx: Tx, id: str) -> Account:
    account = tx.accounts.get(id)
    if account is None or not account.active:
        raise TokenInvalid("the account is not there any more", hint="ask an administrator")
    return account


def _basic(value: str) -> tuple[str, str]:
    try:
        key, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise CredentialsWrong("the Authorization header can't be read", hint="send key:secret in base64") from error
    return key, secret


def _hashed(secret: str) -> str:
    """A salted hash for secrets that are random, and so can't be guessed however fast the hash is."""
    salt = secrets.token_hex(16)
    return f"sha256${salt}${hashlib.sha256(f'{salt}{secret}'.encode()).hexdigest()}"


def _fits_secret(secret: str, stored: str) -> bool:
    _, salt, digest = stored.split("$")
    return hmac.compare_digest(hashlib.sha256(f"{salt}{secret}".encode()).hexdigest(), digest)


def _hashed_password(password: str) -> str:
    """A salted, slow hash: passwords can be guessed."""
    if len(password) < _SHORTEST_PASSWORD:
        raise FieldInvalid("a password has at least 8 characters", hint="choose a longer one")
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_scrypt(password, salt)}"


def _fits_password(password: str, stored: str) -> bool:
    _, salt, digest = stored.split("$")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)), digest)


def _scrypt(password: str, salt: bytes) -> str:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=_SCRYPT["n"], r=_SCRYPT["r"], p=_SCRYPT["p"], maxmem=_SCRYPT["maxmem"], dklen=32
    ).hex()


_NOBODY = f"scrypt${'00' * 16}${'00' * 32}"
