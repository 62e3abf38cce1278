"""How the links of a draft are made just what a folder elsewhere holds now: what was added, removed and changed there."""

import os
from collections.abc import Iterator, Sequence

from tilth.base.addresses import shown_address
from tilth.base.errors import PathNotFound
from tilth.base.faultpoints import reach
from tilth.base.paths import normalise_prefix
from tilth.datasets.drafts import Draft
from tilth.datasets.taking import Outcome, TakingContext, refuse_kept
from tilth.domain.dataset import Entry
from tilth.sdk.links.reading import link_of
from tilth.sdk.links.registering import found_below, record_links, refuse_secrets, tell_left_out
from tilth.sdk.links.remote import Asked, LeftOut, Source
from tilth.sdk.links.sources import LocalSource, Sources, WebSource, path_of

__all__ = ["check_linked_folder", "sync_links"]


def check_linked_folder(sources: Sources, address: str, kept: Sequence[str] = ()) -> None:
    """Refuse an address that can't be synchronised, before anything is begun; also that of a folder which holds one of those of `kept`."""
    refuse_secrets([address])
    source, folder = sources.of(address)
    _refuse_kept(source, folder, kept)
    if not _shows_files(source, folder):
        raise PathNotFound(f"{shown_address(folder)} holds no files", hint="check that it is the right folder")


def sync_links(
    sources: Sources, draft: Draft, address: str, context: TakingContext, *, prefix: str = "", wildcards: Sequence[str] = ()
) -> Outcome:
    """Register what lies below `address` and is new or changed, and take away the links to what is not there any more.

    Files that are stored, and links to other places, stay, and so do links to what is there and can't be had. Nothing is taken away before
    the listing has come to its end.
    """
    refuse_secrets([address])
    source, folder = sources.of(address)
    _refuse_kept(source, folder, context.kept)
    prefix = normalise_prefix(prefix)
    outcome = Outcome()
    held = _below(draft, folder, prefix)
    now = next(held, None)
    gone: list[str] = []
    there = _There()

    def left_out(left: LeftOut) -> None:  # is called before anything that comes behind it is found
        tell_left_out(left, outcome, context)
        there.note(left)

    for batch in found_below(source, folder, prefix=prefix, wildcards=wildcards, left_out=left_out):
        if batch:
            record_links(sources, draft, batch, outcome, context)
        for path, _ in batch:
            while now is not None and now.path < path:
                gone += there.without(now)
                now = next(held, None)
            if now is not None and now.path == path:
                now = next(held, None)
    if now is not None:
        gone += [path for entry in (now, *held) for path in there.without(entry)]
    if not (outcome.is_change or outcome.unchanged or outcome.left_out):
        raise PathNotFound(
            f"{shown_address(folder)} holds no files", hint="check that it is the right folder; to have none, remove them from the version"
        )
    reach("links.before-removing")
    for path in gone:
        context.on_change("removed", path)
    outcome.removed = len(gone)
    draft.record_removed(gone)
    return outcome


def _refuse_kept(source: Source, folder: str, kept: Sequence[str]) -> None:
    if isinstance(source, LocalSource):
        refuse_kept(os.fspath(path_of(folder)), kept)


def _below(draft: Draft, folder: str, prefix: str) -> Iterator[Entry]:
    """The links of the draft to what lies below a folder elsewhere."""
    begin = f"{folder.rstrip('/')}/"
    return (entry for entry in draft.links(prefix) if link_of(entry).address.startswith(begin))


class _There:
    """What is there and can't be had: files, and folders with all below them."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: tuple[str, ...] = ()

    def note(self, left: LeftOut) -> None:
        if left.is_gone:
            return
        if left.address.endswith("/"):
            self._folders += (left.address,)
        else:
            self._files.add(left.address)

    def without(self, link: Entry) -> list[str]:
        """The path of a link to what is gone; nothing if its file is only not to be had."""
        address = link_of(link).address
        return [] if address in self._files or address.startswith(self._folders) else [link.path]


def _shows_files(source: Source, folder: str) -> bool:
    if isinstance(source, WebSource):
        return source.shows_files(folder)
    return next(iter(source.pages(folder, Asked(left_out=lambda _: None))), None) is not None
