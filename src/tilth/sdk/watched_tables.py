"""Tables that a run goes on changing: each is looked at by and by, and kept again as an artifact of the task when it is not what it was."""

import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tilth.base.errors import Invalid, TilthError
from tilth.sdk.destinations import keep
from tilth.sdk.packing import pack_table
from tilth.sdk.recording import warn

if TYPE_CHECKING:
    from tilth.sdk.tasks.record import TaskRecord

__all__ = ["PERIOD_S", "WatchedTables"]

PERIOD_S = 30.0
_SHARE = 20
"""After a look that took a second there is none for so many seconds, so that large tables cost a run little."""
_CHANGING = (ValueError, KeyError, IndexError, RuntimeError, AttributeError, TypeError)
"""What pandas raises when a table changes while it is read."""


class _Table:
    """One table, and what it was when it was kept last; of its rows nothing is held but the table that the script has itself."""

    def __init__(self, name: str, frame: Any, metadata: Mapping[str, Any] | None, unique: Sequence[str]) -> None:
        self.name = name
        self.frame = frame
        self.metadata = metadata
        self.unique = unique
        self.kept = ""
        self.waiting: Path | None = None
        """The copy that is not uploaded yet."""


class WatchedTables:
    """The tables of one task, looked at in a thread of the process that registered them."""

    def __init__(self, task: "TaskRecord") -> None:
        self._task = task
        self._tables: dict[str, _Table] = {}
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tilth-tables", daemon=True)
        self._rest_s = PERIOD_S

    @property
    def frames(self) -> Mapping[str, Any]:
        """The tables by name."""
        return MappingProxyType({name: table.frame for name, table in self._tables.items()})

    def add(self, name: str, frame: Any, metadata: Mapping[str, Any] | None, unique: bool | Sequence[str]) -> None:
        """Keep a table now, and again when it changed. A name that is registered already gets this table."""
        pandas = sys.modules.get("pandas")
        if pandas is None or not isinstance(frame, pandas.DataFrame):
            raise Invalid(f"{name:.100}: a {type(frame).__name__} is no table", hint="register a pandas.DataFrame; upload anything else")
        if isinstance(unique, str):
            unique = [unique]
        columns = [] if isinstance(unique, bool) else list(unique)
        missing = [column for column in columns if column not in frame.columns]
        if missing:
            raise Invalid(f"{name:.100} has no column {missing[0]!r:.100}", hint=f"use {', '.join(map(str, frame.columns))}"[:500])
        table = _Table(name, frame, metadata, columns)
        self._keep(table, whatever_waits=True)
        with self._lock:
            self._tables[name] = table
        if not self._thread.is_alive() and not self._ended.is_set():
            self._thread.start()

    def remove(self, name: str) -> None:
        """Look at a table no more; what was kept stays."""
        with self._lock:
            if self._tables.pop(name, None) is None:
                raise Invalid(f"no table {name!r:.100} is registered", hint=f"registered are {', '.join(self._tables) or 'none'}")

    def look(self, *, whatever_waits: bool = False) -> None:
        """Keep the tables that changed. One that waits for its upload is not kept again before that, unless this is the last chance."""
        if self._owner != os.getpid():
            return
        with self._lock:
            for table in self._tables.values():
                try:
                    self._keep(table, whatever_waits=whatever_waits)
                except _CHANGING as error:
                    if whatever_waits:
                        warn(f"the last changes of table {table.name} are not kept: {type(error).__name__}: {error}")
                except (TilthError, OSError) as error:
                    warn(f"table {table.name} is not kept: {error}")

    def end(self) -> None:
        """Keep what changed, for the last time."""
        self._ended.set()
        self.look(whatever_waits=True)

    def _run(self) -> None:
        while not self._ended.wait(self._rest_s):
            began = time.monotonic()
            self.look()
            self._rest_s = max(PERIOD_S, _SHARE * (time.monotonic() - began))

    def _keep(self, table: _Table, *, whatever_waits: bool) -> None:
        if not whatever_waits and table.waiting is not None and table.waiting.exists():
            return
        digest, different = _digest(table)
        if digest == table.kept:
            return
        with TemporaryDirectory(prefix="tilth-") as scratch:
            note = f"{len(table.frame)} rows, {different} of them different"
            note += f" in {', '.join(map(str, table.unique))}" if table.unique else ""
            packed = pack_table(table.name, table.frame, note=note, folder=Path(scratch))
            table.waiting = keep(self._task, packed, metadata=table.metadata, delete=True)
        if table.waiting is not None:  # there was room for it
            table.kept = digest


def _digest(table: _Table) -> tuple[str, int]:
    """What tells a table from what it was, and how many of its rows differ from each other."""
    hashing = import_module("pandas.util").hash_pandas_object
    frame = table.frame
    try:
        rows = hashing(frame, index=False)
        unique = hashing(frame[table.unique], index=False) if table.unique else rows
    except TypeError:  # cells that are lists and the like
        texts = frame.astype(str)
        rows = hashing(texts, index=False)
        unique = hashing(texts[table.unique], index=False) if table.unique else rows
    columns = "\x00".join(f"{name}:{kind}" for name, kind in frame.dtypes.items())
    return sha256(rows.to_numpy().tobytes() + columns.encode()).hexdigest(), int(unique.nunique())
