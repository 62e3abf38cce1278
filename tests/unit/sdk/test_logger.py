"""What is reported lies in the outbox at once, as the server takes it; what can't be reported is refused, or told about, at the call."""

import inspect
import io
import json
import logging
import math
import re
import time
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from tilth.base.clock import SystemClock
from tilth.base.errors import Invalid, PathNotFound, Unavailable
from tilth.client.api import Api
from tilth.datasets.repository import Repository
from tilth.sdk import logger as logger_module
from tilth.sdk._current import set_running
from tilth.sdk.home import Home
from tilth.sdk.logger import SWITCHES, Logger
from tilth.sdk.pictures import png_of
from tilth.sdk.quiet import is_silent
from tilth.sdk.recording import Recording
from tilth.server.app.embedded import EmbeddedTransport
from tilth.server.app.embedded_files import EmbeddedFiles
from tilth.store.local import LocalStore
from tilth.store.streams import LocalStreams

mpl.use("Agg")


SIGNATURES = {
    "current_logger": "",
    "report_text": "msg, level=20, print_console=True, *args, **_",
    "report_scalar": "title, series, value, iteration",
    "report_single_value": "name, value",
    "report_vector": (
        "title, series, values, iteration=None, labels=None, xlabels=None, xaxis=None, yaxis=None, mode=None, extra_layout=None"
    ),
    "report_histogram": (
        "title, series, values, iteration=None, labels=None, xlabels=None, xaxis=None, yaxis=None, mode=None, "
        "data_args=None, extra_layout=None"
    ),
    "report_table": "title, series, iteration=None, table_plot=None, csv=None, url=None, extra_layout=None, extra_data=None",
    "report_line_plot": "title, series, xaxis, yaxis, mode='lines', iteration=None, reverse_xaxis=False, comment=None, extra_layout=None",
    "report_scatter2d": (
        "title, series, scatter, iteration=None, xaxis=None, yaxis=None, labels=None, mode='lines', comment=None, extra_layout=None"
    ),
    "report_scatter3d": (
        "title, series, scatter, iteration=None, xaxis=None, yaxis=None, zaxis=None, labels=None, mode='markers', "
        "fill=False, comment=None, extra_layout=None"
    ),
    "report_confusion_matrix": (
        "title, series, matrix, iteration=None, xaxis=None, yaxis=None, xlabels=None, ylabels=None, "
        "yaxis_reversed=False, comment=None, extra_layout=None"
    ),
    "report_matrix": (
        "title, series, matrix, iteration=None, xaxis=None, yaxis=None, xlabels=None, ylabels=None, yaxis_reversed=False, extra_layout=None"
    ),
    "report_surface": (
        "title, series, matrix, iteration=None, xaxis=None, yaxis=None, zaxis=None, xlabels=None, ylabels=None, "
        "camera=None, comment=None, extra_layout=None"
    ),
    "report_image": (
        "title, series, iteration=None, local_path=None, image=None, matrix=None, max_image_history=None, "
        "delete_after_upload=False, url=None"
    ),
    "report_media": (
        "title, series, iteration=None, local_path=None, stream=None, file_extension=None, max_history=None, "
        "delete_after_upload=False, url=None"
    ),
    "report_plotly": "title, series, figure, iteration=None",
    "report_matplotlib_figure": "title, series, figure, iteration=None, report_image=False, report_interactive=True",
    "set_default_upload_destination": "uri",
    "get_default_upload_destination": "",
    "flush": "wait=False",
    "get_flush_period": "",
    "set_flush_period": "period",
    "set_default_debug_sample_history": "max_history",
    "get_default_debug_sample_history": "",
    "report_image_and_upload": "title, series, iteration=None, path=None, matrix=None, max_image_history=None, delete_after_upload=False",
    "capture_logging": "",
    "tensorboard_auto_group_scalars": "group_scalars=False",
    "tensorboard_single_series_per_graph": "single_series=False",
    "matplotlib_force_report_non_interactive": "force",
    "set_reporting_nan_value": "value, warn_period=1000",
    "set_reporting_inf_value": "value, warn_period=1000",
}


class Run:
    """A Logger, and what lies in its outbox."""

    def __init__(self, home: Home, task: str = "1" * 32, *, offline: bool = True) -> None:
        self.recording = Recording(home, task, folder="Pets/train.1", offline=offline)
        self.echoed: list[str] = []
        self.logger = Logger(self.recording, echo=self.echoed.append)

    def lines(self, kind: str) -> list[dict[str, Any]]:
        return [json.loads(line) for path in self.recording.outbox.folder.glob(f"*.{kind}") for line in path.read_text().splitlines()]

    def events(self, *fields: str) -> list[tuple[Any, ...]]:
        return [tuple(event.get(field) for field in fields) for event in self.lines("events")]

    def plot(self) -> dict[str, Any]:
        """The last plot."""
        found: dict[str, Any] = json.loads(self.lines("events")[-1]["plot_str"])
        return found

    def uploads(self) -> list[tuple[str, bytes]]:
        """Names and contents of files that wait."""
        files = self.recording.outbox.folder / "files"
        return [(call["upload"]["name"], (files / call["upload"]["path"]).read_bytes()) for call in self.lines("calls")]

    def picture(self) -> np.ndarray[Any, Any]:
        """The last picture, as Pillow reads it."""
        return np.asarray(Image.open(io.BytesIO(self.uploads()[-1][1])))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    clock, folder = SystemClock(), tmp_path / "home"
    transport = EmbeddedTransport(folder, clock)
    repository = Repository(LocalStore(folder / "store"), drafts=folder / "drafts", clock=clock)
    streams = LocalStreams(folder / "store")
    opened = Home(
        folder=folder,
        cache_folder=tmp_path / "cache",
        author="tester",
        clock=clock,
        api=Api(transport),
        open_repository=lambda _: repository,
        open_files=lambda: EmbeddedFiles(streams, transport.database, clock),
    )
    yield opened
    opened.close()


@pytest.fixture
def run(home: Home) -> Iterator[Run]:
    made = Run(home)
    yield made
    made.recording.outbox.close()


@pytest.fixture(autouse=True)
def usual_switches() -> Iterator[None]:
    yield
    Logger.set_reporting_nan_value(0.0)
    Logger.set_reporting_inf_value(0.0)
    Logger.matplotlib_force_report_non_interactive(False)
    Logger.tensorboard_auto_group_scalars()
    Logger.tensorboard_single_series_per_graph()


# --- numbers and text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.int64(2), np.array(2.0), np.array([[2]]), Decimal(2)])
def test_a_scalar_of_any_library_is_a_number(run: Run, value: Any) -> None:
    run.logger.report_scalar("loss", "train", value, np.int32(7))
    assert run.events("type", "metric", "variant", "iter", "value") == [("training_stats_scalar", "loss", "train", 7, 2.0)]


@pytest.mark.parametrize(("iteration", "kept"), [(None, 0), (3.0, 3), (np.array(4), 4), ("5", 5)])
def test_an_iteration_may_be_missing_or_of_another_type(run: Run, iteration: Any, kept: int) -> None:
    run.logger.report_scalar("loss", "train", 1.0, iteration)
    assert run.events("iter") == [(kept,)]


@pytest.mark.parametrize("name", ["a" * 1000, 'quote " slash / \n ü', "\ud800 half", 5, ""])
def test_titles_and_series_may_be_anything(run: Run, name: Any) -> None:
    for _ in range(2):
        run.logger.report_scalar(name, name, 1.0, 0)
    expected = str(name).replace("\ud800", "?")
    assert run.events("metric", "variant") == [(expected, expected)] * 2


@pytest.mark.parametrize("value", ["2", None, [1, 2], np.zeros(2), 10**400, 1j, object()])
def test_what_is_no_number_is_refused_by_its_series(run: Run, value: Any) -> None:
    with pytest.raises(Invalid, match=r"the value of loss / train is .*; report one number"):
        run.logger.report_scalar("loss", "train", value, 0)
    with pytest.raises(Invalid, match="iteration is "):
        run.logger.report_scalar("loss", "train", 1.0, math.nan)
    assert run.lines("events") == []


def test_no_number_is_reported_as_zero_and_told_once(run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(logger_module, "warn", told.append)
    for step in range(5):
        run.logger.report_scalar("loss", "train", math.nan, step)
        run.logger.report_scalar("loss", "train", np.float32(-np.inf), step)
    run.logger.report_single_value("best", math.inf)
    assert [value for (value,) in run.events("value")] == [0.0] * 11
    assert [line.partition(",")[0] for line in told] == ["loss / train is nan", "loss / train is -inf", "Summary / best is inf"]


def test_what_stands_for_no_number_can_be_chosen(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(logger_module, "warn", told.append)
    Logger.set_reporting_nan_value(-1, warn_period=2)
    Logger.set_reporting_inf_value(None, warn_period=None)
    for step in range(5):
        run.logger.report_scalar("loss", "train", math.nan, step)
        run.logger.report_scalar("loss", "train", math.inf, step)
    assert run.events("value") == [(-1.0,)] * 5
    assert len(told) == 3
    Logger.set_reporting_inf_value(1e9)
    run.logger.report_scalar("loss", "train", -math.inf, 9)
    assert run.events("value")[-1] == (-1e9,)
    with pytest.raises(Invalid, match="can't stand for"):
        Logger.set_reporting_nan_value(math.nan)


def test_a_scalar_costs_the_caller_little(run: Run) -> None:
    """A budget of processor time that a busy machine keeps: several times what it takes, and far below one request."""
    run.logger.report_scalar("loss", "train", 0.5, 0)
    began = time.process_time()
    for step in range(20_000):
        run.logger.report_scalar("loss", "train", 0.5, step)
    assert time.process_time() - began < 20_000 * 60e-6
    assert len(run.lines("events")) == 20_001


def test_text_is_reported_and_printed(run: Run) -> None:
    run.logger.report_text("half %d", logging.WARNING, True, 50)
    run.logger.report_text("100% \ud800", print_console=False)
    run.logger.report_text("x", level="ERROR", print_console=False)
    assert run.events("type", "level", "msg") == [("log", "warning", "half 50"), ("log", "info", "100% ?"), ("log", "error", "x")]
    assert run.echoed == ["half 50"]


def test_what_is_printed_of_a_report_is_not_recorded_again(run: Run) -> None:
    silent: list[bool] = []
    Logger(run.recording, echo=lambda _: silent.append(is_silent())).report_text("x")
    assert (silent, is_silent()) == ([True], False)


def test_logging_is_captured_for_a_while(run: Run) -> None:
    log = logging.getLogger("tests.captured")
    with run.logger.capture_logging():
        log.warning("seen %s", 1)
    log.warning("not seen")
    assert run.events("level", "msg") == [("warning", "seen 1")]


# --- plots ----------------------------------------------------------------------------------------------------------------


def test_each_kind_of_plot_is_a_figure_of_its_iteration(run: Run) -> None:
    square = np.arange(9.0).reshape(3, 3)
    square[0, 0] = np.nan
    log = run.logger
    log.report_vector("vector", "v", square[1], 1)
    log.report_histogram("histogram", "h", square, 2, labels=["a", "b", "c"])
    log.report_table("table", "rows", 3, table_plot=[["a"], [1]])
    log.report_line_plot("line", {"name": "s", "data": square[:, :2]}, "x", "y", iteration=4)
    log.report_scatter2d("flat", "s", square[:, :2], 5)
    log.report_scatter3d("deep", "s", square, 6)
    log.report_confusion_matrix("confusion", "c", square, 7, xlabels=["a", "b", "c"])
    log.report_matrix("matrix", "m", square, 8)
    log.report_surface("surface", "s", square, 9, camera=(1, 1, 1))
    log.report_plotly("plotly", "p", {"data": [{"type": "scatter", "y": [math.nan, 1]}]}, 10)
    assert run.events("type", "metric", "variant", "iter") == [
        ("plot", "vector", "v", 1),
        ("plot", "histogram", "h", 2),
        ("plot", "table", "rows", 3),
        ("plot", "line", "", 4),
        ("plot", "flat", "s", 5),
        ("plot", "deep", "s", 6),
        ("plot", "confusion", "c", 7),
        ("plot", "matrix", "m", 8),
        ("plot", "surface", "s", 9),
        ("plot", "plotly", "p", 10),
    ]
    assert run.plot() == {"data": [{"type": "scatter", "y": [None, 1]}], "layout": {}}


def test_a_table_comes_from_a_frame_a_file_or_an_address(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a table.csv"
    path.write_text("a,b\n1,2\n")
    shown = []
    frame: dict[str, Any] = {"table_plot": pd.DataFrame({"a": ["1"], "b": ["2"]})}
    for given in (frame, {"csv": str(path)}, {"csv": path.as_uri()}, {"url": path.as_uri()}):
        run.logger.report_table("table", "t", **given)
        (trace,) = run.plot()["data"]
        shown.append((trace["header"]["values"], trace["cells"]["values"]))
    assert shown == [(["a", "b"], [["1"], ["2"]])] * 4
    with pytest.raises(PathNotFound, match="does not exist; give a file as csv"):
        run.logger.report_table("table", "t", csv=str(tmp_path / "none.csv"))
    with pytest.raises(Invalid, match="csv and url were given"):
        run.logger.report_table("table", "t", csv="a", url="b")
    with pytest.raises(Invalid, match="can't be fetched"):
        run.logger.report_table("table", "t", url="gopher://a/b.csv")


def test_a_table_is_fetched_over_http(run: Run, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a\n1\n")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        run.logger.report_table("table", "t", url=f"{address}/rows.csv")
        assert run.plot()["data"][0]["cells"]["values"] == [["1"]]
        with pytest.raises(Unavailable, match="answered 404"):
            run.logger.report_table("table", "t", url=f"{address}/none.csv")
        server.shutdown()
    with pytest.raises(Unavailable, match="can't be fetched"):
        run.logger.report_table("table", "t", url=f"{address}/rows.csv")


def test_a_drawn_figure_is_a_plot_a_sample_or_a_picture_among_the_plots(run: Run) -> None:
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([1, 2, 3])
    run.logger.report_matplotlib_figure("drawn", "data", figure, 1)
    assert run.plot()["data"][0]["y"] == [1, 2, 3]
    run.logger.report_matplotlib_figure("drawn", "sample", figure, 2, report_image=True)
    run.logger.report_matplotlib_figure("drawn", "still", figure, 3, report_interactive=False)
    Logger.matplotlib_force_report_non_interactive(True)
    run.logger.report_matplotlib_figure("drawn", "forced", figure, 3)
    assert run.events("variant") == [("data",), ("still",), ("forced",)]
    assert [(name, content[:4]) for name, content in run.uploads()] == [
        ("Pets/train.1/metrics/drawn/sample/sample_00000000.png", b"\x89PNG"),
        ("Pets/train.1/plots/drawn/still/still_00000003.png", b"\x89PNG"),
        ("Pets/train.1/plots/drawn/forced/forced_00000003.png", b"\x89PNG"),
    ]
    source = run.plot()["layout"]["images"][0]["source"]
    assert source == "tilth://files/Pets/train.1/plots/drawn/forced/forced_00000003.png"
    with pytest.raises(Invalid, match="figure is str"):
        run.logger.report_matplotlib_figure("drawn", "x", "figure")


# --- pictures -------------------------------------------------------------------------------------------------------------

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 2), (5, 7, 3), (5, 7, 4), (1, 1, 3)])
def test_pixels_come_back_as_they_were(run: Run, shape: tuple[int, ...]) -> None:
    pixels = RANDOM.integers(0, 256, shape, dtype=np.uint8)
    run.logger.report_image("t", "s", 0, image=pixels)
    assert (run.picture() == (pixels[:, :, 0] if shape[-1] == 1 else pixels)).all()


@pytest.mark.parametrize(
    ("pixels", "first"),
    [
        (np.full((2, 2), 0.5), 128),
        (np.full((2, 2), 200.0), 200),
        (np.full((2, 2), True), 255),
        (np.full((2, 2), 7, dtype=np.int64), 7),
        (np.full((2, 2), np.nan), 0),
        ([[9, 9], [9, 9]], 9),
        (np.full((2, 4), 5, dtype=np.uint8)[:, ::2], 5),
    ],
)
def test_numbers_of_other_kinds_are_pixels(run: Run, pixels: Any, first: int) -> None:
    run.logger.report_image("t", "s", matrix=pixels)
    assert run.picture()[0, 0] == first


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "F", "I;16", "HSV"])
def test_pictures_of_pillow_are_taken_in_any_mode(run: Run, mode: str) -> None:
    run.logger.report_image("t", "s", image=Image.new(mode, (3, 2)))
    assert run.picture().shape[:2] == (2, 3)


@pytest.mark.parametrize(
    ("pixels", "told"),
    [
        (np.zeros((3, 8, 8)), r"image has shape \(3, 8, 8\); move the channels to the end"),
        (np.zeros(4), r"image has shape \(4,\); give height x width"),
        (np.zeros((2, 2, 5)), r"image has shape \(2, 2, 5\)"),
        (np.zeros((0, 2)), r"image has shape \(0, 2\)"),
        (np.full((2, 2), 256), "image has values from 256 to 256"),
        (np.full((2, 2), -0.5), "image has values from -0.5 to -0.5; give whole numbers 0 to 255 or floats 0 to 1"),
        (np.linspace(-1, 1, 4).reshape(2, 2), r"from -1 to 1; .*floats 0 to 1: \(x \+ 1\) / 2 makes these of -1 to 1"),
        (np.full((2, 2), -3.0), "image has values from -3 to -3; give whole numbers 0 to 255 or floats 0 to 1$"),
        (np.full((2, 2), np.inf), "image has values from inf to inf"),
        (np.array([["a"]]), "image holds <U1, no pixels"),
        ([[1], [1, 2]], "image has rows of different lengths"),
        ("cat.jpg", "image is str, not a picture"),
    ],
)
def test_what_is_no_picture_is_refused(run: Run, pixels: Any, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        run.logger.report_image("t", "s", image=pixels)
    assert run.lines("calls") == []


def test_a_photograph_is_small(tmp_path: Path) -> None:
    ramp = np.add.outer(np.arange(256), np.arange(256)).astype(np.uint8)
    assert len(png_of(ramp, "image")) < 2_000


def test_files_take_the_places_of_those_that_are_too_old(run: Run) -> None:
    run.logger.set_default_debug_sample_history(3)
    assert run.logger.get_default_debug_sample_history() == 3
    for step in range(5):
        run.logger.report_image("t", "s", step, image=np.full((1, 1), step, dtype=np.uint8))
    run.logger.report_image("t", "all", 0, image=np.zeros((1, 1)), max_image_history=0)
    names = [name.rpartition("/")[2] for name, _ in run.uploads()]
    assert names == [f"s_{slot:08d}.png" for slot in (0, 1, 2, 0, 1)] + ["all_00000000.png"]
    events = [call["event"] for call in run.lines("calls")]
    assert [(event["type"], event["iter"]) for event in events[:5]] == [("training_debug_image", step) for step in range(5)]
    assert events[3]["url"] == "tilth://files/Pets/train.1/metrics/t/s/s_00000000.png"


def test_names_that_look_alike_have_files_of_their_own(run: Run) -> None:
    series = ["a/b", "a_b", "a:b", "..", "ü" * 300, "ü" * 301, "a b", " a b", "", "50%", "\ud800"]
    for each in series:
        run.logger.report_image("t", each, image=np.zeros((1, 1)))
    names = [name for name, _ in run.uploads()]
    assert len(set(names)) == len(series)
    assert all(len(part.encode()) < 256 and part.strip(".") for name in names for part in name.split("/"))
    assert not any(re.search(r"[?#&%\\]|//", name) for name in names)


def test_a_file_is_taken_as_it_is_now(run: Run, tmp_path: Path) -> None:
    path, gone = tmp_path / "cat.jpg", tmp_path / "dog.webp"
    path.write_bytes(b"before")
    gone.write_bytes(b"given")
    run.logger.report_image("t", "kept", local_path=str(path))
    run.logger.report_image_and_upload("t", "given", path=gone, delete_after_upload=True)  # type: ignore[arg-type]
    path.write_bytes(b"after")
    assert [(Path(name).name, content) for name, content in run.uploads()] == [
        ("kept_00000000.jpg", b"before"),
        ("given_00000000.webp", b"given"),
    ]
    assert (path.exists(), gone.exists()) == (True, False)
    with pytest.raises(PathNotFound, match="does not exist"):
        run.logger.report_image("t", "s", local_path=str(gone))
    with pytest.raises(PathNotFound, match="is a folder"):
        run.logger.report_media("t", "s", local_path=str(tmp_path))


def test_streams_are_taken_with_an_extension(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page").write_text("<p>file")
    read = io.BytesIO(b"sound")
    read.read()
    run.logger.report_media("t", "s", 1, stream=read, file_extension="mp3")
    run.logger.report_media("t", "s", 1, stream=io.StringIO("<p>ü"), file_extension=".html")
    with (tmp_path / "page").open() as file:
        run.logger.report_media("t", "s", 1, stream=file, file_extension="html")
    found = [(Path(name).suffix, content.decode()) for name, content in run.uploads()]
    assert found == [(".mp3", "sound"), (".html", "<p>ü"), (".html", "<p>file")]
    with pytest.raises(Invalid, match="give file_extension"):
        run.logger.report_media("t", "s", stream=io.BytesIO(b"x"))
    with pytest.raises(Invalid, match="stream is int"):
        run.logger.report_media("t", "s", stream=5, file_extension="x")


def test_what_lies_elsewhere_is_named_and_not_fetched(run: Run) -> None:
    run.logger.report_image("t", "s", 2, url="https://example.org/a.png")
    run.logger.report_media("t", "s", 3, url="https://example.org/a.mp4")
    assert run.events("iter", "url") == [(2, "https://example.org/a.png"), (3, "https://example.org/a.mp4")]
    for wrong in ({}, {"url": "a", "local_path": "b"}):
        with pytest.raises(Invalid, match="give just one of local_path, image, matrix, url"):
            run.logger.report_image("t", "s", **wrong)  # type: ignore[arg-type]


def test_files_go_to_a_folder_that_was_named(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(logger_module, "warn", told.append)
    shared = tmp_path / "shared samples"
    run.logger.set_default_upload_destination(shared.as_uri())
    run.logger.report_image("t", "s", 4, image=np.zeros((1, 1)))
    ((step, url),) = run.events("iter", "url")
    assert (step, run.lines("calls")) == (4, [])
    assert Path(unquote(urlsplit(url).path)).read_bytes().startswith(b"\x89PNG")
    assert shared.as_uri() == run.logger.get_default_upload_destination()
    (tmp_path / "file").touch()
    run.logger.set_default_upload_destination(str(tmp_path / "file"))
    run.logger.report_image("t", "s", 4, image=np.zeros((1, 1)))
    assert "check the upload destination" in told[0]
    run.logger.set_default_upload_destination("")
    run.logger.report_image("t", "s", 5, image=np.zeros((1, 1)))
    assert len(run.lines("calls")) == 1
    with pytest.raises(Invalid, match="no folder"):
        run.logger.set_default_upload_destination("gopher://samples")


def test_a_home_that_takes_nothing_costs_a_line_and_not_the_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(logger_module, "warn", told.append)
    run.recording.outbox.folder.parent.mkdir(parents=True)
    run.recording.outbox.folder.touch()  # a file where the folder is to be: no user can write into it, not even root
    run.logger.report_scalar("loss", "train", 1.0, 0)
    for _ in range(3):
        run.logger.report_image("t", "s", image=np.zeros((1, 1)))
    assert [line.partition(":")[0] for line in told] == ["files that are reported are lost until this is mended"]


# --- the rest -------------------------------------------------------------------------------------------------------------


def test_the_current_logger_is_that_of_the_running_task(run: Run) -> None:
    class Task:
        id = "1" * 32

        def get_logger(self) -> Logger:
            return run.logger

    assert Logger.current_logger() is None
    set_running(Task())
    try:
        assert Logger.current_logger() is run.logger
    finally:
        set_running(None)


def test_switches_hold_for_the_process() -> None:
    Logger.tensorboard_auto_group_scalars(True)
    Logger.tensorboard_single_series_per_graph(True)
    assert (SWITCHES.group_scalars, SWITCHES.single_series) == (True, True)


def test_what_was_reported_arrives_and_whoever_waits_does_not_wait_for_the_period(home: Home) -> None:
    task = home.api.call("tasks.create", name="train", type="training")["id"]
    home.api.call("tasks.started", task=task)
    served = Run(home, task, offline=False)
    served.logger.set_flush_period(600)
    for step in range(2):
        served.logger.report_scalar("loss", "train", 0.5, step)
        served.logger.report_plotly("plot", "p", {"data": [{"type": "scatter", "y": [math.nan]}]}, step)
        served.logger.report_image("image", "i", step, image=np.full((2, 2), step, dtype=np.uint8))
        served.logger.report_text("said", print_console=False)
        assert served.logger.flush(wait=True)
    curves = home.api.call("events.scalar_metrics_iter_histogram", task=task)
    assert curves["loss"]["train"] == {"name": "train", "x": [0, 1], "y": [0.5, 0.5]}
    (images,) = home.api.call("events.debug_images", metrics=[{"task": task, "metric": "image"}], iters=5)["metrics"]
    urls = [event["url"] for iteration in images["iterations"] for event in iteration["events"]]
    assert sorted(urls) == [f"tilth://files/Pets/train.1/metrics/image/i/i_{slot:08d}.png" for slot in range(2)]
    with home.files.open("Pets/train.1/metrics/image/i/i_00000001.png") as file:
        assert file.read().startswith(b"\x89PNG")
    assert len(home.api.call("events.get_task_plots", task=task, iters=5)["plots"]) == 2
    assert [line["msg"] for line in home.api.call("events.get_task_log", task=task)["events"]] == ["said", "said"]
    assert served.recording.close(30)


def test_the_period_is_that_of_the_sender(run: Run) -> None:
    run.logger.set_flush_period(30)
    assert (run.recording.period_s, run.logger.get_flush_period()) == (30.0, 30.0)
    for wrong in (-1, math.nan, math.inf):
        with pytest.raises(Invalid, match="period is"):
            run.logger.set_flush_period(wrong)
    assert run.logger.flush(wait=True) is False  # nobody sends what is recorded offline


def test_parameters_are_those_that_scripts_use() -> None:
    assert {name: _parameters(found) for name, found in inspect.getmembers(Logger, callable) if not name.startswith("_")} == SIGNATURES


def _parameters(function: Any) -> str:
    kinds: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    given = [each for each in inspect.signature(function).parameters.values() if each.name != "self"]
    return ", ".join(
        f"{kinds.get(each.kind, '')}{each.name}" + ("" if each.default is inspect.Parameter.empty else f"={each.default!r}")
        for each in given
    )
