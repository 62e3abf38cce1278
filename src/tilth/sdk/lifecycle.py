"""From nothing to a final version and beyond: the steps that touch both the catalog and the repository, in their safe order.

The repository is the truth about what a version holds, the catalog about what it is called. A version is committed in the
repository first and registered in the catalog afterwards; whoever finds one that is committed and not registered registers it.
"""

import os
from collections.abc import Sequence
from functools import partial

import msgspec

from tilth.base.errors import Invalid, NotFound, SessionFenced, TilthError, VersionFinal, VersionNotFinal
from tilth.base.faultpoints import reach
from tilth.base.ids import VersionId, new_id
from tilth.base.paths import normalise_prefix
from tilth.datasets.bases import ConflictRule
from tilth.datasets.drafts import Draft
from tilth.datasets.records import VersionRecord, timestamp
from tilth.datasets.scanning import scan
from tilth.datasets.taking import Outcome
from tilth.domain.dataset import ChangeTotals, Total
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.sdk.cluster import sync_on
from tilth.sdk.contents import RULE
from tilth.sdk.home import Home
from tilth.sdk.links.syncing import sync_links
from tilth.sdk.storage import chosen_storage
from tilth.sdk.taking import Watcher, taking_context

__all__ = [
    "CHANGES",
    "abort",
    "commit",
    "create",
    "delete",
    "finalize",
    "opened_draft",
    "require_final",
    "require_open",
    "rescue",
    "settled",
    "squash",
    "sync_into",
]

CHANGES = "changes"
"""Under which name a record's metadata tells how the version differs from its parents."""
_LONGEST_MESSAGE = 1_000


def create(
    home: Home,
    *,
    name: str | None,
    project: str | None,
    version: str | None = None,
    parents: Sequence[VersionId] = (),
    tags: Sequence[str] = (),
    description: str | None = None,
    rule: ConflictRule = ConflictRule.FIRST,
    contents_of: Sequence[VersionId] | None = None,
    id: VersionId | None = None,
    storage: str | None = None,
    use_task: bool = False,
) -> DatasetVersion:
    """Begin a version. Its name is reserved, and its parents can't be collected, before this returns.

    It begins with what its parents hold, or with what `contents_of` hold, which then do not count as parents. Its bytes go where
    theirs are; without any, to `storage`, or to the home's own store. With `use_task`, the running task of this `id` becomes it.
    """
    if not name:
        raise Invalid("the dataset has no name", hint="give one, or a parent whose name it is to have")
    id = id or VersionId(new_id())
    bases = parents if contents_of is None else contents_of
    place = chosen_storage(home, storage, bases)
    with home.repository_at(place).create_draft(id, bases, rule=rule) as draft:
        reach("create.after-draft")
        try:
            if rule is ConflictRule.FAIL:
                _refuse_collisions(draft)
            return home.api.versions.create(
                id=id,
                name=name,
                project=project,
                version=version,
                parents=list(parents),
                tags=list(tags),
                description=description,
                author=home.author,
                storage=place,
                use_task=use_task,
            )
        except BaseException:
            draft.abort()
            raise


def squash(home: Home, name: str, versions: Sequence[DatasetVersion], *, storage: str | None = None) -> DatasetVersion:
    """Begin a version without parents that holds what `versions` hold together, the last one's file where paths are equal."""
    if not versions:
        raise Invalid("nothing to squash", hint="name at least one version")
    bases = [require_final(version).id for version in versions]
    return create(home, name=name, project=versions[0].project, contents_of=bases, rule=ConflictRule.LAST, storage=storage)


def _refuse_collisions(draft: Draft) -> None:
    for _ in draft.collisions():
        pass


def settled(home: Home, version: DatasetVersion) -> DatasetVersion:
    """`version` as it really is: registered now, if it was committed and the registration was lost."""
    if version.status is VersionStatus.UPLOADING and home.repository_of(version).is_committed(version.id):
        return _register(home, home.repository_of(version).record(version.id))
    return version


def opened_draft(home: Home, version: DatasetVersion) -> Draft:
    """The draft behind `version`, for this process alone; `VersionFinal` if it can't be changed any more."""
    version = require_open(settled(home, version))
    try:
        return home.repository_of(version).open_draft(version.id)
    except SessionFenced as error:
        raise SessionFenced(
            f"version {version.id} was given up: nothing was done with it for too long",
            hint=f"`tilth data resume --id {version.id}` goes on under a new id, with nothing lost",
        ) from error


def finalize(home: Home, version: DatasetVersion) -> DatasetVersion:
    """Make `version` immutable. Everything that was added must be stored; safe to repeat after any interruption."""
    version = settled(home, version)
    if version.status is not VersionStatus.UPLOADING:
        home.repository_of(version).discard_draft(version.id)
        return version
    with opened_draft(home, version) as draft:
        waiting, _ = draft.journal.count_waiting()
        if waiting:
            raise VersionNotFinal(f"{waiting} files of version {version.id} are not stored yet", hint="run `tilth data upload` first")
        registered = _register(home, commit(home, version, draft))
        draft.discard()
        return registered


def commit(home: Home, version: DatasetVersion, draft: Draft) -> VersionRecord:
    """Make what a draft holds a version of the repository, under what the catalog says of it."""
    totals = draft.totals()
    root = draft.write()
    if not version.parents:  # what it holds may come from versions that are no parents of it
        totals = ChangeTotals(added=Total(root.entries, root.size_bytes))
    record = VersionRecord(
        id=version.id,
        project=version.project,
        name=version.name,
        version=version.version,
        parents=tuple(version.parents),
        bases=tuple(draft.session.bases),
        root=root.key,
        root_sha256=root.sha256,
        entries=root.entries,
        size_bytes=root.size_bytes,
        author=version.author,
        message=(version.description or "")[:_LONGEST_MESSAGE],
        created=timestamp(home.clock),
        metadata={CHANGES: msgspec.json.encode(totals).decode(), RULE: draft.rule},
    )
    draft.commit(record)
    return record


def rescue(home: Home, version: DatasetVersion) -> DatasetVersion:
    """Go on with a fenced version under a new id, which takes its place and its name."""
    successor = VersionId(new_id())
    with home.repository_of(version).rescue_draft(version.id, successor) as draft:
        home.api.versions.delete(id=version.id)
        try:
            rescued = home.api.versions.create(
                id=successor,
                name=version.name,
                project=version.project,
                version=version.version,
                parents=list(draft.parents),
                tags=list(version.tags),
                description=version.description,
                author=home.author,
                storage=version.storage,
            )
        except TilthError:
            draft.abort()
            raise
    home.repository_of(version).discard_draft(version.id)
    return rescued


def delete(home: Home, version: DatasetVersion) -> None:
    """Forget `version`, final or not. What other versions share with it stays."""
    if "previews" in vars(home):
        home.previews.forget(version)
        home.previews.wait(version.id)
    if home.repository_of(version).is_committed(version.id):
        home.repository_of(version).discard_draft(version.id)
        home.repository_of(version).delete(version.id)
    elif home.repository_of(version).has_draft(version.id):
        abort(home, version)
    reach("delete.before-catalog")
    home.api.versions.delete(id=version.id)


def require_final(version: DatasetVersion) -> DatasetVersion:
    """`version`; `VersionNotFinal` if it can still be changed."""
    if version.status is VersionStatus.UPLOADING:
        raise VersionNotFinal(
            f"version {version.version} of {version.name} ({version.id}) is not final yet",
            hint=f"run `tilth data close --id {version.id}` first, or say {version.project}/{version.name}@latest for the newest final one",
        )
    return version


def require_open(version: DatasetVersion) -> DatasetVersion:
    """`version`; `VersionFinal` if it can't be changed any more."""
    if version.status is not VersionStatus.UPLOADING:
        raise VersionFinal(
            f"version {version.version} of {version.name} ({version.id}) is {version.status} and can't be changed",
            hint="create a new version with it as the parent",
        )
    return version


def sync_into(
    home: Home,
    version: DatasetVersion,
    folder: str,
    prefix: str,
    watcher: Watcher,
    *,
    links: str = "",
    engine: str | None = None,
    preview: bool = True,
    chunk_mb: int | None = None,
) -> Outcome:
    """Make `version`, or its folder `prefix`, just what `folder` holds; or the links to what lies at the address `links` just that.

    With an `engine`, its machines read the folder.
    """
    is_shown = preview and not (links or engine)
    with opened_draft(home, version) as draft:
        shown = partial(scan, os.path.abspath(folder), normalise_prefix(prefix)) if is_shown else None
        context = taking_context(home, version, watcher=watcher, shown=shown, chunk_mb=chunk_mb)
        if links:
            return sync_links(home.link_sources, draft, links, context, prefix=prefix)
        return sync_on(engine, home, version, draft, folder, context, prefix=prefix, checked=False)


def abort(home: Home, version: DatasetVersion) -> None:
    """Give up what was begun; nothing of it becomes a version."""
    try:
        with home.repository_of(version).open_draft(version.id) as draft:
            draft.abort()
    except (SessionFenced, NotFound):
        home.repository_of(version).discard_draft(version.id)


def _register(home: Home, record: VersionRecord) -> DatasetVersion:
    reach("finalize.before-register")
    changes = msgspec.json.decode(record.metadata.get(CHANGES, "{}"), type=ChangeTotals)
    registered = home.api.versions.register(
        id=record.id, entries=record.entries, size_bytes=record.size_bytes, root=record.root, changes=changes, finished=record.created
    )
    reach("finalize.after-register")
    return registered
