"""What is downloaded without a folder being named lies in the cache: it counts, goes in its turn, and never while it is used."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tilth import StorageManager
from tilth.datasets.cache import evicting, leases
from tilth.datasets.cache.blobs import BlobCache
from tilth.datasets.cache.evicting import clean, remove_file
from tilth.datasets.cache.inventory import files_in, weigh
from tilth.datasets.cache.notes import Limits
from tilth.datasets.cache.sharing import Sharing
from tilth.sdk import caching
from tilth.sdk.home import Home
from tilth.testing.crowds import crowd


@pytest.fixture
def put(own: Home, tmp_path: Path) -> Callable[[str, bytes], str]:
    def put(path: str, data: bytes) -> str:
        (tmp_path / "source").write_bytes(data)
        own.files.put(path, tmp_path / "source")
        return f"tilth://files/{path}"

    return put


@pytest.fixture(autouse=True)
def _no_recent_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evicting, "_RECENT_S", -60.0)


def downloaded(address: str) -> Path:
    found = StorageManager.download_file(address)
    assert found
    return Path(found)


def in_another_process(work: Callable[[], object]) -> None:
    def alone(_: int) -> None:
        leases._own.clear()  # a fork notes what it uses where its parent does, whose it is then
        work()

    assert crowd(1, alone) == [0]


def limited(home: Home, **limits: float) -> BlobCache:
    return BlobCache(home.cache_folder, limits=Limits(**limits))  # type: ignore[arg-type]


def test_a_download_counts_stays_while_it_is_used_and_goes_afterwards(own: Home, put: Callable[[str, bytes], str]) -> None:
    used, other = put("runs/a/used.bin", b"u" * 500), put("runs/b/other.bin", b"o" * 700)
    in_another_process(lambda: downloaded(other))
    mine = downloaded(used)
    assert own.cache.counter.add(0) == weigh(own.cache).total_bytes == 1_200
    assert [(Path(file.path).name, file.context, len(file.users)) for file in sorted(files_in(own.cache), key=lambda file: file.path)] == [
        ("used.bin", "", 1),
        ("other.bin", "", 0),
    ]
    freed = clean(limited(own, size_bytes=100))
    assert (freed.files, freed.size_bytes, freed.left_bytes) == (1, 700, 500)
    assert mine.read_bytes() == b"u" * 500
    assert [path.name for path in (own.cache_folder / "downloads" / "runs").iterdir()] == ["a"], "folders that are empty go too"
    assert not remove_file(own.cache, str(mine))
    assert remove_file(own.cache, str(mine), force=True)
    assert list((own.cache_folder / "downloads").iterdir()) == []
    assert downloaded(used).read_bytes() == b"u" * 500


def test_what_nobody_asked_for_in_so_long_goes(own: Home, put: Callable[[str, bytes], str]) -> None:
    for name in ("old", "new"):
        in_another_process(lambda name=name: downloaded(put(name, name.encode())))  # type: ignore[misc]
    os.utime(own.cache_folder / "downloads" / "old", (1_000, 1_000))
    clean(limited(own, age_s=86_400.0))
    assert [path.name for path in (own.cache_folder / "downloads").iterdir()] == ["new"]


def test_a_folder_that_was_told_keeps_all_that_lies_in_it(own: Home, put: Callable[[str, bytes], str]) -> None:
    for name in ("set/a", "set/deep/b", "other/c"):
        put(name, b"x" * 100)
    told = StorageManager.download_folder("tilth://files/set")
    assert told == str(own.cache_folder / "downloads")
    in_another_process(lambda: [downloaded(f"tilth://files/{name}") for name in ("other/c", "set/a")])
    assert clean(limited(own, size_bytes=1)).files == 1
    found = sorted(str(path.relative_to(told)) for path in Path(told).rglob("*") if path.is_file())
    assert found == ["set/a", "set/deep/b"]
    assert {len(file.users) for file in files_in(own.cache)} == {1}


def test_places_do_not_take_each_others_files(own: Home, put: Callable[[str, bytes], str], tmp_path: Path) -> None:
    source = tmp_path / "elsewhere" / "a.txt"
    source.parent.mkdir()
    source.write_bytes(b"of this machine")
    address = put(source.as_posix().lstrip("/"), b"of the server")
    assert downloaded(address).read_bytes() == b"of the server"
    assert downloaded(str(source)).read_bytes() == b"of this machine"
    assert downloaded(address).read_bytes() == b"of the server"


def test_many_that_want_a_file_get_it_whole(own: Home, put: Callable[[str, bytes], str]) -> None:
    address = put("a/b/c.bin", b"c" * 300_000)

    def work(number: int) -> None:
        if number % 4:
            assert downloaded(address).read_bytes() == b"c" * 300_000
        else:
            clean(limited(own, size_bytes=1))

    assert crowd(20, work) == [0] * 20


def test_commands_show_and_remove_them(own: Home, put: Callable[[str, bytes], str]) -> None:
    address = put("a/b", b"x" * 10)
    mine = downloaded(address)
    with pytest.raises(Exception, match=r"downloads stays: .* uses 1 of it"):
        caching.remove(own, ["downloads"])
    assert caching.remove(own, [], unused=True).files == 0
    assert caching.remove(own, ["downloads"], force=True).files == 1
    assert not mine.exists()
    with pytest.raises(Exception, match="the cache has no downloads"):
        caching.remove(own, ["downloads"])
    other = put("c", b"x" * 10)
    in_another_process(lambda: downloaded(other))
    assert caching.remove(own, [], unused=True).files == 1


def test_who_may_only_read_takes_what_is_there_and_keeps_it(
    own: Home, put: Callable[[str, bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = put("a/b", b"x" * 10)
    in_another_process(lambda: downloaded(address))
    begin, told = os.pipe(), os.pipe()
    reader = os.fork()
    if not reader:
        try:

            def refuse(self: Sharing, path: str, flags: int = 0) -> int:
                raise PermissionError(13, "Permission denied", path)

            monkeypatch.setattr(Sharing, "open", refuse)
            monkeypatch.setattr(leases, "_own", {})
            os.write(told[1], b"1" if downloaded(address).read_bytes() == b"x" * 10 else b"0")
            os.read(begin[0], 1)
        finally:
            os._exit(0)
    try:
        assert os.read(told[0], 1) == b"1"
        path = str(own.cache_folder / "downloads" / "a" / "b")
        assert not remove_file(own.cache, path)
    finally:
        os.write(begin[1], b"1")
        os.waitpid(reader, 0)
    assert remove_file(own.cache, path)
