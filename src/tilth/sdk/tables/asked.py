"""What `Dataset` is asked about tables, in the words of its parameters."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from tilth.base.errors import Invalid
from tilth.base.units import bytes_of
from tilth.domain.version import DatasetVersion
from tilth.sdk.home import Home
from tilth.sdk.tables.comparing import changed_tables
from tilth.sdk.tables.merging import ColumnRule, JoinRules, RowConflict
from tilth.sdk.tables.querying import opened_query
from tilth.sdk.tables.scratch import scratch_in
from tilth.sdk.tables.versions import MergeRequest, merge_tables
from tilth.sdk.taking import Watcher

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["memory_of", "merged", "query", "row_changes"]

Rule = TypeVar("Rule", bound=StrEnum)

_LEAST_MEMORY = 64_000_000


def query(home: Home, version: DatasetVersion, sql: str, *, as_texts: bool, memory: int | str | None) -> "pa.Table":
    """What a query finds, whole."""
    with (
        scratch_in(home) as scratch,
        opened_query(home, version, sql, as_texts=as_texts, memory_bytes=memory_of(memory), scratch=scratch) as reader,
    ):
        found: pa.Table = reader.read_all()
    return found


def row_changes(
    home: Home,
    before: DatasetVersion,
    after: DatasetVersion,
    *,
    path: str | None,
    key: Sequence[str],
    shown: int,
    skip_malformed: bool,
    memory: int | str | None,
) -> list[dict[str, Any]]:
    """How rows differ, as JSON has it."""
    found = changed_tables(
        home, before, after, path=path, key=key, shown=shown, skip_malformed=skip_malformed, memory_bytes=memory_of(memory)
    )
    made: list[dict[str, Any]] = msgspec.to_builtins(list(found))
    return made


def merged(
    home: Home,
    versions: Sequence[DatasetVersion],
    *,
    name: str | None,
    project: str | None,
    version: str | None,
    key: Sequence[str],
    on_conflict: str,
    drop_duplicates: bool,
    columns: str,
    mixed_types: str,
    tables: Sequence[str],
    skip_malformed: bool,
    memory: int | str | None,
    storage: str | None,
) -> DatasetVersion:
    """The version in which tables were joined."""
    if mixed_types not in ("fail", "text"):
        raise Invalid(f"mixed_types can't be {mixed_types!r}", hint="use fail or text")
    rules = JoinRules(
        key=key,
        on_conflict=_one_of(RowConflict, "on_conflict", on_conflict),
        drop_duplicates=drop_duplicates,
        columns=_one_of(ColumnRule, "columns", columns),
        as_texts=mixed_types == "text",
        memory_bytes=memory_of(memory),
    )
    request = MergeRequest(
        versions=list({version.id: version for version in versions}.values()),
        rules=rules,
        tables=tables,
        skip_malformed=skip_malformed,
        name=name,
        project=project,
        version=version,
        storage=storage,
    )
    return merge_tables(home, request, Watcher())[0]


def memory_of(given: int | str | None) -> int:
    """How much memory the engine may take: a number of bytes, or a text such as `2 GB`; 0 where nothing is given."""
    if given is None:
        return 0
    try:
        found = bytes_of(str(given))
    except ValueError as error:
        raise Invalid(f"memory: {error}", hint="write it as 500 MB or 2 GB") from error
    if found < _LEAST_MEMORY:
        raise Invalid(f"memory: {given} is too little to work with", hint="give 64 MB or more")
    return found


def _one_of(rules: type[Rule], name: str, given: str) -> Rule:
    try:
        return rules(given)
    except ValueError as error:
        raise Invalid(f"{name} can't be {given!r}", hint=f"use {', '.join(rules)}") from error
