"""Which files clients uploaded: their names, and the objects in the store that hold them."""

from collections.abc import Sequence

from msgspec import Struct

from tilth.server.db.engine import Connection
from tilth.server.stores.rows import marks

__all__ = ["Files", "StoredFile"]

_COLUMNS = "path, key, size_bytes, content_type, created"


class StoredFile(Struct, frozen=True, kw_only=True):
    """A file under the name that a client gave it."""

    path: str
    key: str
    size_bytes: int
    content_type: str | None
    created: str


class Files:
    """Files by their names. Several names may share no object: each upload has one of its own."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def get(self, path: str) -> StoredFile | None:
        row = self._db.one(f"SELECT {_COLUMNS} FROM file WHERE path = ?", (path,))
        return StoredFile(**dict(zip(StoredFile.__struct_fields__, row, strict=True))) if row else None

    def total(self) -> tuple[int, int]:
        """How many files there are, and how many bytes they have."""
        row = self._db.one("SELECT count(*), coalesce(sum(size_bytes), 0) FROM file", ())
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def put(self, file: StoredFile) -> str | None:
        """Give `file.path` this content; returns the key of the object that held it before."""
        before = self.get(file.path)
        values = tuple(getattr(file, name) for name in StoredFile.__struct_fields__)
        self._db.execute(
            f"INSERT INTO file ({_COLUMNS}) VALUES (?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET key = excluded.key,"
            " size_bytes = excluded.size_bytes, content_type = excluded.content_type, created = excluded.created",
            values,
        )
        return before.key if before else None

    def remove(self, path: str) -> str | None:
        """Forget a file; returns the key of its object."""
        found = self.get(path)
        if found:
            self._db.execute("DELETE FROM file WHERE path = ?", (path,))
        return found.key if found else None

    def below(self, folder: str, limit: int = 10_000, *, after: str = "") -> list[StoredFile]:
        """The files in a folder and all below it, or all that there are, by name; only those `after` a name."""
        parts = [("path > ?", after)] + ([("path >= ?", f"{folder}/"), ("path < ?", f"{folder}0")] if folder else [])
        query = f"SELECT {_COLUMNS} FROM file WHERE {' AND '.join(part for part, _ in parts)} ORDER BY path LIMIT ?"
        rows = self._db.all(query, (*(value for _, value in parts), limit))
        return [StoredFile(**dict(zip(StoredFile.__struct_fields__, row, strict=True))) for row in rows]

    def known_keys(self, keys: Sequence[str]) -> set[str]:
        """Which of `keys` some file is held by."""
        return {key for (key,) in self._db.all(f"SELECT key FROM file WHERE key IN ({marks(keys)})", tuple(keys))} if keys else set()
