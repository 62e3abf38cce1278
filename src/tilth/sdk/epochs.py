"""Which files a process gives out in an epoch, and in which order: the same on every machine, from a seed, and to be gone on with anywhere.

order   all files, by the seed and the epoch         share   what one rank has of it
turn    what one worker of a rank has of its share, batch by batch
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from random import Random

from msgspec import Struct

from tilth.base.errors import Invalid

__all__ = ["Epoch", "Uneven", "turn_of"]

_WINDOW_BLOCKS = 16
"""Among the files of so many blocks the order is random."""


class Uneven(StrEnum):
    """What happens to files that do not go into the ranks evenly."""

    REPEAT = "repeat"
    """Some are given out twice, so that all ranks end together."""
    DROP = "drop"
    """Some are left out, so that all ranks end together."""
    KEEP = "keep"
    """Each is given out once, and some ranks end before others."""


class Epoch(Struct, frozen=True, kw_only=True):
    """One pass over `count` files by `world_size` ranks."""

    count: int
    seed: int = 0
    epoch: int = 0
    shuffle: bool = False
    block: int = 1
    """So many neighbours, which lie together where they are stored, come near to each other; with 1 the order is entirely random."""
    rank: int = 0
    world_size: int = 1
    uneven: Uneven = Uneven.REPEAT

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.world_size:
            raise Invalid(f"there is no rank {self.rank} of {self.world_size}", hint="ranks are counted from 0")
        if self.block < 1:
            raise Invalid(f"a block can't have {self.block} files", hint="give block as a number from 1 on")

    def share(self) -> list[int]:
        """The numbers of the files that this rank gives out, in order."""
        begin, stop = self._bounds()
        order = self._order()
        if not order:
            return []
        share = [order[place % len(order)] for place in range(begin, stop)]
        return self._mixed(share) if self.shuffle and self.block > 1 else share

    def __len__(self) -> int:
        begin, stop = self._bounds()
        return stop - begin if self.count else 0

    def _bounds(self) -> tuple[int, int]:
        """Ranks have what is next to each other in the order, so that each reads blocks of its own."""
        if self.uneven is Uneven.KEEP:
            return self.count * self.rank // self.world_size, self.count * (self.rank + 1) // self.world_size
        each = self.count // self.world_size if self.uneven is Uneven.DROP else -(-self.count // self.world_size)
        return each * self.rank, each * (self.rank + 1)

    def _order(self) -> list[int]:
        if not self.shuffle:
            return list(range(self.count))
        # Text as a seed is hashed in the same way by every Python, everywhere.
        chance = Random(f"order {self.seed} {self.epoch}")  # noqa: S311  no secret
        blocks = list(range(0, self.count, self.block))
        chance.shuffle(blocks)
        return [number for begin in blocks for number in range(begin, min(begin + self.block, self.count))]

    def _mixed(self, share: list[int]) -> list[int]:
        chance = Random(f"mix {self.seed} {self.epoch} {self.rank}")  # noqa: S311  no secret
        width = self.block * _WINDOW_BLOCKS
        mixed: list[int] = []
        for begin in range(0, len(share), width):
            window = share[begin : begin + width]
            chance.shuffle(window)
            mixed += window
        return mixed


def turn_of(
    share: Sequence[int], *, batch: int, start: int = 0, position: int = 0, worker: int = 0, workers: int = 1
) -> Iterator[tuple[int, int]]:
    """The places in `share`, from and up to, that one of several workers gives out, from `position` on.

    Batches go to the workers in turns, counted from `start`, and a loader that takes one batch from each in turn gives out the share in its
    order, however many workers there are.
    """
    for number, begin in enumerate(range(start, len(share), batch)):
        stop = min(begin + batch, len(share))
        if number % workers == worker and stop > position:
            yield max(begin, position), stop
