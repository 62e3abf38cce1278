"""What a version holds, final or not, in one way: its listing, and the one file of it that somebody wants."""

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from tilth.base.errors import PathNotFound
from tilth.base.ids import VersionId
from tilth.base.paths import normalise_prefix
from tilth.datasets.bases import Base, ConflictRule
from tilth.datasets.drafts import Digest
from tilth.datasets.format import PACKS, find_owner
from tilth.datasets.manifests import Manifest
from tilth.datasets.matching import literal_prefix, matcher
from tilth.domain.dataset import Entry
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.sdk.home import Home
from tilth.store.api import Key

__all__ = [
    "RULE",
    "FileEntry",
    "LinkEntry",
    "PathChanges",
    "changes",
    "count_links",
    "count_packs",
    "digests",
    "entry_at",
    "existing_folder",
    "file_entries",
    "link_entries",
    "links_of",
    "manifest_of",
    "matcher_of",
    "matching",
    "parents_digests",
    "side_by_side",
]


RULE = "on_conflict"
"""Under which name a record's metadata tells whose file stands where parents have the same path."""


class FileEntry(Struct, frozen=True):
    """One file of a version, as `Dataset.file_entries` shows it."""

    relative_path: str
    hash: str
    """SHA-256 of the content, hexadecimal."""
    size: int
    """Bytes."""
    parent_dataset_id: str
    """The version that first stored the bytes, or the version itself for an empty file."""


class LinkEntry(Struct, frozen=True):
    """One file of a version that lies elsewhere, as `Dataset.link_entries` shows it."""

    link: str
    """Its address."""
    relative_path: str
    hash: str | None
    """SHA-256 of the content, hexadecimal, if anybody read it."""
    size: int | None
    """Bytes; None if nobody asked for them when it was registered."""
    parent_dataset_id: str
    """The version that shows it."""


def digests(home: Home, version: DatasetVersion, prefix: str = "") -> Iterator[Digest]:
    """Path, size and SHA-256 of the files of a version below `prefix`, in the order of their paths; of a draft as it stands."""
    if version.status is not VersionStatus.UPLOADING:
        yield from manifest_of(home, version).digests(prefix)
        return
    with home.repository_of(version).peek_draft(version.id) as draft:
        yield from draft.digests(prefix)


def matching(home: Home, version: DatasetVersion, pattern: str | None, *, recursive: bool = True) -> Iterator[Digest]:
    """The files that `pattern` means (see `tilth.datasets.matching`); all without one."""
    if not pattern:
        yield from digests(home, version)
        return
    means = matcher(pattern, recursive=recursive)
    yield from (digest for digest in digests(home, version, literal_prefix(pattern)) if means(digest[0]))


def manifest_of(home: Home, version: DatasetVersion) -> Manifest:
    """The listing of a final version."""
    return home.repository_of(version).manifest(version.id)


def entry_at(home: Home, version: DatasetVersion, path: str) -> Entry:
    """The file at exactly `path` of a final version; `PathNotFound` if there is none."""
    entry = manifest_of(home, version).find(path)
    if entry is None:
        raise PathNotFound(f"version {version.id} has no file {path}", hint=f"`tilth data ls --id {version.id}` shows what it has")
    return entry


class PathChanges(Struct, frozen=True):
    """How the paths of one listing differ from another's. A moved file is both added and removed."""

    added: list[str]
    removed: list[str]
    modified: list[str]


def changes(home: Home, version: DatasetVersion, other: DatasetVersion | None) -> PathChanges:
    """How `version` differs from `other`, or from its parents."""
    before = digests(home, other) if other else parents_digests(home, version)
    found = PathChanges([], [], [])
    for was, now in side_by_side(before, digests(home, version)):
        if was is None and now is not None:
            found.added.append(now[0])
        elif was is not None and now is None:
            found.removed.append(was[0])
        elif was is not None and now is not None and was[2] != now[2]:
            found.modified.append(now[0])
    return found


def existing_folder(home: Home, version: DatasetVersion, path: str) -> str:
    """`path` as it begins the paths of its files; `PathNotFound` if nothing lies below it."""
    folder = normalise_prefix(path)
    if folder and next(digests(home, version, folder), None) is None:
        raise PathNotFound(f"version {version.id} has no folder {folder}", hint=f"`tilth data ls --id {version.id}` shows what it has")
    return folder


def file_entries(home: Home, version: DatasetVersion) -> list[FileEntry]:
    """Every file of `version`, final or not, that does not lie elsewhere."""
    if version.status is not VersionStatus.UPLOADING:
        return [_file_entry(entry, version.id) for entry in manifest_of(home, version).entries() if not entry.link]
    with home.repository_of(version).peek_draft(version.id) as draft:
        inherited = draft.base.find
        links = {entry.path for entry in draft.links()}
        return [
            _file_entry(entry, version.id)
            if (entry := inherited(path)) and entry.sha256 == sha256
            else FileEntry(path, sha256.hex(), size, version.id)
            for path, size, sha256 in draft.digests()
            if path not in links
        ]


def link_entries(home: Home, version: DatasetVersion) -> list[LinkEntry]:
    """Every file of `version`, final or not, that lies elsewhere."""
    return [
        LinkEntry(
            entry.link.address,
            entry.path,
            entry.sha256.hex() if entry.link.is_hashed else None,
            entry.size if entry.knows_size else None,
            version.id,
        )
        for entry in links_of(home, version)
        if entry.link
    ]


def links_of(home: Home, version: DatasetVersion, prefix: str = "") -> Iterator[Entry]:
    """The links of a version, final or not, in the order of their paths."""
    if version.status is not VersionStatus.UPLOADING:
        yield from manifest_of(home, version).link_entries(prefix)
        return
    with home.repository_of(version).peek_draft(version.id) as draft:
        yield from draft.links(prefix)


def count_links(home: Home, version: DatasetVersion) -> int:
    """How many links a version has, final or not; of a final one without making an entry of each."""
    if version.status is VersionStatus.UPLOADING:
        return sum(1 for _ in links_of(home, version))
    manifest = manifest_of(home, version)
    return sum(len(links) - links.null_count for links in map(manifest.links, manifest.segments))


def count_packs(home: Home, version: DatasetVersion, *, own_only: bool) -> int:
    """How many packs a final version refers to; of those that it stored itself, with `own_only`."""
    packs = {key for key in home.repository_of(version).needed_keys(version.id) if key.startswith(PACKS)}
    return sum(find_owner(key) == version.id for key in packs) if own_only else len(packs)


def matcher_of(pattern: str | None, *, recursive: bool) -> Callable[[str], bool]:
    """The test of `tilth.datasets.matching`; true for everything without a pattern."""
    return matcher(pattern or "", recursive=recursive)


def parents_digests(home: Home, version: DatasetVersion) -> Iterator[Digest]:
    """What the parents of `version` hold, united as the version was; those that were deleted are left out."""
    if version.status is VersionStatus.UPLOADING:
        with home.repository_of(version).peek_draft(version.id) as draft:
            if version.parents:
                yield from draft.base.digests()
        return
    rule = ConflictRule(home.repository_of(version).record(version.id).metadata.get(RULE, ConflictRule.FIRST))
    repository = home.repository_of(version)
    manifests = [repository.manifest(parent) for parent in version.parents if repository.exists(parent)]
    yield from Base(manifests, rule).digests()


def side_by_side(before: Iterable[Digest], after: Iterable[Digest]) -> Iterator[tuple[Digest | None, Digest | None]]:
    """Two listings, sorted by path, path by path."""
    old, new = iter(before), iter(after)
    was, now = next(old, None), next(new, None)
    while was is not None or now is not None:
        if now is None or (was is not None and was[0] < now[0]):
            yield was, None
            was = next(old, None)
        elif was is None or now[0] < was[0]:
            yield None, now
            now = next(new, None)
        else:
            yield was, now
            was, now = next(old, None), next(new, None)


def _file_entry(entry: Entry, version: VersionId) -> FileEntry:
    owner = find_owner(Key(entry.chunks[0].pack)) if entry.chunks else None
    return FileEntry(entry.path, entry.sha256.hex(), entry.size, owner or version)
