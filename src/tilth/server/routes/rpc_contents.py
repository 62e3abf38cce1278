"""Calls about what versions of datasets hold."""

from typing import Any

from tilth.base.errors import FieldInvalid
from tilth.datasets.diff import KINDS
from tilth.domain.access import Permission
from tilth.server.routes.rpc import outside
from tilth.server.services.contents import Contents, as_limit
from tilth.server.services.context import OutsideCall
from tilth.server.services.differing import ROW_KINDS, compare_files
from tilth.server.services.previews import preview as make_preview

__all__: list[str] = []

WRITE = Permission.WRITE
MOST_PATHS = 1_000
Item = dict[str, Any]


@outside("contents.list")
def list_folder(call: OutsideCall, version: str, folder: str = "", after: str | None = None, limit: int = 200) -> Item:
    """What lies right in a folder of a version, page by page."""
    return _contents(call).listings.folder(version, folder, after=after, limit=as_limit(limit))


@outside("contents.search")
def search(call: OutsideCall, version: str, pattern: str, offset: int = 0, limit: int = 200) -> Item:
    """The files of a version whose path holds a text, or fits wildcards; capitals and small letters are the same."""
    if not pattern:
        raise FieldInvalid("pattern: it is empty", hint="give a part of a path, or wildcards")
    return _contents(call).listings.search(version, pattern, offset=max(0, offset), limit=as_limit(limit))


@outside("contents.statistics")
def statistics(call: OutsideCall, version: str) -> Item:
    """A version in numbers: its files by type, by size and by folder."""
    return _contents(call).listings.statistics(version)


@outside("contents.diff")
def diff(
    call: OutsideCall,
    version: str,
    other: str | None = None,
    kinds: list[str] = [],
    pattern: str = "",
    offset: int = 0,
    limit: int = 200,
) -> Item:
    """How a version differs from another, or from its parents: added, removed, modified and moved files, some kinds of them, some paths."""
    found = _contents(call).listings
    return found.diff(version, other, kinds=_kinds(kinds), pattern=pattern, offset=max(0, offset), limit=as_limit(limit))


@outside("contents.diff_folder")
def diff_folder(
    call: OutsideCall,
    version: str,
    other: str | None = None,
    folder: str = "",
    kinds: list[str] = [],
    pattern: str = "",
    after: str | None = None,
    limit: int = 200,
) -> Item:
    """What differs right in a folder, and how much in each folder below it, page by page."""
    found = _contents(call).listings
    return found.diff_folder(version, other, folder, kinds=_kinds(kinds), pattern=pattern, after=after, limit=as_limit(limit))


@outside("contents.preview")
def preview(call: OutsideCall, version: str, path: str, rows: int = 50) -> Item:
    """The beginning of a file: rows of a table, text, or what kind of file it is."""
    return make_preview(_contents(call), version, path, rows=as_limit(rows))


@outside("contents.compare")
def compare(
    call: OutsideCall,
    version: str,
    path: str,
    other: str,
    other_path: str = "",
    key: list[str] = [],
    kinds: list[str] = [],
    offset: int = 0,
    limit: int = 200,
) -> Item:
    """How a file differs from that of another version: rows of tables, told apart by a key or as a whole, or lines of texts."""
    unknown = [kind for kind in kinds if kind not in ROW_KINDS]
    if unknown:
        raise FieldInvalid(f"kinds: {unknown[0]!r:.60} is none", hint=f"use some of {', '.join(ROW_KINDS)}")
    sides = (other, other_path or path), (version, path)
    return compare_files(_contents(call), *sides, key=key, kinds=kinds, offset=max(0, offset), limit=as_limit(limit))


@outside("contents.begin", needs=WRITE)
def begin(
    call: OutsideCall,
    name: str,
    project: str | None = None,
    version: str | None = None,
    parents: list[str] = [],
    tags: list[str] = [],
    description: str = "",
) -> Item:
    """Begin a version into which files are uploaded with a browser."""
    return {
        "version": _contents(call).begin(
            name=name, project=project, number=version, parents=parents, tags=tags, description=description, author=call.actor.name
        )
    }


@outside("contents.known")
def known(call: OutsideCall, version: str, paths: list[str]) -> Item:
    """Which of some paths a version that was begun holds already: what is sent again need not be."""
    if len(paths) > MOST_PATHS:
        raise FieldInvalid(f"paths: there are {len(paths):,}", hint=f"ask for at most {MOST_PATHS:,} at once")
    return {"entries": _contents(call).known(version, paths)}


@outside("contents.remove", needs=WRITE)
def remove(call: OutsideCall, version: str, pattern: str) -> Item:
    """Take files out of a version that was begun."""
    return {"removed": _contents(call).remove(version, pattern)}


@outside("contents.finish", needs=WRITE)
def finish(call: OutsideCall, version: str) -> Item:
    """Make a version that was begun final."""
    return {"version": _contents(call).finish(version)}


@outside("contents.abort", needs=WRITE)
def abort(call: OutsideCall, version: str) -> Item:
    """Give up a version that was begun."""
    _contents(call).abort(version)
    return {}


@outside("contents.delete", needs=WRITE)
def delete(call: OutsideCall, version: str) -> Item:
    """Forget a version and what it alone holds; what other versions share with it stays."""
    _contents(call).delete(version)
    return {}


def _kinds(kinds: list[str]) -> list[str]:
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise FieldInvalid(f"kinds: {unknown[0]!r:.60} is none", hint=f"use some of {', '.join(KINDS)}")
    return kinds


def _contents(call: OutsideCall) -> Contents:
    found = call.services["contents"]
    assert isinstance(found, Contents)
    return found
