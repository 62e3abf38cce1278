"""How a version that ClearML's client uploaded becomes one of the repository: its archives are taken apart once.

Paths and SHA-256 come from the client's own listing, and every file is checked against it; nothing is adopted that differs.
"""

import re
import shutil
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import Corrupt, NotFound, Unavailable
from tilth.base.ids import VersionId, new_id
from tilth.base.paths import check_path
from tilth.datasets.bases import ConflictRule
from tilth.datasets.drafts import Draft
from tilth.datasets.journal import Stored
from tilth.datasets.scanning import SourceFile
from tilth.datasets.taking import AddRequest, add, upload
from tilth.domain.dataset import ChangeTotals, Entry, Link, fingerprint
from tilth.domain.version import DatasetVersion
from tilth.sdk.home import Home
from tilth.sdk.lifecycle import CHANGES, commit
from tilth.sdk.taking import taking_context
from tilth.wire.dataset_state import DATA, DatasetState, FileRow, LinkRow

__all__ = ["adopt"]

_MODE = 0o644
_SHA256 = re.compile(r"[0-9a-f]{64}")


def adopt(home: Home, version: DatasetVersion, state: DatasetState, open_archive: Callable[[str], BinaryIO]) -> DatasetVersion:
    """Make what `state` lists a version of the repository, under the id that it has; `open_archive` opens one by its artifact's key.

    `Unavailable` if a version that holds some of the bytes is not in the repository yet. Safe to repeat.
    """
    if not home.repository.is_committed(version.id):
        parents = _parents(home, version, state)
        version = msgspec.structs.replace(version, parents=tuple(parents))
        _commit(home, version, state, open_archive)
    record = home.repository.record(version.id)
    changes = msgspec.json.decode(record.metadata.get(CHANGES, "{}"), type=ChangeTotals)
    adopted = home.api.versions.adopt(
        version.id,
        parents=record.parents,
        entries=record.entries,
        size_bytes=record.size_bytes,
        root=record.root,
        changes=changes,
    )
    home.repository.discard_draft(version.id)
    return adopted


def _commit(home: Home, version: DatasetVersion, state: DatasetState, open_archive: Callable[[str], BinaryIO]) -> None:
    folder = home.folder / "drafts" / f".adopting-{new_id()}"
    home.repository.discard_draft(version.id)
    with home.repository.create_draft(version.id, version.parents, rule=ConflictRule.LAST) as draft:
        try:
            own = [row for row in state.dataset_file_entries if row.parent_dataset_id in (None, version.id)]
            if own:
                context = taking_context(home, version)
                _extract(own, folder, open_archive)
                add(draft, AddRequest(sources=[str(folder)]), context)
                upload(draft, context)
            _match(draft, state)
            draft.journal.put(_link(row) for row in state.dataset_link_entries)
            commit(home, version, draft)
        except BaseException:
            draft.abort()
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _parents(home: Home, version: DatasetVersion, state: DatasetState) -> Sequence[VersionId]:
    """The parents that are in the repository, in their order; all that hold bytes of this version have to be."""
    for owner in {row.parent_dataset_id for row in state.dataset_file_entries} - {None, version.id}:
        if not home.repository.exists(VersionId(str(owner))):
            raise Unavailable(f"version {owner}, which holds files of {version.id}, is not here yet", hint="it is tried again")
    named = [VersionId(parent) for parent in state.dependency_graph.get(version.id) or () if parent != version.id]
    return [parent for parent in named if home.repository.exists(parent)]


def _extract(rows: Sequence[FileRow], folder: Path, open_archive: Callable[[str], BinaryIO]) -> None:
    """Put the files of a version itself into a folder."""
    by_archive: dict[str, list[str]] = {}
    for row in rows:
        check_path(row.relative_path)
        by_archive.setdefault(row.artifact_name or DATA, []).append(row.relative_path)
    for name, paths in by_archive.items():
        try:
            with open_archive(name) as opened, zipfile.ZipFile(opened) as archive:
                for path in paths:
                    target = folder / path
                    with translated_os_errors(target):
                        target.parent.mkdir(parents=True, exist_ok=True)
                        with archive.open(path) as source, target.open("xb") as copy:
                            shutil.copyfileobj(source, copy, 1024 * 1024)
        except (zipfile.BadZipFile, KeyError, NotImplementedError, EOFError) as error:
            raise Corrupt(f"the archive {name} is not what the listing says: {error}", hint="upload the dataset again") from error
        except NotFound as error:
            raise Corrupt(f"the archive {name} is not there", hint="upload the dataset again") from error


def _link(row: LinkRow) -> Stored:
    """What the listing says of a file that lies elsewhere, which is not asked: a server fetches nothing that its clients name."""
    check_path(row.relative_path)
    is_hashed = row.hash is not None and _SHA256.fullmatch(row.hash) is not None
    size = row.size or 0
    digest = bytes.fromhex(row.hash or "") if is_hashed else fingerprint(row.link, size, "")
    entry = Entry(row.relative_path, size, digest, _MODE, 0, (), Link(row.link, "", is_hashed=is_hashed))
    return Stored(entry, SourceFile(row.relative_path, row.link, size, 0, 0, 0, _MODE))


def _match(draft: Draft, state: DatasetState) -> None:
    """Let the draft hold just what the listing says; raises if a file differs."""
    wanted = {row.relative_path: row.hash for row in state.dataset_file_entries}
    held = {path: sha256.hex() for path, _, sha256 in draft.digests()}
    draft.record_removed([path for path in held if path not in wanted])
    wrong = sorted(path for path, sha256 in wanted.items() if path not in held or (sha256 and held[path] != sha256))
    if wrong:
        raise Corrupt(f"{len(wrong)} files are not what the listing says, {wrong[0]} among them", hint="upload the dataset again")
