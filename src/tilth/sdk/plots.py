"""How values become Plotly figures: plain dictionaries of `data` and `layout`, made without Plotly and without NumPy.

Arrays are known by what they can do (`tolist`, `__array__`), so that those of NumPy, PyTorch, JAX and pandas are taken alike.
"""

import array
import csv
import io
import sys
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tilth.base.errors import Invalid

__all__ = [
    "Figure",
    "csv_rows",
    "heatmap",
    "histogram",
    "line_plot",
    "picture",
    "plotly_figure",
    "scatter2d",
    "scatter3d",
    "surface",
    "table",
]

Figure = dict[str, Any]

_WRITTEN_CELLS = 2_500
"""A heatmap of more cells shows their values under the pointer only."""
_TYPES = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "f4": "f", "f8": "d"}
"""The names of types in Plotly's packed arrays, as the module `array` calls them."""


def histogram(
    title: str,
    series: str,
    values: Any,
    *,
    labels: Sequence[str] | None = None,
    xlabels: Sequence[str] | None = None,
    xaxis: str | None = None,
    yaxis: str | None = None,
    mode: str | None = None,
    data_args: Mapping[str, Any] | None = None,
    extra_layout: Mapping[str, Any] | None = None,
) -> Figure:
    """Bars: one for each of `values`; those of a matrix are a group of bars for each row."""
    rows = listed(values, "values")
    shape = _shape(rows)
    if len(shape) not in {1, 2} or 0 in shape or -1 in shape:
        raise _misshapen("values", rows, "one row of numbers, or a matrix of them with a row for each series")
    if len(shape) == 1:
        rows = [rows]
    _check_numbers("values", rows)
    count, width = len(rows), shape[-1]
    names = _names(labels, "labels", count, "rows") or ([series] if count == 1 else [f"{series} {number}" for number in range(count)])
    buckets = _names(xlabels, "xlabels", width, "values in a row")
    bars = [
        {"type": "bar", "name": name, "x": buckets or list(range(width)), "y": row, **(data_args or {})}
        for name, row in zip(names, rows, strict=True)
    ]
    layout = _layout(title, xaxis=_axis(xaxis, buckets), yaxis=_axis(yaxis), barmode=mode or "group", showlegend=len(bars) > 1)
    return _figure(bars, layout, extra_layout)


def table(title: str, rows: Any, *, extra_layout: Mapping[str, Any] | None = None, extra_data: Mapping[str, Any] | None = None) -> Figure:
    """A table out of a pandas DataFrame, or of rows of which the first has the names of the columns."""
    header, columns = _frame(rows) if hasattr(rows, "iloc") and hasattr(rows, "columns") else _columns(listed(rows, "table_plot"))
    shown = [[_cell(value) for value in column] for column in columns]
    data = {"type": "table", "header": {"values": header, "align": "left"}, "cells": {"values": shown, "align": "left"}}
    return _figure([_merged(data, extra_data)], _layout(title), extra_layout)


def csv_rows(text: str, origin: str) -> list[list[str]]:
    """The rows of CSV text; short rows are filled up."""
    try:
        rows = [row for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True) if row]
    except csv.Error as error:
        raise Invalid(f"{origin} is no CSV: {error}", hint="give a file of comma-separated values, or a list of rows") from error
    width = max(map(len, rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows]


def line_plot(
    title: str,
    series: Any,
    *,
    xaxis: str | None = None,
    yaxis: str | None = None,
    mode: str = "lines",
    reverse_xaxis: bool = False,
    comment: str | None = None,
    extra_layout: Mapping[str, Any] | None = None,
) -> Figure:
    """Curves. `series` is a list of `{"name": ..., "data": [[x, y], ...], "labels": [...]}`, or one of these, or just pairs."""
    if isinstance(series, Mapping) and "data" in series:
        series = [series]
    if isinstance(series, (list, tuple)) and series and all(isinstance(each, Mapping) for each in series):
        for number, each in enumerate(series):
            if "data" not in each:
                raise Invalid(f"series[{number}] has no data, but {', '.join(map(repr, each)) or 'nothing'}", hint="give it name and data")
        curves = [(str(each.get("name", number)), each["data"], each.get("labels")) for number, each in enumerate(series)]
    else:
        curves = [(name, points, None) for name, points in _several(title, series, "series", width=2)]
    data = [_curve(name, points, labels, mode, f"series {name!r}") for name, points, labels in curves]
    across = _axis(xaxis) | ({"autorange": "reversed"} if reverse_xaxis else {})
    return _figure(data, _layout(title, comment, xaxis=across, yaxis=_axis(yaxis)), extra_layout)


def scatter2d(
    title: str,
    series: str,
    scatter: Any,
    *,
    xaxis: str | None = None,
    yaxis: str | None = None,
    labels: Sequence[Any] | None = None,
    mode: str = "lines",
    comment: str | None = None,
    extra_layout: Mapping[str, Any] | None = None,
) -> Figure:
    """Points of a plane: pairs, or several series of them by name or as a list."""
    found = _several(series, scatter, "scatter", width=2)
    data = [
        _curve(name, points, texts, mode, "scatter" if len(found) == 1 else f"scatter {name!r}")
        for (name, points), texts in zip(found, _texts(labels, len(found)), strict=True)
    ]
    return _figure(data, _layout(title, comment, xaxis=_axis(xaxis), yaxis=_axis(yaxis)), extra_layout)


def scatter3d(
    title: str,
    series: str,
    scatter: Any,
    *,
    xaxis: str | None = None,
    yaxis: str | None = None,
    zaxis: str | None = None,
    labels: Sequence[Any] | None = None,
    mode: str = "markers",
    fill: bool = False,
    comment: str | None = None,
    extra_layout: Mapping[str, Any] | None = None,
) -> Figure:
    """Points of a space: triples, or several series of them by name or as a list. `fill` draws a surface through them."""
    found = _several(series, scatter, "scatter", width=3)
    data: list[dict[str, Any]] = []
    for (name, points), texts in zip(found, _texts(labels, len(found)), strict=True):
        where = "scatter" if len(found) == 1 else f"scatter {name!r}"
        x, y, z = _axes_of(points, where, 3)
        data.append({"type": "scatter3d", "name": name, "mode": mode, "x": x, "y": y, "z": z, "marker": {"size": 4}})
        if texts is not None:
            data[-1]["text"] = _names(texts, "labels", len(x), "points")
        if fill:
            data[-1]["surfaceaxis"] = 2
    scene = {"xaxis": _axis(xaxis), "yaxis": _axis(yaxis), "zaxis": _axis(zaxis)}
    return _figure(data, _layout(title, comment, scene=scene), extra_layout)


def heatmap(
    title: str,
    matrix: Any,
    *,
    xaxis: str | None = None,
    yaxis: str | None = None,
    xlabels: Sequence[str] | None = None,
    ylabels: Sequence[str] | None = None,
    yaxis_reversed: bool = False,
    comment: str | None = None,
    extra_layout: Mapping[str, Any] | None = None,
) -> Figure:
    """A matrix as colours, with its values written into them if there are not too many. Row 0 is at the bottom unless reversed."""
    rows, (height, width) = _matrix(matrix)
    across, along = _names(xlabels, "xlabels", width, "columns"), _names(ylabels, "ylabels", height, "rows")
    cells: dict[str, Any] = {"type": "heatmap", "z": rows, "colorscale": "Blues", "reversescale": True}  # so that more is darker
    if across:
        cells["x"] = across
    if along:
        cells["y"] = along
    if height * width <= _WRITTEN_CELLS:
        cells |= {"text": [[_written(value) for value in row] for row in rows], "texttemplate": "%{text}"}
    downwards = _axis(yaxis, along) | ({"autorange": "reversed"} if yaxis_reversed else {})
    return _figure([cells], _layout(title, comment, xaxis=_axis(xaxis, across), yaxis=downwards), extra_layout)


def surface(
    title: str,
    matrix: Any,
    *,
    xaxis: str | None = None,
    yaxis: str | None = None,
    zaxis: str | None = None,
    xlabels: Sequence[str] | None = None,
    ylabels: Sequence[str] | None = None,
    camera: Sequence[float] | None = None,
    comment: str | None = None,
    extra_layout: Mapping[str, Any] | None = None,
) -> Figure:
    """A matrix as heights. `camera` is where it is looked at from: x, y and z, of which 1 is the edge of the plot."""
    rows, (height, width) = _matrix(matrix)
    across, along = _names(xlabels, "xlabels", width, "columns"), _names(ylabels, "ylabels", height, "rows")
    data = {"type": "surface", "z": rows, "contours": {"z": {"show": True, "usecolormap": True, "project": {"z": True}}}}
    scene: dict[str, Any] = {"xaxis": _ticks(xaxis, across), "yaxis": _ticks(yaxis, along), "zaxis": _axis(zaxis)}
    if camera is not None:
        eye = listed(camera, "camera")
        if _shape(eye) != (3,):
            raise _misshapen("camera", eye, "three numbers, such as (1.25, 1.25, 0.5)")
        scene["camera"] = {"eye": dict(zip("xyz", eye, strict=True))}
    return _figure([data], _layout(title, comment, scene=scene), extra_layout)


def picture(title: str, address: str, width: int, height: int) -> Figure:
    """A picture that lies at an address, as a plot."""
    hidden = {"visible": False, "range": [0, 1], "fixedrange": True}
    image = {"source": address, "xref": "paper", "yref": "paper", "x": 0, "y": 1, "sizex": 1, "sizey": 1, "sizing": "contain"}
    layout = _layout(title, xaxis=hidden, yaxis=hidden, images=[image | {"layer": "above"}], width=width, height=height)
    return _figure([], layout | {"margin": {"l": 0, "r": 0, "b": 0, "t": 40}}, None)


def plotly_figure(figure: Any) -> Figure:
    """A figure of Plotly, or a dictionary as it has them, with lists in place of arrays."""
    convert = getattr(figure, "to_plotly_json", None) or getattr(figure, "to_dict", None)
    plain = figure if isinstance(figure, Mapping) else convert() if convert else None
    if not isinstance(plain, Mapping) or not (plain.get("data") or plain.get("layout")):
        what = "has neither data nor layout" if isinstance(plain, Mapping) else f"is {type(figure).__name__}"
        raise Invalid(f"figure {what}", hint='give a plotly Figure, or {"data": [...], "layout": {...}}')
    data, layout = plain.get("data") or [], plain.get("layout") or {}
    traces = [data] if isinstance(data, Mapping) else list(data) if isinstance(data, Iterable) else [data]
    if wrong := [part for part in (*traces, layout) if not (isinstance(part, Mapping) or callable(getattr(part, "to_plotly_json", None)))]:
        raise Invalid(f"figure holds {wrong[0]!r:.60} where a dictionary belongs", hint='give {"data": [{...}], "layout": {...}}')
    try:
        made: Figure = {"data": [_unpacked(trace) for trace in traces], "layout": _unpacked(layout)}
        return made | ({"frames": _unpacked(plain["frames"])} if plain.get("frames") else {})
    except RecursionError as error:
        raise Invalid("figure holds itself, or is nested too deep", hint="give one that does not") from error


def listed(value: Any, name: str) -> list[Any]:
    """A sequence or an array as nested lists."""
    plain = _plain(value)
    if not isinstance(plain, list):
        raise Invalid(f"{name} is {type(value).__name__}", hint="give a list or an array")
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, (str, bytes, int, float)) or value is None:
        return value
    if type(value) in {list, tuple}:
        return [_plain(part) for part in value]
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind in {"m", "M"} and hasattr(value, "astype"):
        value = value.astype(str)  # times as text: their `tolist` may be a count of nanoseconds
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "__array__"):
        return value.__array__().tolist()
    return [_plain(part) for part in value] if isinstance(value, Iterable) and not isinstance(value, Mapping) else value


def _unpacked(value: Any) -> Any:
    """Part of a figure with lists in place of arrays, also of those that Plotly packs into text."""
    if isinstance(value, Mapping):
        if "bdata" in value and value.get("dtype") in _TYPES:
            return _packed(value)
        return {str(name): _unpacked(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_unpacked(part) for part in value]
    if callable(convert := getattr(value, "to_plotly_json", None)):  # a trace or a layout of Plotly in a dictionary
        return _unpacked(convert())
    return _plain(value) if hasattr(value, "tolist") or hasattr(value, "__array__") else value


def _packed(value: Mapping[str, Any]) -> list[Any]:
    numbers = array.array(_TYPES[value["dtype"]], b64decode(value["bdata"]))
    if sys.byteorder == "big":
        numbers.byteswap()
    flat: list[Any] = numbers.tolist()
    lengths = [int(part) for part in str(value["shape"]).split(",")] if "shape" in value else []
    for length in reversed(lengths[1:]):
        flat = [flat[at : at + length] for at in range(0, len(flat), length)] if length else []
    return flat


def _shape(value: Any) -> tuple[int, ...]:
    """How long nested lists are; parts of different lengths have no shape and end it with -1."""
    if not isinstance(value, list):
        return ()
    inner = {_shape(part) for part in value}
    if len(inner) > 1:
        return (len(value), -1)
    return (len(value), *(inner.pop() if inner else ()))


def _misshapen(name: str, value: Any, expected: str) -> Invalid:
    shape = _shape(_plain(value))
    what = f"has rows of different lengths ({shape[0]} of them)" if -1 in shape else f"has shape {shape}"
    return Invalid(f"{name} {what}", hint=f"give {expected}")


def _check_numbers(name: str, rows: list[list[Any]]) -> None:
    wrong = next((value for row in rows for value in row if isinstance(value, (str, bytes))), None)
    if wrong is not None:
        raise Invalid(f"{name} holds {wrong!r:.60}, which is no number", hint="give numbers; texts are labels")


def _matrix(matrix: Any) -> tuple[list[list[Any]], tuple[int, int]]:
    rows = listed(matrix, "matrix")
    shape = _shape(rows)
    if len(shape) != 2 or -1 in shape or 0 in shape:
        raise _misshapen("matrix", rows, "two dimensions, rows and columns")
    _check_numbers("matrix", rows)
    return rows, shape


def _several(series: str, points: Any, name: str, *, width: int) -> list[tuple[str, list[Any]]]:
    """Points as series with names, whether they were given by name, as a list of series, or as just one."""
    if isinstance(points, Mapping):
        found = [(str(each), listed(part, f"{name}[{each!r}]")) for each, part in points.items()]
    else:
        plain = listed(points, name)
        deep = bool(plain) and all(isinstance(part, list) and part and isinstance(part[0], list) for part in plain)
        parts = plain if deep else [plain]
        found = [(series if len(parts) == 1 else f"{series} {number}", part) for number, part in enumerate(parts)]
    if not any(part for _, part in found):
        raise Invalid(f"{name} has no points", hint=f"give at least one point of {width} numbers")
    return found


def _axes_of(points: Any, name: str, width: int) -> list[list[Any]]:
    rows = listed(points, name)
    shape = _shape(rows)
    if rows and shape != (len(rows), width):
        raise _misshapen(name, rows, f"(N, {width}): {width} numbers for each point")
    return [[row[at] for row in rows] for at in range(width)]


def _curve(name: str, points: Any, labels: Sequence[Any] | None, mode: str, where: str) -> dict[str, Any]:
    x, y = _axes_of(points, where, 2)
    curve: dict[str, Any] = {"type": "scatter", "name": name, "mode": mode, "x": x, "y": y}
    return curve | ({"text": _names(labels, "labels", len(x), "points")} if labels is not None else {})


def _texts(labels: Sequence[Any] | None, count: int) -> list[Sequence[Any] | None]:
    """The labels of each series: of one they may be given as they are, of several as a list for each."""
    if labels is None:
        return [None] * count
    plain = listed(labels, "labels")
    nested = bool(plain) and all(isinstance(part, list) for part in plain)
    if not nested and count == 1:
        return [plain]
    if not nested or len(plain) != count:
        raise Invalid(f"labels are not those of {count} series", hint="give a list of labels for each series")
    return plain


def _names(names: Sequence[Any] | None, name: str, count: int, of: str) -> list[str] | None:
    if names is None:
        return None
    plain = [str(part) for part in listed(names, name)]
    if len(plain) != count:
        raise Invalid(f"{name} has {len(plain)} names for {count} {of}", hint=f"give {count} of them, or leave {name} out")
    return plain


def _frame(frame: Any) -> tuple[list[str], list[list[Any]]]:
    """The columns of a DataFrame; the index is one if it says more than a count."""
    header = [_head(name) for name in frame.columns]
    columns = [listed(frame.iloc[:, number], "table_plot") for number in range(len(header))]
    index = frame.index.tolist()
    if frame.index.name is None and index == list(range(len(index))):
        return header, columns
    return [_head(frame.index.name or ""), *header], [[_head(value) for value in index], *columns]


def _columns(rows: list[Any]) -> tuple[list[str], list[list[Any]]]:
    expected = "a list of rows of one length, the first with the names of the columns"
    if not rows:
        raise Invalid("table_plot is empty", hint=f"give {expected}")
    widths = {len(row) if isinstance(row, list) else 0 for row in rows}
    if len(widths) != 1 or 0 in widths:
        raise _misshapen("table_plot", rows, expected)
    return [_head(name) for name in rows[0]], [list(column) for column in zip(*rows[1:], strict=True)] or [[] for _ in rows[0]]


def _head(name: Any) -> str:
    return " ".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _cell(value: Any) -> Any:
    """What a table shows: numbers as they are, nothing for what is not there."""
    if isinstance(value, bool) or not (isinstance(value, (str, int, float)) or value is None):
        text = str(value)
        return "" if text in {"NaT", "<NA>"} else text
    return "" if value is None or value != value else value  # noqa: PLR0124  NaN


def _written(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _axis(title: str | None, labels: Sequence[str] | None = None) -> dict[str, Any]:
    axis: dict[str, Any] = {"title": {"text": str(title)}} if title else {}
    return axis | ({"type": "category"} if labels else {})  # so that labels that look like numbers are not taken for some


def _ticks(title: str | None, labels: Sequence[str] | None) -> dict[str, Any]:
    return _axis(title) | ({"tickvals": list(range(len(labels))), "ticktext": list(labels)} if labels else {})


def _layout(title: str, comment: str | None = None, **parts: Any) -> dict[str, Any]:
    return {"title": {"text": f"{title}<br><sub>{comment}</sub>" if comment else title}, **parts}


def _figure(data: list[dict[str, Any]], layout: dict[str, Any], extra: Mapping[str, Any] | None) -> Figure:
    return {"data": data, "layout": _merged(layout, extra)}


def _merged(base: dict[str, Any], extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """`base` with what `extra` says, part by part."""
    if not extra:
        return base
    made = dict(base)
    for name, part in extra.items():
        before = made.get(name)
        made[name] = _merged(before, part) if isinstance(before, dict) and isinstance(part, Mapping) else _unpacked(part)
    return made
