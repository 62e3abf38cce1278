"""Pictures, sounds and films that are broken in themselves are found and named, whatever they claim to be, in bounded memory."""

import io
import json
import os
import random
import struct
import subprocess
import sys
import wave
import zlib
from pathlib import Path

import pytest
from PIL import Image

from tilth import Dataset
from tilth.base.errors import Invalid, Unavailable
from tilth.base.ids import new_id
from tilth.sdk.home import Home
from tilth.sdk.media import pictures
from tilth.sdk.media.containers import container_problem
from tilth.sdk.media.pictures import picture_problem
from tilth.sdk.media.verifying import BrokenFile
from tilth.sdk.reading import Reading
from tilth.store.api import Key
from tilth.testing.repositories import write_files


def encoded(kind: str, size: tuple[int, int] = (64, 48), **more: object) -> bytes:
    file = io.BytesIO()
    Image.effect_noise(size, 50).convert("RGB").save(file, format=kind, **more)
    return file.getvalue()


def png_of(width: int, height: int, content: bytes = b"\0", *extra: tuple[bytes, bytes]) -> bytes:
    """A PNG that says what it is told to say."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), *extra, (b"IDAT", zlib.compress(content)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def wav() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(8000))
    return file.getvalue()


def box(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


JPEG, PNG, WAV = encoded("JPEG"), encoded("PNG"), wav()
MP4 = box(b"ftyp", b"isom0000") + box(b"moov", bytes(100)) + box(b"mdat", bytes(1000))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><circle r="1"/></svg>'
WHOLE = {
    "a.jpg": JPEG,
    "upper.JPEG": JPEG,
    "progressive.jpg": encoded("JPEG", progressive=True),
    "b.png": PNG,
    "c.gif": encoded("GIF"),
    "d.bmp": encoded("BMP"),
    "e.webp": encoded("WEBP"),
    "f.tif": encoded("TIFF", compression="tiff_lzw"),
    "g.ppm": encoded("PPM"),
    "h.svg": SVG,
    "i.wav": WAV,
    "j.mp4": MP4,
    "k.mp3": b"ID3" + bytes(200),
    "l.flac": b"fLaC" + bytes(200),
    "m.webm": b"\x1a\x45\xdf\xa3" + bytes(200),
    "n.ogg": b"OggS" + bytes(200),
    "large.png": encoded("PNG", (1500, 1200)),
    "no picture.txt": b"",
    "no-suffix": b"",
}
BROKEN = {
    "cut.jpg": (JPEG[: len(JPEG) // 2], "is damaged: .*truncated"),
    "cut.png": (PNG[: len(PNG) // 2], "is damaged"),
    "flipped.png": (PNG[:100] + bytes(50) + PNG[150:], "is damaged"),
    "cut.webp": (WHOLE["e.webp"][:200], "is damaged|no WEBP"),
    "cut.gif": (WHOLE["c.gif"][:900], "is damaged"),
    "cut.tif": (WHOLE["f.tif"][:300], "is damaged|no TIFF"),
    "empty.jpg": (b"", "is empty"),
    "a page.jpg": (b"<html>404 not found</html>", "is no JPEG, nor any other picture"),
    "really a jpeg.png": (JPEG, "is a JPEG, and no PNG"),
    "program.png": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "is no PNG"),
    "bomb.png": (png_of(60_000, 60_000), "has more pixels than are decoded here"),
    "cut.svg": (SVG[:40], "is damaged"),
    "other.svg": (b"<html/>", "is no SVG: its outermost element is html"),
    "laughs.svg": (b'<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><svg>&b;</svg>', "is refused: it defines entities"),
    "cut.wav": (WAV[:500], "ends too early: 8,044 bytes were written, 500 are there"),
    "head.wav": (WAV[:16], "holds nothing|ends"),
    "text.wav": (b"hello", "does not begin as WAV does"),
    "cut.mp4": (MP4[:-10], "ends too early"),
    "half.mp4": (box(b"ftyp", b"isom0000") + box(b"mdat", bytes(100)), "has no index"),
    "zero.mov": (struct.pack(">I4s", 3, b"ftyp") + bytes(20), "impossible length"),
    "tiny.m4a": (b"ab", "has no index|ends within"),
    "text.mp3": (b"hello", "does not begin as MP3 does"),
}


def made(folder: Path, files: dict[str, bytes], *, final: bool = True) -> Dataset:
    dataset = Dataset.create(dataset_name=f"d-{new_id()}", dataset_project="Team/Media")
    dataset.add_files(write_files(folder / "source", files))
    dataset.upload(preview=False)
    if final:
        dataset.finalize()
    return dataset


@pytest.mark.parametrize("final", [True, False], ids=["final", "draft"])
def test_broken_files_are_named_and_whole_ones_are_not(home: Home, tmp_path: Path, final: bool) -> None:
    dataset = made(
        tmp_path, {f"whole/{name}": data for name, data in WHOLE.items()} | {n: data for n, (data, _) in BROKEN.items()}, final=final
    )
    found = {broken.path: broken.what for broken in dataset.verify_media()}
    assert sorted(found) == sorted(BROKEN)
    assert dataset.verify_media("whole") == []
    if not final:  # who made it takes them out
        assert sum(dataset.remove_files(path) for path in found) == len(BROKEN)
        assert dataset.verify_media() == []


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_said(name: str) -> None:
    data, said = BROKEN[name]
    if not data:
        return
    check = picture_problem if (suffix := name.rpartition(".")[2]) in pictures.PICTURES else container_problem
    with pytest.raises(AssertionError, match=said):
        raise AssertionError(check(io.BytesIO(data), len(data), suffix))


def test_any_damage_is_an_answer_and_no_failure() -> None:
    chance = random.Random(1)
    for name, whole in WHOLE.items():
        suffix = name.rpartition(".")[2].lower()
        if not whole or len(whole) > 100_000:
            continue
        check = picture_problem if suffix in pictures.PICTURES else container_problem
        for _ in range(40):
            data = bytearray(whole[: chance.randrange(1, len(whole) + 1)])
            for _ in range(chance.randrange(4)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            said = check(io.BytesIO(bytes(data)), len(data), suffix)
            assert said is None or said.isprintable()


HOSTILE = """
import io, json, resource, struct, sys, zlib
sys.path.insert(0, sys.argv[1])
from tests.unit.sdk.test_media import png_of
from tilth.sdk.media.pictures import picture_problem, require_pillow
from PIL import Image
require_pillow()
picture_problem(io.BytesIO(png_of(1, 1, bytes(4))), 100, "png")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
class Sparse(io.RawIOBase):  # a file of 200 MB whose header asks for all of it
    def __init__(self, head): self.head, self.at = head, 0
    def readable(self): return True
    def seekable(self): return True
    def tell(self): return self.at
    def seek(self, offset, whence=0, /):
        self.at = {0: 0, 1: self.at, 2: 200 << 20}[whence] + offset
        return self.at
    def read(self, size=-1, /):
        size = (200 << 20) - self.at if size is None or size < 0 else min(size, (200 << 20) - self.at)
        data = self.head[self.at : self.at + size]
        self.at += size
        return data + bytes(size - len(data))
head = b"\\x89PNG\\r\\n\\x1a\\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">IIBBBBB", 10, 10, 8, 2, 0, 0, 0)
head += struct.pack(">I", zlib.crc32(head[12:])) + struct.pack(">I", 190 << 20) + b"tEXt"
said = [picture_problem(io.BytesIO(data), len(data), suffix) for data, suffix in (
    (png_of(60_000, 60_000, bytes(1 << 20)), "png"),
    (png_of(3_000, 3_000, bytes(3_000 * 9_001)), "png"),
    (png_of(10, 10, bytes(310), (b"zTXt", b"x\\0\\0" + zlib.compress(bytes(100 << 20)))), "png"),
    (png_of(10, 10, bytes(100 << 20)), "png"),
    (b"<svg>" + b"<g>" * 200_000, "svg"),
)] + [picture_problem(Sparse(head), 200 << 20, "png"), picture_problem(Sparse(b"GIF89a"), 2 << 40, "gif")]
print(json.dumps([said, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before]))
"""


def test_hostile_files_take_no_memory() -> None:
    bounded = f"import resource; resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))\n{HOSTILE}"
    root = str(Path(__file__).parents[3])
    ended = subprocess.run([sys.executable, "-c", bounded, root], capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    said, grown_kb = json.loads(ended.stdout)
    assert [bool(what) for what in said] == [True, False, True, False, True, True, True]
    assert grown_kb < 450_000  # what the test itself makes is half of it


def test_a_damaged_store_is_named_and_one_that_is_away_ends_it(own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = made(tmp_path, {"a.jpg": JPEG, "b.png": PNG})
    (chunk,) = dataset._reading.entry("a.jpg").chunks
    pack = own.repository.store.local_path(Key(chunk.pack))
    assert pack
    os.rename(pack, f"{pack}.hidden")
    assert [(broken.path, broken.what[:24]) for broken in dataset.verify_media()] == [
        ("a.jpg", "is damaged in the store:"),
        ("b.png", "is damaged in the store:"),
    ]
    monkeypatch.setattr(Reading, "read_many", lambda self, parts: [Unavailable("the network is away")] * len(parts))
    with pytest.raises(Unavailable, match="network is away"):
        dataset.verify_media()


def test_a_link_whose_file_is_another_now_is_named(own: Home, tmp_path: Path) -> None:
    elsewhere = Path(write_files(tmp_path / "elsewhere", {"a.jpg": JPEG, "b.jpg": JPEG[:900], "c.jpg": JPEG, "d.jpg": JPEG}))
    dataset = Dataset.create(dataset_name=f"d-{new_id()}", dataset_project="Team/Media")
    dataset.add_external_files(f"file://{elsewhere}/")
    dataset.upload(preview=False)
    dataset.finalize()
    (elsewhere / "c.jpg").write_bytes(PNG)
    (elsewhere / "d.jpg").unlink()
    assert [(broken.path, broken.what[:15]) for broken in dataset.verify_media()] == [
        ("b.jpg", "is damaged: ima"),
        ("c.jpg", "is out of reach"),
        ("d.jpg", "is out of reach"),
    ]


def test_without_pillow_the_extra_is_named(own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = made(tmp_path, {"a.jpg": JPEG})
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(Invalid, match=r"pip install 'tilth\[media\]'"):
        dataset.verify_media()


def test_a_broken_file_reads_as_a_sentence() -> None:
    assert str(BrokenFile("Cat/666.jpg", "is empty")) == "Cat/666.jpg is empty"
