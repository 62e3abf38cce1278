"""What a server needs before its first call: something to sign with, an administrator, a default queue."""

import secrets

from tilth.base.ids import new_id
from tilth.domain.access import OWNER, Actor, Role
from tilth.server.services import queues
from tilth.server.services.access import create_credential
from tilth.server.services.context import Call, Origin
from tilth.server.stores.accounts import Account
from tilth.server.stores.unit_of_work import Tx

__all__ = ["ensure_key", "prepare"]


def prepare(tx: Tx) -> None:
    """Make what is missing. Safe to repeat, and for several processes at once."""
    if tx.setting("secret") is None:
        tx.set_setting("secret", secrets.token_hex(32))
    if tx.setting("uid") is None:
        tx.set_setting("uid", new_id())
    if not tx.accounts.all():
        tx.accounts.insert(Account(id=OWNER.id, name=OWNER.name, role=Role.ADMIN, created=tx.now))
    if tx.default_queue() is None:
        taken = tx.documents.queues.search_ids("name", [queues.DEFAULT])
        call = Call(tx=tx, actor=OWNER, origin=Origin(), services={})
        if taken:
            tags = queues.get_queue(call, taken[0])["system_tags"]
            queues.update_queue(call, taken[0], {"system_tags": [*tags, queues.DEFAULT]})
        else:
            queues.create_queue(call, queues.DEFAULT, system_tags=[queues.DEFAULT])


def ensure_key(tx: Tx, access_key: str | None) -> tuple[str, str] | None:
    """None if the owner's key is still good; otherwise a new key and its secret."""
    credential = tx.accounts.credential(access_key) if access_key else None
    if credential and tx.accounts.get(credential.account):
        return None
    owner: Actor | Account = tx.accounts.get(OWNER.id) or next(account for account in tx.accounts.all() if account.role is Role.ADMIN)
    return create_credential(tx, owner.id, label="made by tilth up")
