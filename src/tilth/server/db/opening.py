"""Which engine a database's address means."""

from importlib import import_module
from pathlib import Path

from tilth.base.errors import Invalid
from tilth.server.db.engine import Database
from tilth.server.db.sqlite import SqliteDatabase

__all__ = ["is_shared", "open_database"]


def is_shared(address: str | None) -> bool:
    """Whether several servers may work with the database at once."""
    return (address or "").startswith(("postgresql://", "postgres://"))


def open_database(address: str | None, home: Path) -> Database:
    """The database behind an address, or that of the home if there is none."""
    if not address:
        return SqliteDatabase(home / "tilth.db")
    scheme, mark, rest = address.partition("://")
    if mark and scheme in ("postgresql", "postgres"):
        try:
            postgres = import_module("tilth.server.db.postgres")
        except ImportError as error:
            raise Invalid("PostgreSQL needs a library that is not installed", hint="install it: pip install 'tilth[postgres]'") from error
        database = postgres.PostgresDatabase(address)
        assert isinstance(database, Database)
        return database
    if mark and scheme != "sqlite":
        raise Invalid(f"{scheme}:// is no database that Tilth knows", hint="use postgresql://user:password@host/name, or a file")
    return SqliteDatabase(Path(rest if mark else address).expanduser().absolute())
