"""How taking files is spread over the processes of a cluster: who reads what, what becomes of a lost process, and where it ends up.

This process holds the session and decides; it lists what there is, cuts it into ranges, hands them out, and records the delta of each
range in the journal. When all are there, the deltas are laid over the draft's listing. Whatever was recorded before this process is
killed is not done again: the same command finds it in the draft.
"""

import os
import secrets
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import count as numbers_from
from itertools import groupby
from typing import Any, Protocol

from msgspec import Struct

from tilth import __version__
from tilth.base import errors
from tilth.base.errors import DiskFull, Internal, TilthError, Unavailable
from tilth.base.faultpoints import reach
from tilth.base.paths import normalise_prefix
from tilth.datasets.drafts import Draft
from tilth.datasets.known_chunks import KnownChunks
from tilth.datasets.manifests import Manifest
from tilth.datasets.ranges import Failed, FileItem, Job, Shared, Taken, Taking, Took, read_done, take_files, take_range
from tilth.datasets.scanning import SourceFile, scan
from tilth.datasets.segments import SegmentRef
from tilth.datasets.taking import (
    AddRequest,
    Outcome,
    TakingContext,
    check_added,
    check_folder,
    count,
    differing,
    known_chunks,
    probe,
    sources_of,
)
from tilth.store.api import ObjectStore

__all__ = ["Engine", "Item", "Lost", "Spread", "add_spread", "spread", "sync_spread"]

MOST_FILES = 20_000
MOST_BYTES = 8 << 30
"""A range holds no more than this, except for one file that is larger by itself."""
LEAST_FILES = 500
LEAST_BYTES = 256 << 20
"""The first ranges hold no more than this, so that soon all processes have something to do; later ones grow."""
MOST_TRIES = 4
_PORTIONS = 4
"""What ranges stored is made known to later ones when it is so large a part of what is known already."""
_WAIT_S = 30.0
PAUSES_S = (5.0, 20.0, 60.0)
"""A range whose store did not answer is tried again after these; its machine has been patient already."""


class Lost(Struct, frozen=True):
    """A process ended, or its machine went away, before it said what became of a range."""

    why: str


class Engine(Protocol):
    """Processes, here or on other machines, that run a function of ours."""

    @property
    def slots(self) -> int:
        """How many jobs can run at once, as far as is known now; 0 while there is no machine for any."""

    def share(self, value: Any) -> Any:
        """Make a large value known to all processes; returns what stands for it in `begin`."""

    def begin(self, function: Callable[[Any, Any], Any], shared: Any, job: Any) -> Hashable:
        """Run `function(shared, job)` once at the most, somewhere; returns a name for the run."""

    def wait(self, timeout_s: float) -> tuple[Hashable, Any] | None:
        """The name and the result of a run that ended, `Lost` if nobody knows how; None if none did in that time."""

    def close(self) -> None:
        """Let go of the processes; what still runs is ended."""


class Item(Struct, frozen=True):
    """One thing to be taken: what whoever takes it is given, the bytes that it has, and what only this process remembers of it."""

    given: Any
    size: int
    before: bytes | None = None


class Spread(Struct, frozen=True):
    """Where to spread work to, and how the draft's store is opened there."""

    engine: Engine
    open_store: Callable[[], ObjectStore]


def sync_spread(draft: Draft, folder: str, context: TakingContext, where: Spread, *, prefix: str = "", checked: bool = False) -> Outcome:
    """As `tilth.datasets.taking.sync`, for a folder that all machines have at the same path."""
    folder, prefix = os.path.abspath(folder), normalise_prefix(prefix)
    if not checked:
        check_folder(folder, prefix, context.on_warning, context.kept)
    outcome = Outcome()
    files = context.stat_cache.matched(folder, scan(folder, prefix))
    _take_folder(draft, folder, differing(draft, files, prefix, outcome, context), context, where, outcome)
    return outcome


def add_spread(draft: Draft, request: AddRequest, context: TakingContext, where: Spread) -> Outcome:
    """As `tilth.datasets.taking.add`, of files that all machines have at the same path; they are stored at once, and don't wait."""
    outcome = Outcome()
    for folder, files in sources_of(request, context):
        found = ((file, draft.held(file.path), digest) for file, digest in context.stat_cache.matched(folder, files))
        _take_folder(draft, folder, _once(found), context, where, outcome)
    check_added(outcome, request)
    return outcome


Found = tuple[SourceFile, bytes | None, bytes | None]
"""A file, the hash that the draft has at its path, and its hash now as far as it is known."""


def _once(files: Iterable[Found]) -> Iterator[Found]:
    """Each file once, also one that was named twice."""
    return (next(group) for _, group in groupby(files, key=lambda found: found[0].path))


def _take_folder(
    draft: Draft,
    folder: str,
    files: Iterable[Found],
    context: TakingContext,
    where: Spread,
    outcome: Outcome,
) -> None:
    waiting = draft.is_dirty()

    def item(found: Found) -> Item:
        file, before, digest = found
        # What waits has this hash and is not stored: it has to be taken.
        stored = None if waiting and draft.waits(file.path) else before
        given: FileItem = (file.path, file.source, file.size, file.mtime_ns, file.ctime_ns, file.inode, file.mode, stored, digest)
        return Item(given, file.size, before)

    def done(items: Sequence[Item], took: Sequence[Took], begun_ns: int) -> None:
        fresh: list[tuple[SourceFile, bytes]] = []
        for one, what in zip(items, took, strict=True):
            state = one.given[:7]
            if what.was_read:
                fresh.append((SourceFile(*(what.now or state)), what.sha256))
            count(outcome, context, state[0], one.before, what.sha256)
        context.stat_cache.remember(folder, fresh, read_since_ns=begun_ns)

    def sample(items: Sequence[Item]) -> list[tuple[SourceFile, bytes | None]]:
        return [(SourceFile(*one.given[:7]), one.given[8]) for one in items]

    spread(draft, map(item, files), context, where, outcome, taking=take_files, on_taken=done, sample=sample)


def spread(
    draft: Draft,
    items: Iterable[Item],
    context: TakingContext,
    where: Spread,
    outcome: Outcome,
    *,
    taking: Taking,
    on_taken: Callable[[Sequence[Item], Sequence[Took], int], None],
    sample: Callable[[Sequence[Item]], list[tuple[SourceFile, bytes | None]]] | None = None,
) -> None:
    """Take `items`, which are in the order of their paths, each path once, and lay what they become over the draft.

    `on_taken` is called for each range that is stored, with what became of its items and the time at which it was begun. `sample`
    makes of items what is looked up in candidates.
    """
    known, _ = known_chunks(draft, context)
    stored = _Stored(draft.store, known)

    def shared() -> Any:
        tables = known.index.tables()
        return where.engine.share(Shared(draft.id, __version__, where.open_store, taking, context.pack_bytes, tables))

    def is_more_known(part: list[Item]) -> bool:
        has_more = stored.are_many()
        return (sample is not None and probe(known, sample(part))) or has_more

    def on_stored(items: Sequence[Item], took: Sequence[Took], begun_ns: int, delta: SegmentRef | None) -> None:
        if delta is not None:
            stored.deltas.append(delta)
        on_taken(items, took, begun_ns)

    _Run(draft, context, where.engine, shared, outcome, on_stored).all_of(_ranges(items, lambda: where.engine.slots), is_more_known)
    draft.merge()


class _Stored:
    """What this command's ranges stored, which later ones need not store again.

    Whoever holds the session may refer to it, and a delta that is recorded names only packs that are there. It is made known in portions
    that grow with what is known, so that a few tables hold all of it, and all that is shared is a few times the last of it.
    """

    def __init__(self, store: ObjectStore, known: KnownChunks) -> None:
        self.deltas: list[SegmentRef] = []
        self._store, self._known = store, known

    def are_many(self) -> bool:
        """Take in what came, if it is worth it; whether it was."""
        entries, index = sum(delta.entries for delta in self.deltas), self._known.index
        if not entries or entries * _PORTIONS < len(index):
            return False
        try:
            index.add_manifest(Manifest(self._store, tuple(self.deltas)))
        except Unavailable:  # the next range is begun without it
            return False
        self.deltas = []
        return True


class _Attempt(Struct, frozen=True):
    items: list[Item]
    tries: int
    begun_ns: int


class _Again(Struct, frozen=True):
    """A range that is to be tried again, not before `due_s`, and what ends the command if it has been tried often enough."""

    items: list[Item]
    tries: int
    due_s: float
    cause: TilthError


class _Run:
    """Ranges on their way."""

    def __init__(
        self,
        draft: Draft,
        context: TakingContext,
        engine: Engine,
        share: Callable[[], Any],
        outcome: Outcome,
        on_taken: Callable[[Sequence[Item], Sequence[Took], int, SegmentRef | None], None],
    ) -> None:
        self._draft, self._context, self._engine, self._outcome = draft, context, engine, outcome
        self._share, self._on_taken = share, on_taken
        self._shared: Any = None
        # A process that ran this command before may have handed out any number, and its power may have failed before that was written.
        self._numbers = numbers_from(secrets.randbits(64) << 32)
        self._under_way: dict[Hashable, _Attempt] = {}
        self._again: list[_Again] = []
        self._failed: TilthError | None = None
        self._is_waiting = False

    def all_of(self, ranges: Iterator[list[Item]], probe_range: Callable[[list[Item]], bool | None]) -> None:
        """Hand out ranges until there are no more, and record what becomes of them; raises the first error once the others ended."""
        coming = ranges
        while True:
            while not self._failed and len(self._under_way) < 2 * max(1, self._engine.slots):
                if (again := self._due()) is not None:
                    self._begin(again.items, again.tries, again.cause)
                elif (part := next(coming, None)) is not None:
                    self._context.on_found(len(part), sum(item.size for item in part))
                    if probe_range(part) or self._shared is None:
                        self._shared = self._share()
                    self._begin(part, 0, None)
                else:
                    break
            if self._under_way:
                self._settle_one()
            elif self._again and not self._failed:
                time.sleep(max(0.0, min(again.due_s for again in self._again) - time.monotonic()))
            else:
                break
            with suppress(Unavailable):  # told again the next time
                self._draft.show_life()
        if self._failed:
            raise self._failed

    def _due(self) -> _Again | None:
        now = time.monotonic()
        for number, again in enumerate(self._again):
            if again.due_s <= now:
                return self._again.pop(number)
        return None

    def _begin(self, items: list[Item], tries: int, cause: TilthError | None) -> None:
        if cause is not None and tries == MOST_TRIES:
            self._failed = cause
            return
        job = Job(next(self._numbers), [item.given for item in items])
        self._under_way[self._engine.begin(take_range, self._shared, job)] = _Attempt(items, tries + 1, time.time_ns())

    def _settle_one(self) -> None:
        ended = self._engine.wait(_WAIT_S)
        if ended is None:
            if not self._engine.slots and not self._is_waiting:
                self._is_waiting = True
                self._context.on_warning("no machine of the cluster has a processor to work with; waiting for one")
            return
        self._is_waiting = False
        name, result = ended
        attempt = self._under_way.pop(name)
        if isinstance(result, Lost):
            lost = Unavailable(
                f"{attempt.tries} processes in turn were lost with the same files, the last because {result.why}",
                hint="look at the memory and the logs of the machines, and run the same command again; what is stored is not lost",
            )
            self._again.append(_Again(attempt.items, attempt.tries, 0.0, lost))
            return
        match read_done(result):
            case Taken() as taken:
                self._record(attempt, taken)
            case failed:
                self._fail(attempt, _error_of(failed))

    def _fail(self, attempt: _Attempt, error: TilthError) -> None:
        if not isinstance(error, Unavailable) or isinstance(error, DiskFull):
            self._failed = self._failed or error
            return
        pause_s = PAUSES_S[min(attempt.tries, len(PAUSES_S)) - 1]
        if attempt.tries < MOST_TRIES:
            self._context.on_warning(f"{error.message}; {len(attempt.items):,} files are tried again in {pause_s:g} seconds")
        self._again.append(_Again(attempt.items, attempt.tries, time.monotonic() + pause_s, error))

    def _record(self, attempt: _Attempt, taken: Taken) -> None:
        if taken.delta is not None:
            reach("spread.before-journal")
            self._draft.journal.put_delta(taken.delta)
            reach("spread.after-journal")
        self._outcome.stored_bytes += taken.stored_bytes
        self._on_taken(attempt.items, taken.took, attempt.begun_ns, taken.delta)
        self._context.on_done(len(attempt.items), sum(item.size for item in attempt.items))


def _ranges(items: Iterable[Item], slots: Callable[[], int]) -> Iterator[list[Item]]:
    """Cut `items` into ranges that grow: small ones first, and twice as large whenever each process has had four."""
    part: list[Item] = []
    size = handed = 0
    files, most = LEAST_FILES, LEAST_BYTES
    for item in items:
        if part and (len(part) >= files or size + item.size > most):
            yield part
            part, size, handed = [], 0, handed + 1
            if handed % (4 * max(1, slots())) == 0:
                files, most = min(2 * files, MOST_FILES), min(2 * most, MOST_BYTES)
        part.append(item)
        size += item.size
    if part:
        yield part


def _error_of(failed: Failed) -> TilthError:
    kind = getattr(errors, failed.kind, Internal)
    error: TilthError = kind(failed.message, hint=failed.hint)
    return error
