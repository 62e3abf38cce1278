"""How a person walks through what versions hold and how they differ: folders, searches, statistics.

What a final version holds never changes, so whatever was found of it is kept, within bounds.
"""

from collections.abc import Sized
from typing import Any

from tilth.base.addresses import shown_address
from tilth.base.errors import FieldInvalid, Invalid, PathNotFound
from tilth.base.ids import is_id
from tilth.base.kept import Kept
from tilth.base.paths import normalise_prefix
from tilth.datasets.browsing import Child, Listing, Pieces, children
from tilth.datasets.diff import Changed, Changes, changes_between
from tilth.datasets.shape import EDGES, shape_of
from tilth.domain.dataset import knows_size
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.sdk import contents, lookup
from tilth.sdk.home import Home

__all__ = ["Listings", "version_by_id"]

_KEEP_BYTES = 256 << 20
"""As much of listings is kept in memory: those of four million files or so."""
_KEEP_CHANGES = 2_000_000
_KEEP_FOUND = 4_000_000
_LEAST_WEIGHT = 1_000
"""What was looked for weighs this much even if nothing was found: the text itself is kept too."""
_LONGEST_PATTERN = 4_000
_MOST_SURVEYED = 2_000_000
"""Of a longer listing only some segments are looked at, spread evenly."""
_MOST_TYPES = 12
_MOST_FOLDERS = 200
_TYPE = r"[^/]\.(?P<type>[^./]{1,12})$"

Rows = dict[str, Any]


class Listings:
    """The listings of the versions of one home, and their differences."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._pieces = Pieces(keep_bytes=_KEEP_BYTES)
        self._listings: Kept[str, Listing] = Kept(64)
        self._found: Kept[tuple[str, str], Any] = Kept(_KEEP_FOUND, _weight)
        self._changes: Kept[tuple[str, ...], Changes] = Kept(_KEEP_CHANGES, _weight)
        self._statistics: Kept[str, Rows] = Kept(256)

    def folder(self, id: str, folder: str, *, after: str | None, limit: int) -> Rows:
        """What lies right in a folder: folders with their totals, and files; in the order of paths, from behind `after`."""
        version = self._version(id)
        listing = self._listing(version)
        folder = self._existing(listing, version, folder)
        found, cursor = children(listing, folder, after=after, limit=limit)
        whole = listing.total(*listing.range_of(folder))
        entries = [_entry(listing, folder, child) for child in found]
        return {"entries": entries, "next": cursor, "files": whole.files, "size_bytes": whole.size_bytes}

    def search(self, id: str, pattern: str, *, offset: int, limit: int) -> Rows:
        """The files of a version whose path holds a text, or fits wildcards, and how many there are."""
        _check_pattern(pattern)
        version = self._version(id)
        listing = self._listing(version)
        if version.status is VersionStatus.UPLOADING:
            rows = listing.matching(pattern)
        else:
            rows = self._found.of((version.id, pattern), lambda: listing.matching(pattern))
        page = rows.slice(offset, limit).to_pylist()
        entries = [{"path": listing.path(at)} | _size(listing, at) | _content(listing, at) for at in page]
        return {"entries": entries, "next": offset + limit if offset + limit < len(rows) else None, "total": len(rows)}

    def diff(self, id: str, other: str | None, *, kinds: list[str], pattern: str, offset: int, limit: int) -> Rows:
        """How a version differs from another, or from its parents: one row for each path, in the order of paths."""
        whole, narrowed = self._differences(id, other, kinds, pattern)
        rows = [_change(row) for row in narrowed.rows(offset, offset + limit)]
        more = offset + limit < len(narrowed)
        return {"changes": rows, "counts": whole.counts(), "total": len(narrowed), "next": offset + limit if more else None}

    def diff_folder(
        self, id: str, other: str | None, folder: str, *, kinds: list[str], pattern: str, after: str | None, limit: int
    ) -> Rows:
        """What differs right in a folder, and how much in each folder below it."""
        whole, narrowed = self._differences(id, other, kinds, pattern)
        folder = normalise_prefix(folder)
        found, cursor = children(narrowed, folder, after=after, limit=limit)
        entries = []
        for child in found:
            path = f"{folder}/{child.name}" if folder else child.name
            if child.is_folder:
                entries.append({"name": child.name, "path": path, "folder": True, "counts": narrowed.counts(child.start, child.stop)})
            else:
                entries.extend({"name": child.name, "folder": False} | _change(row) for row in narrowed.rows(child.start, child.stop))
        return {"entries": entries, "next": cursor, "counts": whole.counts(), "total": len(narrowed)}

    def statistics(self, id: str) -> Rows:
        """A version in numbers: its files by type, by size and by folder."""
        version = self._version(id)
        if version.status is VersionStatus.UPLOADING:
            return _statistics(self._listing(version))
        return self._statistics.of(version.id, lambda: _statistics(self._listing(version)))

    def _version(self, id: str) -> DatasetVersion:
        return version_by_id(self._home, id)

    def _listing(self, version: DatasetVersion) -> Listing:
        if version.status is VersionStatus.UPLOADING:
            return Listing.of_digests(contents.digests(self._home, version), contents.links_of(self._home, version))

        def opened() -> Listing:
            return Listing.of_manifest(contents.manifest_of(self._home, version), self._pieces)

        return self._listings.of(version.id, opened)

    def _existing(self, listing: Listing, version: DatasetVersion, folder: str) -> str:
        folder = normalise_prefix(folder)
        start, stop = listing.range_of(folder)
        if folder and start == stop:
            raise PathNotFound(f"version {version.id} has no folder {folder}", hint=f"`tilth data ls --id {version.id}` shows what it has")
        return folder

    def _differences(self, id: str, other: str | None, kinds: list[str], pattern: str) -> tuple[Changes, Changes]:
        """All differences, and those that are asked for."""
        _check_pattern(pattern)
        version = self._version(id)
        before = self._version(other) if other else None
        known = all(one.status is not VersionStatus.UPLOADING for one in (version, before) if one)
        # Against its parents: against those that are still there.
        key = (version.id, before.id if before else " ".join(self._parents(version)))

        def compared() -> Changes:
            return changes_between(self._before(version, before), self._listing(version))

        whole = self._changes.of(key, compared) if known else compared()
        if not kinds and not pattern:
            return whole, whole

        def narrowed() -> Changes:
            return whole.narrowed(kinds=kinds, pattern=pattern)

        return whole, self._changes.of((*key, ",".join(sorted(kinds)), pattern), narrowed) if known else narrowed()

    def _parents(self, version: DatasetVersion) -> list[str]:
        repository = self._home.repository_of(version)
        return [parent for parent in version.parents if repository.exists(parent)]

    def _before(self, version: DatasetVersion, before: DatasetVersion | None) -> Listing:
        if before is not None:
            return self._listing(before)
        parents = self._parents(version)
        if len(parents) == 1:
            return self._listing(self._version(parents[0]))
        return Listing.of_digests(contents.parents_digests(self._home, version) if parents else ())


def version_by_id(home: Home, id: str) -> DatasetVersion:
    """The version with exactly this id."""
    if not is_id(id):
        raise Invalid(f"{id!r:.100} is no id of a version", hint="give the whole id, 32 digits of 0-9 and a-f")
    return lookup.find(home, id)


def _weight(found: Sized) -> int:
    return _LEAST_WEIGHT + len(found)


def _check_pattern(pattern: str) -> None:
    if len(pattern) > _LONGEST_PATTERN:
        raise FieldInvalid(f"pattern: it has {len(pattern):,} characters", hint=f"give at most {_LONGEST_PATTERN:,}")


def _entry(listing: Listing, folder: str, child: Child) -> Rows:
    total = listing.total(child.start, child.stop)
    path = f"{folder}/{child.name}" if folder else child.name
    found = {"name": child.name, "path": path, "folder": child.is_folder, "files": total.files, "size_bytes": total.size_bytes}
    return found if child.is_folder else found | _content(listing, child.start) | _size(listing, child.start)


def _content(listing: Listing, at: int) -> Rows:
    """The hash of a file, and of one that lies elsewhere its address; its hash only if anybody read it."""
    link = listing.link(at)
    if link is None:
        return {"sha256": listing.sha256(at).hex()}
    return {"link": shown_address(link.address)} | ({"sha256": listing.sha256(at).hex()} if link.is_hashed else {})


def _size(listing: Listing, at: int) -> Rows:
    """The size of a file; None if nobody asked for that of a link."""
    size = listing.size(at)
    return {"size_bytes": size if knows_size(size, listing.sha256(at), listing.link(at)) else None}


def _change(row: Changed) -> Rows:
    found: Rows = {"path": row.path, "change": row.change, "size_before": row.size_before, "size_after": row.size_after}
    return found if row.path_before is None else found | {"path_before": row.path_before}


def _statistics(listing: Listing) -> Rows:
    shape = shape_of(listing, most=_MOST_SURVEYED)
    order = sorted(shape.types, key=lambda type: (-shape.types[type].files, type))
    rows: list[Rows] = [
        {"type": type, "files": shape.types[type].files, "size_bytes": shape.types[type].size_bytes} for type in order[:_MOST_TYPES]
    ]
    if rest := [shape.types[type] for type in order[_MOST_TYPES:]]:
        rows.append({"type": None, "files": sum(one.files for one in rest), "size_bytes": sum(one.size_bytes for one in rest)})
    folder, folders = _folders(listing)
    sizes = [{"below": edge, "files": count} for edge, count in zip([*EDGES, None], shape.sizes, strict=True)]
    return {"files": len(listing), "seen": shape.seen, "types": rows, "sizes": sizes, "folder": folder, "folders": folders}


def _folders(listing: Listing) -> tuple[str, list[Rows]]:
    """The first folder from the top that holds more than another folder, and what lies right in it."""
    folder = ""
    while True:
        found, more = children(listing, folder, after=None, limit=_MOST_FOLDERS)
        if len(found) != 1 or not found[0].is_folder:
            break
        folder = f"{folder}/{found[0].name}" if folder else found[0].name
    start, stop = listing.range_of(folder)
    below = [child for child in found if child.is_folder]
    rows = [_entry(listing, folder, child) for child in below]
    loose = sum(1 for child in found if not child.is_folder)
    if not more and loose:
        rows.append({"name": None, "files": loose})
    if more:
        rows.append({"name": None, "files": stop - start - sum(row["files"] for row in rows)})
    return folder, sorted(rows, key=lambda row: -row["files"])
