"""A home with much to look at: runs, a long console, many curves, a version of many files. Written through the stores, without a server."""

import os
import random
import subprocess
import sys
from pathlib import Path
from random import Random

from msgspec import Struct

from benchmarks.generate import write_million
from tilth.base.clock import SystemClock
from tilth.domain.access import OWNER
from tilth.domain.event import Line, Point
from tilth.server.db.sqlite import SqliteDatabase
from tilth.server.services.context import Call, Origin
from tilth.server.services.projects import ensure_project
from tilth.server.services.setup import prepare
from tilth.server.services.tasks import create_task
from tilth.server.stores.unit_of_work import Tx

__all__ = ["CURVES", "Made", "fill"]

CURVES = 50
_POINTS = 10_000
_BATCH = 2_000
_LINES_AT_ONCE = 500
_STATES = ("completed", "completed", "completed", "failed", "stopped", "in_progress", "created")


class Made(Struct, frozen=True):
    """What was made: how much of it, and the ids to open it by."""

    tasks: int
    lines: int
    files: int
    curves: str
    console: str
    version: str


def fill(home: Path, scratch: Path, scale: float) -> Made:
    """Fill a new home; with a scale of 1, 100,000 runs, a console of a million lines and a version of a million files."""
    tasks, lines, files = (max(1_000, int(whole * scale)) for whole in (100_000, 1_000_000, 1_000_000))
    version = _version(home, scratch, files / 1_000_000)
    database = SqliteDatabase(home / "tilth.db")
    with database.writing() as connection:
        prepare(Tx(connection, SystemClock()))
    console = _console(database, lines)
    curves = _curves(database)
    _runs(database, tasks)
    database.close()
    return Made(tasks, lines, files, curves, console, version)


def _runs(database: SqliteDatabase, count: int) -> None:
    source = Random(1)
    for start in range(0, count, _BATCH):
        with database.writing() as connection:
            call = _call(connection)
            projects = [ensure_project(call.tx, f"Team/{number}").id for number in range(20)]
            made = [_run(call, source, number, projects[number % 20]) for number in range(start, min(start + _BATCH, count))]
            moment = "datetime('2026-01-01', '+' || ? || ' minutes')"
            at = f"replace({moment}, ' ', 'T') || '.000000Z'"
            connection.execute_many(
                f"UPDATE task SET status = ?, last_update = {at}, started = {at}, active_duration = ?, last_iteration = 100 WHERE id = ?",
                [(_STATES[number % 7], number, number, number % 5_000, id) for number, id in enumerate(made, start)],
            )


def _run(call: Call, source: Random, number: int, project: str) -> str:
    texts = {
        "lr": f"{10 ** source.uniform(-5, -1):.6f}",
        "optimizer": source.choice(["adam", "sgd"]),
        "batch_size": str(2 ** source.randrange(4, 10)),
    }
    texts |= {f"option_{place}": str(source.randrange(100)) for place in range(9)}
    values = {name: {"section": "Args", "name": name, "value": value, "type": "str"} for name, value in texts.items()}
    fields = {"name": f"run {number:06}", "type": "training", "project": project, "tags": [f"tag {number % 11}"]}
    task = create_task(call, {**fields, "hyperparams": {"Args": values}})
    names = [("loss", "train"), ("loss", "val"), ("accuracy", "val"), ("f1", "val"), (":monitor:machine", "cpu_usage")]
    call.tx.scalars.append(task, {name: [Point(100, 1_700_000_000_000 + number, source.random())] for name in names}, {})
    return task


def _curves(database: SqliteDatabase) -> str:
    source = Random(2)
    with database.writing() as connection:
        call = _call(connection)
        task = create_task(call, {"name": "many curves", "type": "training", "project": ensure_project(call.tx, "Large").id})
        for place in range(CURVES):
            points = [Point(at, 1_700_000_000_000 + at, source.random() + 100 / (at + 50)) for at in range(_POINTS)]
            call.tx.scalars.append(task, {("loss", f"fold {place:02}"): points}, {})
    return task


def _console(database: SqliteDatabase, count: int) -> str:
    with database.writing() as connection:
        call = _call(connection)
        task = create_task(call, {"name": "long console", "type": "training", "project": ensure_project(call.tx, "Large").id})
        for start in range(0, count, _LINES_AT_ONCE):
            numbers = range(start, min(start + _LINES_AT_ONCE, count))
            lines = [
                Line(1_700_000_000_000 + number * 10, "INFO", "host:gpu0", f"\x1b[32mstep {number}\x1b[0m loss={1 / (number + 1):.6f} ok\n")
                for number in numbers
            ]
            call.tx.logs.append(task, lines)
    return task


def _version(home: Path, scratch: Path, scale: float) -> str:
    source = scratch / "files"
    write_million(source, scale, random.Random(3))
    words = [sys.executable, "-m", "tilth.cli.main", "data", "sync", "--folder", str(source), "--project", "Large", "--name", "million"]
    done = subprocess.run(words, env={**os.environ, "TILTH_HOME": str(home)}, capture_output=True, text=True, check=True)
    return next(word for word in done.stdout.replace("=", " ").split() if len(word) == 32 and word.isalnum())


def _call(connection: object) -> Call:
    return Call(tx=Tx(connection, SystemClock()), actor=OWNER, origin=Origin(), services={})  # type: ignore[arg-type]
