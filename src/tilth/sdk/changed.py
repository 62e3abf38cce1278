"""What a version adds to, removes from and modifies in its parents, as rows to be shown."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tilth.datasets.bases import Base, ConflictRule
from tilth.datasets.columns import text
from tilth.datasets.diff import Differing, differing, unshared
from tilth.datasets.facts import contents_of_rows, filtered, told
from tilth.datasets.manifests import Manifest
from tilth.datasets.segments import SegmentRef
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.sdk.contents import RULE, manifest_of
from tilth.sdk.home import Home
from tilth.sdk.listed import TableRows, any_of

__all__ = ["changed"]


def changed(home: Home, version: DatasetVersion, patterns: Sequence[str] = ()) -> TableRows:
    """The files that one of `patterns` means, all without any, and that are not what they are in the parents that are still there.

    The column `change` is first; of a removed file the row tells what it was. A file that got another path is both added and removed.
    """
    found = _differing(home, version)
    parts = [("added", found.added), ("modified", found.modified), ("removed", found.removed)]
    rows = pa.concat_tables([_with_change(change, part) for change, part in parts])
    means = any_of(patterns)
    if means is not None:
        rows = filtered(rows, means)
    rows = rows.take(pc.sort_indices(rows.column("path"))).combine_chunks()
    sizes, hashes, addresses = told(*(_single(rows, name) for name in ("size", "sha256", "link")))
    columns = {"change": rows.column("change"), "path": rows.column("path"), "size": sizes, "sha256": hashes, "link": addresses}
    return TableRows(pa.table(columns))


def _differing(home: Home, version: DatasetVersion) -> Differing:
    repository = home.repository_of(version)
    if version.status is VersionStatus.UPLOADING:
        with repository.peek_draft(version.id) as draft:
            return differing(contents_of_rows(draft.base.facts()), contents_of_rows(draft.facts()))
    after = manifest_of(home, version)
    parents = [repository.manifest(parent) for parent in version.parents if repository.exists(parent)]
    if len(parents) > 1:
        rule = ConflictRule(repository.record(version.id).metadata.get(RULE, ConflictRule.FIRST))
        return differing(contents_of_rows(Base(parents, rule).facts()), _contents(after, after.segments))
    before = parents[0] if parents else Manifest(repository.store, ())
    left, right = unshared(before.segments, after.segments)
    return differing(_contents(before, left), _contents(after, right))


def _contents(manifest: Manifest, segments: Sequence[SegmentRef]) -> pa.Table:
    tables = [manifest.columns(segment, ["path", "size", "sha256", "link"]) for segment in segments]
    return pa.concat_tables(tables) if tables else contents_of_rows(())


def _with_change(change: str, rows: pa.Table) -> pa.Table:
    return rows.append_column("change", pa.nulls(len(rows), pa.string()).fill_null(text(change)))


def _single(rows: pa.Table, name: str) -> pa.Array:
    column = rows.column(name)
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays([pa.nulls(0, column.type), *column.chunks])
