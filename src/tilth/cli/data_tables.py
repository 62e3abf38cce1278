"""Commands for what stands in tables: joining them by rows, and asking them in SQL."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from tilth._wiring import open_home
from tilth.cli.data_making import NoPreview, Storage, title, version_document
from tilth.cli.options import FROM_1, Id, Json, Words
from tilth.cli.output import Output, count, size
from tilth.cli.progress import Progress
from tilth.cli.query_results import print_result, write_result, written_as
from tilth.cli.state import current_id, remember_id
from tilth.cli.words import version_and
from tilth.sdk import lookup
from tilth.sdk.tables.asked import memory_of
from tilth.sdk.tables.merging import ColumnRule, JoinRules, RowConflict, TableReport
from tilth.sdk.tables.querying import opened_query
from tilth.sdk.tables.scratch import scratch_in
from tilth.sdk.tables.versions import MergeRequest, merge_tables, report_document

__all__: list[str] = []

Key = Annotated[
    list[str] | None,
    Parameter(consume_multiple=True, negative=(), help="The columns that together name a row, e.g. 'id' or 'user,day'."),
]
Memory = Annotated[str | None, Parameter(help="How much memory the engine may take, e.g. '2 GB'; what does not fit goes to the disk.")]
SkipMalformed = Annotated[bool, Parameter(help="Leave rows out that can't be read, and count them; without it the first one is an error.")]


def merge_tables_command(
    *,
    ids: Words = None,
    name: Annotated[str | None, Parameter(help="The new version's dataset. Default: that of the first version.")] = None,
    project: str | None = None,
    version: str | None = None,
    tags: Words = None,
    tables: Annotated[
        list[str] | None, Parameter(consume_multiple=True, negative=(), help="Join only such tables, e.g. 'labels/*.csv'.")
    ] = None,
    key: Key = None,
    on_conflict: Annotated[RowConflict, Parameter(help="Which row stands where rows with one key differ.")] = RowConflict.FAIL,
    drop_duplicates: Annotated[bool, Parameter(help="Without a key: of rows that are equal in every cell, keep the first.")] = False,
    columns: Annotated[
        ColumnRule, Parameter(help="Which columns stand where the tables' differ; same: that is an error.")
    ] = ColumnRule.ALL,
    mixed_types: Annotated[
        Literal["fail", "text"], Parameter(help="What becomes of a Parquet column whose types hold no common values.")
    ] = "fail",
    skip_malformed: SkipMalformed = False,
    memory: Memory = None,
    storage: Storage = None,
    no_preview: NoPreview = False,
    json: Json = False,
) -> None:
    """Join versions into a new one in which equally named tables are one, row by row. Of other files the first version's stands."""
    home = open_home()
    request = MergeRequest(
        versions=lookup.resolve_all(home, ids or []),
        rules=JoinRules(
            key=key_columns(key),
            on_conflict=on_conflict,
            drop_duplicates=drop_duplicates,
            columns=columns,
            as_texts=mixed_types == "text",
            memory_bytes=memory_of(memory),
        ),
        tables=tables or [],
        skip_malformed=skip_malformed,
        name=name,
        project=project,
        version=version,
        tags=tags or [],
        storage=storage,
        preview=not no_preview,
    )
    with Progress("joining", unit="rows") as progress:
        made, reports = merge_tables(home, request, progress)
    remember_id(home.folder, made.id)
    out = Output(json=json)
    for report in reports:
        out.warn(_warnings(report), shown=10)
    lines = [_said(report) for report in reports if not report.not_joined]
    lines = lines or ["no table differs between the versions: nothing was joined by rows"]
    total = f"{title(made)} is final: {count(made.entries, 'file')}, {size(made.size_bytes)}"
    out.result(version_document(made) | {"tables": [report_document(report) for report in reports]}, [*lines, total, f"id={made.id}"])


def key_columns(words: list[str] | None) -> list[str]:
    """The columns that `--key` names, with commas or spaces between them."""
    return [name for word in words or [] for name in word.split(",") if name]


def _said(report: TableReport) -> str:
    parts = " + ".join(f"{part['rows']:,}" for part in report.parts)
    what = [f"{report.path}: {parts} rows -> {report.rows:,}"]
    what += [f"{count(report.duplicates, 'duplicate')} left out"] if report.duplicates else []
    what += (
        [f"{count(report.conflicts, 'key')} with different rows, {count(report.overridden, 'row')} left out"] if report.conflicts else []
    )
    return "; ".join(what)


def _warnings(report: TableReport) -> list[str]:
    if report.not_joined:
        first = report.parts[0]["version"]
        return [f"{report.path}: its rows are not joined, because {report.not_joined}; the file of {first} stands"]
    found = [f"{report.path}: {note}" for note in report.notes]
    found += [f"{report.path}: only {' and '.join(owners)} has column {name}" for name, owners in report.differing_columns.items()]
    for name, kinds in report.differing_types.items():
        found.append(f"{report.path}: column {name} is {', '.join(f'{kind} in {owner}' for owner, kind in kinds.items())}")
    for file, number in report.malformed.items():
        found.append(f"{file}: {count(number, 'malformed row')} left out")
    return found + [f"left out: {place}" for place in report.first_malformed]


def query_command(
    *words: Annotated[str, Parameter(name="SQL", help="One statement, quoted.")],
    id: Id = None,
    kind: Annotated[
        Literal["table", "csv", "json", "parquet"] | None,
        Parameter("--format", help="Default: what the name of --output says, or a table of the first --shown rows."),
    ] = None,
    output: Annotated[str | None, Parameter(help="Write to this file (.csv, .jsonl or .parquet) instead of standard output.")] = None,
    text: Annotated[bool, Parameter(help="Take the cells of CSV and TSV as the texts that stand there: 007 stays 007.")] = False,
    shown: Annotated[int, Parameter(help="How many rows are shown as a table.", validator=FROM_1)] = 40,
    memory: Memory = None,
    json: Json = False,
) -> None:
    """Ask a version's tables in SQL: "SELECT label, count(*) FROM 'train.csv' GROUP BY label". Patterns of paths mean several at once."""
    id, sql = version_and(words, id, what="SQL")
    home = open_home()
    found = lookup.find(home, current_id(home.folder, id))
    target = Path(output) if output else None
    wanted = "json" if json and not kind and not target else written_as(kind, target)
    with (
        scratch_in(home) as scratch,
        opened_query(home, found, sql, as_texts=text, memory_bytes=memory_of(memory), scratch=scratch) as reader,
    ):
        if target:
            rows = write_result(reader, target, wanted)
            Output(json=json).result({"id": found.id, "file": str(target), "rows": rows}, [f"{target}: {count(rows, 'row')}"])
        else:
            print_result(reader, wanted, document={"id": found.id}, shown=shown, whole_json=json)
