"""Queries of the protocol against what they mean, said a second time over plain Python values."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tilth.testing.catalogs import CatalogBench

WORDS = ("a", "b", "c", "-d", 'quo"te', ",", "ü")
TAGS = st.lists(st.sampled_from(WORDS), unique=True, max_size=3)
TOKENS = st.sampled_from((*WORDS, "-a", "-b", "__$all", "__$and", "__$any", "__$or", "__$not", "__$nop", None))
NAMES = ("run", "run 2", "RUN", "a.b", "a+b (c)", "x")
TASKS = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from(NAMES), "tags": TAGS, "rate": st.sampled_from(("1", "2", "10", "0.5", "fast", None))}),
    min_size=1,
    max_size=6,
)


def holds(values: Sequence[str], wanted: Sequence[Any]) -> bool:
    """Whether a list of words is what a query with operators asks for."""
    groups: list[tuple[bool, list[bool]]] = []
    excluded: list[bool] = []
    operator: bool | None = None
    join: bool | None = None
    negate = False
    current: list[bool] = []

    def has(word: Any) -> bool:
        return not values if word is None else word in values

    for word in [*wanted, "__$nop"]:
        if word in ("__$all", "__$and", "__$any", "__$or", "__$nop"):
            if current:
                groups.append((bool(operator), current))
            current = []
            operator = None if word == "__$nop" else word in ("__$all", "__$and")
            if word != "__$nop" and join is None:
                join = operator
        elif word == "__$not":
            negate = True
        elif operator is None and (negate or (join is None and word is not None and word.startswith("-") and len(word) > 1)):
            excluded.append(not has(word if negate else word[1:]))
            negate = False
        else:
            current.append(has(word) != negate)
            negate = False
    answers = [all(terms) if every else any(terms) for every, terms in groups] + excluded
    if not answers:
        return True
    return any(answers) if join is False else all(answers)


@contextmanager
def catalog_of(tasks: list[dict[str, Any]]) -> Iterator[tuple[CatalogBench, list[dict[str, Any]]]]:
    with TemporaryDirectory() as folder:
        bench = CatalogBench(Path(folder))
        try:
            for task in tasks:
                rate = {} if task["rate"] is None else {"hyperparams": {"General": {"rate": {"value": task["rate"]}}}}
                task["id"] = bench.ask("tasks.create", name=task["name"], type="training", tags=task["tags"], **rate)["id"]
            yield bench, tasks
        finally:
            bench.close()


def found(bench: CatalogBench, **query: Any) -> list[str]:
    return [task["id"] for task in bench.ask("tasks.get_all", only_fields=["id"], **query)["tasks"]]


@given(tasks=TASKS, wanted=st.lists(TOKENS, min_size=1, max_size=8))
@settings(max_examples=150)
def test_lists_with_operators(tasks: list[dict[str, Any]], wanted: list[Any]) -> None:
    with catalog_of(tasks) as (bench, made):
        assert set(found(bench, tags=wanted)) == {task["id"] for task in made if holds(task["tags"], wanted)}


@given(
    tasks=TASKS,
    pattern=st.sampled_from(
        [*(f"^{re.escape(name)}$" for name in NAMES), *(re.escape(name) for name in NAMES), "^run", r"\d", "^(run|x)$", "n$", "."]
    ),
)
@settings(max_examples=60)
def test_patterns(tasks: list[dict[str, Any]], pattern: str) -> None:
    with catalog_of(tasks) as (bench, made):
        assert set(found(bench, name=pattern)) == {task["id"] for task in made if re.search(pattern, task["name"])}
        anywhere = {"fields": ["name", "hyperparams.General.rate.value"], "pattern": pattern}
        fits = re.compile(pattern, re.IGNORECASE).search
        assert set(found(bench, _any_=anywhere)) == {
            task["id"] for task in made if fits(task["name"]) or (task["rate"] and fits(task["rate"]))
        }


@given(tasks=TASKS, descending=st.booleans(), size=st.integers(1, 4))
@settings(max_examples=60)
def test_order_by_what_may_be_missing_and_pages_that_join_without_gaps(tasks: list[dict[str, Any]], descending: bool, size: int) -> None:
    def number(task: dict[str, Any]) -> float | None:
        try:
            return float(task["rate"])
        except (TypeError, ValueError):
            return None

    with catalog_of(tasks) as (bench, made):
        order = [f"{'-' if descending else ''}hyperparams.General.rate.value"]
        pages = [found(bench, order_by=order, page=page, page_size=size) for page in range(len(made) + 1)]
        joined = [id for page in pages for id in page]
        by_id = {task["id"]: task for task in made}
        assert sorted(joined) == sorted(by_id)
        rates = [number(by_id[id]) for id in joined]
        numbers = [rate for rate in rates if rate is not None]
        assert rates[: len(numbers)] == sorted(numbers, reverse=descending)
        words = [by_id[id]["rate"] for id in joined[len(numbers) :]]
        assert words == sorted(words, key=lambda word: word is None)


@given(
    tasks=TASKS,
    values=st.lists(st.one_of(st.none(), st.integers(-3, 3)), min_size=6, max_size=6),
    descending=st.booleans(),
    size=st.integers(1, 4),
)
@settings(max_examples=60)
def test_order_by_a_metric(tasks: list[dict[str, Any]], values: list[int | None], descending: bool, size: int) -> None:
    with catalog_of(tasks) as (bench, made):
        by_id = {task["id"]: value for task, value in zip(made, values, strict=False)}
        for id, value in by_id.items():
            if value is not None:
                event = {"type": "training_stats_scalar", "task": id, "metric": "m", "variant": "v", "value": value, "iter": 0}
                bench.ask("events.add", **event)
        order = [f"{'-' if descending else ''}last_metrics.6f8f57715090da2632453988d9a1501b.9e3669d19b675bd57058fd4664205d2a.max_value"]
        joined = [id for page in range(len(made) + 1) for id in found(bench, order_by=order, page=page, page_size=size)]
        assert sorted(joined) == sorted(by_id)
        measured = [value for value in by_id.values() if value is not None]
        assert [by_id[id] for id in joined] == sorted(measured, reverse=descending) + [None] * (len(by_id) - len(measured))
