"""Figures are what Plotly itself takes, made of whatever people hold their numbers in; what does not fit is refused by its name."""

import json
import math
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from matplotlib.figure import Figure as Drawn

from tilth.base.errors import Invalid
from tilth.sdk import plots
from tilth.sdk.drawn import drawn_figure, figure_of

mpl.use("Agg")

SQUARE = np.arange(9.0).reshape(3, 3)


def judged(figure: plots.Figure) -> plots.Figure:
    """The same figure, after Plotly has accepted each of its fields, and JSON all of its values."""
    go.Figure(figure)
    json.dumps(figure)
    return figure


@pytest.mark.parametrize("values", [[1, 2, 3], (1, 2, 3), np.array([1, 2, 3]), pd.Series([1, 2, 3]), [np.int64(1), np.float32(2), 3]])
def test_numbers_of_any_library_become_bars(values: Any) -> None:
    figure = judged(plots.histogram("sizes", "train", values, xaxis="x", yaxis="y"))
    assert figure["data"] == [{"type": "bar", "name": "train", "x": [0, 1, 2], "y": [1, 2, 3]}]
    assert figure["layout"]["xaxis"] == {"title": {"text": "x"}}


def test_a_matrix_is_a_group_of_bars_for_each_row() -> None:
    figure = judged(
        plots.histogram(
            "sizes", "s", SQUARE, labels=["a", "b", "c"], xlabels=["1", "2", "3"], mode="stack", data_args={"marker": {"color": "red"}}
        )
    )
    assert [(bar["name"], bar["x"], bar["y"]) for bar in figure["data"]][1] == ("b", ["1", "2", "3"], [3.0, 4.0, 5.0])
    assert (figure["layout"]["barmode"], figure["layout"]["xaxis"]["type"]) == ("stack", "category")
    assert figure["data"][0]["marker"] == {"color": "red"}


def test_a_table_of_rows_has_its_header_first() -> None:
    figure = judged(plots.table("t", [["a", "b"], [1, None], ["x", math.nan]], extra_data={"cells": {"height": 30}}))
    cells = figure["data"][0]["cells"]
    assert (figure["data"][0]["header"]["values"], cells["values"], cells["height"]) == (["a", "b"], [[1, "x"], ["", ""]], 30)


def test_a_data_frame_shows_an_index_that_says_something() -> None:
    frame = pd.DataFrame({"ä": [1.5, None], "day": pd.to_datetime(["2026-01-01", None]), "ok": [True, False]})
    plain, indexed = (judged(plots.table("t", each))["data"][0] for each in (frame, frame.set_axis(["r 1", "r 2"])))
    assert plain["header"]["values"] == ["ä", "day", "ok"]
    assert plain["cells"]["values"][0] == [1.5, ""]
    assert plain["cells"]["values"][1][0].startswith("2026-01-01")
    assert plain["cells"]["values"][1][1:] == [""]
    assert plain["cells"]["values"][2] == ["True", "False"]
    assert indexed["cells"]["values"][0] == ["r 1", "r 2"]


def test_columns_of_several_levels_are_named_by_all() -> None:
    frame = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("loss", "min"), ("loss", "max")]))
    assert plots.table("t", frame)["data"][0]["header"]["values"] == ["loss min", "loss max"]


def test_csv_is_read_with_its_quotes_and_short_rows() -> None:
    assert plots.csv_rows('\ufeffa,b\n"x, y",1\n\nz\n', "f") == [["a", "b"], ["x, y", "1"], ["z", ""]]
    with pytest.raises(Invalid, match="table_plot is empty"):
        plots.table("t", plots.csv_rows("", "f"))


@pytest.mark.parametrize(
    ("series", "names"),
    [
        ([{"name": "a", "data": [[0, 1], [1, 2]], "labels": ["p", "q"]}, {"name": "b", "data": np.zeros((2, 2))}], ["a", "b"]),
        ({"name": "a", "data": [(0, 1)]}, ["a"]),
        ({"a": SQUARE[:, :2], "b": [[1, 2]]}, ["a", "b"]),
        (SQUARE[:, :2], ["title"]),
    ],
)
def test_curves_come_in_many_forms(series: Any, names: list[str]) -> None:
    figure = judged(plots.line_plot("title", series, xaxis="x", yaxis="y", reverse_xaxis=True, comment="why"))
    assert [curve["name"] for curve in figure["data"]] == names
    assert figure["layout"]["xaxis"]["autorange"] == "reversed"
    assert figure["layout"]["title"]["text"] == "title<br><sub>why</sub>"


def test_points_of_a_plane_and_of_space() -> None:
    flat = judged(plots.scatter2d("t", "s", SQUARE[:, :2], labels=["a", "b", "c"], mode="markers"))["data"]
    assert flat == [{"type": "scatter", "name": "s", "mode": "markers", "x": [0, 3, 6], "y": [1, 4, 7], "text": ["a", "b", "c"]}]
    deep = judged(plots.scatter3d("t", "s", [SQUARE, SQUARE[:1]], labels=[["a", "b", "c"], ["d"]], fill=True, zaxis="z"))
    assert [(each["name"], each["z"], each["text"], each["surfaceaxis"]) for each in deep["data"]] == [
        ("s 0", [2, 5, 8], ["a", "b", "c"], 2),
        ("s 1", [2], ["d"], 2),
    ]
    assert [each["name"] for each in plots.scatter3d("t", "s", {"one": SQUARE, "two": SQUARE})["data"]] == ["one", "two"]


def test_a_matrix_is_written_into_its_colours_unless_it_is_large() -> None:
    figure = judged(plots.heatmap("t", SQUARE / 3, xlabels=["1", "2", "3"], ylabels=list("abc"), yaxis_reversed=True, xaxis="x"))
    assert figure["data"][0]["text"][0] == ["0", "0.3333", "0.6667"]
    assert (figure["layout"]["yaxis"]["autorange"], figure["layout"]["xaxis"]["type"]) == ("reversed", "category")
    assert "text" not in judged(plots.heatmap("t", np.zeros((51, 50))))["data"][0]


def test_a_surface_is_seen_from_its_camera() -> None:
    scene = judged(plots.surface("t", SQUARE, camera=(1, 2, 0.5), xlabels=list("abc"), zaxis="z"))["layout"]["scene"]
    assert scene["camera"] == {"eye": {"x": 1, "y": 2, "z": 0.5}}
    assert scene["xaxis"]["ticktext"] == ["a", "b", "c"]


def test_a_layout_of_ones_own_is_put_into_the_rest() -> None:
    figure = judged(plots.scatter2d("t", "s", [[1, 2]], xaxis="x", extra_layout={"xaxis": {"type": "log"}, "width": np.int64(300)}))
    assert figure["layout"]["xaxis"] == {"title": {"text": "x"}, "type": "log"}
    assert figure["layout"]["width"] == 300


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: plots.histogram("t", "s", np.zeros((2, 2, 2))), r"values has shape \(2, 2, 2\)"),
        (lambda: plots.histogram("t", "s", []), r"values has shape \(0,\)"),
        (lambda: plots.histogram("t", "s", 5), "values is int"),
        (lambda: plots.histogram("t", "s", [[1, 2], [3]]), "values has rows of different lengths"),
        (lambda: plots.histogram("t", "s", [1, "x"]), "values holds 'x', which is no number"),
        (lambda: plots.surface("t", [[1, 2], [3, "x"]]), "matrix holds 'x', which is no number"),
        (lambda: plots.histogram("t", "s", [1, 2], xlabels=["a"]), "xlabels has 1 names for 2"),
        (lambda: plots.histogram("t", "s", [[1], [2]], labels=["a"]), "labels has 1 names for 2 rows"),
        (lambda: plots.table("t", [1, 2]), r"table_plot has shape \(2,\)"),
        (lambda: plots.table("t", [["a", "b"], [1]]), "table_plot has rows of different lengths"),
        (lambda: plots.line_plot("t", [{"name": "a"}]), r"series\[0\] has no data"),
        (lambda: plots.line_plot("t", [{"name": "a", "data": SQUARE}]), r"series 'a' has shape \(3, 3\); give \(N, 2\)"),
        (lambda: plots.line_plot("t", []), "series has no points"),
        (lambda: plots.scatter2d("t", "s", np.zeros(3)), r"scatter has shape \(3,\); give \(N, 2\)"),
        (lambda: plots.scatter2d("t", "s", np.zeros((3, 2)), labels=["a"]), "labels has 1 names for 3 points"),
        (lambda: plots.scatter3d("t", "s", np.zeros((3, 2))), r"scatter has shape \(3, 2\); give \(N, 3\)"),
        (lambda: plots.scatter3d("t", "s", [SQUARE, SQUARE], labels=["a"]), "labels are not those of 2 series"),
        (lambda: plots.heatmap("t", np.zeros(3)), r"matrix has shape \(3,\)"),
        (lambda: plots.heatmap("t", np.zeros((0, 3))), r"matrix has shape \(0,\)"),
        (lambda: plots.surface("t", SQUARE, camera=(1, 2)), r"camera has shape \(2,\)"),
        (lambda: plots.surface("t", SQUARE, xlabels=["a"]), "xlabels has 1 names for 3 columns"),
        (lambda: plots.plotly_figure({}), "figure has neither data nor layout"),
        (lambda: plots.plotly_figure("x"), "figure is str"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_name(make: Any, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        make()


def test_a_figure_of_plotly_keeps_its_values_without_packing() -> None:
    figure = go.Figure(go.Surface(z=SQUARE), layout={"title": "own"})
    figure.add_trace(go.Scatter(x=pd.to_datetime(["2026-01-01", "2026-01-02"]), y=np.array([1, 2], dtype="int16")))
    made = judged(plots.plotly_figure(figure))
    assert made["data"][0]["z"] == SQUARE.tolist()
    assert made["data"][1]["y"] == [1, 2]
    assert [text[:10] for text in map(str, made["data"][1]["x"])] == ["2026-01-01", "2026-01-02"]
    assert made["layout"]["title"]["text"] == "own"
    assert plots.plotly_figure({"data": {"type": "pie", "values": [1]}})["data"] == [{"type": "pie", "values": [1]}]


# --- what Matplotlib draws ------------------------------------------------------------------------------------------------


def drawn(figure: Drawn) -> plots.Figure | None:
    made = drawn_figure(figure, "title")
    return None if made is None else judged(made)


def test_lines_keep_their_values_colours_and_axes() -> None:
    figure = Drawn()
    axes = figure.subplots()
    axes.plot([1, 2, 3], [1, 10, 100], "r--o", label="curve")
    axes.axhline(5)
    axes.set(yscale="log", xlabel="epoch", title="own", ylim=(1, 1000))
    axes.legend()
    made = drawn(figure)
    assert made is not None
    curve, level = made["data"]
    assert (curve["name"], curve["x"], curve["y"], curve["mode"]) == ("curve", [1, 2, 3], [1, 10, 100], "lines+markers")
    assert (curve["line"]["color"], curve["line"]["dash"], curve["marker"]["symbol"]) == ("#ff0000", "dash", "circle")
    assert level["x"] == pytest.approx(axes.get_xlim())
    assert level["y"] == pytest.approx([5, 5])
    layout = made["layout"]
    assert (layout["title"]["text"], layout["yaxis"]["type"], layout["yaxis"]["range"]) == ("own", "log", [0, 3])
    assert (layout["xaxis"]["title"]["text"], layout["showlegend"]) == ("epoch", True)


def test_bars_points_areas_and_images_are_converted() -> None:
    figure = Drawn()
    one, two, three, four = figure.subplots(2, 2).ravel()
    one.bar(["cat", "dog"], [3, 5], color=["red", "blue"])
    one.text(0, 1, "few", ha="right", va="top")
    two.scatter([1, 2], [3, 4], c=[0, 1], s=[16, 25])
    three.fill_between([0, 1, 2], [0, 0, 0], [1, 2, 1], alpha=0.5)
    three.axvspan(0.5, 1)
    three.hist([1, 2, 2], histtype="step")
    figure.colorbar(four.imshow(SQUARE))
    made = drawn(figure)
    assert made is not None
    bars, points, steps, area, image = made["data"]
    assert (max(steps["y"]), "fill" in steps) == (2, False)
    assert (bars["y"], bars["x"], bars["marker"]["color"]) == ([3, 5], [0, 1], ["#ff0000", "#0000ff"])
    assert made["layout"]["xaxis"]["ticktext"] == ["cat", "dog"]
    assert made["layout"]["barmode"] == "overlay"
    note = made["layout"]["annotations"][0]
    assert (note["text"], note["x"], note["y"], note["xanchor"], note["yanchor"]) == ("few", 0, 1, "right", "top")
    assert (points["x"], points["y"], points["marker"]["size"], points["marker"]["color"]) == ([1, 2], [3, 4], [4, 5], [0, 1])
    assert (area["fill"], max(area["y"]), area["fillcolor"][-5:]) == ("toself", 2, ",0.5)")
    assert (image["z"], image["x0"], image["y0"], image["dy"], image["showscale"]) == (SQUARE.tolist(), 0, 0, 1, True)
    assert image["colorbar"]["x"] == pytest.approx(made["layout"]["xaxis4"]["domain"][1])
    assert made["layout"]["yaxis4"]["range"] == [2.5, -0.5]
    assert made["layout"]["shapes"][0]["x0"] == pytest.approx(0.5)
    assert made["layout"]["xaxis2"]["domain"][0] > made["layout"]["xaxis"]["domain"][1]


def test_a_histogram_error_bars_and_twins_are_converted() -> None:
    figure = Drawn()
    axes = figure.subplots()
    axes.hist([1, 1, 2], bins=[0.5, 1.5, 2.5])
    axes.errorbar([1, 2], [1, 2], yerr=[0.5, 0.5])
    axes.twinx().plot([1, 2], [100, 200])
    made = drawn(figure)
    assert made is not None
    assert [trace["type"] for trace in made["data"]] == ["bar", "scatter", "scatter", "scatter"]
    assert (made["data"][0]["y"], made["data"][0]["width"]) == ([2, 1], [1, 1])
    twin = made["layout"]["yaxis2"]
    assert (twin["overlaying"], twin["side"], twin["tickmode"]) == ("y", "right", "auto")


def test_dates_have_ticks_that_read_as_dates() -> None:
    figure = Drawn()
    axes = figure.subplots()
    axes.plot(np.array(["2026-01-01", "2026-03-01"], dtype="datetime64[D]"), [1, 2])
    made = drawn(figure)
    assert made is not None
    assert "2026-02-01" in made["layout"]["xaxis"]["ticktext"]


def test_half_a_figure_is_never_converted() -> None:
    polar, deep, pie, arrow, tilted, cells = (Drawn() for _ in range(6))
    tilted.subplots().axline((0, 0), slope=1)
    cells.subplots().hexbin(SQUARE.ravel(), SQUARE.ravel())
    polar.add_subplot(projection="polar").plot([1, 2])
    deep.add_subplot(projection="3d").plot([1, 2], [1, 2], [1, 2])
    pie.subplots().pie([1, 2])
    arrow.subplots().annotate("here", (0, 0), (1, 1), arrowprops={})
    photo = Drawn()
    photo.subplots().imshow(np.zeros((4, 4, 3)))
    assert [drawn(each) for each in (polar, deep, pie, arrow, tilted, cells, photo, Drawn())] == [None] * 8


def test_a_figure_is_found_from_what_people_hold() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure, axes = pyplot.subplots()
    try:
        assert figure_of(pyplot) is figure
        assert figure_of(axes) is figure
        assert figure_of(figure) is figure
        assert figure_of("figure") is None
    finally:
        pyplot.close(figure)
