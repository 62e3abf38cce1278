"""Calls about who may use the server."""

from typing import Any

import msgspec

from tilth.base.errors import FieldInvalid, TokenInvalid, UserNotFound
from tilth.domain.access import COMPANY, Permission, Role
from tilth.server.routes.rpc import Strings, procedure
from tilth.server.services import access as service
from tilth.server.services.context import Call
from tilth.server.services.searching import listed
from tilth.server.stores.accounts import Account

__all__: list[str] = []

NONE, READ, ADMIN = Permission.NONE, Permission.READ, Permission.ADMIN
Item = dict[str, Any]
_ROLES = {"admin": Role.ADMIN, "superuser": Role.ADMIN, "user": Role.MEMBER, "annotator": Role.MEMBER} | {str(role): role for role in Role}


@procedure("auth.login", needs=NONE, writes=True)
def login(call: Call, expiration_sec: int | None = None) -> Item:
    """A token for the key and secret, or for the token, in the `Authorization` header."""
    return {"token": service.log_in(call, expires_s=expiration_sec)}


@procedure("auth.logout", needs=READ, writes=True)
def logout(call: Call) -> Item:
    """Revoke the token of this call."""
    service.log_out(call)
    return {}


@procedure("login.logout", needs=READ, writes=True)
def login_logout(call: Call) -> Item:
    """Revoke the token of this call."""
    return logout(call)


@procedure("login.supported_modes", needs=NONE)
def supported_modes(call: Call) -> Item:
    """How people sign in here."""
    known = call.services.get("sign_in_providers", ())
    providers = [{"name": provider["name"], "url": f"{call.origin.web_url}{provider['url']}"} for provider in known]
    return {
        "basic": {"enabled": True, "guest": {"enabled": False, "name": "", "username": "", "password": ""}},
        "sso": {provider["name"]: provider["url"] for provider in providers},
        "sso_providers": providers,
        "server_errors": {"missed_es_upgrade": False, "es_connection_error": False},
        "authenticated": call.actor.token is not None,
    }


@procedure("auth.fixed_users_mode", needs=NONE)
def fixed_users_mode(call: Call) -> Item:
    """Whether accounts are written in a file: they are not."""
    return {"enabled": False, "server_errors": {}}


@procedure("auth.create_credentials", needs=READ, writes=True)
def create_credentials(call: Call, label: str | None = None) -> Item:
    """A new key of the caller; its secret is shown this once."""
    key, secret = service.create_credential(call.tx, call.actor.id, label=label)
    call.note("key.created", key)
    return {"credentials": {"access_key": key, "secret_key": secret, "label": label}}


@procedure("auth.get_credentials", needs=READ)
def get_credentials(call: Call) -> Item:
    """The keys of the caller."""
    found = call.tx.accounts.credentials(call.actor.id)
    shown = ("access_key", "label", "last_used", "last_used_from")
    return {"credentials": [{name: getattr(credential, name) for name in shown} for credential in found]}


@procedure("auth.edit_credentials", needs=READ, writes=True)
def edit_credentials(call: Call, access_key: str, label: str = "") -> Item:
    """Give a key of the caller another label."""
    service.label_credential(call, access_key, label)
    return {"updated": 1}


@procedure("auth.revoke_credentials", needs=READ, writes=True)
def revoke_credentials(call: Call, access_key: str) -> Item:
    """Make a key of the caller useless at once."""
    service.revoke_credential(call, access_key)
    return {"revoked": 1}


@procedure("auth.validate_token", needs=READ)
def validate_token(call: Call, token: str) -> Item:
    """Whether a token is good, and whose it is."""
    try:
        actor = service.authenticate(call.tx, token)
    except TokenInvalid as error:
        return {"valid": False, "msg": error.message}
    return {"valid": True, "user": actor.id, "company": COMPANY}


@procedure("auth.get_token_for_user", needs=ADMIN, writes=True)
def get_token_for_user(call: Call, user: str, expiration_sec: int | None = None) -> Item:
    """A token for another account."""
    return {"token": service.token_for(call, user, expires_s=expiration_sec)}


@procedure("auth.create_user", needs=ADMIN)
def create_user(
    call: Call, name: str, email: str | None = None, role: str = "user", password: str | None = None, kind: str = "personal"
) -> Item:
    """Make an account."""
    if kind not in ("personal", "service"):
        raise FieldInvalid(f"kind: {kind!r:.60} is none", hint="use personal or service")
    account = service.add_account(call.tx, name, role=_role(role), password=password, email=email, kind=kind)
    call.note("user.created", name)
    return {"id": account.id}


@procedure("auth.edit_user", needs=READ, writes=True)
def edit_user(call: Call, user: str, role: str | None = None, active: bool | None = None, password: str | None = None) -> Item:
    """Change the role of an account, its password, or whether it may come in: one's own password, or all of it for administrators."""
    if user != call.actor.id or role is not None or active is not None:
        call.actor.check(ADMIN, "change accounts")
    account = service.account_named(call.tx, user)
    values: dict[str, Any] = {"role": _role(role)} if role is not None else {}
    if active is not None:
        values["active"] = active
    service.update_account(call.tx, account, **values)
    if password is not None:
        service.set_password(call.tx, service.account_named(call.tx, user), password)
    call.note("user.edited", account.name)
    return {"updated": 1, "fields": {name: str(value) for name, value in values.items()}}


@procedure("users.create", needs=ADMIN)
def users_create(call: Call, id: str, name: str, company: str = COMPANY) -> Item:
    """Make an account with an id of the caller's choice."""
    if call.tx.accounts.get(id):
        raise FieldInvalid(f"id: there is an account {id:.100} already", hint="choose another id")
    account = service.add_account(call.tx, name)
    call.tx.accounts.delete(account.id)
    call.tx.accounts.insert(msgspec.structs.replace(account, id=id))
    call.note("user.created", name)
    return {}


@procedure("users.delete", needs=ADMIN)
def users_delete(call: Call, user: str) -> Item:
    """Delete an account; what it made stays."""
    account = service.account_named(call.tx, user)
    service.delete_account(call.tx, account)
    call.note("user.deleted", account.name)
    return {}


@procedure("users.get_current_user")
def get_current_user(call: Call) -> Item:
    """Who the caller is."""
    account = _account(call, call.actor.id)
    shown = _shown(account) | {
        "company": {"id": COMPANY, "name": "Tilth"},
        "preferences": account.preferences,
        "role": "admin" if account.role is Role.ADMIN else "user",
        "server_role": account.role,
    }
    return {"user": shown, "getting_started": None, "settings": {"max_download_items": "1000"}}


@procedure("users.get_by_id")
def users_get_by_id(call: Call, user: str) -> Item:
    """One account."""
    return {"user": _shown(_account(call, user))}


@procedure("users.get_all")
def users_get_all(call: Call, id: list[str] = [], name: str | None = None, page: int = 0, page_size: int = 500) -> Item:
    """All accounts."""
    found = [account for account in call.tx.accounts.all() if (not id or account.id in id) and (name is None or name in account.name)]
    size = max(1, min(page_size, 10_000))
    return {"users": [_shown(account) for account in found[max(0, page) * size :][:size]]}


@procedure("users.get_all_ex")
def users_get_all_ex(call: Call, id: Strings = [], name: str | None = None, active_in_projects: list[str] | None = None) -> Item:
    """All accounts, or those that made something in some projects."""
    found = users_get_all(call, id=listed(id), name=name)["users"]
    if active_in_projects is not None:
        where = (
            [(f"task.project IN ({', '.join('?' for _ in active_in_projects)})", list(active_in_projects))] if active_in_projects else []
        )
        active = set(call.tx.documents.tasks.distinct("user", where))
        found = [user for user in found if user["id"] in active]
    return {"users": found}


@procedure("users.update", needs=READ, writes=True)
def users_update(call: Call, user: str, name: str | None = None, email: str | None = None) -> Item:
    """Give an account another name or e-mail address: one's own, or any for administrators."""
    if user != call.actor.id:
        call.actor.check(ADMIN, "rename others")
    changed = service.introduce(call.tx, _account(call, user), name=name, email=email)
    if "name" in changed:
        call.note("user.renamed", changed["name"])
    return {"updated": int(bool(changed)), "fields": changed}


@procedure("users.get_preferences")
def get_preferences(call: Call) -> Item:
    """What the caller's page remembers."""
    return {"preferences": _account(call, call.actor.id).preferences}


@procedure("users.set_preferences", needs=READ, writes=True)
def set_preferences(call: Call, preferences: Item, return_updated: bool = False) -> Item:
    """Put into what the caller's page remembers."""
    account = _account(call, call.actor.id)
    merged = service.preferences_merged(account.preferences, preferences)
    service.update_account(call.tx, account, preferences=merged)
    return {"updated": 1, "fields": {"preferences": merged} if return_updated else {}}


def _account(call: Call, id: str) -> Account:
    found = call.tx.accounts.get(id)
    if found is None:
        raise UserNotFound(f"user {id:.100} does not exist", hint="check the id")
    return found


def _shown(account: Account) -> Item:
    given, _, family = account.name.partition(" ")
    return {
        "id": account.id,
        "name": account.name,
        "given_name": given,
        "family_name": family,
        "avatar": None,
        "company": COMPANY,
        "role": account.role,
        "kind": account.kind,
        "active": account.active,
        "email": account.email,
        "created": account.created,
        "last_login": account.last_login,
    }


def _role(said: str) -> Role:
    if said not in _ROLES or said == Role.NONE:
        raise FieldInvalid(f"role: {said!r:.60} is none", hint="use admin, member or viewer")
    return _ROLES[said]
