"""Whether what links lead to is still what was registered: asked for, or read from the first byte to the last.

Nothing is kept of what is read. What was compared is told for each link, since not all of them can be known by the same.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum

from msgspec import Struct

from tilth.base.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from tilth.domain.dataset import Entry
from tilth.sdk.links.ahead import ahead
from tilth.sdk.links.reading import check_state, explained, link_of, read_link
from tilth.sdk.links.sources import Sources

__all__ = ["CheckedLink", "Compared", "check_links"]

_WORKERS = 8
_AHEAD = 4
_MOST_SILENT = 8
"""After so many links in a row without an answer, a server is asked no more; or the fault is not the servers', if none answers."""

ContentOf = Callable[[Entry], bytes | None]
"""The SHA-256 of the bytes behind a link, if it is known."""


class Compared(StrEnum):
    """What of a file was compared with what was registered."""

    CONTENT = "content"
    """Every byte, by their hash."""
    STATE = "state"
    """Size and state: what the other side changes with the content."""
    SIZE = "size"
    """The size alone: the hash is known, and the state is another one, or there is none."""
    NOTHING = "nothing"
    """That something lies there, since nothing else is known of it."""


class CheckedLink(Struct, frozen=True, omit_defaults=True):
    """What came of a check of one link."""

    path: str
    compared: Compared
    size: int
    problem: str | None = None
    """A sentence; None if nothing is wrong."""


def check_links(
    sources: Sources,
    links: Iterable[Entry],
    *,
    read: Callable[[Entry], bool] = lambda _: False,
    content_of: ContentOf = lambda _: None,
    told: Callable[[int, int], None] = lambda files, size: None,
) -> Iterator[CheckedLink]:
    """Check each of `links`, in their order: those that `read` chooses by their bytes, as far as `content_of` knows their hash.

    A link that is gone, was changed, or can't be had is a problem; so is one whose server gives no answer, unless none does: that is told
    when another one does, so that a check which ends for the network's sake has said nothing of links that it could not check.
    """
    silent: list[CheckedLink] = []
    in_a_row: Counter[str] = Counter()
    answering: set[str] = set()
    gone: dict[str, Unavailable] = {}

    def check(entry: Entry) -> CheckedLink | Unavailable:
        try:
            if (error := gone.get(_server_of(entry))) is not None:
                return error
            return _checked(sources, entry, (content_of(entry) if read(entry) else None), lambda size: told(0, size))
        except Unavailable as error:
            return error

    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="tilth-links") as pool:
        for entry, found in ahead(lambda entry: pool.submit(check, entry), links, _AHEAD * _WORKERS):
            server = _server_of(entry)
            if isinstance(found, Unavailable):
                problem = f"{entry.path} could not be checked: {found.message}"
                silent.append(CheckedLink(entry.path, Compared.NOTHING, entry.size, problem))
                answering.discard(server)
                in_a_row[server] += 1
                if in_a_row[server] >= _MOST_SILENT:
                    if not answering:
                        raise found
                    gone[server] = found
                    yield from silent
                    silent.clear()
            else:
                answering.add(server)
                in_a_row[server] = 0
                yield from silent
                silent.clear()
                yield found
            told(1, 0)
    yield from silent


def _server_of(entry: Entry) -> str:
    """Whoever is asked for a link, as its address names them."""
    scheme, _, rest = link_of(entry).address.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _checked(sources: Sources, entry: Entry, content: bytes | None, came: Callable[[int], None]) -> CheckedLink:
    compared = Compared.CONTENT if content is not None else Compared.NOTHING
    try:
        if content is not None:
            read_link(sources, entry, lambda piece: came(len(piece)), expected=content)
        else:
            compared = _compared_state(sources, entry)
    except (Conflict, Denied, Invalid, NotFound) as error:
        return CheckedLink(entry.path, compared, entry.size, error.message)
    return CheckedLink(entry.path, compared, entry.size)


def _compared_state(sources: Sources, entry: Entry) -> Compared:
    link = link_of(entry)
    source, address = sources.of(link.address)
    with explained(entry):
        now = source.describe(address)
        check_state(entry, now)
    if link.etag and now.etag == link.etag:
        return Compared.STATE
    return Compared.SIZE if entry.knows_size and now.size >= 0 else Compared.NOTHING
