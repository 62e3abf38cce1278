"""Whether what links lead to is still what was registered: a request for each, and nothing is fetched."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from tilth.base.errors import Conflict, Denied, Invalid, NotFound
from tilth.domain.dataset import Entry
from tilth.sdk.links.reading import check_state, explained, link_of
from tilth.sdk.links.sources import Sources

__all__ = ["check_links"]

_WORKERS = 8
_BATCH = 1_000


def check_links(sources: Sources, links: Iterable[Entry], *, told: Callable[[int, int], None] = lambda files, size: None) -> list[str]:
    """A sentence for each of `links` that is gone, was changed, or can't be had any more.

    Where only the hash was registered, other contents of the same size are not noticed: nothing is read.
    """
    problems: list[str] = []
    todo = iter(links)
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="tilth-links") as pool:
        while batch := list(islice(todo, _BATCH)):
            problems += [problem for problem in pool.map(lambda entry: _problem(sources, entry), batch) if problem]
            told(len(batch), sum(entry.size for entry in batch))
    return problems


def _problem(sources: Sources, entry: Entry) -> str | None:
    source, address = sources.of(link_of(entry).address)
    try:
        with explained(entry):
            check_state(entry, source.describe(address))
    except (Conflict, Denied, Invalid, NotFound) as error:
        return error.message
    return None
