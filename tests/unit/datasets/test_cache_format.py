"""A cache folder says which format it has: a newer one is refused, one that says nothing has the first."""

import os
from pathlib import Path

import pytest

from tilth import _wiring
from tilth.base.errors import Corrupt, FormatUnsupported
from tilth.config.settings import load_settings
from tilth.datasets.cache.blobs import BlobCache
from tilth.datasets.cache.chunks import ChunkCache
from tilth.datasets.cache.format import note_format, require_format
from tilth.datasets.cache.sharing import PRIVATE, Sharing
from tilth.domain.dataset import ChunkRef
from tilth.sdk.home import Home
from tilth.testing.crowds import crowd

NOTE = b'{"version":1}\n'


def home_with(cache: Path, tmp_path: Path) -> Home:
    return _wiring._open(load_settings({}, given={"home": str(tmp_path / "home"), "cache": str(cache)}))


def test_whoever_makes_something_notes_the_format_and_whoever_looks_does_not(tmp_path: Path) -> None:
    assert not require_format(tmp_path / "views")
    cache = BlobCache(tmp_path / "views")
    assert cache.take("view") is None
    assert not (tmp_path / "views" / "format.json").exists()
    with cache.scratch():
        assert (tmp_path / "views" / "format.json").read_bytes() == NOTE
    chunks = ChunkCache(tmp_path / "pieces", limit_bytes=100)
    assert chunks.put(ChunkRef(b"h" * 32, "pack", 0, 3, 3), b"abc")
    assert (tmp_path / "pieces" / "format.json").read_bytes() == NOTE
    assert require_format(tmp_path / "pieces")
    assert not [path for path in tmp_path.rglob(".*") if path.is_file()]


def test_what_is_there_without_a_note_has_the_first_format(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "kept").write_bytes(b"kept")
    note_format(tmp_path, PRIVATE)
    assert (tmp_path / "format.json").read_bytes() == NOTE
    assert (tmp_path / "blobs" / "kept").read_bytes() == b"kept"


@pytest.mark.parametrize("part", ["cache", "chunk_cache"])
def test_a_newer_format_is_refused_and_left_as_it_is(tmp_path: Path, part: str) -> None:
    note = tmp_path / "cache" / "format.json"
    note.parent.mkdir()
    note.write_bytes(b'{"version":2,"more":["things"]}')
    with pytest.raises(FormatUnsupported, match="has format 2, and this release uses caches up to format 1") as refused:
        getattr(home_with(tmp_path / "cache", tmp_path), part)
    assert refused.value.hint
    assert "TILTH_CACHE" in refused.value.hint
    with pytest.raises(FormatUnsupported), BlobCache(tmp_path / "cache").scratch():
        pass
    assert not ChunkCache(tmp_path / "cache", limit_bytes=100).put(ChunkRef(b"h" * 32, "pack", 0, 3, 3), b"abc")
    assert [path for path in note.parent.rglob("*") if path.is_file()] == [note]
    note.write_bytes(b'{"version":1,"more":["things"]}')
    assert getattr(home_with(tmp_path / "cache", tmp_path), part)


@pytest.mark.parametrize("text", [b"", b"nonsense", b'{"version":"x"}', b"[]", b"\xff\x00", b'{"version":1,"more":' + b"[" * 4_000])
def test_a_note_that_says_nothing_is_not_believed(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "format.json").write_bytes(text)
    with pytest.raises(Corrupt, match="nobody can tell which format") as refused:
        require_format(tmp_path)
    assert refused.value.hint
    assert str(tmp_path / "format.json") in refused.value.hint


def test_a_note_is_never_read_through_a_link_or_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "format.json").symlink_to(tmp_path / "pipe")
    assert not require_format(tmp_path / "a")


def test_of_several_first_users_one_notes_it(tmp_path: Path) -> None:
    def work(number: int) -> None:
        with BlobCache(tmp_path / "cache").scratch():
            assert require_format(tmp_path / "cache")

    assert crowd(20, work) == [0] * 20
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.is_file()] == ["format.json"]


def test_a_newer_release_that_was_faster_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def late(source: str, target: str) -> None:
        Path(target).write_bytes(b'{"version":2}')
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(FormatUnsupported):
        note_format(tmp_path, PRIVATE)
    assert [path.name for path in tmp_path.iterdir()] == ["format.json"]


def test_a_file_system_without_hard_links_has_a_note_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: str, target: str) -> None:
        raise PermissionError(1, "Operation not permitted", target)

    monkeypatch.setattr(os, "link", refuse)
    note_format(tmp_path, PRIVATE)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("format.json", NOTE)]


def test_who_may_only_read_notes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Sharing, path: str, flags: int = 0) -> int:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(Sharing, "open", refuse)
    note_format(tmp_path, PRIVATE)
    assert list(tmp_path.iterdir()) == []


def test_everybody_who_may_use_a_shared_cache_may_read_its_note(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o2770)
    before = os.umask(0o077)
    try:
        with BlobCache(tmp_path / "cache").scratch():
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "cache" / "format.json").stat().st_mode & 0o777 == 0o660
