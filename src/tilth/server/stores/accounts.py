"""Who may use the server: accounts, their keys, their roles in projects, and the tokens that are no longer good."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from tilth.domain.access import Role
from tilth.server.db.engine import Connection
from tilth.server.stores.query import SqlText

__all__ = ["Account", "Accounts", "Credential"]

_COLUMNS = "id, name, role, kind, email, password, subject, active, preferences, created, last_login"
_KEY = "access_key, account, label, secret, created, last_used, last_used_from"


class Account(Struct, frozen=True, kw_only=True):
    """A person, or a service that works on its own."""

    id: str
    name: str
    role: Role
    kind: str = "personal"
    """`personal` or `service`."""
    email: str | None = None
    password: str | None = None
    """A salted hash; None if the account has no password."""
    subject: str | None = None
    """Who this is at an OpenID provider: its address and its name for the account."""
    active: bool = True
    preferences: dict[str, Any] = {}
    created: str = ""
    last_login: str | None = None


class Credential(Struct, frozen=True, kw_only=True):
    """A key of an account."""

    access_key: str
    account: str
    label: str | None
    secret: str
    """A salted hash."""
    created: str
    last_used: str | None = None
    last_used_from: str | None = None


class Accounts:
    """Accounts and what belongs to them."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def get(self, id: str) -> Account | None:
        return _account(self._db.one(f"SELECT {_COLUMNS} FROM account WHERE id = ?", (id,)))

    def by_name(self, name: str) -> Account | None:
        return _account(self._db.one(f"SELECT {_COLUMNS} FROM account WHERE name = ?", (name,)))

    def by_subject(self, subject: str) -> Account | None:
        return _account(self._db.one(f"SELECT {_COLUMNS} FROM account WHERE subject = ?", (subject,)))

    def all(self) -> list[Account]:
        rows = self._db.all(f"SELECT {_COLUMNS} FROM account ORDER BY name")
        return [account for account in map(_account, rows) if account]

    def insert(self, account: Account) -> None:
        self._db.execute(f"INSERT INTO account ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _values(account))

    def update(self, account: Account) -> None:
        assignments = ", ".join(f"{name.strip()} = ?" for name in _COLUMNS.split(",")[1:])
        self._db.execute(f"UPDATE account SET {assignments} WHERE id = ?", (*_values(account)[1:], account.id))

    def delete(self, id: str) -> bool:
        return self._db.execute("DELETE FROM account WHERE id = ?", (id,)) > 0

    def credential(self, access_key: str) -> Credential | None:
        row = self._db.one(f"SELECT {_KEY} FROM credential WHERE access_key = ?", (access_key,))
        return Credential(**dict(zip(Credential.__struct_fields__, row, strict=True))) if row else None

    def credentials(self, account: str) -> list[Credential]:
        rows = self._db.all(f"SELECT {_KEY} FROM credential WHERE account = ? ORDER BY created, access_key", (account,))
        return [Credential(**dict(zip(Credential.__struct_fields__, row, strict=True))) for row in rows]

    def add_credential(self, credential: Credential) -> None:
        values = tuple(getattr(credential, name) for name in Credential.__struct_fields__)
        self._db.execute(f"INSERT INTO credential ({_KEY}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def use_credential(self, access_key: str, at: str, address: str) -> None:
        self._db.execute("UPDATE credential SET last_used = ?, last_used_from = ? WHERE access_key = ?", (at, address, access_key))

    def label_credential(self, account: str, access_key: str, label: str) -> bool:
        return self._db.execute("UPDATE credential SET label = ? WHERE account = ? AND access_key = ?", (label, account, access_key)) > 0

    def drop_credential(self, account: str, access_key: str) -> bool:
        return self._db.execute("DELETE FROM credential WHERE account = ? AND access_key = ?", (account, access_key)) > 0

    def project_role(self, project: str, account: str) -> Role | None:
        """The role of an account in a project, or in the nearest one above it in which it has one."""
        row = self._db.one(
            """
            WITH RECURSIVE line (id, parent, depth) AS (
                SELECT id, parent, 0 FROM project WHERE id = ?
                UNION ALL SELECT project.id, project.parent, line.depth + 1 FROM project JOIN line ON project.id = line.parent
            )
            SELECT role FROM line JOIN project_role ON project_role.project = line.id WHERE account = ? ORDER BY depth LIMIT 1
            """,
            (project, account),
        )
        return Role(row[0]) if row else None

    def project_roles(self, project: str) -> list[tuple[str, Role]]:
        """The roles that accounts have in one project itself."""
        rows = self._db.all("SELECT account, role FROM project_role WHERE project = ? ORDER BY account", (project,))
        return [(account, Role(role)) for account, role in rows]

    def roles_of(self, account: str) -> list[Role]:
        """The roles that an account has in any project."""
        return [Role(role) for (role,) in self._db.all("SELECT DISTINCT role FROM project_role WHERE account = ?", (account,))]

    def set_project_role(self, project: str, account: str, role: Role | None) -> None:
        """Give an account a role in a project; None takes it away."""
        self._db.execute("DELETE FROM project_role WHERE project = ? AND account = ?", (project, account))
        if role is not None:
            self._db.execute("INSERT INTO project_role (project, account, role) VALUES (?, ?, ?)", (project, account, role))

    def closed(self, account: str) -> SqlText:
        """The condition that a project is closed to an account: the role nearest to it, in it or above it, is none at all."""
        query = "SELECT project.name, role FROM project_role JOIN project ON project.id = project_role.project WHERE account = ?"
        nearest_first = sorted(self._db.all(query, (account,)), key=lambda row: len(row[0]), reverse=True)
        cases, values = "", []
        for name, role in nearest_first:
            cases += f" WHEN project.name = ? OR (project.name >= ? AND project.name < ?) THEN {int(role == Role.NONE)}"
            values += [name, f"{name}/", f"{name}0"]
        return (f"CASE{cases} ELSE 0 END = 1", values) if cases else ("1 = 0", [])

    def block_token(self, id: str, until_s: int) -> None:
        self._db.execute("INSERT INTO blocked_token (id, until) VALUES (?, ?) ON CONFLICT (id) DO NOTHING", (id, until_s))

    def is_blocked(self, id: str) -> bool:
        return self._db.one("SELECT 1 FROM blocked_token WHERE id = ?", (id,)) is not None

    def forget_tokens(self, now_s: int) -> None:
        """Drop what is about tokens and links that have run out anyway."""
        self._db.execute("DELETE FROM blocked_token WHERE until < ?", (now_s,))
        self._db.execute("DELETE FROM login_link WHERE until < ?", (now_s,))

    def add_link(self, digest: str, account: str, until_s: int) -> None:
        self._db.execute("INSERT INTO login_link (digest, account, until) VALUES (?, ?, ?)", (digest, account, until_s))

    def take_link(self, digest: str, now_s: int) -> str | None:
        """The account behind a one-time link, which is used up by that."""
        row = self._db.one("SELECT account FROM login_link WHERE digest = ? AND until >= ?", (digest, now_s))
        self._db.execute("DELETE FROM login_link WHERE digest = ?", (digest,))
        return str(row[0]) if row else None


def _values(account: Account) -> tuple[Any, ...]:
    return (
        *(account.id, account.name, account.role, account.kind, account.email, account.password, account.subject, int(account.active)),
        *(msgspec.json.encode(account.preferences).decode(), account.created, account.last_login),
    )


def _account(row: Sequence[Any] | None) -> Account | None:
    if row is None:
        return None
    values = dict(zip(Account.__struct_fields__, row, strict=True))
    values["role"] = Role(values["role"])
    values["active"] = bool(values["active"])
    values["preferences"] = msgspec.json.decode(values["preferences"])
    return Account(**values)
