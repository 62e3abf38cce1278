"""What others who may write to a cache could put there: it must not lead out of the cache, nor into files of whoever uses it."""

import errno
import os
import stat
from contextlib import AbstractContextManager, nullcontext, suppress
from hashlib import sha256
from pathlib import Path

import pytest

from tilth.base.errors import PathInvalid
from tilth.base.ids import VersionId
from tilth.datasets.cache import announcing
from tilth.datasets.cache.blobs import BlobCache, blob_name, blobs_in
from tilth.datasets.cache.borrowing import borrow
from tilth.datasets.cache.evicting import remove_view
from tilth.datasets.cache.sharing import Sharing
from tilth.datasets.materialise import view_in
from tilth.datasets.placing import copied
from tilth.store.local import LocalStore
from tilth.testing.repositories import Workbench

SHARED = Sharing(0o777)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("only mine")
    path.chmod(0o600)
    return path


@pytest.fixture
def cache(tmp_path: Path) -> BlobCache:
    root = tmp_path / "cache"
    root.mkdir()
    root.chmod(0o777)
    return BlobCache(root)


def test_a_lock_that_leads_elsewhere_opens_nothing(cache: BlobCache, secret: Path) -> None:
    (cache.root / "locks").mkdir()
    (cache.root / "locks/thing").symlink_to(secret)
    with pytest.raises(OSError, match="symbolic links"), cache.locked("thing"):
        pass
    assert mode_of(secret) == 0o600


def test_a_count_that_leads_elsewhere_is_not_written(cache: BlobCache, secret: Path) -> None:
    (cache.root / "blobs").mkdir()
    (cache.root / "blobs/size").symlink_to(secret)
    with pytest.raises(OSError, match="symbolic links"):
        cache.counter.add(1)
    assert secret.read_text() == "only mine"


def test_a_link_in_a_tree_does_not_open_what_it_leads_to(tmp_path: Path, secret: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/file").symlink_to(secret)
    SHARED.admit_tree(str(tmp_path / "tree"))
    assert mode_of(secret) == 0o600


def test_removing_a_view_changes_no_folder_that_a_link_in_it_leads_to(cache: BlobCache, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir(mode=0o755)
    (cache.views / "view").mkdir(parents=True)
    (cache.views / "view/link").symlink_to(mine)
    assert remove_view(cache, "view")
    assert mode_of(mine) == 0o755


def test_a_listing_can_not_make_files_outside_of_the_view(cache: BlobCache, tmp_path: Path) -> None:
    (cache.root / "blobs/ab").mkdir(parents=True)
    digest = bytes.fromhex("ab" * 32)
    (cache.root / "blobs/ab" / digest.hex()).write_text("content")
    with pytest.raises(PathInvalid):
        view_in(LocalStore(tmp_path / "store"), cache, "v", lambda: [("../../../../out", 7, digest)], list)
    assert not (tmp_path / "out").exists()


def test_the_file_of_uses_is_known_again_after_all_files_were_closed(cache: BlobCache, secret: Path) -> None:
    (cache.views / "one").mkdir(parents=True)
    (cache.views / "two").mkdir()
    assert cache.take("one")
    before = [(path.stat().st_dev, path.stat().st_ino) for path in (cache.root / "uses").iterdir()]
    held = [fd for fd in map(int, os.listdir("/proc/self/fd")) if _identity(fd) in before]
    other = os.open(secret, os.O_RDWR)
    for descriptor in held:
        os.dup2(other, descriptor)  # as in a daemon that closed all files and opened others
    assert cache.take("two")
    assert secret.read_text() == "only mine"
    assert set(cache.leases.users()) == {"two"}
    os.close(other)
    for descriptor in held:
        os.close(descriptor)


def _identity(descriptor: int) -> tuple[int, int] | None:
    """Device and number of an open file: a pipe of these tests' own may have the same number."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


def planted(cache: BlobCache, content: bytes, instead: bytes) -> Path:
    blob = Path(cache.blobs, blob_name(sha256(content).digest()))
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(instead)
    return blob


def view(bench: Workbench, cache: BlobCache, version: VersionId) -> Path:
    manifest = bench.repository.manifest(version)
    return view_in(bench.repository.store, cache, version, manifest.digests, manifest.entries, workers=1)


def test_a_content_of_another_user_that_is_not_what_its_name_says_is_fetched(
    cache: BlobCache, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:  # as the system does for files of others
        raise PermissionError(errno.EPERM, "Operation not permitted")

    version = bench.version({"right": b"right", "wrong": b"wanted"})
    planted(cache, b"right", b"right")
    wrong = planted(cache, b"wanted", b"planted")
    with monkeypatch.context() as patched:
        patched.setattr(os, "link", refuse)
        found = view(bench, cache, version)
    assert {path.name: path.read_bytes() for path in found.iterdir()} == {"right": b"right", "wrong": b"wanted"}
    assert wrong.read_bytes() == b"wanted"


def test_contents_of_another_cache_are_taken_if_they_are_right(cache: BlobCache, bench: Workbench, tmp_path: Path) -> None:
    files = {"right": b"right", "wrong": b"wanted", "link": b"linked", "missing": b"missing"}
    version = bench.version(files)
    right, wrong = planted(cache, b"right", b"right"), planted(cache, b"wanted", b"planted")
    (tmp_path / "elsewhere").write_bytes(b"linked")
    planted(cache, b"linked", b"").unlink()
    Path(cache.blobs, blob_name(sha256(b"linked").digest())).symlink_to(tmp_path / "elsewhere")
    own = BlobCache(tmp_path / "own", source=cache.root)
    borrow(own, {sha256(content).digest(): len(content) for content in files.values()})
    there = {entry.name for entry, _, _ in blobs_in(own.blobs)}
    assert there == {sha256(b"right").hexdigest()}
    found = view(bench, own, version)
    assert {path.name: path.read_bytes() for path in found.iterdir()} == files
    right.write_bytes(b"wrong")  # too late
    assert (found / "right").read_bytes() == b"right"
    assert wrong.read_bytes() == b"planted"
    assert not (cache.root / "views").exists()


def test_a_list_of_what_is_fetched_that_leads_elsewhere_is_not_written(
    cache: BlobCache, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user can put a link in the place of a list as soon as its name is there."""

    def held_and_replaced(path: str, *_: object, **__: object) -> AbstractContextManager[bool]:
        if path.startswith(f"{cache.root}/fetching/"):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.symlink(secret, path)
        return nullcontext(True)

    monkeypatch.setattr(announcing, "held", held_and_replaced)
    with suppress(OSError), cache.announcements.fetching({bytes(32)}):
        pass
    assert secret.read_text() == "only mine"


def test_a_pipe_in_another_cache_is_not_waited_for(cache: BlobCache, tmp_path: Path) -> None:
    digest = sha256(b"").digest()
    pipe = cache.root / "blobs" / blob_name(digest)
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)
    mine = BlobCache(tmp_path / "mine", source=cache.root)
    borrow(mine, {digest: 0})
    assert list(blobs_in(mine.blobs)) == []
    assert not copied(str(pipe), str(tmp_path / "copy"))


def test_what_is_larger_than_its_content_is_not_copied_from_another_cache(cache: BlobCache, tmp_path: Path) -> None:
    digest = sha256(b"content").digest()
    planted = cache.root / "blobs" / blob_name(digest)
    planted.parent.mkdir(parents=True)
    with planted.open("wb") as file:
        file.truncate(1 << 42)
    mine = BlobCache(tmp_path / "mine", source=cache.root)
    borrow(mine, {digest: 7})
    assert list(blobs_in(mine.blobs)) == []
