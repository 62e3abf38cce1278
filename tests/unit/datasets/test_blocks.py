"""Blocks of a chunk that was right are known again, and nothing else passes for them."""

import random

from hypothesis import given
from hypothesis import strategies as st

from tilth.datasets.blocks import BLOCK_BYTES, Blocks

DATA = random.Random(3).randbytes(5 * BLOCK_BYTES + 100)


def cut(first: int, stop: int) -> bytes:
    return DATA[first * BLOCK_BYTES : stop * BLOCK_BYTES]


def test_blocks_that_were_there_are_right_and_only_in_their_place() -> None:
    blocks = Blocks()
    assert not blocks.knows(b"chunk")
    assert not blocks.are_right(b"chunk", 0, cut(0, 1))
    blocks.remember(b"chunk", DATA)
    assert blocks.knows(b"chunk")
    for first in range(6):
        for stop in range(first + 1, 7):
            assert blocks.are_right(b"chunk", first, cut(first, stop))
            assert not blocks.are_right(b"chunk", first + 1, cut(first, stop))
    assert not blocks.are_right(b"other", 0, cut(0, 1))
    assert not blocks.are_right(b"chunk", 6, cut(0, 1))
    assert not blocks.are_right(b"chunk", 5, cut(5, 6) + b"\0")


@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_one_other_byte_is_found_out(at: int, change: int) -> None:
    blocks = Blocks()
    blocks.remember(b"chunk", DATA)
    first = at // BLOCK_BYTES
    wrong = bytearray(cut(first, first + 1))
    wrong[at % BLOCK_BYTES] ^= change
    assert not blocks.are_right(b"chunk", first, wrong)
    assert not blocks.are_right(b"chunk", first, b"")
    assert not blocks.are_right(b"chunk", first, cut(first, first + 1)[:-1])


def test_memory_is_bounded_and_what_is_used_stays() -> None:
    blocks = Blocks(most_bytes=10_000)
    for number in range(100):
        blocks.remember(b"%d" % number, DATA)
        assert blocks._held_bytes <= 10_000
        assert blocks.knows(b"0")
    assert blocks.knows(b"99")
    assert not blocks.knows(b"1")
    for _ in range(2):
        blocks.remember(b"99", DATA)
    assert blocks._held_bytes == sum(len(hashes) + 256 for hashes in blocks._known.values())
