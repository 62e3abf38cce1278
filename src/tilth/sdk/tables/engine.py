"""DuckDB, with as much memory as it is given and a folder for what does not fit; it is the engine behind joins of rows and behind SQL.

What it is given of a table is narrow: where a row stands, its key, and its texts or their hash. The rows themselves never pass through
it, so that no reader of numbers or dates can change them.
"""

import os
import re
import shutil
import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import DiskFull, Invalid, TilthError, Unavailable
from tilth.base.faultpoints import reach
from tilth.sdk.tables.plain_arrays import binary_array, whole_array

__all__ = ["MEMORY_BYTES", "Engine", "Numbered", "connected", "engine_error"]

MEMORY_BYTES = 512 << 20
_MOST_THREADS = 4
_MORE_PARTS = 4
_MOST_PARTS = 1024
"""What does not fit into memory is looked at in so many times more parts, as long as they are no more than this."""
_CLOSED = {
    # Nothing comes from elsewhere, and nothing of this process is seen by queries.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}


_FULL = ("No space left", "Disk quota exceeded", "File too large", "max_temp_directory_size")
_NOT_WRITTEN = re.compile(r"Could not write file .*: (.+)")


def connected(folder: Path, *, memory_bytes: int = MEMORY_BYTES, ordered: bool = True) -> Any:
    """A new database in memory that writes what does not fit there into `folder`."""
    try:
        duckdb = import_module("duckdb")
    except ImportError as error:
        raise Invalid("joining, comparing and querying rows needs DuckDB", hint="pip install 'tilth[tables]'") from error
    config = _CLOSED | {
        "memory_limit": f"{memory_bytes}B",
        "temp_directory": str(folder),
        "threads": str(min(_MOST_THREADS, os.cpu_count() or 1)),
        "preserve_insertion_order": "true" if ordered else "false",
    }
    return duckdb.connect(":memory:", config=config)


class TooLittleMemory(Unavailable):
    """What was asked for takes more memory at once than there may be."""


def engine_error(error: Exception, folder: Path) -> TilthError:
    """What an error of the engine means for a person."""
    said = str(error)
    if any(sign in said for sign in _FULL):
        return DiskFull(
            f"no space left in {folder} for what does not fit into memory",
            hint="free some space, set TILTH_CACHE to a folder of another disk, or give more memory with --memory",
        )
    if failed := _NOT_WRITTEN.search(said):
        return Unavailable(
            f"what does not fit into memory can't be kept in {folder}: {failed[1]}", hint="check the disk, or set TILTH_CACHE"
        )
    if "Out of Memory" in said:
        return TooLittleMemory(f"the rows did not fit into memory: {said.partition(chr(10))[0]}", hint="give more with --memory")
    return Invalid(said.strip(), hint="see DuckDB's documentation")


class Engine:
    """Rows of several tables by their keys. Use as a context manager: what was spilled is removed with it."""

    def __init__(self, scratch: Path, *, memory_bytes: int = MEMORY_BYTES) -> None:
        with translated_os_errors(scratch):
            self._folder = Path(tempfile.mkdtemp(prefix="tables-", dir=scratch))
        try:
            self._connection = connected(self._folder, memory_bytes=memory_bytes, ordered=False)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self._errors = import_module("duckdb").Error
        self.run("CREATE TABLE rows (side UTINYINT, n BIGINT, line BIGINT, key BLOB, said UBIGINT, more UBIGINT)")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, side: int, first: int, lines: Sequence[int], keys: Sequence[bytes] | None, texts: Sequence[bytes]) -> None:
        """Take rows in: which table's, the number of the first, and of each its line, its key and what it says, of which a hash is kept.

        The hash is the first half of SHA-256, as two numbers: what has a fixed width is what the engine spills best. Without keys, it is
        the key.
        """
        count = len(lines)
        digests = [sha256(text).digest() for text in texts]
        quarters = array("Q", b"".join(digests))
        self._insert(
            "rows",
            {
                "side": whole_array(pa.uint8(), bytes([side]) * count),
                "n": whole_array(pa.int64(), array("q", range(first, first + count))),
                "line": whole_array(pa.int64(), array("q", lines)),
                "key": binary_array([digest[:16] for digest in digests] if keys is None else keys),
                "said": whole_array(pa.uint64(), quarters[::4]),
                "more": whole_array(pa.uint64(), quarters[1::4]),
            },
        )

    def add_cells(self, pairs: Sequence[int], side: int, changes: Sequence[int], lines: Sequence[int], cells: Any) -> None:
        """Take in what some rows of a table say, a list of Arrow's for each, into the table `texts`, which has to be there."""
        count = len(pairs)
        self._insert(
            "texts",
            {
                "pair": whole_array(pa.int64(), array("q", pairs)),
                "side": whole_array(pa.uint8(), bytes([side]) * count),
                "change": whole_array(pa.uint8(), bytes(changes)),
                "line": whole_array(pa.int64(), array("q", lines)),
                "cells": cells,
            },
        )

    def _insert(self, table: str, columns: dict[str, Any]) -> None:
        try:
            self._connection.register("batch", pa.table(columns))
            self._connection.execute(f"INSERT INTO {table} SELECT * FROM batch")
            self._connection.unregister("batch")
        except self._errors as error:
            raise engine_error(error, self._folder) from error

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """What a statement finds; not too much."""
        try:
            found: list[tuple[Any, ...]] = self._connection.execute(statement).fetchall()
        except self._errors as error:
            raise engine_error(error, self._folder) from error
        return found

    def make(self, table: str, select: str) -> None:
        """Make `table` of what `select` finds, where `{part}` is the condition on `key` for rows to be looked at.

        They are all looked at at once, or else part by part, of which each has to fit into memory: the engine writes what it has found of
        groups and joins to the disk, but where there are many it needs more memory for that than it may have.
        """
        reach("tables.before-make")
        parts = 1
        while True:
            self.run(f"CREATE OR REPLACE TABLE {table} AS {select.format(part='false')}")
            try:
                for part in range(parts):
                    self.run(f"INSERT INTO {table} {select.format(part=f'hash(key) % {parts} = {part}')}")
            except TooLittleMemory:
                if parts >= _MOST_PARTS:
                    raise
                parts *= _MORE_PARTS
            else:
                return

    def stream(self, statement: str, *, at_once: int = 10_000) -> Iterator[Sequence[Sequence[Any]]]:
        """What a statement finds, however much, column by column so many rows at once; others may be asked meanwhile."""
        for batch in self.batches(statement, at_once=at_once):
            yield [column.to_pylist() for column in batch.columns]

    def batches(self, statement: str, *, at_once: int) -> Iterator[Any]:
        """The same as record batches of Arrow."""
        try:
            cursor = self._connection.cursor()
            yield from cursor.sql(statement).to_arrow_reader(at_once)
        except (self._errors, pa.ArrowException) as error:
            raise engine_error(error, self._folder) from error


class Numbered:
    """What a statement finds, in the order of its first column, handed out stretch by stretch of these numbers."""

    def __init__(self, found: Iterator[Sequence[Sequence[Any]]]) -> None:
        self._found = found
        self._columns: Sequence[Sequence[Any]] = next(found, ())
        self._at = 0

    @property
    def is_over(self) -> bool:
        """Whether all was handed out."""
        return not self._columns

    def within(self, first: int, count: int) -> list[list[Any]]:
        """What is there for the numbers from `first` on, of so many, column by column; the numbers counted from `first`."""
        made: list[list[Any]] = []
        while self._columns:
            numbers = self._columns[0]
            end = bisect_left(numbers, first + count, self._at)
            found = [list(column[self._at : end]) for column in self._columns]
            found[0] = [number - first for number in found[0]]
            made = [[*one, *other] for one, other in zip(made, found, strict=True)] if made else found
            self._at = end
            if end < len(numbers):
                break
            self._columns, self._at = next(self._found, ()), 0
        return made or [[]]
