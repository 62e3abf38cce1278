"""How a figure of Matplotlib becomes one of Plotly, where it is made of lines, bars, points, areas and images.

What has anything else in it (polar axes, text boxes, arrows, three dimensions) is not converted at all: half a figure would mislead.
Matplotlib is never imported here: whoever has a figure has loaded it.
"""

import sys
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any

from tilth.sdk.plots import Figure, plotly_figure

__all__ = ["drawn_figure", "drawn_png", "figure_of"]

_DASHES: Mapping[str, str] = {"-": "solid", "--": "dash", "-.": "dashdot", ":": "dot", "None": "none", " ": "none", "": "none"}
_SYMBOLS: Mapping[str, str] = {
    "o": "circle",
    ".": "circle",
    ",": "circle",
    "s": "square",
    "D": "diamond",
    "d": "diamond-tall",
    "^": "triangle-up",
    "v": "triangle-down",
    "<": "triangle-left",
    ">": "triangle-right",
    "*": "star",
    "+": "cross-thin-open",
    "x": "x-thin-open",
    "p": "pentagon",
    "h": "hexagon",
}
_SIDES: Mapping[str, str] = {"top": "top", "center": "middle", "center_baseline": "middle", "bottom": "bottom", "baseline": "bottom"}
_MOST_CELLS = 250_000
"""An image of more cells is smaller as a picture."""


class _Unsupported(Exception):
    """Something in the figure has no counterpart."""


def figure_of(given: Any) -> Any | None:
    """The figure that is meant by a figure, by axes, or by `pyplot` itself, whose current figure it is; None for anything else."""
    for way in ("gcf", "get_figure"):
        if not hasattr(given, "savefig") or way == "gcf":
            found = getattr(given, way, None)
            given = found() if callable(found) else given
    return given if hasattr(given, "savefig") and hasattr(given, "get_axes") else None


def drawn_png(figure: Any) -> bytes:
    """The figure as a picture."""
    file = BytesIO()
    figure.savefig(file, format="png", bbox_inches="tight", facecolor=figure.get_facecolor())
    return file.getvalue()


def drawn_figure(figure: Any, title: str) -> Figure | None:
    """The figure with its data; None if it can't be converted without loss, or draws nothing."""
    made = _Drawing()
    try:
        made.take(figure)
    except (
        _Unsupported,
        AttributeError,
        TypeError,
        ValueError,
    ):  # also an artist that another Matplotlib made otherwise: a picture is true
        return None
    if not made.data:
        return None
    heading = getattr(figure, "_suptitle", None)
    text = heading.get_text() if heading is not None else made.titles[0] if len(made.titles) == 1 else title
    # "overlay": bars stand where they were drawn, instead of being moved beside each other
    layout = {"title": {"text": text or title}, "showlegend": made.has_legend, "barmode": "overlay", **made.layout}
    return plotly_figure({"data": made.data, "layout": layout})


class _Drawing:
    """A Plotly figure while it grows, one pair of axes after another."""

    def __init__(self) -> None:
        self.data: list[dict[str, Any]] = []
        self.layout: dict[str, Any] = {}
        self.titles: list[str] = []
        self.has_legend = False
        self._taken: list[tuple[Any, str]] = []

    def take(self, figure: Any) -> None:
        axes = [each for each in figure.get_axes() if each.get_visible()]
        plots = [each for each in axes if each.get_label() != "<colorbar>"]
        if figure.texts and any(text is not getattr(figure, "_suptitle", None) and text.get_text() for text in figure.texts):
            raise _Unsupported
        for number, each in enumerate(plots, 1):
            if each.name != "rectilinear" or each.child_axes or each.tables or each.artists:
                raise _Unsupported
            self._take_axes(each, "" if number == 1 else str(number), alone=len(plots) == 1)

    def _take_axes(self, axes: Any, number: str, *, alone: bool) -> None:
        x, y = f"x{number}", f"y{number}"
        box = axes.get_position()
        below = next((taken for other, taken in self._taken if other.get_position().bounds == box.bounds), None)
        across, along = _axis(axes.xaxis, axes.get_xlim()), _axis(axes.yaxis, axes.get_ylim())
        across |= {"anchor": y, "domain": _domain(box.x0, box.x1)}
        along |= {"anchor": x, "domain": _domain(box.y0, box.y1)}
        if below is not None:  # twins lie over each other
            across |= {"overlaying": f"x{below}", "side": axes.xaxis.get_ticks_position().replace("default", "bottom")}
            along |= {"overlaying": f"y{below}", "side": axes.yaxis.get_ticks_position().replace("default", "left")}
            for axis in (across, along):  # otherwise Plotly takes the ticks of the axis below
                axis.setdefault("tickmode", "auto")
            if not axes.xaxis.get_visible():
                across["visible"] = False
            if not axes.yaxis.get_visible():
                along["visible"] = False
        if not axes.axison:
            across["visible"] = along["visible"] = False
        self._taken.append((axes, number))
        self.layout[f"xaxis{number}"], self.layout[f"yaxis{number}"] = across, along
        legend = axes.get_legend()
        self.has_legend = self.has_legend or legend is not None
        for trace in _traces(axes):
            shown = legend is not None and bool(trace.get("name"))
            _place_scale(trace, box)
            self.data.append(trace | {"xaxis": x, "yaxis": y, "showlegend": shown})
        for patch in _loose_patches(axes, "Rectangle"):
            self.layout.setdefault("shapes", []).append(_shape(axes, patch) | {"xref": x, "yref": y})
        self._take_texts(axes, x, y, box, alone=alone)

    def _take_texts(self, axes: Any, x: str, y: str, box: Any, *, alone: bool) -> None:
        notes = self.layout.setdefault("annotations", [])
        for text in axes.texts:
            if type(text).__name__ != "Text":
                raise _Unsupported
            (at,) = _in_data(axes, text.get_transform(), [text.get_position()])
            font = {"size": text.get_fontsize(), "color": _hex(text.get_color())}
            sides = {"xanchor": text.get_ha(), "yanchor": _SIDES.get(text.get_va(), "bottom")}
            notes.append({"text": text.get_text(), "x": at[0], "y": at[1], "xref": x, "yref": y, "showarrow": False, "font": font, **sides})
        title = axes.get_title()
        if title and alone:
            self.titles.append(title)
        elif title:
            place = {"x": (box.x0 + box.x1) / 2, "y": min(box.y1, 1.0), "xref": "paper", "yref": "paper", "yanchor": "bottom"}
            notes.append({"text": title, "showarrow": False, **place})


def _domain(start: float, stop: float) -> list[float]:
    return [max(0.0, min(1.0, float(start))), max(0.0, min(1.0, float(stop)))]


def _place_scale(trace: dict[str, Any], box: Any) -> None:
    """Put the scale of colours beside the axes that it belongs to."""
    coloured = trace.get("marker", trace)
    if coloured.get("showscale"):
        height = float(box.y1 - box.y0)
        coloured["colorbar"] = {"x": min(1.0, float(box.x1)), "y": float(box.y0) + height / 2, "len": height, "thickness": 10}


def _axis(axis: Any, limits: tuple[float, float]) -> dict[str, Any]:
    scale = axis.get_scale()
    if scale not in {"linear", "log"}:
        raise _Unsupported
    low, high = (float(limit) for limit in limits)
    made: dict[str, Any] = {"title": {"text": axis.get_label_text()}, "type": scale, "range": [low, high], "zeroline": False}
    if scale == "log":
        log10 = sys.modules["numpy"].log10
        made["range"] = [float(log10(low)), float(log10(high))]
    elif type(axis.get_major_formatter()).__name__ != "ScalarFormatter":  # names, dates, or ticks that were set by hand
        ticks = [float(tick) for tick in axis.get_majorticklocs()]
        texts = axis.get_major_formatter().format_ticks(ticks)
        shown = [(tick, text) for tick, text in zip(ticks, texts, strict=True) if min(low, high) <= tick <= max(low, high)]
        made |= {"tickmode": "array", "tickvals": [tick for tick, _ in shown], "ticktext": [text for _, text in shown]}
    return made


def _traces(axes: Any) -> Iterable[dict[str, Any]]:
    for image in axes.images:
        yield _image(image)
    for container in axes.containers:
        if type(container).__name__ == "BarContainer":
            yield _bars(container)
    for patch in _loose_patches(axes, "Polygon"):
        yield _polygon(axes, patch)
    for collection in axes.collections:
        yield from _collection(axes, collection)
    for line in axes.lines:
        if line.get_visible():
            yield _line(axes, line)


def _line(axes: Any, line: Any) -> dict[str, Any]:
    if type(line).__name__ != "Line2D":
        raise _Unsupported
    points = _in_data(
        axes, line.get_transform(), zip(_numbers(line.get_xdata(orig=False)), _numbers(line.get_ydata(orig=False)), strict=True)
    )
    dash, marker = line.get_linestyle(), line.get_marker()
    drawn, marked = _DASHES.get(dash, "solid") != "none", str(marker) not in {"None", "none", "", " "}
    if marked and marker not in _SYMBOLS:
        raise _Unsupported
    mode = "+".join(["lines"] * drawn + ["markers"] * marked) or "none"
    trace: dict[str, Any] = {"type": "scatter", "mode": mode, "name": _label(line), **_pairs(points)}
    if drawn:
        steps = {"steps": "vh", "steps-pre": "vh", "steps-mid": "hvh", "steps-post": "hv"}.get(line.get_drawstyle(), "linear")
        trace["line"] = {"color": _hex(line.get_color()), "width": line.get_linewidth(), "dash": _DASHES.get(dash, "solid"), "shape": steps}
    if marked:
        fill = line.get_markerfacecolor()
        colour = line.get_markeredgecolor() if str(fill) == "none" else fill
        trace["marker"] = {"color": _hex(colour), "size": line.get_markersize(), "symbol": _SYMBOLS[marker]}
    return trace | _opacity(line)


def _bars(container: Any) -> dict[str, Any]:
    """Bars as they lie, standing or lying, on each other or beside each other."""
    lying = container.orientation == "horizontal"
    boxes = [patch.get_bbox() for patch in container.patches]
    starts = [float(box.x0 if lying else box.y0) for box in boxes]
    lengths = [float(box.x1 - box.x0 if lying else box.y1 - box.y0) for box in boxes]
    middles = [float(box.y0 + box.y1 if lying else box.x0 + box.x1) / 2 for box in boxes]
    widths = [float(box.y1 - box.y0 if lying else box.x1 - box.x0) for box in boxes]
    colours = [_hex(patch.get_facecolor()) for patch in container.patches]
    trace: dict[str, Any] = {"type": "bar", "name": _label(container), "base": starts, "width": widths, "marker": {"color": colours}}
    trace |= {"orientation": "h", "x": lengths, "y": middles} if lying else {"orientation": "v", "x": middles, "y": lengths}
    return trace | (_opacity(container.patches[0]) if container.patches else {})


def _collection(axes: Any, collection: Any) -> Iterable[dict[str, Any]]:
    kinds = {kind.__name__ for kind in type(collection).__mro__}
    if not collection.get_visible():
        return
    if "PathCollection" in kinds:
        yield _points(axes, collection)
    elif "LineCollection" in kinds:
        yield _outline(axes, collection, "lines")
    elif type(collection).__name__ in {"PolyCollection", "FillBetweenPolyCollection"}:
        yield _outline(axes, collection, "none") | {"fill": "toself", "fillcolor": _rgba(collection.get_facecolor())}
    elif type(collection).__name__ == "QuadMesh":
        yield _mesh(collection)
    else:
        raise _Unsupported


def _points(axes: Any, collection: Any) -> dict[str, Any]:
    transform = collection.get_offset_transform()
    offsets = [(x, y) for x, y in collection.get_offsets().tolist()]
    if transform != axes.transData:
        raise _Unsupported
    values = collection.get_array()
    marker: dict[str, Any] = {"size": [float(size) ** 0.5 for size in collection.get_sizes()] or 6.0}
    if len(marker["size"]) == 1:
        marker["size"] = marker["size"][0]
    if values is not None:
        marker |= {"color": _numbers(values), "colorscale": _colours(collection.cmap), "showscale": collection.colorbar is not None}
        marker |= {"cmin": float(collection.norm.vmin), "cmax": float(collection.norm.vmax), **_opacity(collection)}
    else:
        colours = [_rgba([colour]) for colour in collection.get_facecolor()]
        marker["color"] = colours[0] if len(colours) == 1 else colours or _rgba(collection.get_edgecolor())
    return {"type": "scatter", "mode": "markers", "name": _label(collection), "marker": marker} | _pairs(offsets)


def _outline(axes: Any, collection: Any, mode: str) -> dict[str, Any]:
    if collection.get_array() is not None or max(len(collection.get_edgecolor()), len(collection.get_facecolor())) > 1:
        raise _Unsupported  # one trace has one colour
    if collection.get_offsets().any():
        raise _Unsupported
    points: list[tuple[Any, Any]] = []
    for path in collection.get_paths():
        points += [*_in_data(axes, collection.get_transform(), path.vertices), (None, None)]
    line = {"color": _rgba(collection.get_edgecolor()), "width": _numbers(collection.get_linewidth())[0]}
    return {"type": "scatter", "mode": mode, "name": _label(collection), "line": line, "hoverinfo": "skip"} | _pairs(points[:-1])


def _image(image: Any) -> dict[str, Any]:
    array = image.get_array()
    if type(image).__name__ != "AxesImage" or array.ndim != 2 or array.size > _MOST_CELLS:
        raise _Unsupported
    left, right, bottom, top = image.get_extent()
    height, width = array.shape
    rows = array.tolist()
    if image.origin == "upper":
        bottom, top = top, bottom
    across, along = (right - left) / width, (top - bottom) / height
    cells = {"type": "heatmap", "z": rows, "x0": left + across / 2, "dx": across, "y0": bottom + along / 2, "dy": along}
    return cells | _scaled(image)


def _mesh(mesh: Any) -> dict[str, Any]:
    corners, values = mesh.get_coordinates(), mesh.get_array()
    xs, ys = corners[0, :, 0], corners[:, 0, 1]
    straight = bool((corners[:, :, 0] == xs).all() and (corners[:, :, 1] == ys[:, None]).all())
    rows = values.reshape(len(ys) - 1, -1)
    if not straight or rows.shape[1] != len(xs) - 1 or rows.size > _MOST_CELLS:
        raise _Unsupported
    return {"type": "heatmap", "z": rows.tolist(), "x": xs.tolist(), "y": ys.tolist()} | _scaled(mesh)


def _scaled(mappable: Any) -> dict[str, Any]:
    """How values become colours."""
    if type(mappable.norm).__name__ not in {"Normalize", "NoNorm"}:
        raise _Unsupported
    low, high = mappable.norm.vmin, mappable.norm.vmax
    limits = {} if low is None or high is None else {"zmin": float(low), "zmax": float(high)}
    return {"colorscale": _colours(mappable.cmap), "showscale": mappable.colorbar is not None, **limits}


def _loose_patches(axes: Any, kind: str) -> list[Any]:
    """The patches of a kind that are no bars."""
    barred = {id(patch) for container in axes.containers if type(container).__name__ == "BarContainer" for patch in container.patches}
    loose = [patch for patch in axes.patches if id(patch) not in barred and patch.get_visible()]
    if any(type(patch).__name__ not in {"Rectangle", "Polygon"} for patch in loose):
        raise _Unsupported
    return [patch for patch in loose if type(patch).__name__ == kind]


def _polygon(axes: Any, patch: Any) -> dict[str, Any]:
    points = _in_data(axes, patch.get_data_transform(), patch.get_xy())
    line = {"color": _rgba([patch.get_edgecolor()]), "width": patch.get_linewidth()}
    trace = {"type": "scatter", "mode": "lines", "name": _label(patch), "line": line, **_pairs(points)}
    return trace | ({"fill": "toself", "fillcolor": _rgba([patch.get_facecolor()])} if patch.get_fill() else {})


def _shape(axes: Any, patch: Any) -> dict[str, Any]:
    if patch.get_angle():
        raise _Unsupported
    x, y = patch.get_xy()
    corners = [(x, y), (x + patch.get_width(), y + patch.get_height())]
    (x0, y0), (x1, y1) = _in_data(axes, patch.get_data_transform(), corners)
    line = {"color": _rgba([patch.get_edgecolor()]), "width": patch.get_linewidth()}
    return {"type": "rect", "x0": x0, "y0": y0, "x1": x1, "y1": y1, "fillcolor": _rgba([patch.get_facecolor()]), "line": line}


def _in_data(axes: Any, transform: Any, points: Iterable[Any]) -> list[tuple[float, float]]:
    """Points in the units of the axes, also those that were given as parts of the axes' width or height."""
    pairs = [(float(x), float(y)) for x, y in points]
    if transform == axes.transData or not pairs:
        return pairs
    moved = (transform - axes.transData).transform(pairs)
    return [(float(x), float(y)) for x, y in moved]


def _pairs(points: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    listed = list(points)
    return {"x": [x for x, _ in listed], "y": [y for _, y in listed]}


def _numbers(values: Any) -> list[Any]:
    array = sys.modules["numpy"].ma.filled(sys.modules["numpy"].ma.asarray(values, dtype=float), float("nan"))
    return list(array.ravel().tolist())


def _label(artist: Any) -> str:
    label = str(artist.get_label() or "")
    return "" if label.startswith("_") else label


def _opacity(artist: Any) -> dict[str, Any]:
    alpha = artist.get_alpha()
    return {"opacity": float(alpha)} if isinstance(alpha, (int, float)) else {}


def _hex(colour: Any) -> str:
    return str(sys.modules["matplotlib.colors"].to_hex(colour))


def _rgba(colours: Any) -> str:
    """The first of the colours with how much shows through it."""
    first = next(iter(colours), (0.0, 0.0, 0.0, 0.0))
    red, green, blue, alpha = sys.modules["matplotlib.colors"].to_rgba(first)
    return f"rgba({round(red * 255)},{round(green * 255)},{round(blue * 255)},{alpha:.3g})"


def _colours(cmap: Any) -> list[list[Any]]:
    return [[step / 10, _hex(cmap(step / 10))] for step in range(11)]
