"""A child process dies at each named step of commits, deletions and collections; what it had acknowledged is intact.

The child works on one folder and says what it has finished. Whatever step it dies at, every version that it spoke of or
that can be seen is whole, an unfinished session goes on with its bases, and the next collection leaves no garbage.
"""

import os
import re
import sys
from pathlib import Path

import pytest

from tilth.base.errors import SessionFenced, VersionFinal
from tilth.base.faultpoints import CRASH_STATUS
from tilth.base.ids import VersionId
from tilth.datasets import catalog, gc, sessions
from tilth.datasets.catalog import list_records, read_record, write_tombstone
from tilth.datasets.format import HEARTBEATS, PACKS, ROOTS, SESSIONS, pack_key, tombstone_key
from tilth.datasets.gc import execute_gc, plan_gc
from tilth.datasets.records import VersionRecord, fetch_register
from tilth.datasets.sessions import open_session, resume_session
from tilth.store.api import Key, ObjectStore
from tilth.store.local import LocalStore
from tilth.testing import forking
from tilth.testing.clocks import ManualClock
from tilth.testing.versions import commit_light, finish_light, mark_light, numbered_id

CLOCK = ManualClock()
FIRST, SECOND, CHILD, IDLE, GIVEN_UP = (numbered_id(number) for number in range(1, 6))

POINTS = [
    *[f"session.{step}-claim:{n}" for step in ("before", "after") for n in range(1, 7)],
    *[f"session.before-heartbeat:{n}" for n in range(1, 7)],
    *[f"commit.{step}:{n}" for step in ("before-register", "after-register", "after-release") for n in range(1, 4)],
    *[f"abort.{step}-fence" for step in ("before", "after")],
    *[f"delete.{step}-tombstone" for step in ("before", "after")],
    *[f"gc.{step}-{what}" for step in ("before", "after") for what in ("fence", "release")],
    *[f"gc.before-delete:{n}" for n in range(1, 5)],
    "gc.after-deletes",
]


def work(store: ObjectStore) -> None:
    """What the child does: two versions, a third that shares their packs, two sessions that come to nothing, a deletion."""
    for version in (FIRST, SECOND):
        commit_light(store, version, clock=CLOCK, packs=2)
        say("committed", version)
    session = open_session(store, CHILD, [FIRST], clock=CLOCK)
    session.pin(SECOND)
    finish_light(store, session, packs_of_child(store))
    say("committed", CHILD)
    open_session(store, IDLE, [], clock=CLOCK)
    store.put(pack_key(IDLE, 0), [b"idle"])
    given_up = open_session(store, GIVEN_UP, [SECOND], clock=CLOCK)
    store.put(pack_key(GIVEN_UP, 0), [b"given up"])
    given_up.abort()
    write_tombstone(store, FIRST, CLOCK)
    say("deleted", FIRST)
    collect(store)


def say(word: str, version: VersionId) -> None:
    sys.stdout.write(f"{word} {version}\n")
    sys.stdout.flush()


def packs_of_child(store: ObjectStore) -> list[Key]:
    own = pack_key(CHILD, 0)
    store.put(own, [b"own"])
    return [pack_key(FIRST, 0), pack_key(SECOND, 0), own]


def collect(store: ObjectStore) -> None:
    plan = plan_gc(store, mark=mark_light, is_expired=lambda *_: True, clock=CLOCK)
    execute_gc(store, plan, confirmed=True)


@pytest.mark.parametrize("point", POINTS)
def test_what_was_acknowledged_survives_a_crash(tmp_path: Path, point: str) -> None:
    said = run_child(tmp_path, crash_at=point)
    store = LocalStore(tmp_path)
    deleted = {version for word, version in said if word == "deleted"}
    acknowledged = {version for word, version in said if word == "committed"} - deleted

    check_whole(store, acknowledged)
    go_on(store)
    check_whole(store, acknowledged)
    collect(store)
    check_whole(store, acknowledged)
    check_clean(store)


def test_every_step_is_crashed_at() -> None:
    named = {point for module in (sessions, gc, catalog) for point in reached_in(module.__file__)}
    assert named == {point.partition(":")[0] for point in POINTS}


def run_child(root: Path, *, crash_at: str) -> list[tuple[str, VersionId]]:
    done = forking.run([__file__, str(root)], env={**os.environ, "TILTH_CRASH_AT": crash_at}, timeout=60)
    assert done.returncode == CRASH_STATUS, done.stderr
    words = (line.split() for line in done.stdout.splitlines())
    return [(word, VersionId(version)) for word, version in words]


def check_whole(store: ObjectStore, acknowledged: set[VersionId]) -> None:
    """Every version that was acknowledged can be read, and whatever can be read is whole."""
    for version in acknowledged:
        if store.head(tombstone_key(version)) is None:
            read_record(store, version)
    for record in list_records(store):
        assert [key for key in mark_light(store, record) if store.head(key) is None] == []


def go_on(store: ObjectStore) -> None:
    """Do what a person does after a crash: run the same command again."""
    try:
        session = resume_session(store, CHILD, clock=CLOCK)
    except (SessionFenced, VersionFinal):
        return
    for base in (FIRST, SECOND):
        if isinstance(fetch_register(store, base), VersionRecord):
            session.pin(base)
    if session.bases.keys() == {FIRST, SECOND}:
        finish_light(store, session, packs_of_child(store))
        read_record(store, CHILD)


def check_clean(store: ObjectStore) -> None:
    needed = {key for record in list_records(store) for key in mark_light(store, record)}
    assert {info.key for kind in (PACKS, ROOTS) for info in store.list(kind)} == needed
    assert [info.key for kind in (SESSIONS, HEARTBEATS) for info in store.list(kind)] == []


def reached_in(file: str | None) -> set[str]:
    assert file is not None
    return set(re.findall(r"(?:reach|_reaching)\(\"([a-z.-]+)\"", Path(file).read_text()))


if __name__ == "__main__":
    work(LocalStore(Path(sys.argv[1])))
