"""Who is calling, and what they may do."""

from enum import IntEnum, StrEnum

from msgspec import Struct

from tilth.base.errors import Forbidden

__all__ = ["COMPANY", "NOBODY", "OWNER", "Actor", "Permission", "Role"]

COMPANY = "tilth"
"""The id of the one company that ClearML's protocol wants everything to belong to."""


class Permission(IntEnum):
    """What a call needs; each includes those before it."""

    NONE = 0
    READ = 1
    WRITE = 2
    ADMIN = 3


class Role(StrEnum):
    """What an account may do, on the whole server or in one project and below it."""

    NONE = "none"
    VIEWER = "viewer"
    MEMBER = "member"
    ADMIN = "admin"

    @property
    def permission(self) -> Permission:
        """The most that this role may do."""
        return {Role.NONE: Permission.NONE, Role.VIEWER: Permission.READ, Role.MEMBER: Permission.WRITE, Role.ADMIN: Permission.ADMIN}[self]


class Actor(Struct, frozen=True, kw_only=True):
    """The account behind a call."""

    id: str
    name: str
    role: Role
    access_key: str | None = None
    """The key that the caller signed in with, if it was a key."""
    token: str | None = None
    """The id of the token that the call came with."""
    reach: Role = Role.NONE
    """The best role that the account has in any project."""
    limited: bool = False
    """Whether there are projects that the account may not see."""

    def check(self, needed: Permission, what: str) -> None:
        """Raise `Forbidden` unless this account may do somewhere what is `needed`."""
        if max(self.role.permission, self.reach.permission) < needed:
            known = f"is a {self.role}" if self.role is not Role.NONE else "has no role"
            raise Forbidden(f"{self.name} {known} and may not {what}", hint="ask an administrator for another role")


OWNER = Actor(id="0" * 31 + "1", name="admin", role=Role.ADMIN)
"""Whoever works on a home in their own process: it is theirs. The first administrator of a server has the same id."""

NOBODY = Actor(id="", name="nobody", role=Role.NONE)
"""Whoever did not sign in."""
