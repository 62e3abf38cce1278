"""What a draft has become so far: one small database a draft, so that interrupted work goes on where it was.

A row is a path and what it is to be: stored (its chunks are durable), waiting (its bytes still lie at a source, seen in a
known state), or removed. Rows say `stored` only after the packs they name are durable, so whatever the journal says is true
after a crash; what it does not say yet is found again from the packs of the draft's own session.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tilth.base.atomic_io import describe_os_error
from tilth.base.errors import Corrupt, DiskFull, HomeReadOnly, TilthError, Unavailable
from tilth.datasets.facts import Fact
from tilth.datasets.scanning import SourceFile
from tilth.datasets.segments import Root, SegmentRef, dump_root, load_root
from tilth.domain.dataset import ChunkRef, Entry, Link, Total

__all__ = ["Journal", "Pending", "Removed", "Row", "Stored", "Waiting"]


class Stored(Struct, frozen=True, gc=False):
    """A path that is as it is to be: its bytes are in the store, or it is a link; and the file they were read from, or are in."""

    entry: Entry
    file: SourceFile

    @property
    def path(self) -> str:
        return self.entry.path


class Waiting(Struct, frozen=True, gc=False):
    """A path whose bytes lie at a source that had this hash when it was in this state."""

    file: SourceFile
    sha256: bytes

    @property
    def path(self) -> str:
        return self.file.path


class Removed(Struct, frozen=True, gc=False):
    """A path of the parents that is to be gone."""

    path: str


Pending = Stored | Waiting
Row = Stored | Waiting | Removed

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pending (
    path TEXT PRIMARY KEY, kind INTEGER NOT NULL, size INTEGER, sha256 BLOB, mode INTEGER, mtime_ns INTEGER,
    chunks BLOB, source TEXT, ctime_ns INTEGER, inode INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS delta (
    key TEXT PRIMARY KEY, first_path TEXT NOT NULL, last_path TEXT NOT NULL, entries INTEGER NOT NULL, size_bytes INTEGER NOT NULL,
    sha256 BLOB NOT NULL, merged INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ground (only INTEGER PRIMARY KEY CHECK (only = 0), root BLOB NOT NULL, next_segment INTEGER NOT NULL) STRICT;
"""
_STORED, _WAITING, _REMOVED, _LINKED, _IMPORTED = 0, 1, 2, 3, 4
_COLUMNS = "path, kind, size, sha256, mode, mtime_ns, chunks, source, ctime_ns, inode"
_encode_chunks = msgspec.msgpack.Encoder().encode
_decode_chunks = msgspec.msgpack.Decoder(tuple[ChunkRef, ...]).decode
_decode_link = msgspec.msgpack.Decoder(Link).decode
_decode_imported = msgspec.msgpack.Decoder(tuple[tuple[ChunkRef, ...], Link]).decode


class Journal:
    """The changes of one draft against its parents. One process writes at a time (see `tilth.datasets.drafts`)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with _Translated(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=60, check_same_thread=False, isolation_level=None)
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = NORMAL")
                self._connection.executescript(_SCHEMA)
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        self._connection.close()

    def put(self, rows: Iterable[Row]) -> None:
        """Record `rows`, all or none, over what was said of their paths before."""
        self._in_transaction(f"INSERT OR REPLACE INTO pending ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", map(_dump, rows))

    def forget(self, paths: Iterable[str]) -> None:
        """Say nothing any more of `paths`: they are what the parents say."""
        self._in_transaction("DELETE FROM pending WHERE path = ?", ((path,) for path in paths))

    def find(self, path: str) -> Row | None:
        """What is recorded of exactly `path`."""
        with _Translated(self._path):
            found = self._connection.execute(f"SELECT {_COLUMNS} FROM pending WHERE path = ?", (path,)).fetchone()
        return _load(found) if found else None

    def rows(self, prefix: str = "") -> Iterator[Row]:
        """What is recorded of the paths below `prefix`, in their order, as it was when the walk began."""
        with _reading(self._path) as connection:
            for row in connection.execute(f"SELECT {_COLUMNS} FROM pending{_where(prefix)} ORDER BY path", _bounds(prefix)):
                yield _load(row)

    def digests(self, prefix: str = "", *, of_links: bytes | None = None) -> Iterator[tuple[str, int, bytes | None]]:
        """Path, size and hash of what is recorded below `prefix`, the hash None where a path is to be gone; cheaper than `rows`.

        With `of_links`, that stands for the hash of every link.
        """
        hashes = f"CASE kind WHEN {_LINKED} THEN x'{of_links.hex()}' ELSE sha256 END" if of_links else "sha256"
        with _reading(self._path) as connection:
            yield from connection.execute(f"SELECT path, size, {hashes} FROM pending{_where(prefix)} ORDER BY path", _bounds(prefix))

    def facts(self, prefix: str = "") -> Iterator[tuple[str, Fact | None]]:
        """What is known of the files recorded below `prefix`, None where a path is to be gone; cheaper than `rows`."""
        with _reading(self._path) as connection:
            query = f"SELECT path, size, sha256, mtime_ns, mode, kind, chunks FROM pending{_where(prefix)} ORDER BY path"
            for *known, kind, chunks in connection.execute(query, _bounds(prefix)):
                path, size, sha256, mtime_ns, mode = known
                link = _decode_link(chunks) if kind == _LINKED else None
                yield path, None if kind == _REMOVED else (path, size, sha256, mtime_ns, mode, link)

    def waiting(self) -> Iterator[Waiting]:
        """What still has to be stored, in the order of the paths."""
        with _reading(self._path) as connection:
            for row in connection.execute(f"SELECT {_COLUMNS} FROM pending WHERE kind = {_WAITING} ORDER BY path"):
                found = _load(row)
                assert isinstance(found, Waiting)
                yield found

    def sources(self, *, most: int = 100_000) -> list[SourceFile]:
        """The files that paths were read from, or still are to be, in the order of the paths; none if there are more than so many."""
        return [] if self.total().files > most else [row.file for row in self.rows() if not isinstance(row, Removed)]

    def count_waiting(self) -> tuple[int, int]:
        """How many files, and bytes, still have to be stored."""
        with _Translated(self._path):
            row = self._connection.execute(f"SELECT count(*), coalesce(sum(size), 0) FROM pending WHERE kind = {_WAITING}").fetchone()
        return row[0], row[1]

    def total(self) -> Total:
        """The number of recorded files that are to be there, and of the bytes in them."""
        row = self._connection.execute(f"SELECT count(*), coalesce(sum(size), 0) FROM pending WHERE kind != {_REMOVED}").fetchone()
        return Total(row[0], row[1])

    def put_delta(self, delta: SegmentRef) -> None:
        """Record a segment of the draft's own that holds entries to be laid over the listing, its packs durable like itself."""
        row = (delta.key, delta.first_path, delta.last_path, delta.entries, delta.size_bytes, delta.sha256)
        self._in_transaction("INSERT INTO delta (key, first_path, last_path, entries, size_bytes, sha256) VALUES (?, ?, ?, ?, ?, ?)", [row])

    def deltas(self) -> Root:
        """The recorded segments that are not merged yet, in the order of their paths, which they share with none other."""
        with _Translated(self._path):
            rows = self._connection.execute(
                "SELECT first_path, last_path, entries, size_bytes, key, sha256 FROM delta WHERE NOT merged ORDER BY first_path"
            ).fetchall()
        return tuple(SegmentRef(*row) for row in rows)

    def merged_keys(self) -> list[str]:
        """The objects of recorded segments that nothing needs any more."""
        with _Translated(self._path):
            return [key for (key,) in self._connection.execute("SELECT key FROM delta WHERE merged")]

    def ground(self) -> tuple[Root, int] | None:
        """The listing that the rows are changes of, if it is not just the parents', and the number of the session's next segment."""
        with _Translated(self._path):
            found = self._connection.execute("SELECT root, next_segment FROM ground").fetchone()
        return (load_root(found[0], name="of the draft"), found[1]) if found else None

    def set_ground(self, root: Root, next_segment: int, covered: Iterable[str]) -> None:
        """Record the listing that recorded segments were merged into; nothing is said any more of the paths that they `covered`."""
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO ground VALUES (0, ?, ?)", (dump_root(root), next_segment))
            connection.execute("UPDATE delta SET merged = 1")
            connection.executemany("DELETE FROM pending WHERE path = ?", ((path,) for path in covered))

    def is_empty(self) -> bool:
        """Whether nothing is recorded of any path."""
        with _Translated(self._path):
            return self._connection.execute("SELECT 1 FROM pending LIMIT 1").fetchone() is None

    def _in_transaction(self, statement: str, values: Iterable[Sequence[object]]) -> None:
        with self._transaction() as connection:
            connection.executemany(statement, values)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with _Translated(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk may have ended it already
                    self._connection.execute("ROLLBACK")
                raise


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of its own, so that a walk sees one state while rows are written."""
    with _Translated(path), closing(sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)) as connection:
        yield connection


class _Translated:
    """Raise what the database refuses as Tilth errors that name the journal."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise _described(error, self._path) from error
        if isinstance(error, OSError):
            raise describe_os_error(error, self._path) from error


def _described(error: sqlite3.Error, path: Path) -> TilthError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(
            f"no space left to write {path}", hint="free some space and run the same command again; nothing that was stored is lost"
        )
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_NOMEM):
        return Unavailable(
            f"{path} can't be used now ({error})",
            hint="check the disk and its quota, and run the same command again; nothing stored is lost",
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return HomeReadOnly(f"{path} can't be written", hint="check its permissions, or set TILTH_HOME to a writable folder")
    return Corrupt(
        f"the draft's journal {path} can't be used ({error})", hint="delete the draft and make it again; stored versions are not affected"
    )


def _where(prefix: str) -> str:
    return " WHERE path = ? OR (path >= ? AND path < ?)" if prefix else ""


def _bounds(prefix: str) -> tuple[str, ...]:
    return (prefix, prefix + "/", prefix + "0") if prefix else ()


def _dump(row: Row) -> tuple[object, ...]:
    if isinstance(row, Stored):
        entry = row.entry
        source = row.file
        if entry.link:
            kind, chunks = _LINKED, _encode_chunks(entry.link)
        elif source.imported_from:
            kind, chunks = _IMPORTED, _encode_chunks((entry.chunks, source.imported_from))
        else:
            kind, chunks = _STORED, _encode_chunks(entry.chunks)
        return (
            entry.path, kind, entry.size, entry.sha256, entry.mode, entry.mtime_ns, chunks, source.source, source.ctime_ns, source.inode,
        )  # fmt: skip
    if isinstance(row, Waiting):
        file = row.file
        return (file.path, _WAITING, file.size, row.sha256, file.mode, file.mtime_ns, None, file.source, file.ctime_ns, file.inode)
    return (row.path, _REMOVED, None, None, None, None, None, None, None, None)


def _load(row: tuple[Any, ...]) -> Row:
    path, kind, size, sha256, mode, mtime_ns, chunks, source, ctime_ns, inode = row
    if kind == _REMOVED:
        return Removed(path)
    file = SourceFile(path, source, size, mtime_ns, ctime_ns, inode, mode)
    if kind == _LINKED:
        return Stored(Entry(path, size, sha256, mode, mtime_ns, (), _decode_link(chunks)), file)
    if kind == _IMPORTED:
        found, link = _decode_imported(chunks)
        return Stored(Entry(path, size, sha256, mode, mtime_ns, found), replace(file, imported_from=link))
    if kind == _STORED:
        return Stored(Entry(path, size, sha256, mode, mtime_ns, _decode_chunks(chunks)), file)
    return Waiting(file, sha256)
