"""Which files are known not to have changed: the hash of a file, kept under the state in which it was seen.

A file whose size, times and inode are what they were is not opened again. A file that was touched within `RACY_NS` of being
hashed is never remembered, since a later change in the same instant could leave the same state.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from tilth.datasets.scanning import SourceFile

__all__ = ["StatCache"]

RACY_NS = 2_000_000_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS root (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS file (
    root INTEGER NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL, sha256 BLOB NOT NULL, PRIMARY KEY (root, path)
) WITHOUT ROWID;
"""
_VERSION = 1


class StatCache:
    """A small database beside the cache. Losing it costs time, never data; a damaged one is thrown away."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._connection = _opened(path)
        except sqlite3.DatabaseError:
            path.unlink(missing_ok=True)
            self._connection = _opened(path)

    def close(self) -> None:
        self._connection.close()

    def matched(self, folder: str, files: Iterable[SourceFile]) -> Iterator[tuple[SourceFile, bytes | None]]:
        """Each of `files`, sorted by their source path below `folder`, with its hash if it has not changed since it was known."""
        known = self._connection.execute(
            "SELECT file.path, size, mtime_ns, ctime_ns, inode, sha256 FROM file JOIN root ON root.id = file.root"
            " WHERE root.path = ? ORDER BY file.path",
            (folder,),
        )
        skip = len(folder.rstrip("/")) + 1
        row = next(known, None)
        for file in files:
            relative = file.source[skip:]
            while row is not None and row[0] < relative:
                row = next(known, None)
            if row is not None and row[0] == relative and row[1:5] == (file.size, file.mtime_ns, file.ctime_ns, file.inode):
                yield file, row[5]
            else:
                yield file, None

    def remember(self, folder: str, hashed: Iterable[tuple[SourceFile, bytes]]) -> None:
        """Keep the hashes of files that were read in just the state in which they were seen."""
        trusted = time.time_ns() - RACY_NS
        skip = len(folder.rstrip("/")) + 1
        with self._connection as connection:
            connection.execute("INSERT INTO root (path) VALUES (?) ON CONFLICT DO NOTHING", (folder,))
            (root,) = connection.execute("SELECT id FROM root WHERE path = ?", (folder,)).fetchone()
            connection.executemany(
                "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (root, file.source[skip:], file.size, file.mtime_ns, file.ctime_ns, file.inode, sha256)
                    for file, sha256 in hashed
                    if file.mtime_ns < trusted and file.ctime_ns < trusted
                ),
            )


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=60, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != _VERSION:
        connection.executescript("DROP TABLE IF EXISTS file; DROP TABLE IF EXISTS root;" + _SCHEMA + f"PRAGMA user_version = {_VERSION};")
    return connection
