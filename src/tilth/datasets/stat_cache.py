"""Which files are known not to have changed: the hash of a file, kept under the state in which it was seen.

A file whose size, times and inode are what they were is not opened again. A file that was touched within `RACY_NS` of being
hashed is never remembered, since a later change in the same instant could leave the same state.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from tilth.datasets.scanning import SourceFile

__all__ = ["StatCache"]

RACY_NS = 2_000_000_000

_SCHEMA = """
DROP TABLE IF EXISTS file;
DROP TABLE IF EXISTS root;
CREATE TABLE root (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
CREATE TABLE file (
    root INTEGER NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL, sha256 BLOB NOT NULL, PRIMARY KEY (root, path)
) WITHOUT ROWID;
"""
_VERSION = 1
_PATIENCE_S = 10


class StatCache:
    """A small database. Losing it costs time, never data: a damaged one is thrown away, and what fails is forgotten."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = _opened(path)

    def close(self) -> None:
        if self._connection:
            self._connection.close()

    def matched(self, folder: str, files: Iterable[SourceFile]) -> Iterator[tuple[SourceFile, bytes | None]]:
        """Each of `files`, sorted by their source path below `folder`, with its hash if it has not changed since it was known."""
        skip = len(folder.rstrip("/")) + 1
        known = self._known(folder)
        row = next(known, None)
        for file in files:
            relative = file.source[skip:]
            while row is not None and row[0] < relative:
                row = next(known, None)
            if row is not None and row[0] == relative and row[1:5] == (file.size, file.mtime_ns, file.ctime_ns, file.inode):
                yield file, row[5]
            else:
                yield file, None

    def remember(self, folder: str, hashed: Iterable[tuple[SourceFile, bytes]], *, read_since_ns: int) -> None:
        """Keep the hashes of files that were read in just the state in which they were seen, none of them before `read_since_ns`."""
        trusted = read_since_ns - RACY_NS
        skip = len(folder.rstrip("/")) + 1
        rows = [
            (file.source[skip:], file.size, file.mtime_ns, file.ctime_ns, file.inode, sha256)
            for file, sha256 in hashed
            if file.mtime_ns < trusted and file.ctime_ns < trusted
        ]
        if not rows or not self._connection:
            return
        try:
            with self._connection as connection:
                connection.execute("INSERT INTO root (path) VALUES (?) ON CONFLICT DO NOTHING", (folder,))
                (root,) = connection.execute("SELECT id FROM root WHERE path = ?", (folder,)).fetchone()
                connection.executemany("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?)", ((root, *row) for row in rows))
        except sqlite3.Error as error:
            if _is_damage(error):
                self.close()
                self._connection = _opened(self._path, anew=True)

    def _known(self, folder: str) -> Iterator[tuple[str, int, int, int, int, bytes]]:
        if not self._connection:
            return
        # A connection of its own: one that has read what another process changed since would not be allowed to write.
        with suppress(sqlite3.Error), closing(sqlite3.connect(self._path, timeout=_PATIENCE_S, check_same_thread=False)) as connection:
            yield from connection.execute(
                "SELECT file.path, size, mtime_ns, ctime_ns, inode, sha256 FROM file JOIN root ON root.id = file.root"
                " WHERE root.path = ? ORDER BY file.path",
                (folder,),
            )


def _opened(path: Path, *, anew: bool = False) -> sqlite3.Connection | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for suffix in ("-wal", "-shm", "") if anew else ():
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        connection = sqlite3.connect(path, timeout=_PATIENCE_S, check_same_thread=False)
    except (OSError, sqlite3.Error):
        return None
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != _VERSION:
            connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
    except sqlite3.Error as error:
        connection.close()
        return _opened(path, anew=True) if _is_damage(error) and not anew else None
    return connection


def _is_damage(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
