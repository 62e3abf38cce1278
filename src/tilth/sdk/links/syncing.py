"""How the links of a draft are made just what a folder elsewhere holds now: what was added, removed and changed there."""

from collections.abc import Iterator, Sequence

from tilth.base.addresses import shown_address
from tilth.base.errors import PathNotFound
from tilth.base.faultpoints import reach
from tilth.base.paths import normalise_prefix
from tilth.datasets.drafts import Draft
from tilth.datasets.taking import Outcome, TakingContext
from tilth.domain.dataset import Entry
from tilth.sdk.links.reading import link_of
from tilth.sdk.links.registering import found_below, record_links, refuse_secrets
from tilth.sdk.links.sources import Sources

__all__ = ["check_linked_folder", "sync_links"]


def check_linked_folder(sources: Sources, address: str) -> None:
    """Refuse an address that can't be synchronised, before anything is begun."""
    refuse_secrets([address])
    source, folder = sources.of(address)
    if next(iter(source.pages(folder)), None) is None:
        raise PathNotFound(f"{shown_address(folder)} holds no files", hint="check that it is the right folder")


def sync_links(
    sources: Sources, draft: Draft, address: str, context: TakingContext, *, prefix: str = "", wildcards: Sequence[str] = ()
) -> Outcome:
    """Register what lies below `address` and is new or changed, and take away the links to what is not there any more.

    Files that are stored, and links to other places, stay. Nothing is taken away before the listing has come to its end.
    """
    refuse_secrets([address])
    source, folder = sources.of(address)
    prefix = normalise_prefix(prefix)
    outcome = Outcome()
    held = _below(draft, folder, prefix)
    now = next(held, None)
    gone: list[str] = []
    for batch in found_below(source, folder, prefix=prefix, wildcards=wildcards):
        if batch:
            record_links(sources, draft, batch, outcome, context)
        for path, _ in batch:
            while now is not None and now.path < path:
                gone.append(now.path)
                now = next(held, None)
            if now is not None and now.path == path:
                now = next(held, None)
    if now is not None:
        gone += [now.path, *(entry.path for entry in held)]
    if not (outcome.is_change or outcome.unchanged):
        raise PathNotFound(
            f"{shown_address(folder)} holds no files", hint="check that it is the right folder; to have none, remove them from the version"
        )
    reach("links.before-removing")
    for path in gone:
        context.on_change("removed", path)
    outcome.removed = len(gone)
    draft.record_removed(gone)
    return outcome


def _below(draft: Draft, folder: str, prefix: str) -> Iterator[Entry]:
    """The links of the draft to what lies below a folder elsewhere."""
    begin = f"{folder.rstrip('/')}/"
    return (entry for entry in draft.links(prefix) if link_of(entry).address.startswith(begin))
