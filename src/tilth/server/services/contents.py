"""What versions of datasets hold, for readers of the server: listings, differences, archives, single files."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from tilth.base.errors import ObjectNotFound
from tilth.base.ids import VersionId
from tilth.datasets.taking import AddRequest, add, upload
from tilth.datasets.zipping import Part, parts_of, stream_zip, zip_size
from tilth.domain.version import DatasetVersion
from tilth.sdk import contents, copies, finalizing, lifecycle, lookup
from tilth.sdk.home import Home
from tilth.sdk.lifecycle import require_final
from tilth.sdk.previews.thumbnails import LARGEST, Thumbnail, thumbnail_of
from tilth.sdk.taking import taking_context
from tilth.wire.dataset_state import DatasetState, FileRow, data_name, dump_state

__all__ = ["Contents", "as_limit"]

_LONGEST_WAIT_S = 30.0
_MOST = 1_000


class Contents:
    """The versions of one home, as the server shows them. Nothing here runs in a transaction of the server's."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._parts = lru_cache(maxsize=1_000)(self._find_parts)

    def parts(self, id: str) -> tuple[Part, ...]:
        """The archives that a version is given out in."""
        return self._parts(id)

    def state(self, id: str) -> bytes:
        """The listing of a version as ClearML's client writes it: everything is the version's own."""
        manifest = self.home.repository.manifest(VersionId(id))
        parts = self.parts(id)
        rows: list[FileRow] = []
        place = 0
        for path, size, sha256 in manifest.digests():
            while place < len(parts) - 1 and path > parts[place].last:
                place += 1
            rows.append(FileRow(relative_path=path, hash=sha256.hex(), size=size, parent_dataset_id=id, artifact_name=data_name(place)))
        state = DatasetState(
            id=id,
            file_count=len(rows),
            total_size=manifest.size_bytes,
            dataset_file_entries=rows,
            dependency_graph={id: []},
            dependency_chunk_lookup={id: len(parts)},
        )
        return dump_state(state)

    def archive(self, id: str, place: int) -> tuple[int, Iterator[bytes]]:
        """The length of one archive of a version, and its bytes."""
        parts = self.parts(id)
        if not 0 <= place < len(parts):
            raise ObjectNotFound(f"version {id} has no archive {place}", hint="check the address")
        part = parts[place]
        manifest = self.home.repository.manifest(VersionId(id))
        entries = (entry for entry in manifest.entries() if part.first <= entry.path <= part.last)
        return part.size_bytes, stream_zip(self.home.repository.store, entries)

    def version(self, id: str) -> DatasetVersion:
        """The version by this id."""
        return lookup.find(self.home, id)

    def file(self, id: str, path: str, *, start: int = 0, length: int | None = None) -> tuple[int, Iterator[Any]]:
        """The size of one file, and its bytes or a part of them."""
        version = require_final(self.version(id))
        entry = contents.entry_at(self.home, version, path)
        return entry.size, copies.read(self.home, version, path, start=start, length=length)

    def thumbnail(self, id: str, path: str) -> Thumbnail | None:
        """A small picture of a file; None if it is no picture that can be read, or too large a one."""
        size, pieces = self.file(id, path)
        return thumbnail_of(b"".join(bytes(piece) for piece in pieces)) if size <= LARGEST else None

    def zipped(self, id: str, folder: str) -> tuple[int, Iterator[bytes]]:
        """The length of an archive of a folder of a version, or of all of it, and the archive's bytes."""
        version = require_final(self.version(id))
        prefix = contents.existing_folder(self.home, version, folder)
        length = zip_size([(path, size) for path, size, _ in contents.digests(self.home, version, prefix)])
        store = self.home.repository_of(version).store
        return length, stream_zip(store, contents.manifest_of(self.home, version).entries(prefix))

    def folder(self, id: str, folder: str, *, after: str | None, limit: int) -> dict[str, Any]:
        """What lies right in a folder: folders with their totals, and files; in the order of names, from behind `after`."""
        version = self.version(id)
        prefix = contents.existing_folder(self.home, version, folder)
        start = len(prefix) + 1 if prefix else 0
        found: list[dict[str, Any]] = []
        for path, size, sha256 in contents.digests(self.home, version, prefix):
            name, deeper, _ = path[start:].partition("/")
            if after is not None and name + deeper <= after:
                continue
            if deeper:
                if not (found and found[-1]["name"] == name and found[-1]["folder"]):
                    if len(found) >= limit:
                        return {"entries": found, "next": _cursor(found[-1])}
                    found.append(
                        {"name": name, "path": f"{prefix}/{name}" if prefix else name, "folder": True, "files": 0, "size_bytes": 0}
                    )
                found[-1]["files"] += 1
                found[-1]["size_bytes"] += size
                continue
            if len(found) >= limit:
                return {"entries": found, "next": _cursor(found[-1])}
            found.append({"name": name, "path": path, "folder": False, "files": 1, "size_bytes": size, "sha256": sha256.hex()})
        return {"entries": found, "next": None}

    def search(self, id: str, pattern: str, *, offset: int, limit: int) -> dict[str, Any]:
        """The files of a version whose path holds a text, or fits wildcards."""
        version = self.version(id)
        if any(mark in pattern for mark in "*?["):
            matching = contents.matching(self.home, version, pattern)
        else:
            text = pattern.lower()
            matching = (digest for digest in contents.digests(self.home, version) if text in digest[0].lower())
        page = [
            {"path": path, "size_bytes": size, "sha256": sha256.hex()} for path, size, sha256 in islice(matching, offset, offset + limit)
        ]
        return {"entries": page, "next": offset + len(page) if len(page) == limit else None}

    def diff(self, id: str, other: str | None, *, offset: int, limit: int) -> dict[str, Any]:
        """How a version differs from another, or from its parents: one row for each path, in the order of paths."""
        version = self.version(id)
        before = contents.digests(self.home, self.version(other)) if other else contents.parents_digests(self.home, version)
        counts = {"added": 0, "removed": 0, "modified": 0}
        rows: list[dict[str, Any]] = []
        for was, now in contents.side_by_side(before, contents.digests(self.home, version)):
            if was and now and was[2] == now[2]:
                continue
            change = "added" if was is None else "removed" if now is None else "modified"
            counts[change] += 1
            place = sum(counts.values()) - 1
            if offset <= place < offset + limit:
                path = (now or was or ("",))[0]
                rows.append({"path": path, "change": change, "size_before": was[1] if was else None, "size_after": now[1] if now else None})
        return {"changes": rows, "counts": counts, "next": offset + len(rows) if len(rows) == limit else None}

    def begin(
        self,
        *,
        name: str,
        project: str | None,
        number: str | None,
        parents: Sequence[str],
        tags: Sequence[str],
        description: str,
        author: str,
    ) -> DatasetVersion:
        """Begin a version on this server."""
        found = [require_final(self.version(parent)).id for parent in parents]
        home = replace(self.home, author=author)
        return lifecycle.create(home, name=name, project=project, version=number, parents=found, tags=tags, description=description)

    def take(self, id: str, folder: Path) -> dict[str, int]:
        """Put the files of a folder into a version that was begun."""
        version = self.version(id)
        context = taking_context(self.home, version)
        with lifecycle.opened_draft(self.home, version) as draft:
            outcome = add(draft, AddRequest(sources=[str(folder)]), context)
            upload(draft, context)
        return {"added": outcome.added, "modified": outcome.modified, "unchanged": outcome.unchanged}

    def remove(self, id: str, pattern: str) -> int:
        """Take files out of a version that was begun; returns how many."""
        with lifecycle.opened_draft(self.home, self.version(id)) as draft:
            return len(draft.remove(pattern))

    def finish(self, id: str) -> DatasetVersion:
        """Make a version that was begun final, and let it show samples of what it holds."""
        final = finalizing.finalize(self.home, self.version(id))
        self.home.reports.send(final, _LONGEST_WAIT_S)
        return final

    def abort(self, id: str) -> None:
        """Give up a version that was begun."""
        lifecycle.delete(self.home, lifecycle.require_open(self.version(id)))

    def _find_parts(self, id: str) -> tuple[Part, ...]:
        digests = self.home.repository.manifest(VersionId(id)).digests()
        return tuple(parts_of((path, size) for path, size, _ in digests))


def _cursor(entry: dict[str, Any]) -> str:
    """Where a page ends, in the order of paths: a folder's comes with the slash behind its name."""
    return f"{entry['name']}/" if entry["folder"] else str(entry["name"])


def as_limit(limit: int) -> int:
    """A page's length within bounds."""
    return max(1, min(limit, _MOST))
