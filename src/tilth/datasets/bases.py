"""What a draft starts from: the listings of its parents, united.

Where several parents have the same path, a rule decides whose entry stands, and the collision can be listed.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import TypeVar

from msgspec import Struct

from tilth.base.errors import PathCollision
from tilth.datasets.facts import Fact
from tilth.datasets.manifests import Change, Manifest
from tilth.datasets.segments import SegmentRef
from tilth.domain.dataset import Entry, Total

__all__ = ["Base", "Collision", "ConflictRule", "overlaid"]


T = TypeVar("T")


class ConflictRule(StrEnum):
    """Whose entry stands where several parents have the same path with different contents."""

    FIRST = "first"
    LAST = "last"
    FAIL = "fail"


class Collision(Struct, frozen=True):
    """A path that parents disagree on: the numbers of the parents that have it, in their order, and of the one that won."""

    path: str
    parents: tuple[int, ...]
    winner: int


class Base:
    """The united listing of a draft's parents; of nothing, if it has none."""

    def __init__(self, manifests: Sequence[Manifest], rule: ConflictRule = ConflictRule.FIRST) -> None:
        self.manifests = manifests
        self._rule = rule

    @property
    def segments(self) -> tuple[SegmentRef, ...]:
        """The segments of all listings."""
        return tuple(segment for manifest in self.manifests for segment in manifest.segments)

    def find(self, path: str) -> Entry | None:
        """The entry at exactly `path`."""
        order = self.manifests if self._rule is not ConflictRule.LAST else self.manifests[::-1]
        return next((entry for manifest in order if (entry := manifest.find(path))), None)

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        """The entries, in the order of their paths."""
        if len(self.manifests) == 1:
            yield from self.manifests[0].entries(prefix)
            return
        for _, group in self._grouped(prefix):
            yield group[self._winner(len(group))][1]

    def links(self, prefix: str = "") -> Iterator[Entry]:
        """The entries that are links; segments without any are not read."""
        if len(self.manifests) == 1:
            yield from self.manifests[0].link_entries(prefix)
            return
        yield from (entry for entry in self.entries(prefix) if entry.link)

    def facts(self, prefix: str = "") -> Iterator[Fact]:
        """What is known of the entries, without where their bytes are."""
        if len(self.manifests) == 1:
            yield from self.manifests[0].fact_rows(prefix)
            return
        for entry in self.entries(prefix):
            yield entry.path, entry.size, entry.sha256, entry.mtime_ns, entry.mode, entry.link

    def digests(self, prefix: str = "", *, of_links: bytes | None = None) -> Iterator[tuple[str, int, bytes]]:
        """Path, size and hash of the entries, in the order of their paths; with `of_links`, that is the hash of every link."""
        if len(self.manifests) == 1:
            yield from self.manifests[0].digests_with(lambda _: of_links, prefix) if of_links else self.manifests[0].digests(prefix)
            return
        for entry in self.entries(prefix):
            yield entry.path, entry.size, of_links if of_links and entry.link else entry.sha256

    def has_below(self, path: str) -> bool:
        """Whether any entry lies below `path`, taken as a folder."""
        return any(manifest.has_below(path) for manifest in self.manifests)

    def total(self) -> Total:
        """The number of entries, and of the bytes in them."""
        if len(self.manifests) == 1:
            return Total(self.manifests[0].count, self.manifests[0].size_bytes)
        sizes = [size for _, size, _ in self.digests()]
        return Total(len(sizes), sum(sizes))

    def collisions(self) -> Iterator[Collision]:
        """The paths that parents have with different contents; with the rule `fail` the first one raises `PathCollision`."""
        for path, group in self._grouped(""):
            if len({entry.sha256 for _, entry in group}) > 1:
                numbers = tuple(number for number, _ in group)
                if self._rule is ConflictRule.FAIL:
                    raise PathCollision(
                        f"parents {numbers[0] + 1} and {numbers[1] + 1} both have {path}, with different contents",
                        hint="choose with --on-conflict first or last",
                    )
                yield Collision(path, numbers, numbers[self._winner(len(group))])

    def changes_to_first(self) -> Iterator[Change]:
        """What turns the first parent's listing into the united one."""
        if len(self.manifests) < 2:
            return
        for path, group in self._grouped(""):
            number, entry = group[self._winner(len(group))]
            if number != 0:
                yield path, entry

    def _winner(self, count: int) -> int:
        return count - 1 if self._rule is ConflictRule.LAST else 0

    def _grouped(self, prefix: str) -> Iterator[tuple[str, list[tuple[int, Entry]]]]:
        streams = [_numbered(number, manifest.entries(prefix)) for number, manifest in enumerate(self.manifests)]
        for path, group in groupby(heapq.merge(*streams, key=itemgetter(0, 1)), key=itemgetter(0)):
            yield path, [(number, entry) for _, number, entry in group]


def overlaid(below: Iterable[tuple[str, T]], above: Iterable[tuple[str, T]]) -> Iterator[tuple[str, T]]:
    """Two streams, sorted by path, as one; where both name a path, the one of `above` stands."""
    lower, upper = iter(below), iter(above)
    low, up = next(lower, None), next(upper, None)
    while low is not None or up is not None:
        if up is None or (low is not None and low[0] < up[0]):
            assert low is not None
            yield low
            low = next(lower, None)
        else:
            if low is not None and low[0] == up[0]:
                low = next(lower, None)
            yield up
            up = next(upper, None)


def _numbered(number: int, entries: Iterable[Entry]) -> Iterator[tuple[str, int, Entry]]:
    for entry in entries:
        yield entry.path, number, entry
