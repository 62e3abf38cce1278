"""A version that becomes final shows samples of what it holds, whatever that is, and is final even if it can't."""

import io
import json
import os
import random
import struct
import subprocess
import sys
import time
import wave
import zlib
from collections.abc import Callable
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from pyarrow import feather

from tilth import Dataset, Task, _wiring
from tilth.base.clock import SystemClock
from tilth.base.errors import Invalid
from tilth.base.faultpoints import CRASH_STATUS
from tilth.config.settings import load_settings
from tilth.datasets.scanning import scan
from tilth.datasets.segments import SegmentRef
from tilth.domain.dataset import Entry
from tilth.sdk._current import set_home
from tilth.sdk.finalizing import without_preview
from tilth.sdk.home import Home
from tilth.sdk.previews import ahead, showing, thumbnails
from tilth.sdk.previews.ahead import Ahead
from tilth.sdk.previews.allowance import Allowance
from tilth.sdk.previews.columns import columns_of
from tilth.sdk.previews.ranges import LocalFile, RangeFile
from tilth.sdk.previews.seen import Sample
from tilth.sdk.previews.showing import try_to_show
from tilth.sdk.previews.surveying import folders_shown, spread, survey
from tilth.sdk.previews.thumbnails import thumbnail_of
from tilth.sdk.taking import is_worth_looking_at, taking_context
from tilth.testing.servers import RunningServer, running_server

MANY = 1 << 40


def _final(folder: Path, name: str, **more: Any) -> Dataset:
    made = Dataset.create(name, "Team/Previews")
    made.add_files(folder)
    made.upload(**more)
    made.finalize()
    assert made.get_logger().flush(wait=True)
    return made


def _samples(home: Home, made: Dataset) -> dict[str, dict[str, bytes]]:
    """The files that a version shows, by title and name."""
    asked = {"task": made.id, "event_type": "training_debug_image", "batch_size": 500}
    found: dict[str, dict[str, bytes]] = {}
    for event in home.api.call("events.get_task_events", **asked)["events"]:
        with home.files.open(unquote(event["url"].partition("/files/")[2])) as file:
            found.setdefault(event["metric"], {})[event["variant"]] = file.read()
    return found


def _plots(made: Dataset) -> dict[tuple[str, str], Any]:
    found = Task.get_task(made.id).get_reported_plots(max_iterations=100)
    return {(plot["metric"], plot["variant"]): json.loads(plot["plot_str"])["data"][0] for plot in found}


def _rows(table: Any) -> list[list[str]]:
    """The rows of a table that was reported, its header first."""
    return [table["header"]["values"], *map(list, zip(*table["cells"]["values"], strict=True))]


def _bars(plot: Any) -> dict[str, int]:
    return {name: number for name, number in zip(plot["x"], plot["y"], strict=True) if number}


def _until(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _png(width: int, height: int) -> bytes:
    """A PNG that says it is so large, and has no pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b""))
    chunks = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _encoded(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, format=kind)
    return file.getvalue()


def test_a_version_shows_pictures_tables_texts_and_how_its_files_lie(home: Home, tmp_path: Path) -> None:
    for kind in ("Cat", "Dog"):
        (tmp_path / "data" / kind).mkdir(parents=True)
        for number in range(12):
            Image.new("RGB", (1000, 500), (number, 90, 90)).save(tmp_path / "data" / kind / f"{number:02}.jpg")
    (tmp_path / "data" / "labels.csv").write_text("file,label\n" + "".join(f"{number}.jpg,Cat\n" for number in range(100)))
    (tmp_path / "data" / "README.md").write_text("# Pets\n" + "all of them\n" * 1_000)
    made = _final(tmp_path / "data", "pets")
    samples, plots = _samples(home, made), _plots(made)
    assert [Image.open(io.BytesIO(data)).size for data in samples["Images"].values()] == [(480, 240)] * 10
    assert sorted(name.partition("/")[0] for name in samples["Images"]) == ["Cat"] * 5 + ["Dog"] * 5
    text = samples["Texts"]["README.md"].decode()
    assert text.startswith("# Pets\nall of them\n")
    assert len(text) < 5_000
    assert f"{7 + 12_000:,} bytes in all" in text
    assert _rows(plots["Tables", "labels.csv"]) == [["file", "label"], *([f"{number}.jpg", "Cat"] for number in range(20))]
    assert _bars(plots["Files", "per folder"]) == {"(top)": 2, "Cat": 12, "Dog": 12}
    assert _bars(plots["Files", "by type"]) == {"jpg": 24, "csv": 1, "md": 1}
    assert sum(_bars(plots["Files", "by size"]).values()) == 26


def test_broken_files_are_passed_over(home: Home, tmp_path: Path) -> None:
    good = _encoded(Image.effect_noise((64, 64), 50), "PNG")
    files = {
        "good.png": good,
        "cut.png": good[:200],
        "cut.jpg": _encoded(Image.effect_noise((64, 64), 50), "JPEG")[:300],
        "lies.jpg": b"this is no picture",
        "bomb.png": _png(60_000, 60_000),
        "empty.png": b"",
        "good.csv": b"a;b\n1;2\n",
        "garbage.csv": random.Random(1).randbytes(5_000),
        "quotes.csv": b'a,"b\n' * 40_000,
        "nul.csv": b"a,b\0\n1,2\n",
        "blank.csv": b"\n\n\n",
        "garbage.parquet": b"PAR1" + random.Random(2).randbytes(5_000) + b"PAR1",
        "garbage.jsonl": b'{"a": 1}\n{"a": \n',
        "list.jsonl": b"[1]\n[2]\n",
        "deep.jsonl": b'{"a": ' * 20_000,
        "binary.txt": bytes(range(256)),
        "good.txt": "grüße".encode(),
    }
    for name, data in files.items():
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / name).write_bytes(data)
    made = _final(tmp_path / "data", "broken")
    samples = _samples(home, made)
    assert set(samples["Images"]) == {"good.png"}
    assert samples["Texts"] == {"good.txt": "grüße".encode()}
    tables = {variant: _rows(plot) for (metric, variant), plot in _plots(made).items() if metric == "Tables"}
    assert tables.pop("good.csv") == [["a", "b"], ["1", "2"]]
    assert set(tables) <= {"quotes.csv"}  # it is a table to whoever reads it so
    assert all(len(row) <= 20 and all(len(cell) <= 100 for cell in row) for rows in tables.values() for row in rows)


def test_tables_of_every_format_are_shown_with_few_rows_columns_and_letters(own: Home, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    wide = {f"c{number}": [number] * 50 for number in range(100)}
    pq.write_table(pa.table(wide | {"c0": ["x" * 1_000] * 50, "c1": [None] * 50}), tmp_path / "data" / "wide.parquet")
    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "data" / "no-rows.parquet")
    (tmp_path / "data" / "wide.tsv").write_text("\t".join(wide) + "\n" + ("\t".join("y" * 200 for _ in wide) + "\n") * 3)
    (tmp_path / "data" / "lines.jsonl").write_text('{"a": 1, "b": {"c": 2}}\n{"a": "x"}\n')
    (tmp_path / "data" / "long.csv").write_text("a,b\n" + "1,2\n" * 1_000_000)
    made = _final(tmp_path / "data", "tables")
    tables = {variant: _rows(plot) for (metric, variant), plot in _plots(made).items() if metric == "Tables"}
    assert tables["wide.parquet"][0] == [f"c{number}" for number in range(20)]
    assert len(tables["wide.parquet"]) == 21
    assert tables["wide.parquet"][1][:3] == ["x" * 99 + "…", "", "2"]
    assert tables["no-rows.parquet"] == [["a"]]
    assert [len(row) for row in tables["wide.tsv"]] == [20] * 4
    assert tables["lines.jsonl"] == [["a", "b"], ["1", '{"c": 2}'], ["x", ""]]
    assert tables["long.csv"] == [["a", "b"], *[["1", "2"]] * 20]


def test_columns_of_tables_have_types_missing_values_and_histograms(own: Home, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    rows = "".join(f"{number},{'x' if number % 2 else 'y'},{'' if number % 4 == 0 else number / 2}\n" for number in range(200))
    (tmp_path / "data" / "a.csv").write_text("id,kind,score\n" + rows + "this row, is, far, too, wide\n")
    (tmp_path / "data" / "semicolons.csv").write_text("a;b\n1;x\n;x\n")
    pq.write_table(
        pa.table({"n": [1.5, None, float("nan"), 2.5], "l": [[1], None, [2], [3]], "b": [True, False, True, None], "e": [None] * 4}),
        tmp_path / "data" / "b.parquet",
    )
    (tmp_path / "data" / "c.jsonl").write_text('{"a": 1}\n{"a": null, "b": "x"}\n{"a": 5, "b": "x"}\n')
    (tmp_path / "data" / "long.csv").write_text("v\n" + "1\n" * 1_000_000)
    plots = _plots(_final(tmp_path / "data", "columns"))
    columns = {variant: _rows(plot) for (metric, variant), plot in plots.items() if metric == "Columns"}
    assert columns["a.csv"] == [
        ["column", "type", "missing in 200 rows", "smallest", "largest"],
        ["id", "int64", "0", "0", "199"],
        ["kind", "string", "0", "x", "y"],
        ["score", "double", "50", "0.5", "99.5"],
    ]
    assert columns["semicolons.csv"][1:] == [["a", "int64", "1", "1", "1"], ["b", "string", "0", "x", "x"]]
    assert [row[:3] for row in columns["b.parquet"][1:]] == [
        ["n", "double", "2"],
        ["l", "list<element: int64>", "1"],
        ["b", "bool", "1"],
        ["e", "null", "4"],
    ]
    assert [row[:3] for row in columns["c.jsonl"][1:]] == [["a", "int64", "1"], ["b", "string", "1"]]
    assert columns["long.csv"][0][2].startswith("missing in the first 5")
    assert _bars(plots["Values", "a.csv: kind"]) == {"x": 100, "y": 100}
    assert list(_bars(plots["Values", "a.csv: id"]).values()) == [10] * 20
    assert sum(_bars(plots["Values", "a.csv: score"]).values()) == 150
    assert _bars(plots["Values", "b.parquet: b"]) == {"False": 1, "True": 2}


HOSTILE = """
import resource, struct, sys
from tilth.sdk.previews.columns import columns_of
from tilth.sdk.previews.ranges import LocalFile
from tilth.sdk.previews.rows import first_rows
def looked_at(name, data):
    file = LocalFile(name, data)
    return columns_of(file), first_rows(file)
assert looked_at("ok.csv", b"a,b\\n1,2\\n")[0].rows == 1
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert looked_at("wide.csv", b"," * 400_000 + b"\\n" + b"," * 400_000 + b"\\n")[0] is None
assert looked_at("joined.csv", b'"\\n",' + b"a," * 400_000 + b"\\n")[0] is None
assert looked_at("deep.jsonl", b'{"a":' + b"[" * 450_000 + b"]" * 450_000 + b"}\\n") == (None, None)
assert looked_at("objects.jsonl", b'{"a":' * 150_000 + b"1" + b"}" * 150_000 + b"\\n") == (None, None)
keys = b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range(60_000)) + b"}\\n"
assert len(looked_at("keys.jsonl", keys)[0].columns) == 100
for header in (b"(" * 9_000, b"-" * 9_000 + b"1", b"[" * 150 + b"]" * 150):
    said = struct.pack("<H", len(header)) + header
    assert looked_at("header.npy", b"\\x93NUMPY\\x01\\x00" + said) == (None, None)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_hostile_tables_end_nothing_and_take_no_memory() -> None:
    ended = subprocess.run([sys.executable, "-c", HOSTILE], capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) < 300_000


def test_a_text_that_a_file_holds_once_is_not_written_out_for_all_its_rows() -> None:
    file = io.BytesIO()
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 10_000, pa.int32()), pa.array(["x" * 300_000]))
    pq.write_table(pa.table({"a": texts}), file, compression="zstd", store_schema=False)
    found = columns_of(LocalFile("a.parquet", file.getvalue()))
    assert found is not None
    assert (found.is_all, found.rows < 1_000, found.columns[0].type) == (False, True, "string")


WITHOUT_PANDAS = """
import sys
from tilth.sdk.previews.looks import look_at
from tilth.sdk.previews.ranges import LocalFile
rows = b"a,b,c\\n" + b"1,x,2.5\\n,,nan\\n3,y,4\\n" * 50
lines = b'{"a": 1, "b": "x", "c": 1.5, "d": [1], "e": true}\\n{"a": null, "b": "", "c": 2, "e": null}\\n' * 50
for name, data in (("a.csv", rows), ("a.jsonl", lines)):
    look = look_at("table", LocalFile(name, data))
    print([(column.name, column.type, column.missing, column.smallest, column.largest) for column in look.columns.columns])
print("pandas" in sys.modules)
"""


def test_columns_are_looked_at_without_pandas() -> None:
    ended = subprocess.run([sys.executable, "-c", WITHOUT_PANDAS], capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    *columns, pandas = ended.stdout.splitlines()
    assert columns == [
        "[('a', 'int64', 50, '1', '3'), ('b', 'string', 50, 'x', 'y'), ('c', 'double', 50, '2.5', '4')]",
        (
            "[('a', 'int64', 50, '1', '1'), ('b', 'string', 50, '', 'x'), ('c', 'double', 0, '1.5', '2'), "
            "('d', 'string', 50, '[1]', '[1]'), ('e', 'bool', 50, 'True', 'True')]"
        ),
    ]
    assert pandas == "False"


class Unpickled:
    """Leaves a trace if it is unpickled."""

    def __reduce__(self) -> Any:
        return os.mkdir, (os.environ["TRACE"],)


def test_arrays_show_shapes_types_and_first_values_and_are_never_unpickled(
    own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("TRACE", str(tmp_path / "trace"))
    np.save(folder / "a.npy", np.arange(12).reshape(3, 4))
    np.save(folder / "evil.npy", np.array([Unpickled()], dtype=object), allow_pickle=True)
    np.savez_compressed(folder / "b.npz", weights=np.zeros((1000, 2000), "float32"), words=np.array(["one", "two"]))
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 1000000000), }"
    (folder / "claims.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    (folder / "code.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", 40) + b"__import__('os').mkdir('x')".ljust(40))
    feather.write_feather(pa.table({"a": [1], "b": ["x"]}), folder / "c.feather")
    with pa.ipc.new_stream(folder / "d.arrow", pa.schema([("v", pa.float32())])) as stream:
        stream.write_table(pa.table({"v": pa.array([1.0], pa.float32())}))
    (folder / "cut.feather").write_bytes((folder / "c.feather").read_bytes()[:100])
    (folder / "no.npz").write_bytes(b"PK\x03\x04nothing")
    plots = _plots(_final(folder, "arrays"))
    tables = {variant: _rows(plot) for (metric, variant), plot in plots.items() if metric == "Tables"}
    assert tables == {
        "a.npy": [["array", "shape", "type", "first values"], ["", "3 \u00d7 4", "<i8", "0, 1, 2, 3, 4, 5, 6, 7, …"]],
        "evil.npy": [["array", "shape", "type", "first values"], ["", "1", "|O", "(objects of Python, which are not read)"]],
        "b.npz": [
            ["array", "shape", "type", "first values"],
            ["weights", "1000 \u00d7 2000", "<f4", "0, 0, 0, 0, 0, 0, 0, 0, …"],
            ["words", "2", "<U3", "one, two"],
        ],
        "c.feather": [["column", "type"], ["a", "int64"], ["b", "string"]],
        "d.arrow": [["column", "type"], ["v", "float"]],
    }
    assert not (tmp_path / "trace").exists()


def test_sounds_and_films_are_samples_that_a_page_can_play_if_they_are_whole(home: Home, tmp_path: Path) -> None:
    def box(name: bytes, size: int) -> bytes:
        return struct.pack(">I4s", 8 + size, name) + bytes(size)

    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(4000))
    film = box(b"ftyp", 8) + box(b"moov", 50) + box(b"mdat", 500)
    (tmp_path / "data").mkdir()
    shown = {"a.wav": sound.getvalue(), "b.oga": b"OggS" + bytes(99), "c.mp4": film, "d.M4V": film}
    broken = {"cut.wav": sound.getvalue()[:999], "page.mp3": b"<html>", "cut.mp4": film[:-9], "large.mov": film + box(b"free", 5 << 20)}
    for name, content in (shown | broken).items():
        (tmp_path / "data" / name).write_bytes(content)
    made = _final(tmp_path / "data", "sounds")
    samples = _samples(home, made)
    assert samples["Audio"] | samples["Videos"] == shown
    events = home.api.call("events.get_task_events", task=made.id, event_type="training_debug_image", batch_size=500)["events"]
    assert {event["variant"]: event["url"].rpartition(".")[2] for event in events} == {
        "a.wav": "wav",
        "b.oga": "ogg",
        "c.mp4": "mp4",
        "d.M4V": "mp4",
    }


def test_pictures_are_counted_by_their_dimensions(own: Home, tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    (tmp_path / "many").mkdir()
    for number in range(30):
        Image.new("RGB", (40, 30) if number % 3 else (30, 40)).save(tmp_path / "few" / f"{number}.png")
        Image.new("RGB", (number + 10, 9)).save(tmp_path / "many" / f"{number}.png")
    assert _bars(_plots(_final(tmp_path / "few", "few"))["Files", "by dimensions"]) == {"30 x 40": 4, "40 x 30": 6}
    counted = _bars(_plots(_final(tmp_path / "many", "many"))["Files", "by dimensions"])
    assert sum(counted.values()) == 10


def test_a_preview_reads_no_more_than_it_may(tmp_path: Path) -> None:
    for limit, pictures in (("0", 0), ("100 kB", 2)):
        home = _wiring._open(load_settings({}, given={"home": str(tmp_path / limit), "preview_limit": limit}))
        set_home(home)
        (tmp_path / limit / "data").mkdir(parents=True)
        for number in range(5):
            (tmp_path / limit / "data" / f"{number}.bmp").write_bytes(_encoded(Image.effect_noise((200, 200), 50), "BMP"))
        made = _final(tmp_path / limit / "data", "limited")
        assert len(_samples(home, made).get("Images", {})) == pictures
        assert ("Files", "per folder") in _plots(made)
        set_home(None)
        home.close()


def test_a_version_that_a_browser_made_has_a_preview(server: RunningServer) -> None:
    version = server.call("contents.begin", name="browsed", project="Team/Previews")["version"]["id"]
    fields = {"labels.csv": ("labels.csv", b"file,label\n1.png,cat\n"), "1.png": ("1.png", _encoded(Image.new("L", (8, 8)), "PNG"))}
    assert server.request("POST", f"/contents/{version}", fields=fields).status == 200
    server.call("contents.finish", version=version)
    asked = {"task": version, "event_type": "training_debug_image", "batch_size": 10}
    _until(lambda: server.call("events.get_task_events", **asked)["events"])
    plots = {"task": version, "iters": 1, "no_scroll": True}  # they may be reported after the pictures

    def shown_plots() -> set[tuple[str, str]]:
        return {(plot["metric"], plot["variant"]) for plot in server.call("events.get_task_plots", **plots)["plots"]}

    _until(lambda: ("Tables", "labels.csv") in shown_plots())
    events = server.call("events.get_task_events", **asked)["events"]
    assert [event["variant"] for event in events] == ["1.png"]
    shown = server.request("GET", f"/files/{events[0]['url'].partition('/files/')[2]}")
    assert (shown.status, shown.headers["content-type"]) == (200, "image/jpeg")


def test_files_of_this_machine_are_looked_at_while_they_are_stored(own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_from_the_store(*_: Any) -> None:
        raise AssertionError("it was looked at already")

    object.__setattr__(own, "preview_s", 600)
    monkeypatch.setattr(showing, "look_at", read_from_the_store)
    monkeypatch.setattr(showing, "head_of", read_from_the_store)
    folder = tmp_path / "data"
    folder.mkdir()
    for number in range(5):
        Image.new("RGB", (20, 10 + number), (number, 9, 9)).save(folder / f"{number}.png")
    (folder / "cut.png").write_bytes((folder / "0.png").read_bytes()[:40])
    (folder / "labels.csv").write_text("a,b\n1,x\n")
    (folder / "about.txt").write_text("what it is")
    synced = Dataset.create("synced", "Team/Previews")
    synced.sync_folder(folder)
    synced.finalize()
    assert synced.get_logger().flush(wait=True)
    for made in (_final(folder, "added"), synced):
        samples, plots = _samples(own, made), _plots(made)
        assert sorted(samples["Images"]) == [f"{number}.png" for number in range(5)]
        assert samples["Texts"] == {"about.txt": b"what it is"}
        assert _rows(plots["Tables", "labels.csv"]) == [["a", "b"], ["1", "x"]]
        assert plots["Columns", "labels.csv"]
        assert sum(_bars(plots["Files", "by dimensions"]).values()) == 5


def test_what_an_upload_saw_another_process_need_not_fetch(served: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    object.__setattr__(served, "preview_s", 600)
    folder = tmp_path / "data"
    folder.mkdir()
    for number in range(3):
        Image.new("RGB", (20, 10 + number), (number, 9, 9)).save(folder / f"{number}.png")
    (folder / "labels.csv").write_text("a,b\n1,x\n2\n")
    (folder / "about.txt").write_text("what it is")
    made = Dataset.create("far", "Team/Previews")
    made.add_files(folder)
    looking: list[Any] = []
    fill = Ahead.fill
    monkeypatch.setattr(Ahead, "fill", lambda self, files: looking.append(fill(self, files)))
    made.upload()
    _until(lambda: looking)
    served.reports.close(30)
    kept = served.folder / "drafts" / made.id / "seen"
    assert 0 < kept.stat().st_size < 100_000

    def read_from_the_store(*_: Any) -> None:
        raise AssertionError("it was looked at already")

    monkeypatch.setattr(showing, "look_at", read_from_the_store)
    monkeypatch.setattr(showing, "head_of", read_from_the_store)
    again = Dataset.get(made.id)
    again.finalize()
    assert again.get_logger().flush(wait=True)
    samples, plots = _samples(served, again), _plots(again)
    assert sorted(samples["Images"]) == ["0.png", "1.png", "2.png"]
    assert samples["Texts"] == {"about.txt": b"what it is"}
    assert plots["Columns", "labels.csv"]
    assert _rows(plots["Malformed rows", "labels.csv"])[1:] == [["3", "it has 1 field and not 2"]]
    assert sum(_bars(plots["Files", "by dimensions"]).values()) == 3
    assert not kept.exists()


@pytest.mark.parametrize("kept", [b"", b"garbage", b"\x93\x07\x90\x90", b"\x93\x01\x91\x01\x90"])
def test_what_was_kept_and_can_not_be_read_is_looked_at_in_the_store(own: Home, tmp_path: Path, kept: bytes) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    made = Dataset.create("kept", "Team/Previews")
    made.add_files(tmp_path / "a.csv")
    made.upload()
    own.reports.close(30)
    (own.folder / "drafts" / made.id / "seen").write_bytes(kept)
    made.finalize()
    assert made.get_logger().flush(wait=True)
    assert ("Tables", "a.csv") in _plots(made)


def test_what_was_seen_of_a_version_that_another_process_made_final_is_forgotten(own: Home, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    made = Dataset.create("gone", "Team/Previews")
    made.add_files(tmp_path / "a.csv")
    made.upload()
    code = "import sys; from tilth import Dataset; Dataset.get(sys.argv[1]).finalize()"
    subprocess.run([sys.executable, "-c", code, made.id], env=os.environ | {"TILTH_HOME": str(own.folder)}, check=True, timeout=120)
    own.previews.keep()
    assert not (own.folder / "drafts" / made.id).exists()
    own.repository.keep_with_draft(made._version.id, "seen", b"x")
    assert not (own.folder / "drafts" / made.id).exists()


def test_commands_look_at_files_for_others_only_if_the_store_is_far(own: Home, served: Home) -> None:
    for home, is_far in ((own, False), (served, True)):
        set_home(home)
        made = Dataset.create("far-or-near", "Team/Previews")
        assert is_worth_looking_at(home, made._version) == is_far


def test_so_much_of_what_was_seen_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_MOST_KEPT", 150)
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text(f"{number}" * 70)
    seen, again = (Ahead(Allowance(SystemClock(), 60, 1 << 20)) for _ in range(2))
    assert seen.dump() == b""
    seen.fill(list(scan(str(tmp_path))))
    again.load(seen.dump())
    known = [again.knows(Entry("x.txt", 70, sha256(f"{number}".encode() * 70).digest(), 0o644, 0, ())) for number in range(3)]
    assert sorted(known) == [False, True, True]


def test_what_was_seen_of_a_file_counts_only_for_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("as it was")
    (tmp_path / "gone.txt").write_text("gone")
    files = list(scan(str(tmp_path)))
    (tmp_path / "gone.txt").unlink()
    ahead = Ahead(Allowance(SystemClock(), 60, 1 << 20))
    ahead.fill(files)

    def entry(path: str, content: bytes) -> Entry:
        return Entry(path, len(content), sha256(content).digest(), 0o644, 0, ())

    assert ahead.look(entry("b.txt", b"as it was")) == Sample(b"as it was", "txt")
    assert not ahead.knows(entry("a.txt", b"as it is!"))
    assert not ahead.knows(entry("a.csv", b"as it was"))
    assert not ahead.knows(entry("gone.txt", b"gone"))
    stopped = Ahead(Allowance(SystemClock(), 60, 1 << 20))
    stopped.stop()
    stopped.fill(files)
    assert not stopped.knows(entry("a.txt", b"as it was"))


def test_finalizing_does_not_wait_for_the_preview_and_the_end_of_the_process_does(own: Home, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    code = """
import sys, threading
from tilth import Dataset
from tilth.sdk.previews import background
shown, go_on = background.try_to_show, threading.Event()
background.try_to_show = lambda *what: (go_on.wait(60), shown(*what))
made = Dataset.create("ended", "Team/Previews")
made.add_files(sys.argv[1])
made.finalize(auto_upload=True)
assert made.is_final()
print(made.id)
go_on.set()
"""
    environment = os.environ | {"TILTH_HOME": str(own.folder)}
    command = [sys.executable, "-c", code, str(tmp_path / "a.csv")]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ("Tables", "a.csv") in _plots(Dataset.get(ended.stdout.strip()))


def test_who_publishes_or_deletes_a_version_waits_for_its_preview(own: Home, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    for name in ("published", "deleted"):
        made = Dataset.create(name, "Team/Previews")
        made.add_files(tmp_path / "a.csv")
        made.finalize(auto_upload=True)
        if name == "published":
            made.publish()
            assert ("Tables", "a.csv") in _plots(made)
        else:
            Dataset.delete(made.id)
            assert made.id not in own.previews.being_made()


def test_what_is_stored_is_looked_at_once_and_not_before_there_is_something(
    own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(type(own.previews), "look_ahead", lambda self, version, files: begun.append(version.id))
    made = Dataset.create("same", "Team/Previews")
    context = taking_context(own, made._version, shown=tuple)
    context.on_found(0, 0)
    assert begun == []
    context.on_found(3, 9)
    context.on_found(1, 1)
    assert begun == [made.id]
    without_preview(own, made._version)
    taking_context(own, made._version, shown=tuple).on_found(1, 1)
    assert begun == [made.id]


def test_a_server_keeps_to_the_limits_of_previews_that_its_settings_say(tmp_path: Path) -> None:
    fields = {"labels.csv": ("labels.csv", b"file,label\n1.png,cat\n")}
    with running_server(tmp_path / "home", TILTH_PREVIEW_LIMIT="0") as server:
        version = server.call("contents.begin", name="limited", project="Team/Previews")["version"]["id"]
        assert server.request("POST", f"/contents/{version}", fields=fields).status == 200
        server.call("contents.finish", version=version)
        _until(lambda: len(server.call("events.get_task_plots", task=version, iters=1, no_scroll=True)["plots"]) >= 3)
        plots = server.call("events.get_task_plots", task=version, iters=1, no_scroll=True)["plots"]
    assert {plot["metric"] for plot in plots} == {"Files"}


def test_the_same_contents_show_the_same_samples(own: Home, tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / "data" / str(number % 3)).mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), number).save(tmp_path / "data" / str(number % 3) / f"{number}.png")
    first, second = _final(tmp_path / "data", "one"), _final(tmp_path / "data", "two")
    assert _samples(own, first) == _samples(own, second)


def test_pictures_of_every_kind_become_small_ones() -> None:
    deep = Image.frombytes("I;16", (2, 1), struct.pack("<HH", 0, 60_000))
    sizes = {}
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "F", "I"):
        made = thumbnail_of(_encoded(Image.new(mode, (600, 300)), "TIFF" if mode in ("CMYK", "F", "I") else "PNG"))
        assert made is not None, mode
        opened = Image.open(io.BytesIO(made.data))
        sizes[mode] = (opened.size, made.suffix)
    assert set(sizes.values()) == {((480, 240), "jpg"), ((480, 240), "png")}
    assert sizes["RGBA"] == ((480, 240), "png")
    made = thumbnail_of(_encoded(deep, "PNG"))
    assert made is not None
    assert Image.open(io.BytesIO(made.data)).convert("L").getextrema() in {(0, 255), (0, 254), (1, 255), (1, 254)}
    assert thumbnail_of(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n") is None


def test_a_turned_picture_is_shown_upright() -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (80, 40)).save(file, format="JPEG", exif=exif)
    made = thumbnail_of(file.getvalue())
    assert made is not None
    assert Image.open(io.BytesIO(made.data)).size == (40, 80)


def test_without_pillow_small_pictures_are_shown_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(thumbnails, "import_module", missing)
    png = _encoded(Image.new("L", (8, 8)), "PNG")
    assert thumbnail_of(png) == thumbnails.Thumbnail(png, "png")
    assert thumbnail_of(b"no picture") is None
    assert thumbnail_of(png + bytes(1 << 20)) is None


def test_who_wants_no_preview_has_none(own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("a\n1\n")
    assert _plots(_final(tmp_path / "data", "asked", preview=False)) == {}
    assert _plots(_final(tmp_path / "data", "usual"))
    assert load_settings({"TILTH_PREVIEW": "off"}).preview is False
    with pytest.raises(Invalid, match="preview is maybe"):
        load_settings({"TILTH_PREVIEW": "maybe"})
    object.__setattr__(own, "preview", False)
    assert _plots(_final(tmp_path / "data", "set")) == {}


def test_what_upload_was_told_holds_for_whoever_finalizes(own: Home, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    made = Dataset.create("later", "Team/Previews")
    made.add_files(tmp_path / "a.csv")
    made.upload(preview=False)
    again = Dataset.get(made.id)
    again.finalize()
    again.get_logger().flush(wait=True)
    assert _plots(again) == {}


def test_a_preview_that_fails_is_told_in_one_line(own: Home, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    made = _final(tmp_path / "a.csv", "damaged")
    capfd.readouterr()
    segment = own.repository.manifest(made._version.id).segments[0]
    path = own.folder / "store" / segment.key
    path.chmod(0o600)
    path.write_bytes(b"damaged")
    try_to_show(own, made._version)
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert "is final, but its preview failed" in said
    assert f"tilth data preview --id {made.id}" in said


@pytest.mark.parametrize("at", ["finalize.before-register", "finalize.after-register"])
def test_who_repeats_a_finalize_that_was_killed_makes_the_preview(own: Home, tmp_path: Path, at: str) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    made = Dataset.create("killed", "Team/Previews")
    made.add_files(tmp_path / "a.csv")
    made.upload()
    code = "import sys; from tilth import Dataset; Dataset.get(sys.argv[1]).finalize()"
    environment = os.environ | {"TILTH_HOME": str(own.folder), "TILTH_CRASH_AT": at}
    assert subprocess.run([sys.executable, "-c", code, made.id], env=environment, check=False).returncode == CRASH_STATUS
    again = Dataset.get(made.id)
    assert again.finalize()
    assert again.get_logger().flush(wait=True)
    assert ("Tables", "a.csv") in _plots(again)


def test_an_empty_version_has_a_preview_of_nothing(own: Home) -> None:
    made = Dataset.create("empty", "Team/Previews")
    assert made.finalize()
    made.get_logger().flush(wait=True)
    assert _plots(made) == {}


# --- the parts --------------------------------------------------------------------------------------------------------


class _Listing:
    """A listing of so many files in segments of a thousand."""

    def __init__(self, files: dict[str, int]) -> None:
        self._rows = sorted(files.items())
        starts = range(0, len(self._rows), 1_000)
        self.looked_at: list[int] = []
        self.segments = tuple(
            SegmentRef(self._rows[start][0], "", len(self._rows[start : start + 1_000]), 0, str(start), b"") for start in starts
        )

    def sizes(self, segment: SegmentRef) -> tuple[list[str], list[int]]:
        start = int(segment.key)
        self.looked_at.append(start // 1_000)
        rows = self._rows[start : start + 1_000]
        return [path for path, _ in rows], [size for _, size in rows]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 8, 31, 100])
def test_a_spread_has_each_number_once_and_is_even_from_the_start(count: int) -> None:
    found = list(spread(count))
    assert sorted(found) == list(range(count))
    for length in (2, 4, 8):
        if count > 3 * length:
            parts = sorted(found[:length])
            assert max(after - before for before, after in pairwise(parts)) <= 2 * count / length


def test_a_survey_counts_what_is_there() -> None:
    files = {f"{number % 7}/{number:05}.{('JPG', 'csv', 'tar.gz')[number % 3]}": number * 37 for number in range(5_000)} | {
        ".hidden": 1,
        "x": 0,
    }
    found = survey(_Listing(files), largest=lambda _: MANY)
    assert (found.files, found.seen) == (5_002, 5_002)
    assert found.folders == {"": 2} | {str(number): sum(path.startswith(f"{number}/") for path in files) for number in range(7)}
    assert found.types == {"jpg": 1_667, "csv": 1_667, "gz": 1_666, "": 2}
    edges = [0, *(10**power for power in range(3, 13)), MANY]
    assert found.sizes == [sum(low <= size < high for size in files.values()) for low, high in pairwise(edges)]
    shown = found.candidates["image"][:7]
    assert sorted(candidate.path[0] for candidate in shown) == list("0123456"), "one of each folder comes first"
    listing = _Listing(files)
    for candidate in shown:
        paths, sizes = listing.sizes(listing.segments[candidate.segment])
        assert (paths[candidate.row], sizes[candidate.row]) == (candidate.path, candidate.size)


def test_a_survey_of_very_many_folders_keeps_few() -> None:
    files = {f"{number // 100:04}/{number:06}/a.jpg": 1 for number in range(150_000)}
    found = survey(_Listing(files), largest=lambda _: MANY)
    assert sum(found.folders.values()) == 150_000
    assert len(found.folders) <= 100_000
    assert len(found.candidates["image"]) <= 2_000 * 10
    shown = folders_shown(found.folders, 40)
    assert len(shown) == 40
    assert sum(number for _, number in shown) == 150_000


def test_a_survey_ends_when_there_is_no_more_time() -> None:
    listing = _Listing({f"{number:05}.png": 1 for number in range(8_000)})
    found = survey(listing, largest=lambda _: MANY, go_on=lambda: len(listing.looked_at) < 2)
    assert (found.files, found.seen) == (8_000, 2_000)
    assert listing.looked_at == [0, 4]


def test_folders_are_shown_as_deep_as_there_is_room() -> None:
    deep = {f"train/{name}/{number}": 2 for name in ("cat", "dog") for number in range(50)}
    assert folders_shown(deep, 40) == [("train/cat", 100), ("train/dog", 100)]
    assert folders_shown({"a/b": 1, "": 2, "a": 3}, 40) == [("", 2), ("a", 3), ("a/b", 1)]


def test_a_file_is_read_in_pieces_and_never_too_much(own: Home, tmp_path: Path) -> None:
    data = random.Random(3).randbytes(9 << 20)
    (tmp_path / "a.bin").write_bytes(data)
    made = _final(tmp_path / "a.bin", "ranges")
    store, entry = own.repository.store, _entry(own, made)
    assert len(entry.chunks) > 1
    with RangeFile(store, entry, most_bytes=len(data)) as file:
        assert file.seek(-10, io.SEEK_END) == len(data) - 10
        assert file.read() == data[-10:]
        assert file.read() == b""
        file.seek(5 << 20)
        assert file.read(3 << 20) == data[5 << 20 : 8 << 20]
    with RangeFile(store, entry, most_bytes=5 << 20) as file, pytest.raises(Invalid, match="more"):
        file.read()


def _entry(home: Home, made: Dataset) -> Entry:
    return next(home.repository.manifest(made._version.id).entries())
