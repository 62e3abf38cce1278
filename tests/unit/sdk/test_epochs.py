"""Every file comes once in an epoch, in an order that depends on the seed alone, however many ranks and workers there are."""

from collections import Counter
from itertools import chain, zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.base.errors import Invalid
from tilth.sdk.epochs import Epoch, Uneven, turn_of

COUNTS = st.integers(0, 400)
WORLDS = st.integers(1, 7)
BLOCKS = st.integers(1, 50)


def shares(count: int, world_size: int, **more: object) -> list[list[int]]:
    epochs = [Epoch(count=count, rank=rank, world_size=world_size, **more) for rank in range(world_size)]  # type: ignore[arg-type]
    found = [epoch.share() for epoch in epochs]
    assert [len(share) for share in found] == [len(epoch) for epoch in epochs]
    return found


def loaded(share: list[int], *, batch: int, workers: int, start: int = 0, position: int = 0) -> list[int]:
    """What a loader gives out that takes a batch from each worker in turn."""
    turns = [
        [share[begin:stop] for begin, stop in turn_of(share, batch=batch, start=start, position=position, worker=worker, workers=workers)]
        for worker in range(workers)
    ]
    return list(chain.from_iterable(chain.from_iterable(round_ for round_ in zip_longest(*turns, fillvalue=[]))))


@given(COUNTS, WORLDS, st.booleans(), BLOCKS, st.integers(0, 9))
def test_ranks_together_give_out_every_file_once(count: int, world_size: int, shuffle: bool, block: int, epoch: int) -> None:
    found = shares(count, world_size, shuffle=shuffle, block=block, epoch=epoch, uneven=Uneven.KEEP)
    assert Counter(chain.from_iterable(found)) == Counter(range(count))
    assert max(map(len, found)) - min(map(len, found)) <= 1


@given(COUNTS, WORLDS, st.booleans(), BLOCKS)
def test_ranks_end_together_with_some_files_twice(count: int, world_size: int, shuffle: bool, block: int) -> None:
    found = shares(count, world_size, shuffle=shuffle, block=block, uneven=Uneven.REPEAT)
    assert {len(share) for share in found} == {-(-count // world_size)}
    given_out = Counter(chain.from_iterable(found))
    assert set(given_out) == set(range(count))
    assert sum(given_out.values()) - count < world_size


@given(COUNTS, WORLDS, st.booleans(), BLOCKS)
def test_ranks_end_together_with_some_files_left_out(count: int, world_size: int, shuffle: bool, block: int) -> None:
    found = shares(count, world_size, shuffle=shuffle, block=block, uneven=Uneven.DROP)
    assert {len(share) for share in found} == {count // world_size}
    assert max(Counter(chain.from_iterable(found)).values(), default=1) == 1


def test_without_shuffling_files_come_in_their_order() -> None:
    assert Epoch(count=5).share() == [0, 1, 2, 3, 4]
    assert shares(5, 2) == [[0, 1, 2], [3, 4, 0]]


@pytest.mark.parametrize("block", [1, 8, 64])
def test_the_order_is_of_the_seed_and_the_epoch(block: int) -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return Epoch(count=1000, seed=seed, epoch=epoch, shuffle=True, block=block).share()

    assert order(1, 2) == order(1, 2)
    assert len({tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)} | {tuple(range(1000))}) == 10


def test_the_order_is_the_same_in_every_release() -> None:
    """What was stored as a state in one release is gone on with in another."""
    assert Epoch(count=12, seed=3, epoch=1, shuffle=True).share() == [6, 3, 9, 2, 4, 0, 5, 10, 1, 11, 7, 8]
    assert Epoch(count=12, seed=3, epoch=1, shuffle=True, block=3, rank=1, world_size=2).share() == [8, 7, 6, 11, 10, 9]


def test_neighbours_come_near_to_each_other() -> None:
    share = Epoch(count=64 * 100, shuffle=True, block=64).share()
    windows = [share[begin : begin + 1024] for begin in range(0, len(share), 1024)]
    assert all(len({number // 64 for number in window}) <= 16 for window in windows)
    assert all(len({number // 64 for number in window[:64]}) > 10 for window in windows[:6]), "and are mixed with others"


@given(st.integers(0, 200), st.integers(1, 20), st.integers(1, 5))
def test_a_loader_gives_out_the_share_in_its_order_with_any_number_of_workers(count: int, batch: int, workers: int) -> None:
    share = Epoch(count=count, shuffle=True).share()
    assert loaded(share, batch=batch, workers=workers) == share


@given(st.integers(0, 200), st.integers(1, 20), st.integers(1, 5), st.integers(1, 5), st.integers(0, 30))
def test_what_was_seen_does_not_come_again(count: int, batch: int, workers: int, later: int, batches: int) -> None:
    share = Epoch(count=count, shuffle=True).share()
    seen = min(batches * batch, count)
    assert loaded(share, batch=batch, workers=later, start=seen, position=seen) == share[seen:]


@given(st.integers(1, 200), st.integers(1, 20), st.integers(1, 5), st.data())
def test_each_worker_goes_on_where_it_was(count: int, batch: int, workers: int, data: st.DataObject) -> None:
    share = list(range(count))
    for worker in range(workers):
        turn = [place for begin, stop in turn_of(share, batch=batch, worker=worker, workers=workers) for place in range(begin, stop)]
        done = data.draw(st.integers(0, len(turn)))
        position = turn[done - 1] + 1 if done else 0
        rest = turn_of(share, batch=batch, position=position, worker=worker, workers=workers)
        assert [place for begin, stop in rest for place in range(begin, stop)] == turn[done:]


@pytest.mark.parametrize("wrong", [{"rank": 2, "world_size": 2}, {"rank": -1}, {"block": 0}])
def test_what_can_not_be_is_told(wrong: dict[str, int]) -> None:
    with pytest.raises(Invalid, match=r"there is no rank|a block can't have"):
        Epoch(count=3, **wrong)  # type: ignore[arg-type]
