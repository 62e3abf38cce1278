"""The console is read by the numbers of its lines, and searched."""

from typing import Any

import msgspec
import pytest

from tilth.base.errors import FieldInvalid
from tilth.testing.catalogs import CatalogBench

GREEN, PLAIN = "\x1b[32m", "\x1b[0m"


@pytest.fixture
def task(catalog: CatalogBench) -> str:
    id: str = catalog.ask("tasks.create", name="run", type="training")["id"]
    return id


def write(catalog: CatalogBench, task: str, *messages: str, at: int = 1) -> None:
    """Send what was written as one batch."""
    events = [{"type": "log", "task": task, "timestamp": at, "level": "INFO", "worker": "w", "msg": message} for message in messages]
    meta, _ = catalog.answer("events.add_batch", b"\n".join(map(msgspec.json.encode, events)))
    assert meta.result_code == 200


def part(catalog: CatalogBench, task: str, **wanted: Any) -> tuple[int, int, list[str]]:
    found = catalog.ask("events.get_log_lines", task=task, **wanted)
    return found["total"], found["first"], [line["text"] for line in found["lines"]]


def search(catalog: CatalogBench, task: str, text: str, **how: Any) -> tuple[int, list[int]]:
    found = catalog.ask("events.find_in_log", task=task, text=text, **how)
    return found["count"], found["lines"]


def test_any_part_of_many_batches_is_read(catalog: CatalogBench, task: str) -> None:
    for batch in range(150):
        write(catalog, task, f"{batch}.0\n{batch}.1\n", f"{batch}.2", at=batch)
    whole = [f"{batch}.{line}" for batch in range(150) for line in range(3)]
    assert part(catalog, task, limit=5_000) == (450, 0, whole)
    assert part(catalog, task, limit=4) == (450, 446, whole[-4:])
    for first in (0, 1, 2, 3, 7, 300, 448):
        assert part(catalog, task, first=first, limit=5) == (450, first, whole[first : first + 5])
    assert part(catalog, task, first=450) == (450, 450, [])
    assert part(catalog, task, first=-3, limit=1) == (450, 0, whole[:1])


def test_batches_that_come_late_stand_where_they_begin(catalog: CatalogBench, task: str) -> None:
    write(catalog, task, "second", at=20)
    write(catalog, task, "first", at=10)
    assert part(catalog, task) == (2, 0, ["first", "second"])


def test_a_batch_that_an_older_tilth_kept_is_counted(catalog: CatalogBench, task: str) -> None:
    write(catalog, task, "a\nb", at=1)
    write(catalog, task, "c", at=2)
    catalog.database.run(lambda raw: raw.execute("UPDATE log SET lines = NULL WHERE first_timestamp = 1"), writes=True)
    assert part(catalog, task, first=1) == (3, 1, ["b", "c"])


def test_nothing_was_written(catalog: CatalogBench, task: str) -> None:
    assert part(catalog, task) == (0, 0, [])
    assert search(catalog, task, "a") == (0, [])


def test_empty_lines_are_lines_and_a_long_one_is_cut(catalog: CatalogBench, task: str) -> None:
    write(catalog, task, "\n\n", "x" * 30_000, "")
    assert part(catalog, task) == (4, 0, ["", "", f"{'x' * 20_000}…", ""])


def test_texts_are_found_without_their_colours(catalog: CatalogBench, task: str) -> None:
    write(catalog, task, f"{GREEN}Epoch{PLAIN} 1\nno\n", at=1)
    write(catalog, task, "the epoch 1", f"ep{GREEN}och 1", at=2)
    assert search(catalog, task, "epoch 1") == (3, [0, 2, 3])
    assert search(catalog, task, "Epoch 1", exact_case=True) == (1, [0])
    assert search(catalog, task, "[32m") == (0, [])
    assert search(catalog, task, "GROSS") == (0, [])
    write(catalog, task, "groß", at=3)
    assert search(catalog, task, "GROSS") == (1, [4])


def test_all_are_counted_of_which_the_first_are_named(catalog: CatalogBench, task: str) -> None:
    for batch in range(5):
        write(catalog, task, "\n".join(["hit"] * 5_000), at=batch)
    assert search(catalog, task, "hit") == (25_000, list(range(20_000)))


@pytest.mark.parametrize("text", ["", "a\nb"])
def test_only_a_line_is_looked_for(catalog: CatalogBench, task: str, text: str) -> None:
    with pytest.raises(FieldInvalid, match="one line of text"):
        search(catalog, task, text)
