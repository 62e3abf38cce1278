"""Tables of versions: found by their paths, read where they are stored, joined into a new version."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import Invalid, NotFound, VersionNameTaken
from tilth.base.faultpoints import reach
from tilth.base.paths import check_path
from tilth.datasets.taking import AddRequest, add, upload
from tilth.domain.version import DatasetVersion
from tilth.sdk import contents, finalizing, lifecycle, lookup
from tilth.sdk.home import Home
from tilth.sdk.metadata import put
from tilth.sdk.reading import reading_of
from tilth.sdk.tables.excel import is_excel
from tilth.sdk.tables.formats import Source, format_of, why_not_joined, why_not_read
from tilth.sdk.tables.merging import JoinRules, TableReport, join_tables
from tilth.sdk.tables.scratch import scratch_in
from tilth.sdk.tables.workbooks import join_workbooks
from tilth.sdk.taking import Watcher, taking_context

__all__ = ["MERGED", "MergeRequest", "merge_tables", "report_document", "source_of", "title"]

MERGED = "merged_tables"
"""Under which name a version's metadata tells how its tables were joined."""
_JOINED = "joined"
_READ = "CSV, TSV, JSON lines, Parquet and Excel's .xlsx and .xlsm are read; CSV and JSON lines also as .gz and .zst"


class MergeRequest(Struct, frozen=True, kw_only=True):
    """What is to become a version: what `versions` hold together, with their equally named tables joined."""

    versions: Sequence[DatasetVersion]
    rules: JoinRules
    tables: Sequence[str] = ()
    """Only tables that one of these patterns means are joined; all without."""
    skip_malformed: bool = False
    name: str | None = None
    project: str | None = None
    version: str | None = None
    tags: Sequence[str] = ()
    storage: str | None = None
    preview: bool = True


def title(version: DatasetVersion) -> str:
    """What messages call a version."""
    return f"{version.project}/{version.name} {version.version}"


def source_of(home: Home, version: DatasetVersion, path: str) -> Source:
    """A table of a version; `PathNotFound` or `Invalid` if it is none."""
    if format_of(path) is None and not is_excel(path):
        raise Invalid(why_not_read(path) or f"{path} is no table that can be read", hint=_READ)
    reading = reading_of(home, version)
    reading.entry(path)
    return Source(path, title(version), lambda: reading.open(path))


def merge_tables(home: Home, request: MergeRequest, watcher: Watcher) -> tuple[DatasetVersion, list[TableReport]]:
    """A new version with the given ones as parents, in which equally named tables are one. It is begun when all of them are joined."""
    versions = [lifecycle.require_final(version) for version in request.versions]
    if len(versions) < 2:
        raise Invalid("rows are joined out of two or more versions", hint="name them with --ids")
    name, project = request.name or versions[0].name, request.project or versions[0].project
    if request.version:
        with suppress(NotFound):
            taken = lookup.find_parts(home, project=project, name=name, version=request.version)
            raise VersionNameTaken(f"{title(taken)} exists already", hint="choose another version number")
    found = _shared_tables(home, versions, request.tables)
    if request.tables and not found:
        raise Invalid(
            f"no two of the versions have a different table that {', '.join(request.tables)} means",
            hint="`tilth data ls` shows what they hold",
        )
    with scratch_in(home) as scratch:
        reports: list[TableReport] = []
        for path, owners in found:
            if why := why_not_joined(path):
                reports.append(_left(path, owners, f"it is {why}"))
            else:
                reports += _joined(home, path, owners, request, scratch, watcher)
        reach("merge-tables.before-create")
        made = lifecycle.create(
            home,
            name=name,
            project=project,
            version=request.version,
            parents=[version.id for version in versions],
            tags=request.tags,
            storage=request.storage,
        )
        try:
            with lifecycle.opened_draft(home, made) as draft:
                context = taking_context(home, made)
                for path, _ in found:
                    if why_not_joined(path):
                        continue
                    add(draft, AddRequest(sources=[str(scratch / _JOINED / path)], prefix=os.path.dirname(path)), context)
                upload(draft, context)
        except BaseException:
            lifecycle.delete(home, made)
            raise
        made = finalizing.finalize(home, made, preview=request.preview)
    put(home, made, [report_document(report) for report in reports], MERGED)
    return made, reports


def report_document(report: TableReport) -> dict[str, object]:
    """A report as JSON has it."""
    return {name: getattr(report, name) for name in report.__struct_fields__}


def _shared_tables(home: Home, versions: Sequence[DatasetVersion], patterns: Sequence[str]) -> list[tuple[str, list[DatasetVersion]]]:
    """The tables that versions have with different contents, also those that can't be joined: path, and the versions that count."""
    means = [contents.matcher_of(pattern, recursive=True) for pattern in patterns]
    having: dict[str, dict[bytes, DatasetVersion]] = {}
    for version in versions:
        for path, _, digest in contents.digests(home, version):
            if (format_of(path) or is_excel(path) or why_not_joined(path)) and (not means or any(test(path) for test in means)):
                having.setdefault(path, {}).setdefault(digest, version)
    return [(path, list(owners.values())) for path, owners in sorted(having.items()) if len(owners) > 1]


def _left(path: str, owners: Sequence[DatasetVersion], why: str) -> TableReport:
    return TableReport(path=path, parts=[{"version": title(owner)} for owner in owners], rows=0, not_joined=why)


def _joined(
    home: Home, path: str, owners: Sequence[DatasetVersion], request: MergeRequest, scratch: Path, watcher: Watcher
) -> list[TableReport]:
    check_path(path)  # of a listing that somebody else may have written
    target = scratch / _JOINED / path
    sources = [source_of(home, version, path) for version in owners]
    rules, skip = request.rules, request.skip_malformed
    with translated_os_errors(scratch):
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            if is_excel(path):
                return join_workbooks(sources, rules, file, scratch, lambda rows: watcher.done(rows, 0), skip_malformed=skip)
            return [join_tables(sources, rules, file, scratch, lambda rows: watcher.done(rows, 0), skip_malformed=skip)]
