"""How files that lie elsewhere become stored content: read in the state that was registered, and cut into chunks like all others."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from threading import Event
from typing import TypeVar

from msgspec.structs import replace

from tilth.base.errors import PathNotFound, TilthError
from tilth.base.faultpoints import reach
from tilth.base.ids import new_id
from tilth.datasets.cache.blobs import BlobCache
from tilth.datasets.drafts import Draft
from tilth.datasets.ingest import Ingest
from tilth.datasets.matching import literal_prefix, matcher
from tilth.datasets.scanning import SourceFile, one_file
from tilth.datasets.taking import Outcome, TakingContext, ingesting
from tilth.domain.dataset import Entry
from tilth.sdk.links.ahead import ahead
from tilth.sdk.links.begun import download_large_link
from tilth.sdk.links.remote import OF_ONE_LINK, joined
from tilth.sdk.links.sources import Sources

__all__ = ["import_links", "links_meant", "refuse_none", "take_links"]

T = TypeVar("T")

_WORKERS = 8
_BATCH = 2_048


def import_links(
    sources: Sources, cache: BlobCache, draft: Draft, context: TakingContext, *, pattern: str = "", recursive: bool = True
) -> Outcome:
    """Store the bytes behind the links of the draft that `pattern` means, all without one. Interrupted, the same call goes on.

    Those that can't be had, because they were changed or are gone, are an error once all others are stored.
    """
    outcome = Outcome()
    failed: list[TilthError] = []
    wanted = links_meant(draft, pattern, recursive=recursive)
    with cache.scratch() as scratch, ingesting(draft, context, outcome) as (ingest, _):
        for batch in _batches(wanted):
            context.on_found(len(batch), sum(entry.size for entry in batch))
            for entry in take_links(sources, ingest, batch, scratch, workers=context.workers, failed=failed):
                outcome.modified += 1
                context.on_change("modified", entry.path)
                context.on_done(1, entry.size)
            reach("import.after-batch")
    if failed:
        hint = "`tilth data add --links` with their addresses registers them as they are now; `tilth data remove` takes them away"
        raise joined(failed, more=" (the others are imported)" if outcome.modified else "", hint=hint)
    refuse_none(outcome, pattern)
    return outcome


def links_meant(draft: Draft, pattern: str = "", *, recursive: bool = True) -> Iterator[Entry]:
    """The links of a draft that `pattern` means, in the order of their paths."""
    means = matcher(pattern, recursive=recursive)
    return (entry for entry in draft.links(literal_prefix(pattern)) if means(entry.path))


def refuse_none(outcome: Outcome, pattern: str) -> None:
    """Refuse a request that meant no link at all."""
    if not outcome.modified:
        shown = f"no link that {pattern} means" if pattern else "no links"
        raise PathNotFound(f"nothing to import: the version has {shown}", hint="`tilth data list` shows what it has")


def take_links(
    sources: Sources,
    ingest: Ingest,
    links: Iterable[Entry],
    scratch: Path,
    *,
    workers: int | None = None,
    failed: list[TilthError] | None = None,
) -> Iterator[Entry]:
    """Give the bytes behind links to `ingest`, in their order, a few of them being fetched at a time; yields each when that is done.

    `scratch` is a folder for what is on its way; beside it, what came of large files is kept.
    What keeps single links from being had is raised, or added to `failed`.
    """
    at_once = workers or _WORKERS
    stopped = Event()

    def bring(entry: Entry) -> SourceFile | TilthError:
        part = scratch / new_id()
        try:
            download_large_link(sources, entry, part, kept=scratch.parent, stopped=stopped)
        except OF_ONE_LINK as error:
            part.unlink(missing_ok=True)
            if failed is None:
                raise
            return error
        part.chmod(entry.mode | 0o400)
        os.utime(part, ns=(entry.mtime_ns, entry.mtime_ns))
        return replace(one_file(os.fspath(part), entry.path), mode=entry.mode, imported_from=entry.link)

    pool = ThreadPoolExecutor(at_once, thread_name_prefix="tilth-links")
    try:
        for entry, file in ahead(lambda entry: pool.submit(bring, entry), links, 2 * at_once):
            if isinstance(file, TilthError):
                assert failed is not None
                failed.append(file)
                continue
            ingest.take(file)
            os.unlink(file.source)
            yield entry
    finally:
        stopped.set()
        pool.shutdown(cancel_futures=True)


def _batches(items: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(items, _BATCH)):
        yield batch
