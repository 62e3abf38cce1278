"""A workbench for tests of the engine: a repository in a folder, and versions made of real files."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from tilth.base.clock import SystemClock
from tilth.base.ids import VersionId, new_id
from tilth.datasets.bases import ConflictRule
from tilth.datasets.drafts import Draft
from tilth.datasets.packs import read_chunks
from tilth.datasets.records import VersionRecord, timestamp
from tilth.datasets.repository import Repository
from tilth.datasets.stat_cache import StatCache
from tilth.datasets.taking import TakingContext, sync
from tilth.store.local import LocalStore

__all__ = ["Workbench", "write_files"]

Files = Mapping[str, bytes]


class Workbench:
    """A repository below `root`, and short ways to make and read versions."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clock = SystemClock()
        self.store = LocalStore(root / "store")
        self.repository = Repository(self.store, drafts=root / "drafts", clock=self.clock)
        self.stat_cache = StatCache(root / "stat.sqlite")
        self.warnings: list[str] = []

    def context(self, candidates: Iterable[VersionId] = (), *, workers: int | None = None, pack_bytes: int | None = None) -> TakingContext:
        return TakingContext(
            self.stat_cache,
            workers=workers,
            pack_bytes=pack_bytes,
            candidates=lambda: candidates,
            on_warning=self.warnings.append,
        )

    def draft(self, *parents: VersionId, rule: ConflictRule = ConflictRule.FIRST) -> Draft:
        return self.repository.create_draft(VersionId(new_id()), parents, rule=rule)

    def folder(self, files: Files, name: str = "source") -> str:
        """A folder with just `files`, old enough for their states to be trusted."""
        return write_files(self.root / name, files)

    def version(self, files: Files, *parents: VersionId, candidates: Iterable[VersionId] = ()) -> VersionId:
        """Commit a version that holds just `files`."""
        return self.version_of(self.folder(files), *parents, candidates=candidates)

    def version_of(self, folder: str | Path, *parents: VersionId, candidates: Iterable[VersionId] = ()) -> VersionId:
        """Commit a version that holds just what `folder` does."""
        with self.draft(*parents) as draft:
            sync(draft, str(folder), self.context(candidates))
            return self.commit(draft)

    def commit(self, draft: Draft) -> VersionId:
        root = draft.write()
        record = VersionRecord(
            id=draft.id,
            project="project",
            name="dataset",
            version="1.0.0",
            parents=draft.parents,
            bases=tuple(draft.session.bases),
            root=root.key,
            root_sha256=root.sha256,
            entries=root.entries,
            size_bytes=root.size_bytes,
            author="tester",
            message="",
            created=timestamp(self.clock),
        )
        draft.commit(record)
        draft.discard()
        return draft.id

    def contents(self, version: VersionId) -> dict[str, bytes]:
        """Every file of a version, read back and checked."""
        return {entry.path: b"".join(read_chunks(self.store, entry.chunks)) for entry in self.repository.manifest(version).entries()}

    def stored_bytes(self) -> int:
        """How many bytes the packs take."""
        return sum(info.size_bytes for info in self.store.list("packs/"))


def write_files(folder: Path, files: Files) -> str:
    """Make `folder` hold just `files`, all of them last changed an hour ago."""
    kept = {folder / path for path in files}
    for found in sorted(folder.rglob("*"), reverse=True) if folder.exists() else ():
        if found.is_dir() and not found.is_symlink():
            if not any(found.iterdir()):
                found.rmdir()
        elif found not in kept:
            found.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        target = folder / path
        if target.is_file() and target.read_bytes() == data:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        hour_ago = target.stat().st_mtime - 3600
        os.utime(target, (hour_ago, hour_ago))
    return str(folder)
