"""How files of this machine are taken into a draft: added to wait, stored from where they wait, or a folder synchronised.

`sync` reads each new or changed file once and stores it on the way. `add` only hashes, so that one may look, change and add
more before `upload` reads again; a file that changed in between is told, never silently taken.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby, islice
from typing import TypeVar

from msgspec import Struct

from tilth.base.addresses import refuse_address
from tilth.base.errors import Invalid, PathNotFound, SourceChanged, SourceUnreadable
from tilth.base.faultpoints import reach
from tilth.base.ids import VersionId
from tilth.base.paths import normalise_prefix
from tilth.datasets.chunking import ONE_CHUNK_BYTES
from tilth.datasets.drafts import Draft
from tilth.datasets.format import pack_key
from tilth.datasets.ingest import Ingest, hash_file, sample_hashes
from tilth.datasets.journal import Stored, Waiting
from tilth.datasets.known_chunks import KnownChunks
from tilth.datasets.matching import has_wildcard
from tilth.datasets.packs import PackWriter, read_pack_index
from tilth.datasets.scanning import SourceFile, find_problems, one_file, scan
from tilth.datasets.stat_cache import StatCache
from tilth.domain.dataset import Entry
from tilth.store.api import Key

__all__ = [
    "AddRequest",
    "Change",
    "Outcome",
    "TakingContext",
    "add",
    "check_added",
    "check_folder",
    "count",
    "differing",
    "ingesting",
    "known_chunks",
    "probe",
    "refuse_kept",
    "sources_of",
    "sync",
    "upload",
]

T = TypeVar("T")

_BATCH = 2_048
_MOST_TOLD = 10
_UPLOADS = 3

Change = str
"""One of `added`, `modified`, `removed`."""


class TakingContext(Struct, frozen=True):
    """What taking files needs besides the draft, and whom it tells."""

    stat_cache: StatCache
    workers: int | None = None
    """How many large files are hashed, or packs stored, at once; None for what is fastest on most machines."""
    pack_bytes: int | None = None
    """Close packs at this size already."""
    candidates: Callable[[], Iterable[VersionId]] = tuple
    """Versions that may share contents with the draft, the likeliest first."""
    on_found: Callable[[int, int], None] = lambda files, size: None
    """Called as files are found that have to be looked at closely: how many, and their bytes."""
    on_done: Callable[[int, int], None] = lambda files, size: None
    """Called as they are done with: how many, and their bytes."""
    on_change: Callable[[Change, str], None] = lambda change, path: None
    on_warning: Callable[[str], None] = lambda message: None
    kept: Sequence[str] = ()
    """The folders that the version itself, and what is known of it, are kept in."""


class Outcome(Struct):
    """What a command did to a draft, in numbers of files."""

    added: int = 0
    modified: int = 0
    removed: int = 0
    unchanged: int = 0
    stored_bytes: int = 0
    left_out: list[str] = []
    """Why single ones could not be taken, a sentence each."""

    def plus(self, other: "Outcome") -> "Outcome":
        """What both together did."""
        return Outcome(
            self.added + other.added,
            self.modified + other.modified,
            self.removed + other.removed,
            self.unchanged + other.unchanged,
            self.stored_bytes + other.stored_bytes,
            self.left_out + other.left_out,
        )

    @property
    def is_change(self) -> bool:
        return bool(self.added or self.modified or self.removed)


class AddRequest(Struct, frozen=True, kw_only=True):
    """Which files of this machine to add, and under which paths.

    A folder is added with all below it, under paths relative to `base` or to itself; a file under its name, or its path
    relative to `base`. Each path gets `prefix` before it. With `wildcards`, only files whose name matches one of them.
    """

    sources: Sequence[str]
    prefix: str = ""
    base: str | None = None
    wildcards: Sequence[str] = ()
    recursive: bool = True


def add(draft: Draft, request: AddRequest, context: TakingContext) -> Outcome:
    """Hash the files of `request` and let them wait in the draft for `upload`."""
    outcome = Outcome()
    for folder, files in sources_of(request, context):
        for batch in _batches(context.stat_cache.matched(folder, files)):
            context.on_found(len(batch), sum(file.size for file, _ in batch))
            started = time.time_ns()
            fresh: list[tuple[SourceFile, bytes]] = []
            changed: list[Waiting] = []
            for (_, known), (file, digest) in zip(batch, _hashed(batch, context.workers), strict=True):
                if not known:
                    fresh.append((file, digest))
                if count(outcome, context, file.path, draft.held(file.path), digest) or draft.waits(file.path):
                    changed.append(Waiting(file, digest))
                context.on_done(1, file.size)
            context.stat_cache.remember(folder, fresh, read_since_ns=started)
            draft.journal.put(changed)
            reach("add.after-batch")
    check_added(outcome, request)
    return outcome


def check_added(outcome: Outcome, request: AddRequest) -> None:
    """Refuse a request that meant no file at all."""
    if not (outcome.is_change or outcome.unchanged):
        raise Invalid(
            f"nothing to add: {', '.join(request.sources)} holds no file that is wanted", hint="check the folder and the wildcards"
        )


def upload(draft: Draft, context: TakingContext) -> Outcome:
    """Store what waits in the draft. `SourceChanged` if a file is not what was added any more; the others are stored."""
    outcome = Outcome()
    context.on_found(*draft.journal.count_waiting())
    changed: list[str] = []
    with ingesting(draft, context, outcome) as (ingest, known):
        for batch in _batches(draft.journal.waiting()):
            probe(known, [(waiting.file, waiting.sha256) for waiting in batch])
            for waiting in batch:
                if not ingest.reuse(waiting.file, waiting.sha256) and not ingest.take_known(waiting.file, waiting.sha256):
                    changed.append(waiting.file.source)
                outcome.added += 1
                context.on_done(1, waiting.file.size)
    if changed:
        raise SourceChanged(f"{_listed(changed)} changed after being added", hint="add again, then upload; the other files are stored")
    return outcome


def check_folder(folder: str, prefix: str, on_warning: Callable[[str], None], kept: Sequence[str] = ()) -> None:
    """Refuse a folder that can't become part of a version, before anything is begun: everything that is wrong with it at once.

    One that holds a folder of `kept`, where the version is kept itself, is refused: it would grow with each version by those before.
    """
    if not os.path.lexists(folder):
        refuse_address(folder)
    refuse_kept(folder, kept)
    _refuse_problems(os.path.abspath(folder), normalise_prefix(prefix), on_warning, recursive=True)


def refuse_kept(folder: str, kept: Sequence[str]) -> None:
    """Refuse a folder that holds one of those of `kept`."""
    whole = os.path.realpath(folder)
    for own in map(os.path.realpath, kept):
        if os.path.commonpath((whole, own)) == whole:
            raise Invalid(
                f"{folder} holds {own}, where Tilth keeps versions or what it knows of them",
                hint="name a folder that does not, or keep them elsewhere (TILTH_HOME, --storage)",
            )


def sync(draft: Draft, folder: str, context: TakingContext, *, prefix: str = "", checked: bool = False) -> Outcome:
    """Make the draft below `prefix` just what `folder` holds, storing what is new on the way; unless it is `checked`, check it first."""
    prefix = normalise_prefix(prefix)
    folder = os.path.abspath(folder)
    if not checked:
        check_folder(folder, prefix, context.on_warning, context.kept)
    outcome = Outcome()
    some_wait = draft.is_dirty()
    files = context.stat_cache.matched(folder, scan(folder, prefix))
    with ingesting(draft, context, outcome) as (ingest, known):
        for batch in _batches(differing(draft, files, prefix, outcome, context)):
            context.on_found(len(batch), sum(file.size for file, _, _ in batch))
            started = time.time_ns()
            probe(known, [(file, digest) for file, _, digest in batch])
            fresh: list[tuple[SourceFile, bytes]] = []
            for file, before, known_digest in batch:
                if known_digest is None or not ingest.reuse(file, known_digest):
                    now, digest = ingest.take(file, unless=None if some_wait and draft.waits(file.path) else before)
                    fresh.append((now, digest))
                else:
                    digest = known_digest
                count(outcome, context, file.path, before, digest)
                context.on_done(1, file.size)
            context.stat_cache.remember(folder, fresh, read_since_ns=started)
            reach("sync.after-batch")
    return outcome


def differing(
    draft: Draft, files: Iterator[tuple[SourceFile, bytes | None]], prefix: str, outcome: Outcome, context: TakingContext
) -> Iterator[tuple[SourceFile, bytes | None, bytes | None]]:
    """The files that are not known to be what the draft has stored: file, hash in the draft, hash now as far as it is known."""
    held = draft.held_digests(prefix)
    some_wait = draft.is_dirty()
    gone: list[str] = []
    now = next(held, None)
    for file, digest in files:
        while now is not None and now[0] < file.path:
            gone.append(now[0])
            now = next(held, None)
        if now is None or now[0] != file.path:
            yield file, None, digest
            continue
        if digest == now[2] and not (some_wait and draft.waits(file.path)):
            outcome.unchanged += 1
        else:
            yield file, now[2], digest
        now = next(held, None)
    if now is not None:
        gone += [now[0], *(path for path, _, _ in held)]
    outcome.removed += len(gone)
    for path in gone:
        context.on_change("removed", path)
    draft.record_removed(gone)


def count(outcome: Outcome, context: TakingContext, path: str, before: bytes | None, after: bytes) -> bool:
    """Take one path into account, by its hash in the draft and its hash now; True if that is a change."""
    if before == after:
        outcome.unchanged += 1
        return False
    if before is None:
        outcome.added += 1
        context.on_change("added", path)
    else:
        outcome.modified += 1
        context.on_change("modified", path)
    return True


@contextmanager
def ingesting(draft: Draft, context: TakingContext, outcome: Outcome) -> Iterator[tuple[Ingest, KnownChunks]]:
    """What stores the bytes of files, and records them in the draft as soon as they are durable."""
    known, sequence = known_chunks(draft, context)

    def record(durable: Sequence[tuple[SourceFile, Entry]]) -> None:
        reach("ingest.before-journal")
        draft.journal.put(Stored(entry, file) for file, entry in durable)
        draft.show_life()

    # A disk writes one pack after the other; a network is waited for.
    uploads = context.workers or (1 if draft.store.local_path(Key("")) else _UPLOADS)
    writer = PackWriter(draft.store, draft.id, first_sequence=sequence, pack_bytes=context.pack_bytes, uploads=uploads)
    with Ingest(writer, known, on_durable=record) as ingest:
        yield ingest, known
    outcome.stored_bytes = writer.stored_bytes


def known_chunks(draft: Draft, context: TakingContext) -> tuple[KnownChunks, int]:
    """What need not be stored again, and the number of the next pack that this process stores."""
    manifests = [*draft.base.manifests, *(manifest for manifest in draft.ground.manifests if manifest not in draft.base.manifests)]
    known = KnownChunks(draft.store, draft.session, manifests, context.candidates)
    sequence = 0
    while draft.store.head(key := pack_key(draft.id, sequence)):
        for chunk in read_pack_index(draft.store, key):
            known.add(chunk)
        sequence += 1
    return known, sequence


def _hashed(batch: Sequence[tuple[SourceFile, bytes | None]], workers: int | None) -> Iterator[tuple[SourceFile, bytes]]:
    """Each file with its hash, in order. Large ones are hashed by threads, which for small ones would cost more than they bring."""
    with ThreadPoolExecutor(workers or os.cpu_count(), thread_name_prefix="tilth-hash") as pool:
        ahead = {file.path: pool.submit(hash_file, file) for file, known in batch if not known and file.size > ONE_CHUNK_BYTES}
        try:
            for file, known in batch:
                if known:
                    yield file, known
                else:
                    yield ahead[file.path].result() if file.path in ahead else hash_file(file)
        finally:
            pool.shutdown(cancel_futures=True)


def probe(known: KnownChunks, files: Sequence[tuple[SourceFile, bytes | None]]) -> bool:
    """Look for a few of `files` in candidates; whether more is known since then."""
    return known.has_candidates and known.probe(sample_hashes(files))


def sources_of(request: AddRequest, context: TakingContext) -> Iterator[tuple[str, Iterator[SourceFile]]]:
    """The files to add, by the folder they are remembered under, sorted by their source below it."""
    singles: list[tuple[str, SourceFile]] = []
    begin = normalise_prefix(request.prefix)
    for given in request.sources:
        source, wildcards = os.path.abspath(os.path.expanduser(given)), request.wildcards
        if not os.path.lexists(source) and has_wildcard(os.path.basename(source)):
            source, pattern = os.path.split(source)
            wildcards = (*wildcards, pattern)
        if not os.path.lexists(source):
            refuse_address(os.fspath(given))
        if not os.path.isdir(source):
            path = os.path.relpath(source, os.path.abspath(request.base)) if request.base else os.path.basename(source)
            singles.append((os.path.dirname(source), one_file(source, _under(begin, path, source, request.base))))
            continue
        prefix = _under(begin, os.path.relpath(source, os.path.abspath(request.base)), source, request.base) if request.base else begin
        if request.recursive:
            refuse_kept(source, context.kept)
        _refuse_problems(source, prefix, context.on_warning, recursive=request.recursive, wildcards=wildcards)
        yield source, scan(source, prefix, recursive=request.recursive, wildcards=wildcards)
    singles.sort(key=lambda single: (single[0], single[1].source))
    for folder, group in groupby(singles, key=lambda single: single[0]):
        yield folder, (file for _, file in group)


def _under(prefix: str, path: str, source: str, base: str | None) -> str:
    if path == ".":
        return prefix
    if path.startswith(".."):
        raise Invalid(f"{source} does not lie in {base}", hint="name a base folder that holds it")
    return f"{prefix}/{path}" if prefix else path


def _refuse_problems(
    folder: str, prefix: str, on_warning: Callable[[str], None], *, recursive: bool, wildcards: Sequence[str] = ()
) -> None:
    problems = find_problems(folder, prefix, recursive=recursive, wildcards=wildcards)
    for warning in problems.warnings:
        on_warning(warning)
    if problems.refused:
        what = problems.refused[0]
        if len(problems.refused) > 1:
            lines = _listed(problems.refused, between="\n  ")
            what = f"{len(problems.refused):,} things in {folder} can't become part of a version:\n  {lines}"
        raise SourceUnreadable(what, hint="nothing was stored; remove or rename what is named and run the command again")
    if not problems.files:
        raise PathNotFound(f"{folder} holds no files", hint="check that it is the right folder, and that what should be there is mounted")


def _listed(names: Sequence[str], *, between: str = "; ") -> str:
    shown = between.join(names[:_MOST_TOLD])
    return f"{shown}{between}and {len(names) - _MOST_TOLD:,} more" if len(names) > _MOST_TOLD else shown


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
