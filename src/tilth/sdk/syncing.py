"""A folder as a new version in one step, and in one step again after an interruption.

What was asked for is remembered beside the draft, so that the same request after a crash, a full disk or Ctrl-C finds the
draft that it had begun instead of beginning another.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct

from tilth.base.atomic_io import replace_durably
from tilth.base.errors import NotFound
from tilth.base.faultpoints import reach
from tilth.base.ids import VersionId, new_id
from tilth.base.paths import normalise_prefix
from tilth.datasets.scanning import scan
from tilth.datasets.taking import Outcome, check_folder
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.sdk import finalizing, lifecycle, lookup
from tilth.sdk.cluster import engine_address, sync_on
from tilth.sdk.home import Home
from tilth.sdk.links.syncing import check_linked_folder, sync_links
from tilth.sdk.storage import address_in, own_folders
from tilth.sdk.taking import Watcher, is_worth_looking_at, taking_context

__all__ = ["SyncRequest", "Synced", "begun", "parents_of", "sync_folder"]


class SyncRequest(Struct, frozen=True, kw_only=True):
    """What is to become a version: `folder`, or what lies at the address `links` and stays there, on top of `parents`."""

    folder: str = ""
    links: str = ""
    project: str | None = None
    name: str | None = None
    version: str | None = None
    parents: tuple[VersionId, ...] = ()
    tags: tuple[str, ...] = ()
    dataset_path: str = ""
    storage: str | None = None


class Synced(Struct, frozen=True):
    """What became of it. Without a change there is no new version, and `version` is the parent."""

    version: DatasetVersion
    outcome: Outcome
    changed: bool


def sync_folder(
    home: Home,
    request: SyncRequest,
    watcher: Watcher,
    *,
    close: bool,
    chunk_mb: int | None = None,
    preview: bool = True,
    engine: str | None = None,
) -> Synced:
    """Make a version that holds just what the folder does, or go on with one that an interrupted call had begun.

    With an `engine`, its machines read the folder, which has to be there at the same path.
    """
    bases = {home.api.versions.get(base).storage for base in request.parents}
    named = {address_in(home, request.storage)} if request.storage else bases or {""}
    kept = own_folders(home, *named)
    if request.links:
        check_linked_folder(home.link_sources, request.links, kept)
    else:
        check_folder(request.folder, request.dataset_path, watcher.warned, kept)
    if engine is not None:
        engine_address(engine)  # one that there is not begins no version
    version = begun(home, request)
    with lifecycle.opened_draft(home, version) as draft:
        is_shown = preview and not (request.links or engine) and (close or is_worth_looking_at(home, version))
        shown = partial(scan, os.path.abspath(request.folder), normalise_prefix(request.dataset_path)) if is_shown else None
        context = taking_context(home, version, watcher=watcher, chunk_mb=chunk_mb, shown=shown)
        if request.links:
            outcome = sync_links(home.link_sources, draft, request.links, context, prefix=request.dataset_path)
        else:
            outcome = sync_on(engine, home, version, draft, request.folder, context, prefix=request.dataset_path, checked=True)
        changed = draft.is_changed()
    reach("sync.before-close")
    if close and not changed:
        lifecycle.delete(home, version)
        _forget(home, request)
        return Synced(lookup.find(home, request.parents[0]), outcome, changed=False)
    if close:
        version = finalizing.finalize(home, version, preview=preview)
    _forget(home, request)
    return Synced(version, outcome, changed=True)


def begun(home: Home, request: SyncRequest) -> DatasetVersion:
    """The version that `request` had begun, or a new one."""
    note = _note(home, request)
    with suppress(FileNotFoundError, NotFound):
        version = lookup.find(home, note.read_text())
        if version.status is VersionStatus.UPLOADING and home.repository_of(version).has_draft(version.id):
            return version
    id = VersionId(new_id())
    # The note before the version: whatever was begun is found again.
    replace_durably(note, [id.encode()], scratch=home.folder)
    return lifecycle.create(
        home,
        name=request.name,
        project=request.project,
        version=request.version,
        parents=request.parents,
        tags=request.tags,
        id=id,
        storage=request.storage,
    )


def _forget(home: Home, request: SyncRequest) -> None:
    _note(home, request).unlink(missing_ok=True)


def _note(home: Home, request: SyncRequest) -> Path:
    asked = msgspec.structs.replace(request, folder=os.path.abspath(request.folder)) if request.folder else request
    return home.folder / "drafts" / f"sync-{sha256(msgspec.json.encode(asked)).hexdigest()[:32]}"


def parents_of(versions: Sequence[DatasetVersion]) -> tuple[VersionId, ...]:
    """The ids of `versions`, each of which has to be final."""
    return tuple(lifecycle.require_final(version).id for version in versions)
