"""Commands that find versions and compare them."""

from typing import Annotated, Any

from cyclopts import Parameter

from tilth._wiring import open_home
from tilth.base.errors import Invalid
from tilth.cli.data_making import title, version_document
from tilth.cli.data_tables import Key, Memory, SkipMalformed, key_columns
from tilth.cli.differences import said_of_columns, tell_rows
from tilth.cli.options import FROM_0, FROM_1, Id, Json, Verbose, Version, Words
from tilth.cli.output import Output, count, size, table
from tilth.cli.state import current_id
from tilth.cli.words import one_way
from tilth.domain.dataset import ChangeTotals, Total
from tilth.sdk import comparing, lookup
from tilth.sdk.dataset_uses import users_of
from tilth.sdk.lifecycle import require_final
from tilth.sdk.previews import showing
from tilth.sdk.previews.seen import MalformedRows
from tilth.sdk.tables.asked import memory_of
from tilth.sdk.tables.comparing import changed_tables
from tilth.sdk.tables.drift import MOST_TABLES, drifts

__all__: list[str] = []

_SHOWN = 20


def search_command(
    name: Annotated[str | None, Parameter(help="A part of the name.")] = None,
    *,
    ids: Words = None,
    project: str | None = None,
    tags: Words = None,
    not_only_completed: Annotated[bool, Parameter(help="Also versions that are still being made.")] = False,
    archived: Annotated[bool, Parameter(help="Also versions that were archived.")] = False,
    non_recursive_project_search: Annotated[bool, Parameter(help="Only in the project itself, not in those below it.")] = False,
    page: Annotated[int, Parameter(help="Which page, from 0, of --page-size rows.", validator=FROM_0)] = 0,
    page_size: Annotated[int, Parameter(validator=FROM_1)] = 100,
    json: Json = False,
) -> None:
    """Find versions by project, name, tags or ids, newest first."""
    found = lookup.search_page(
        open_home(),
        project=project,
        name=name,
        tags=tags or [],
        ids=ids or [],
        only_final=not not_only_completed,
        recursive=not non_recursive_project_search,
        include_archived=archived or bool(ids),
        page=page,
        page_size=page_size,
    )
    rows = [
        (v.project, v.name, v.version, ", ".join(v.tags), str(v.status), v.created[:16].replace("T", " "), v.id) for v in found.versions
    ]
    none = "no version fits" if not found.total else f"no page {page}: {count(found.total, 'version')} in all"
    lines = table(rows, ("project", "name", "version", "tags", "status", "created", "id")) or [none]
    if found.total > page * page_size + len(rows) and rows:
        lines.append(f"{len(rows):,} of {found.total:,}; --page {page + 1} shows more")
    Output(json=json).result({"versions": [version_document(v) for v in found.versions], "total": found.total}, lines)


def log_command(id: Id = None, *, project: str | None = None, name: str | None = None, json: Json = False) -> None:
    """Draw where a version comes from, or all versions of a dataset with --name: newest first, with their parents."""
    one_way(id, project=project, name=name)
    if project and not name:
        raise Invalid("--project goes with --name", hint="add --name, or name a version")
    home = open_home()
    if name:
        nodes = home.api.versions.lineage(project=project or lookup.find_parts(home, project=None, name=name).project, name=name)
    else:
        nodes = home.api.versions.lineage(id=lookup.find(home, current_id(home.folder, id)).id)
    Output(json=json).result({"versions": comparing.children_first(nodes)}, comparing.drawn_lineage(nodes))


def stats_command(id: Id = None, *, json: Json = False) -> None:
    """How large a version is and what it changed, in numbers."""
    home = open_home()
    found = lookup.find(home, current_id(home.folder, id))
    numbers = comparing.statistics(home, found)
    lines = [
        title(found),
        f"id           {found.id}",
        f"status       {found.status}",
        f"created      {found.created}  by {found.author}",
        f"parents      {', '.join(found.parents) or '-'}",
        f"holds        {_total(numbers.whole)}",
        *(f"{what:<12} {_total(total)}" for what, total in _totals(numbers.changes)),
        f"stored       {count(numbers.own_packs, 'pack')} of its own, {count(numbers.packs, 'pack')} in all",
        f"description  {found.description or '-'}",
        f"tags         {', '.join(found.tags) or '-'}",
    ]
    Output(json=json).result(
        version_document(found) | {"changes": numbers.changes, "packs": numbers.packs, "own_packs": numbers.own_packs}, lines
    )


def compare_command(
    source: Version,
    target: Version,
    *,
    rows: Annotated[bool, Parameter(help="Compare the rows of tables: those that differ, or the one at --path.")] = False,
    key: Key = None,
    path: Annotated[str | None, Parameter(help="The table whose rows are compared.")] = None,
    shown: Annotated[int, Parameter(help="How many rows of each kind of difference are shown of a table.", validator=FROM_0)] = 10,
    skip_malformed: SkipMalformed = False,
    memory: Memory = None,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """What the target has that the source has not: added, removed, modified and moved files, and how the columns of tables changed.

    With --rows instead the rows of tables that were added, removed and changed, by --key, or by all that they say.
    """
    home = open_home()
    before, after = lookup.find(home, source), lookup.find(home, target)
    head = f"{title(before)} ({before.id}) -> {title(after)} ({after.id})"
    document: dict[str, Any] = {"source": before.id, "target": after.id}
    if rows or key or path:
        tables = changed_tables(
            home,
            before,
            after,
            path=path,
            key=key_columns(key),
            shown=shown,
            skip_malformed=skip_malformed,
            memory_bytes=memory_of(memory),
        )
        tell_rows(document, head, tables, json=json)
        return
    found = comparing.compared(home, before, after)
    lines = [head]
    for what, paths in (("added", found.added), ("removed", found.removed), ("modified", found.modified), ("moved", found.moved)):
        names = [f"{path[0]} -> {path[1]}" if isinstance(path, tuple) else path for path in paths]
        few = names if verbose or len(names) <= _SHOWN else names[:_SHOWN]
        lines += [f"  {what:<9}{name}" for name in few]
        lines += [f"  {what:<9}... and {len(names) - len(few):,} more (--verbose names all)"] if len(names) > len(few) else []
        document[what] = [{"from": path[0], "to": path[1]} if isinstance(path, tuple) else path for path in paths]
    schemas, all_seen = drifts(home, before, after, found.modified)
    lines += [f"  columns  {line}" for drift in schemas for line in said_of_columns(drift)]
    lines += [] if all_seen else [f"  columns  ... of the first {MOST_TABLES} tables only"]
    numbers = [f"{len(document[what]):,} {what}" for what in ("added", "removed", "modified", "moved")]
    document |= {"unchanged": found.unchanged, "columns": schemas, "columns_of_all": all_seen}
    Output(json=json).result(document, [*lines, f"{', '.join(numbers)}, {found.unchanged:,} unchanged"])


def used_by_command(id: Id = None, *, json: Json = False) -> None:
    """Which tasks got a version, and which models they made with it, newest first."""
    home = open_home()
    found = lookup.find(home, current_id(home.folder, id))
    users = users_of(home, found)
    tasks = [
        (
            "task",
            task["project"],
            task["name"],
            task["status"],
            task["created"][:16].replace("T", " "),
            ", ".join(task["aliases"]),
            task["id"],
        )
        for task in users["tasks"]
    ]
    models = [
        (
            "model",
            model["project"],
            model["name"],
            "published" if model["ready"] else "draft",
            model["created"][:16].replace("T", " "),
            "",
            model["id"],
        )
        for model in users["models"]
    ]
    lines = table([*tasks, *models], ("what", "project", "name", "status", "created", "alias", "id"))
    Output(json=json).result({"id": found.id, **users}, lines or [f"nothing was made with {title(found)} yet"])


def preview_command(id: Id = None, *, json: Json = False) -> None:
    """Report samples of a final version's pictures, tables and texts, and how its files lie, anew: closing it does that by itself."""
    home = open_home()
    found = require_final(lookup.find(home, current_id(home.folder, id)))
    wrong: dict[str, MalformedRows] = {}
    shown = showing.show(home, found, on_malformed=wrong.__setitem__)
    parts = [
        count(number, what) for what, number in zip(("picture", "table", "text", "sound", "film"), list(shown.values())[1:], strict=True)
    ]
    said = ", ".join(part for part in parts if not part.startswith("0 ")) or "no samples"
    out = Output(json=json)
    out.warn([f"{path}, line {line:,}: {what}" for path, rows in wrong.items() for line, what in rows.first], shown=10)
    malformed = [
        {"path": path, "count": rows.count, "rows": rows.rows, "first": [{"line": line, "what": what} for line, what in rows.first]}
        for path, rows in wrong.items()
    ]
    lines = [f"{path}: {rows}" for path, rows in wrong.items()]
    lines += [f"{title(found)} shows {said}, and how its files lie", f"id={found.id}"]
    out.result({"id": found.id, "shown": shown, "malformed": malformed}, lines)


def _totals(changes: ChangeTotals | None) -> list[tuple[str, Total]]:
    if changes is None:
        return []
    return [(what, getattr(changes, what)) for what in ("added", "removed", "modified", "moved", "unchanged")]


def _total(total: Total) -> str:
    return f"{count(total.files, 'file')}, {size(total.size_bytes)}" if total.files else "-"
