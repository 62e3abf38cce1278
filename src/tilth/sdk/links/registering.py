"""How files that lie elsewhere are registered in a draft: by what is known of their state, without copying them.

A folder costs one listing; files that are named one by one cost a request each, or a listing where many lie together in a bucket.
Nothing is asked of the catalog. What was recorded stays recorded if a listing fails half-way, and the same call goes on.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fnmatch import fnmatchcase
from itertools import islice
from typing import TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

from tilth.base.addresses import readable_path, secret_in, shown_address
from tilth.base.errors import Denied, Invalid, NotFound, PathCollision, PathInvalid, TilthError
from tilth.base.faultpoints import reach
from tilth.base.paths import check_path, normalise_prefix
from tilth.datasets.drafts import Draft
from tilth.datasets.journal import Stored
from tilth.datasets.matching import matcher
from tilth.datasets.scanning import SourceFile
from tilth.datasets.taking import Outcome, TakingContext, count, refuse_kept
from tilth.domain.dataset import Entry, Link, fingerprint
from tilth.sdk.links.reading import hash_of
from tilth.sdk.links.remote import Asked, LeftOut, OnLeftOut, RemoteFile, Source, joined, refuse
from tilth.sdk.links.sources import BucketSource, LocalSource, Sources, WebSource, path_of

__all__ = ["Found", "LinkRequest", "add_links", "entry_of", "found_below", "record_links", "refuse_secrets", "tell_left_out"]

Found = tuple[str, RemoteFile]
"""The path that a file is to have in the version, and the file."""

T = TypeVar("T")

_WORKERS = 8
_MODE = 0o644
_WORTH_LISTING = 16
"""From so many files of one folder on, that are named one by one, listing what lies between them costs less."""
_BATCH = 1_000
_MOST_WAITING = 100_000


class LinkRequest(Struct, frozen=True, kw_only=True):
    """Which files to register, and under which paths.

    A file gets its name as its path, what lies below a folder its path in it; `prefix` comes before. With `wildcards`, only files whose
    name, or whose path in the folder, matches one of them.
    """

    sources: Sequence[str]
    prefix: str = ""
    wildcards: Sequence[str] = ()
    recursive: bool = True
    read_hash: bool = False
    """Read every file once, so that its hash is known."""
    workers: int | None = None


def add_links(sources: Sources, draft: Draft, request: LinkRequest, context: TakingContext) -> Outcome:
    """Register the files of `request` in the draft. What a folder shows and can't be had is told and left out."""
    outcome = Outcome()
    seen: dict[str, str] = {}
    for batch in _found(sources, request, lambda left: tell_left_out(left, outcome, context), context.kept):
        for path, file in batch:
            if seen.setdefault(path, file.address) != file.address:
                raise PathCollision(
                    f"{shown_address(seen[path])} and {shown_address(file.address)} would both be {path}",
                    hint="register them by calls of their own, below different folders of the dataset",
                )
        if len(request.sources) == 1:
            seen.clear()  # one listing names nothing twice
        record_links(sources, draft, batch, outcome, context, read_hash=request.read_hash, workers=request.workers)
    if not (outcome.is_change or outcome.unchanged):
        shown = ", ".join(shown_address(given) for given in request.sources[:3])
        if outcome.left_out:
            more = f", and {len(outcome.left_out) - 1:,} more" if len(outcome.left_out) > 1 else ""
            raise Invalid(
                f"nothing to register: of what {shown} holds, nothing can be had ({outcome.left_out[0]}{more})", hint="check the addresses"
            )
        raise Invalid(f"nothing to register: {shown} holds no file that is wanted", hint="check the addresses and the wildcards")
    return outcome


def tell_left_out(left: LeftOut, outcome: Outcome, context: TakingContext) -> None:
    """Take something into account that a folder shows and a version can't have."""
    outcome.left_out.append(left.error.message)
    context.on_warning(f"left out: {left.error.message}")


def record_links(
    sources: Sources,
    draft: Draft,
    batch: Sequence[Found],
    outcome: Outcome,
    context: TakingContext,
    *,
    read_hash: bool = False,
    workers: int | None = None,
) -> None:
    """Record files that were found; those that the draft has in the same state already are passed over."""
    context.on_found(len(batch), sum(max(file.size, 0) for _, file in batch))
    held = {path: draft.entry(path) for path, _ in batch}
    wanted = [(path, file) for path, file in batch if not _is_known(held[path], file, read_hash=read_hash)]
    outcome.unchanged += len(batch) - len(wanted)
    rows: list[Stored] = []
    with ThreadPoolExecutor(workers or _WORKERS, thread_name_prefix="tilth-links") as pool:
        for path, entry in pool.map(
            lambda found: (found[0], entry_of(sources, *found, read_hash=read_hash or _is_known_by_hash(held[found[0]], found[1]))), wanted
        ):
            before = held[path]
            count(outcome, context, path, before.sha256 if before else draft.find(path), entry.sha256)
            assert entry.link
            rows.append(Stored(entry, SourceFile(path, entry.link.address, entry.size, entry.mtime_ns, 0, 0, _MODE)))
    draft.journal.put(rows)
    draft.show_life()
    context.on_done(len(batch), sum(max(file.size, 0) for _, file in batch))
    reach("links.after-batch")


def refuse_secrets(addresses: Sequence[str]) -> None:
    """Refuse addresses that let their holder in: they would be part of the version."""
    for address in addresses:
        if secret := secret_in(address):
            raise Invalid(
                f"{shown_address(address)} can't be registered: it holds {secret}, which everybody would see who has the version",
                hint="register the plain address, or that of its bucket, with keys in the environment or tilth.toml; "
                "what nobody else has keys for is better downloaded and added with --files",
            )


def entry_of(sources: Sources, path: str, file: RemoteFile, *, read_hash: bool = False) -> Entry:
    """The link to a file. One whose server says neither how long it is nor when it changes is read once: nothing else tells its state."""
    check_path(path)
    if read_hash or file.size < 0 or not file.etag:
        digest, file = hash_of(sources, file)
        return Entry(path, file.size, digest, _MODE, file.modified_ns, (), Link(file.address, file.etag, is_hashed=True))
    digest = fingerprint(file.address, file.size, file.etag)
    return Entry(path, file.size, digest, _MODE, file.modified_ns, (), Link(file.address, file.etag, is_hashed=False))


def found_below(
    source: Source,
    address: str,
    *,
    prefix: str = "",
    wildcards: Sequence[str] = (),
    recursive: bool = True,
    left_out: OnLeftOut = refuse,
    workers: int | None = None,
) -> Iterator[list[Found]]:
    """The files below the address of a folder, with their paths, in the order of these; `left_out` hears of those that can't be had."""
    begin = f"{prefix}/" if prefix else ""
    skip = len(address.rstrip("/")) + 1
    is_wanted = _test(wildcards)
    is_bucket = isinstance(source, BucketSource)

    def path_of(address: str) -> str:
        return address[skip:] if is_bucket else readable_path(address[skip:])

    asked = Asked(recursive=recursive, wants=lambda one: is_wanted(path_of(one)), left_out=left_out, workers=workers)
    pages = source.pages(address, asked)
    for page in _without_marks(pages) if is_bucket else pages:
        found = [(path_of(file.address), file) for file in page]
        yield [(begin + path, file) for path, file in found if is_wanted(path) and _is_possible(begin + path, file, left_out)]


def _is_possible(path: str, file: RemoteFile, left_out: OnLeftOut) -> bool:
    try:
        check_path(path)
    except PathInvalid as error:
        left_out(LeftOut(file.address, PathInvalid(f"{shown_address(file.address)}: {error.message}", hint=error.hint)))
        return False
    return True


def _found(sources: Sources, request: LinkRequest, left_out: OnLeftOut, kept: Sequence[str]) -> Iterator[list[Found]]:
    prefix = normalise_prefix(request.prefix)
    begin = f"{prefix}/" if prefix else ""
    singles: list[tuple[Source, str, str]] = []
    refuse_secrets(request.sources)
    for given in request.sources:
        source, address, pattern = _place(sources, given)
        wildcards = (*request.wildcards, pattern) if pattern else tuple(request.wildcards)
        if pattern or _is_folder(source, given, address, alone=len(request.sources) == 1):
            if request.recursive and isinstance(source, LocalSource):
                refuse_kept(os.fspath(path_of(address)), kept)
            yield from found_below(
                source,
                address,
                prefix=prefix,
                wildcards=wildcards,
                recursive=request.recursive,
                left_out=left_out,
                workers=request.workers,
            )
        else:
            name = readable_path(urlsplit(address).path) if not isinstance(source, BucketSource) else address
            name = name.rstrip("/").rpartition("/")[2]
            if not name:
                raise Invalid(f"{shown_address(address)} names no file", hint="add the file's name to the address")
            if _test(request.wildcards)(name):
                singles.append((source, address, begin + name))
    yield from _singles(singles, request.workers or _WORKERS)


def _singles(named: Sequence[tuple[Source, str, str]], workers: int) -> Iterator[list[Found]]:
    """Files that were named one by one; those that can't be had are an error once all others were found."""
    together: defaultdict[str, list[tuple[Source, str, str]]] = defaultdict(list)
    alone: list[tuple[Source, str, str]] = []
    failed: list[TilthError] = []
    for one in named:
        if isinstance(one[0], BucketSource):
            together[one[1].rpartition("/")[0]].append(one)
        else:
            alone.append(one)
    for folder, group in together.items():
        if len(group) < _WORTH_LISTING:
            alone += group
            continue
        paths = {address: path for _, address, path in group}
        listed = _listed(group[0][0], folder, paths, len(group))
        for found in _batches(iter(listed)):
            yield [(paths[file.address], file) for file in found]
        known = {file.address for file in listed}
        alone += [one for one in group if one[1] not in known]
    with ThreadPoolExecutor(workers, thread_name_prefix="tilth-links") as pool:
        for batch in _batches(iter(alone)):
            answers = list(zip(batch, pool.map(lambda one: _described(one[0], one[1]), batch), strict=True))
            failed += [found for _, found in answers if isinstance(found, TilthError)]
            yield [(path, found) for (_, _, path), found in answers if isinstance(found, RemoteFile)]
    if failed:
        raise joined(failed, more=" (the others are registered)" if len(failed) < len(named) else "")


def _described(source: Source, address: str) -> RemoteFile | TilthError:
    try:
        return source.describe(address)
    except (Denied, Invalid, NotFound) as error:
        return error


def _listed(source: Source, folder: str, wanted: dict[str, str], most_pages: int) -> list[RemoteFile]:
    """Those of many files of one folder that a listing finds without costing more requests than they would one by one."""
    last = max(wanted)
    found: list[RemoteFile] = []
    for page in islice(source.pages(folder), most_pages):
        found += [file for file in page if file.address in wanted]
        if page[-1].address >= last:
            break
    return found


def _is_folder(source: Source, given: str, address: str, *, alone: bool) -> bool:
    if given.endswith("/"):
        return True
    if isinstance(source, WebSource):
        return False
    if isinstance(source, LocalSource):
        return source.is_folder(address)
    if not address.partition("://")[2].partition("/")[2]:
        return True
    if not alone:
        return False  # of many, each is a file: asking what each is would take longer than all the rest
    try:
        source.describe(address)
    except NotFound:
        if next(iter(source.pages(address)), None) is None:
            raise
        return True
    return False


def _place(sources: Sources, given: str) -> tuple[Source, str, str]:
    """The source of an address, the address as it is always written, and the pattern at its end if it has one."""
    address, pattern = _split(given)
    if pattern and "*" not in pattern:  # a name may have such signs in it
        source, whole = sources.of(given)
        with suppress(NotFound):
            return source, source.describe(whole).address, ""
    source, address = sources.of(address)
    return source, address, pattern


def _split(given: str) -> tuple[str, str]:
    """An address, and the pattern at its end if it has one."""
    is_web = given.partition("://")[0].lower() in ("http", "https")
    marks = [mark for mark in ("*" if is_web else "*?[") if mark in (given.partition("?")[0] if is_web else given)]
    if not marks:  # what stands behind the ? of a web address is a question, no pattern
        return given, ""
    at = min(given.find(mark) for mark in marks)
    folder = given[:at].rpartition("/")[0]
    return folder or ".", given[len(folder) :].strip("/")


def _is_known(entry: Entry | None, file: RemoteFile, *, read_hash: bool) -> bool:
    if entry is None or entry.link is None or not file.etag or (read_hash and not entry.link.is_hashed):
        return False
    return (entry.link.address, entry.link.etag, entry.size) == (file.address, file.etag, file.size)


def _is_known_by_hash(entry: Entry | None, file: RemoteFile) -> bool:
    """Whether only reading the file tells if it is what the draft has: it was registered so soon that its state meant nothing yet."""
    if entry is None or entry.link is None or not entry.link.is_hashed or entry.link.etag:
        return False
    return (entry.link.address, entry.size) == (file.address, file.size)


def _test(wildcards: Sequence[str]) -> Callable[[str], bool]:
    if not wildcards:
        return lambda path: True
    means = [matcher(pattern) for pattern in wildcards]
    return lambda path: any(fnmatchcase(path.rpartition("/")[2], pattern) for pattern in wildcards) or any(test(path) for test in means)


def _without_marks(pages: Iterator[list[RemoteFile]]) -> Iterator[list[RemoteFile]]:
    """Leave out the empty objects by which some programs mark folders: what has others below it is no file."""
    waiting: list[RemoteFile] = []
    unclear: list[RemoteFile] = []
    for page in pages:
        for file in page:
            for mark in [mark for mark in unclear if file.address > f"{mark.address}/"]:
                if file.address.startswith(f"{mark.address}/"):
                    waiting.remove(mark)
                    unclear.remove(mark)
                elif file.address > f"{mark.address}0" or len(waiting) > _MOST_WAITING:
                    unclear.remove(mark)
            waiting.append(file)
            if file.size == 0:
                unclear.append(file)
        ready = waiting.index(unclear[0]) if unclear else len(waiting)
        if ready:
            yield waiting[:ready]
            del waiting[:ready]
    if waiting:
        yield waiting


def _batches(items: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(items, _BATCH)):
        yield batch
