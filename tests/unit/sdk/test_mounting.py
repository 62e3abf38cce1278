"""A version is a folder of the system: its listing and bytes are read through FUSE, by any program, and never changed."""

import errno
import os
import random
import signal
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tilth import Dataset
from tilth.base.errors import AlreadyExists, Denied, Invalid, TilthError, VersionNotFinal
from tilth.base.ids import new_id
from tilth.datasets.manifests import Manifest
from tilth.datasets.segments import SegmentRef
from tilth.domain.dataset import Entry
from tilth.sdk.home import Home
from tilth.sdk.mounting import fuse, mounts
from tilth.sdk.mounting.sizes import UnknownSizes
from tilth.sdk.mounting.tree import MountedVersion
from tilth.sdk.reading import reading_of
from tilth.store.api import Key
from tilth.testing.fuse import needs_fuse
from tilth.testing.repositories import write_files

LARGE = random.Random(3).randbytes(9_000_000)
LONG = "é" * 127 + "x"  # 255 bytes, as many as a name may have
DEEP = "/".join(f"level-{n}" for n in range(60))
FILES = {
    "a/large.bin": LARGE,
    "a/b/ünï 日本 'quoted'\n.txt": b"odd",
    "a.txt": b"sorts between the folder a and what is in it",
    "a-b": b"and so does this",
    LONG: b"long",
    f"{DEEP}/bottom": b"deep",
    "empty": b"",
}


def made(folder: Path, files: dict[str, bytes] = FILES, *, final: bool = True) -> Dataset:
    dataset = Dataset.create(dataset_name=f"d-{new_id()}", dataset_project="Team/Mounted")
    if files:
        dataset.add_files(write_files(folder / "source", files))
    dataset.upload(preview=False)
    if final:
        dataset.finalize()
    return dataset


def tree_of(dataset: Dataset) -> MountedVersion:
    return MountedVersion(reading_of(dataset._home, dataset._version))


def contents_of(folder: str) -> dict[str, bytes]:
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


# --- what is asked of a version, without FUSE -----------------------------------------------------------------------


def test_attributes_are_those_of_the_files_read_only(own: Home, tmp_path: Path) -> None:
    source = Path(write_files(tmp_path / "source", {"run.sh": b"#!/bin/sh\n", "a/b": b"12345"}))
    (source / "run.sh").chmod(0o750)
    os.utime(source / "a/b", ns=(1, 1_234_567_890_123_456_789))
    dataset = Dataset.create(dataset_name=f"d-{new_id()}", dataset_project="Team/Mounted")
    dataset.add_files(str(source))
    dataset.finalize(auto_upload=True)
    tree = tree_of(dataset)
    assert oct(tree.attributes("run.sh")["st_mode"]) == "0o100555"
    plain = tree.attributes("a/b")
    assert (oct(plain["st_mode"]), plain["st_size"], plain["st_mtime"]) == ("0o100444", 5, 1_234_567_890_123_456_789)
    assert oct(tree.attributes("a")["st_mode"]) == oct(tree.attributes("")["st_mode"]) == "0o40555"


def test_every_file_and_folder_has_a_number_of_its_own_that_stays(own: Home, tmp_path: Path) -> None:
    dataset = made(tmp_path)
    folders = {"", "a", "a/b"} | {"/".join(DEEP.split("/")[:n]) for n in range(1, 61)}
    numbers = {path: tree_of(dataset).attributes(path)["st_ino"] for path in [*FILES, *folders]}
    assert len(set(numbers.values())) == len(numbers)
    again = tree_of(dataset)
    assert {path: again.attributes(path)["st_ino"] for path in reversed(list(numbers))} == numbers
    listed = {name: known["st_ino"] for name, known, _ in again.entries("a", 0)}
    assert listed == {".": numbers["a"], "..": numbers[""], "b": numbers["a/b"], "large.bin": numbers["a/large.bin"]}


def test_a_folder_is_listed_on_from_any_offset(own: Home, tmp_path: Path) -> None:
    tree = tree_of(made(tmp_path, {f"{n:03}{suffix}": b"" for n in range(100) for suffix in ("", "-x/file", "-x/other", ".txt")}))
    rows = list(tree.entries("", 0))
    assert len(rows) == 302
    assert [name for name, _, _ in rows[:5]] == [".", "..", "000", "000-x", "000.txt"]
    for at in (0, 1, 2, 3, 150, 301):
        assert [name for name, _, _ in tree.entries("", rows[at][2])] == [name for name, _, _ in rows[at + 1 :]]


@pytest.mark.parametrize(
    ("call", "path", "kind"),
    [
        ("attributes", "nothing", errno.ENOENT),
        ("attributes", "a.txt/below", errno.ENOENT),
        ("attributes", "\udcff", errno.ENOENT),  # a name that is no UTF-8
        ("open", "nothing", errno.ENOENT),
        ("open", "a", errno.EISDIR),
        ("list", "nothing", errno.ENOENT),
        ("list", "a.txt", errno.ENOTDIR),
    ],
)
def test_what_is_not_there_has_its_number(own: Home, tmp_path: Path, call: str, path: str, kind: int) -> None:
    tree = tree_of(made(tmp_path))
    with pytest.raises(OSError, match=r"\[Errno") as raised:
        list(tree.entries(path, 0)) if call == "list" else getattr(tree, call)(path)
    assert raised.value.errno == kind


def test_a_listing_is_not_fetched_again_for_each_file(own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = made(tmp_path, {f"{n:04}": b"%d" % n for n in range(300)})
    own.previews.wait_for_all()  # which read as well
    fetched: list[str] = []
    fetch = Manifest._fetch

    def counted(manifest: Manifest, segment: SegmentRef) -> bytes:
        fetched.append(segment.key)
        return fetch(manifest, segment)

    monkeypatch.setattr(Manifest, "_fetch", counted)
    tree = tree_of(dataset)
    for name, _, _ in list(tree.entries("", 0))[2:]:
        tree.attributes(name)
        handle = tree.open(name)
        assert tree.read(handle, 100, 0) == b"%d" % int(name)
        tree.close(handle)
    assert len(fetched) <= 3  # names, marks and chunks of the one segment


def test_a_draft_is_not_mounted(own: Home, tmp_path: Path) -> None:
    with pytest.raises(VersionNotFinal, match="finalize it first"):
        tree_of(made(tmp_path, final=False))


# --- what is missing on this machine --------------------------------------------------------------------------------


def test_a_machine_without_the_bindings_says_which_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mfusepy", None)
    with pytest.raises(Invalid, match=r"pip install 'tilth\[mount\]'"):
        fuse.require_fuse()


def test_a_machine_without_the_library_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> None:
        raise OSError("Unable to find libfuse")

    monkeypatch.setattr(fuse, "import_module", load)
    with pytest.raises(Invalid, match=r"libfuse.*package fuse3"):
        fuse.require_fuse()


@pytest.mark.skipif(sys.platform != "linux", reason="the device is Linux's")
def test_a_machine_without_the_device_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fuse, "import_module", lambda name: None)
    monkeypatch.setattr(fuse, "_DEVICE", tmp_path / "fuse")
    with pytest.raises(Invalid, match=r"needs the device .*/fuse: there is none; .*modprobe fuse.*--device /dev/fuse"):
        fuse.require_fuse()


# --- real mounts ----------------------------------------------------------------------------------------------------


@needs_fuse
def test_a_mounted_version_holds_what_was_added(home: Home, tmp_path: Path) -> None:
    dataset = made(tmp_path)
    with dataset.mount() as folder:
        assert contents_of(folder) == FILES
        assert sorted(os.listdir(folder)) == sorted({path.partition("/")[0] for path in FILES})
        assert os.stat(f"{folder}/a/large.bin").st_size == len(LARGE)
        assert os.statvfs(folder).f_files == len(FILES)
    assert not os.path.exists(folder)
    assert list((home.folder / "mounts").iterdir()) == []


@needs_fuse
def test_nothing_in_it_can_be_changed(own: Home, tmp_path: Path) -> None:
    dataset = made(tmp_path)
    with dataset.mount(tmp_path / "there") as folder:
        assert folder == str(tmp_path / "there")
        changes = (
            lambda: open(f"{folder}/a.txt", "w"),  # noqa: SIM115 - it does not open
            lambda: open(f"{folder}/new", "w"),  # noqa: SIM115
            lambda: os.unlink(f"{folder}/empty"),
            lambda: os.mkdir(f"{folder}/more"),
            lambda: os.rename(f"{folder}/a.txt", f"{folder}/b.txt"),
            lambda: os.chmod(f"{folder}/a.txt", 0o777),
        )
        for change in changes:
            with pytest.raises(OSError, match="Read-only") as raised:
                change()
            assert raised.value.errno == errno.EROFS
    assert list((tmp_path / "there").iterdir()) == []  # a folder that was named stays


@needs_fuse
def test_many_readers_read_at_once_and_from_anywhere(own: Home, tmp_path: Path) -> None:
    dataset = made(tmp_path)
    chance = random.Random(5)
    places = [(chance.randrange(len(LARGE)), chance.randrange(1, 300_000)) for _ in range(200)]
    with dataset.mount() as folder, open(f"{folder}/a/large.bin", "rb") as file, ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda place: os.pread(file.fileno(), place[1], place[0]), places))
        readers = [subprocess.Popen(["sha256sum", f"{folder}/a/large.bin"], stdout=subprocess.PIPE, text=True) for _ in range(3)]
        said = [reader.communicate(timeout=60)[0].split()[0] for reader in readers]
    assert read == [LARGE[at : at + size] for at, size in places]
    assert said == [sha256(LARGE).hexdigest()] * 3


@needs_fuse
def test_a_folder_of_very_many_files_and_an_empty_version_are_listed(own: Home, tmp_path: Path) -> None:
    names = {f"{n:05}" for n in range(1_000)}
    with made(tmp_path, {f"many/{name}": b"" for name in names}).mount() as folder:
        assert set(os.listdir(f"{folder}/many")) == names
    (tmp_path / "none").mkdir()
    with made(tmp_path / "none", {}).mount() as folder:
        assert os.listdir(folder) == []


@needs_fuse
def test_a_damaged_file_is_an_error_of_input_and_is_named_in_the_log(own: Home, tmp_path: Path) -> None:
    dataset = made(tmp_path)
    (chunk,) = reading_of(own, dataset._version).entry("a.txt").chunks
    pack = own.repository.store.local_path(Key(chunk.pack))
    assert pack
    os.rename(pack, f"{pack}.hidden")
    with dataset.mount() as folder:
        for _ in range(3):
            with pytest.raises(OSError, match="Input/output") as raised:
                Path(folder, "a.txt").read_bytes()
            assert raised.value.errno == errno.EIO
        (log,) = (own.folder / "mounts").iterdir()
        assert log.read_text().count("a.txt can't be read") == 1
        os.rename(f"{pack}.hidden", pack)
        assert Path(folder, "a.txt").read_bytes() == FILES["a.txt"]  # and what is whole again is read again


@needs_fuse
def test_links_are_read_where_they_lie_and_only_as_they_were(own: Home, tmp_path: Path) -> None:
    elsewhere = Path(write_files(tmp_path / "elsewhere", {"a.bin": LARGE, "b.txt": b"as it was"}))
    dataset = Dataset.create(dataset_name=f"d-{new_id()}", dataset_project="Team/Mounted")
    dataset.add_external_files(f"file://{elsewhere}/")
    dataset.upload(preview=False)
    dataset.finalize()
    with dataset.mount() as folder:
        (elsewhere / "b.txt").write_bytes(b"changed")
        assert Path(folder, "a.bin").read_bytes() == LARGE
        with pytest.raises(OSError, match="Input/output"):
            Path(folder, "b.txt").read_bytes()


@needs_fuse
def test_a_mount_whose_process_was_killed_is_told_and_can_be_taken_away(own: Home, tmp_path: Path) -> None:
    dataset = made(tmp_path)
    started = mounts.begin(own, dataset._version, mounts.prepare(str(tmp_path / "there")), allow_other=False)
    os.kill(started.pid, signal.SIGKILL)
    os.waitpid(started.pid, 0)
    with pytest.raises(OSError, match="not connected"):
        os.listdir(started.folder)
    with pytest.raises(AlreadyExists, match="tilth data unmount"):
        dataset.mount(started.folder)
    mounts.unmount(own, started.folder)
    assert os.listdir(started.folder) == []


@needs_fuse
def test_a_mount_goes_with_the_program_that_made_it(own: Home, tmp_path: Path) -> None:
    dataset = made(tmp_path)
    program = f"import os, tilth; mount = tilth.Dataset.get('{dataset.id}').mount('{tmp_path}/there'); print(mount.folder, flush=True)"
    program += "; os.kill(os.getpid(), 9)"
    ended = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | own.environment, stdout=subprocess.PIPE, text=True, check=False
    )
    assert ended.stdout.strip() == str(tmp_path / "there")
    for _ in range(600):
        if mounts.kind_at(str(tmp_path / "there")) is None:
            break
        signal.sigtimedwait([], 0.05)
    assert mounts.kind_at(str(tmp_path / "there")) is None


class _Unknown:
    """Links of one folder of which nobody knows the sizes, and who was asked for them."""

    def __init__(self, sizes: Mapping[int, int | TilthError]) -> None:
        self.asked: list[int] = []
        self.batches = 0
        self.at_s = 0.0
        self.home: Any = self
        self.clock: Any = self
        self._sizes = sizes

    def monotonic(self) -> float:
        return self.at_s

    def size_of(self, entry: Entry) -> int:
        self.asked.append(int(entry.path))
        found = self._sizes[int(entry.path)]
        if isinstance(found, TilthError):
            raise found
        return found

    def following(self, start: int, most: int) -> list[tuple[int, Entry]]:
        self.batches += 1
        return [(at, Entry(str(at), 0, b"", 0, 0, ())) for at in range(start, min(start + most, len(self._sizes)))]


def test_sizes_that_nobody_knows_are_asked_for_together_when_a_folder_is_listed_and_remembered() -> None:
    there: Any = _Unknown({at: at * 10 for at in range(1_000)})
    sizes = UnknownSizes(there)
    assert sizes.of(500, there.following) == 5_000  # one file alone
    assert there.asked == [500]
    there.asked.clear()
    assert [sizes.of(at, there.following) for at in range(1_000)] == [at * 10 for at in range(1_000)]
    assert sorted(there.asked) == [at for at in range(1_000) if at != 500]
    assert there.batches <= 12
    there.asked.clear()
    assert [sizes.of(at, there.following) for at in range(1_000)] == [at * 10 for at in range(1_000)]
    assert there.asked == []


def test_a_size_that_a_server_does_not_tell_is_asked_for_again_only_later() -> None:
    there: Any = _Unknown({0: Denied("0 can't be had", hint="log in"), 1: 7})
    sizes = UnknownSizes(there)
    for _ in range(3):
        with pytest.raises(Denied, match="0 can't be had; log in"):
            sizes.of(0, there.following)
    assert sizes.of(1, there.following) == 7
    assert there.asked == [0, 1]
    there.at_s = 60.0
    with pytest.raises(Denied):
        sizes.of(0, there.following)
    assert there.asked == [0, 1, 0]
