"""What versions of datasets hold, for readers of the server: archives and single files; and how files get into new versions."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from tilth.base.addresses import shown_address
from tilth.base.errors import Invalid, ObjectNotFound
from tilth.base.ids import VersionId
from tilth.datasets.taking import AddRequest, add, upload
from tilth.datasets.zipping import Part, parts_of, stream_zip, zip_size
from tilth.domain.dataset import Entry
from tilth.domain.version import DatasetVersion
from tilth.sdk import contents, copies, finalizing, lifecycle
from tilth.sdk.home import Home
from tilth.sdk.lifecycle import require_final
from tilth.sdk.previews.thumbnails import LARGEST, Thumbnail, thumbnail_of
from tilth.sdk.taking import taking_context
from tilth.server.services.listings import Listings, version_by_id
from tilth.server.services.tables import TableSample, table_of
from tilth.wire.dataset_state import DatasetState, FileRow, LinkRow, data_name, dump_state

__all__ = ["Contents", "as_limit"]

_MOST = 1_000


class Contents:
    """The versions of one home, as the server shows them. Nothing here runs in a transaction of the server's."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.listings = Listings(home)
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
        for path, size, sha256 in manifest.digests_with(_left_out):
            while place < len(parts) - 1 and path > parts[place].last:
                place += 1
            rows.append(FileRow(relative_path=path, hash=sha256.hex(), size=size, parent_dataset_id=id, artifact_name=data_name(place)))
        links = [
            LinkRow(
                link=entry.link.address,
                relative_path=entry.path,
                hash=entry.sha256.hex() if entry.link.is_hashed else None,
                size=entry.size,  # 0 if nobody knows it: their client adds sizes up without looking
                parent_dataset_id=id,
            )
            for entry in manifest.link_entries()
            if entry.link
        ]
        state = DatasetState(
            id=id,
            file_count=len(rows) + len(links),
            total_size=manifest.size_bytes,
            dataset_file_entries=rows,
            dataset_link_entries=links,
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
        entries = (entry for entry in manifest.entries() if part.first <= entry.path <= part.last and not entry.link)
        return part.size_bytes, stream_zip(self.home.repository.store, entries)

    def version(self, id: str) -> DatasetVersion:
        """The version by this id; nothing else than a whole id means one, since it is by ids that calls are allowed."""
        return version_by_id(self.home, id)

    def file(self, id: str, path: str, *, start: int = 0, length: int | None = None) -> tuple[int, Iterator[Any]]:
        """The size of one file, and its bytes or a part of them."""
        version = require_final(self.version(id))
        entry = _here(contents.entry_at(self.home, version, path))
        return entry.size, copies.read(self.home, version, path, start=start, length=length)

    def table(self, id: str, path: str, *, rows: int) -> TableSample | None:
        """The first rows of a file that is a table; None if it is none."""
        version = require_final(self.version(id))
        return table_of(self.home.repository_of(version).store, _here(contents.entry_at(self.home, version, path)), rows=rows)

    def thumbnail(self, id: str, path: str) -> Thumbnail | None:
        """A small picture of a file; None if it is no picture that can be read, or too large a one."""
        size, pieces = self.file(id, path)
        return thumbnail_of(b"".join(bytes(piece) for piece in pieces)) if size <= LARGEST else None

    def zipped(self, id: str, folder: str) -> tuple[int, Iterator[bytes]]:
        """The length of an archive of a folder of a version, or of all of it, and the archive's bytes."""
        version = require_final(self.version(id))
        prefix = contents.existing_folder(self.home, version, folder)
        manifest = contents.manifest_of(self.home, version)
        length = zip_size([(entry.path, entry.size) for entry in manifest.entries(prefix) if not entry.link])
        store = self.home.repository_of(version).store
        return length, stream_zip(store, (entry for entry in manifest.entries(prefix) if not entry.link))

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

    def known(self, id: str, paths: Sequence[str]) -> list[dict[str, Any]]:
        """Which of some paths a version that was begun holds already, and with what."""
        version = lifecycle.require_open(self.version(id))
        with self.home.repository_of(version).peek_draft(version.id) as draft:
            found = (draft.find(path) for path in sorted(paths))
            return [{"path": one[0], "size_bytes": one[1], "sha256": one[2].hex()} for one in found if one]

    def remove(self, id: str, pattern: str) -> int:
        """Take files out of a version that was begun; returns how many."""
        with lifecycle.opened_draft(self.home, self.version(id)) as draft:
            return len(draft.remove(pattern))

    def finish(self, id: str) -> DatasetVersion:
        """Make a version that was begun final; its preview is made when it is its turn."""
        return finalizing.finalize(self.home, self.version(id))

    def delete(self, id: str) -> None:
        """Forget a version, final or not; what others share with it stays."""
        lifecycle.delete(self.home, self.version(id))

    def abort(self, id: str) -> None:
        """Give up a version that was begun."""
        lifecycle.delete(self.home, lifecycle.require_open(self.version(id)))

    def _find_parts(self, id: str) -> tuple[Part, ...]:
        digests = self.home.repository.manifest(VersionId(id)).digests_with(_left_out)
        return tuple(parts_of((path, size) for path, size, _ in digests))


def _left_out(_link: Entry) -> None:
    return None


def _here(entry: Entry) -> Entry:
    """An entry whose bytes are stored: a server never fetches addresses that its clients named."""
    if entry.link:
        raise Invalid(
            f"{entry.path} is a link to {shown_address(entry.link.address)}, which the server does not fetch",
            hint="open that address, or get a copy of the version with `tilth data get`",
        )
    return entry


def as_limit(limit: int) -> int:
    """A page's length within bounds."""
    return max(1, min(limit, _MOST))
