"""What a service is told about the call that it serves."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from tilth.domain.access import Actor, Permission, Role
from tilth.server.stores.unit_of_work import Tx

__all__ = ["Call", "Origin", "OutsideCall"]


class Origin(Struct, frozen=True, kw_only=True):
    """Where a call came from, and under which addresses the caller knows this server."""

    address: str = ""
    worker: str = ""
    client: str = ""
    files_urls: tuple[str, ...] = ()
    web_url: str = ""
    authorization: str = ""
    """The `Authorization` header, for the calls that sign in."""


class Call:
    """One call: its transaction, who makes it, and from where."""

    def __init__(self, *, tx: Tx, actor: Actor, origin: Origin, services: Mapping[str, Any]) -> None:
        self.tx = tx
        self.actor = actor
        self.origin = origin
        self.services = services

    @property
    def now(self) -> str:
        """The time of the transaction."""
        return self.tx.now

    def check_project(self, project: str | None, needed: Permission = Permission.WRITE) -> None:
        """Raise `Forbidden` unless the caller may do in `project` what is `needed`: the role nearest to it decides."""
        nearest = self.tx.accounts.project_role(project, self.actor.id) if project and self.actor.role is not Role.ADMIN else None
        role = nearest or self.actor.role
        Actor(id=self.actor.id, name=self.actor.name, role=role).check(needed, "do this here")

    def note(self, action: str, entity: str) -> None:
        """Write into the audit log that the caller did something to `entity`."""
        self.tx.audit(self.actor.name, action, entity, self.origin.address)


class OutsideCall(Struct, frozen=True, kw_only=True):
    """One call that is not served in a transaction: who makes it, and from where."""

    actor: Actor
    origin: Origin
    services: Mapping[str, Any]
