"""What a script says while it runs: curves, plots, pictures and lines of text."""

import logging
import math
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import md5
from itertools import count
from pathlib import Path
from typing import Any, Protocol, SupportsFloat, SupportsInt
from urllib.parse import unquote, urlsplit

from tilth.base.errors import Invalid, SourceUnreadable
from tilth.base.ids import new_id
from tilth.client.outbox import FILES
from tilth.sdk import plots
from tilth.sdk._current import running
from tilth.sdk.drawn import drawn_figure, drawn_png, figure_of
from tilth.sdk.given import FARTHEST_STEP, contents, fetched, file_at, number, require_one, step, text_of
from tilth.sdk.pictures import png_of, png_size
from tilth.sdk.quiet import silence
from tilth.sdk.recording import warn
from tilth.sdk.reporting import Reporter

__all__ = ["SWITCHES", "Logger", "Sending", "Switches"]

_DEFAULT_HISTORY = 100
_UNUSUAL = re.compile(r"[^\w\-. ()+,=@]")
_LONGEST_PART = 40  # 160 bytes in UTF-8, so that a file's name with all that is added stays below 255


class Sending(Protocol):
    """What a Logger reports through, and asks to be sent."""

    period_s: float
    """How long what was reported may gather before it is sent."""

    @property
    def reporter(self) -> Reporter:
        """Takes the reports."""

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until everything has arrived; False if it has not in time."""


@dataclass
class Stand:
    """What is reported in place of a number that JSON does not have."""

    value: float | None = 0.0
    """None: the point is left out."""
    period: int | None = 1000
    """A person is told about the first, and then about each so manieth."""


@dataclass
class Switches:
    """What `Logger` is told for the whole process."""

    group_scalars: bool = False
    """TensorBoard: tags without a title share one plot."""
    single_series: bool = False
    """TensorBoard: each tag has a plot of its own."""
    drawn_as_pictures: bool = False
    """Matplotlib: figures are pictures, never plots with their data."""


SWITCHES = Switches()
_NAN, _INF = Stand(), Stand()


class Logger:
    """Reports what a task, or a dataset, has to say. Each report is written down at once and sent by and by, so none waits for a server."""

    def __init__(self, sending: Sending, *, echo: Callable[[str], None] = print) -> None:
        """`echo` shows a text on the console without its being reported a second time."""
        self._sending = sending
        self._reporter = sending.reporter
        self._echo = echo
        self._names: dict[str, str] = {}
        self._odd: dict[tuple[str, str, str], int] = {}
        self._counters: dict[tuple[str, str], Iterator[int]] = {}
        self._history = _DEFAULT_HISTORY
        self._destination: str | None = None
        self._no_room = False

    @classmethod
    def current_logger(cls) -> "Logger | None":
        """The Logger of the task that this process records; None if there is none."""
        task = running()
        found: Logger | None = None if task is None else task.get_logger()
        return found

    # --- text and numbers -------------------------------------------------------------------------------------------

    def report_text(self, msg: str, level: int | str = logging.INFO, print_console: bool = True, *args: Any, **_: Any) -> None:
        """Report a text for the console, and print it. `args` are put into it as `logging` does."""
        text = str(msg) % args if args else str(msg)
        self._reporter.text(_encodable(text), _level_name(level))
        if print_console:
            with silence():
                self._echo(text)

    def report_scalar(self, title: str, series: str, value: SupportsFloat, iteration: SupportsInt | None) -> None:
        """Report one point of the curve `series` in the plot `title`."""
        found = value if type(value) is float else number(value, f"{title} / {series}")
        if found - found != 0.0:  # NaN or an infinity
            stand_in = self._stand_in(title, series, found)
            if stand_in is None:
                return
            found = stand_in
        self._reporter.scalar(
            self._names.get(title) or self._name(title),
            self._names.get(series) or self._name(series),
            found,
            iteration if type(iteration) is int and -FARTHEST_STEP < iteration < FARTHEST_STEP else step(iteration),
        )

    def report_single_value(self, name: str, value: SupportsFloat) -> None:
        """Report a number that belongs to the whole run, such as its best accuracy; the last one counts."""
        found = number(value, str(name))
        stand_in = found if math.isfinite(found) else self._stand_in("Summary", str(name), found)
        if stand_in is not None:
            self._reporter.single(self._name(name), stand_in)

    # --- plots ------------------------------------------------------------------------------------------------------

    def report_vector(
        self,
        title: str,
        series: str,
        values: Any,
        iteration: int | None = None,
        labels: Sequence[str] | None = None,
        xlabels: Sequence[str] | None = None,
        xaxis: str | None = None,
        yaxis: str | None = None,
        mode: str | None = None,
        extra_layout: Mapping[str, Any] | None = None,
    ) -> None:
        """Report numbers as bars: the same as `report_histogram`."""
        self.report_histogram(title, series, values, iteration, labels, xlabels, xaxis, yaxis, mode, extra_layout=extra_layout)

    def report_histogram(
        self,
        title: str,
        series: str,
        values: Any,
        iteration: int | None = None,
        labels: Sequence[str] | None = None,
        xlabels: Sequence[str] | None = None,
        xaxis: str | None = None,
        yaxis: str | None = None,
        mode: str | None = None,
        data_args: Mapping[str, Any] | None = None,
        extra_layout: Mapping[str, Any] | None = None,
    ) -> None:
        """Report bars of the heights `values`; of a matrix, a group of bars for each row, named by `labels`.

        `mode` is how groups share a place: `group`, `stack` or `relative`. `data_args` are further fields of Plotly's bars.
        """
        axes = {"xaxis": xaxis, "yaxis": yaxis, "extra_layout": extra_layout}
        figure = plots.histogram(
            str(title),
            str(series),
            values,
            labels=labels,
            xlabels=xlabels,
            mode=mode,
            data_args=data_args,
            **axes,  # type: ignore[arg-type]
        )
        self._plot(title, series, iteration, figure)

    def report_table(
        self,
        title: str,
        series: str,
        iteration: int | None = None,
        table_plot: Any | None = None,
        csv: str | None = None,
        url: str | None = None,
        extra_layout: Mapping[str, Any] | None = None,
        extra_data: Mapping[str, Any] | None = None,
    ) -> None:
        """Report a table: a DataFrame, or rows of which the first names the columns, or a CSV file, or the address of one."""
        named = require_one(table_plot=table_plot, csv=csv, url=url)
        if table_plot is None:
            where = str(csv if csv is not None else url)
            text = text_of(where, name=named) if csv is not None and "://" not in where else fetched(where, name=named)
            table_plot = plots.csv_rows(text, where)
        self._plot(title, series, iteration, plots.table(str(title), table_plot, extra_layout=extra_layout, extra_data=extra_data))

    def report_line_plot(
        self,
        title: str,
        series: Any,
        xaxis: str,
        yaxis: str,
        mode: str = "lines",
        iteration: int | None = None,
        reverse_xaxis: bool = False,
        comment: str | None = None,
        extra_layout: Mapping[str, Any] | None = None,
    ) -> None:
        """Report curves at once: `series` is a list of `{"name": ..., "data": [[x, y], ...], "labels": [...]}`."""
        figure = plots.line_plot(
            str(title),
            series,
            xaxis=xaxis,
            yaxis=yaxis,
            mode=mode,
            reverse_xaxis=reverse_xaxis,
            comment=comment,
            extra_layout=extra_layout,
        )
        self._plot(title, "", iteration, figure)

    def report_scatter2d(
        self,
        title: str,
        series: str,
        scatter: Any,
        iteration: int | None = None,
        xaxis: str | None = None,
        yaxis: str | None = None,
        labels: Sequence[Any] | None = None,
        mode: str = "lines",
        comment: str | None = None,
        extra_layout: Mapping[str, Any] | None = None,
    ) -> None:
        """Report points (x, y). `mode` is `lines`, `markers` or `lines+markers`; `labels` are texts of the points."""
        figure = plots.scatter2d(
            str(title), str(series), scatter, xaxis=xaxis, yaxis=yaxis, labels=labels, mode=mode, comment=comment, extra_layout=extra_layout
        )
        self._plot(title, series, iteration, figure)

    def report_scatter3d(
        self,
        title: str,
        series: str,
        scatter: Any,
        iteration: int | None = None,
        xaxis: str | None = None,
        yaxis: str | None = None,
        zaxis: str | None = None,
        labels: Sequence[Any] | None = None,
        mode: str = "markers",
        fill: bool = False,
        comment: str | None = None,
        extra_layout: Mapping[str, Any] | None = None,
    ) -> None:
        """Report points (x, y, z); several series as a list or a dictionary of them. `fill` draws a surface through the points."""
        figure = plots.scatter3d(
            str(title),
            str(series),
            scatter,
            xaxis=xaxis,
            yaxis=yaxis,
            zaxis=zaxis,
            labels=labels,
            mode=mode,
            fill=fill,
            comment=comment,
            extra_layout=extra_layout,
        )
        self._plot(title, series, iteration, figure)

    def report_confusion_matrix(
        self,
        title: str,
        series: str,
        matrix: Any,
        iteration: int | None = None,
        xaxis: str | None = None,
        yaxis: str | None = None,
        xlabels: Sequence[str] | None = None,
        ylabels: Sequence[str] | None = None,
        yaxis_reversed: bool = False,
        comment: str | None = None,
        extra_layout: Mapping[str, Any] | None = None,
    ) -> None:
        """Report a matrix as colours. Its first row is at the bottom, or at the top if `yaxis_reversed`."""
        figure = plots.heatmap(
            str(title),
            matrix,
            xaxis=xaxis,
            yaxis=yaxis,
            xlabels=xlabels,
            ylabels=ylabels,
            yaxis_reversed=yaxis_reversed,
            comment=comment,
            extra_layout=extra_layout,
        )
        self._plot(title, series, iteration, figure)

    def report_matrix(
        self,
        title: str,
        series: str,
        matrix: Any,
        iteration: int | None = None,
        xaxis: str | None = None,
        yaxis: str | None = None,
        xlabels: Sequence[str] | None = None,
        ylabels: Sequence[str] | None = None,
        yaxis_reversed: bool = False,
        extra_layout: Mapping[str, Any] | None = None,
    ) -> None:
        """Report a matrix as colours: the same as `report_confusion_matrix`."""
        self.report_confusion_matrix(
            title, series, matrix, iteration, xaxis, yaxis, xlabels, ylabels, yaxis_reversed, extra_layout=extra_layout
        )

    def report_surface(
        self,
        title: str,
        series: str,
        matrix: Any,
        iteration: int | None = None,
        xaxis: str | None = None,
        yaxis: str | None = None,
        zaxis: str | None = None,
        xlabels: Sequence[str] | None = None,
        ylabels: Sequence[str] | None = None,
        camera: Sequence[float] | None = None,
        comment: str | None = None,
        extra_layout: Mapping[str, Any] | None = None,
    ) -> None:
        """Report a matrix as heights, looked at from `camera`: x, y and z."""
        figure = plots.surface(
            str(title),
            matrix,
            xaxis=xaxis,
            yaxis=yaxis,
            zaxis=zaxis,
            xlabels=xlabels,
            ylabels=ylabels,
            camera=camera,
            comment=comment,
            extra_layout=extra_layout,
        )
        self._plot(title, series, iteration, figure)

    def report_plotly(self, title: str, series: str, figure: Any, iteration: int | None = None) -> None:
        """Report a figure of Plotly, or a dictionary with its `data` and `layout`."""
        self._plot(title, series, iteration, plots.plotly_figure(figure))

    def report_matplotlib_figure(
        self,
        title: str,
        series: str,
        figure: Any,
        iteration: int | None = None,
        report_image: bool = False,
        report_interactive: bool = True,
    ) -> None:
        """Report a figure of Matplotlib, or the current one of `pyplot`: a plot with its data where that is possible, else a picture.

        With `report_image` it is a debug sample; without `report_interactive` it is a picture among the plots.
        """
        found = figure_of(figure)
        if found is None:
            raise Invalid(f"figure is {type(figure).__name__}", hint="give a figure of Matplotlib, or matplotlib.pyplot")
        interactive = report_interactive and not report_image and not SWITCHES.drawn_as_pictures
        plot = drawn_figure(found, str(title)) if interactive else None
        if plot is not None:
            self._plot(title, series, iteration, plot)
            return
        png = drawn_png(found)
        if report_image:
            self._sample(title, series, iteration, self._staged(png, ".png"), suffix=".png", delete=True, history=None)
            return
        source = self._staged(png, ".png")
        if source is not None:
            name = f"plots/{_part(title)}/{_part(series)}/{_part(series)}_{step(iteration):08d}.png"
            address = self._reporter.upload(source, name=name, delete=True)
            self._plot(title, series, iteration, plots.picture(str(title), address, *png_size(png)))

    # --- pictures, sounds and pages ---------------------------------------------------------------------------------

    def report_image(
        self,
        title: str,
        series: str,
        iteration: int | None = None,
        local_path: str | None = None,
        image: Any | None = None,
        matrix: Any | None = None,
        max_image_history: int | None = None,
        delete_after_upload: bool = False,
        url: str | None = None,
    ) -> None:
        """Report a picture: a file, a Pillow image, an array, or the address of one that lies elsewhere.

        The last `max_image_history` pictures of a series are kept (`set_default_debug_sample_history`, 100); 0 or less keeps all.
        """
        name = require_one(local_path=local_path, image=image, matrix=matrix, url=url)
        if url is not None:
            self._reporter.image(self._name(title), self._name(series), step(iteration), str(url))
        elif local_path is not None:
            source = file_at(local_path)
            self._sample(title, series, iteration, source, suffix=source.suffix, delete=delete_after_upload, history=max_image_history)
        else:
            source_or_none = self._staged(png_of(image if image is not None else matrix, name), ".png")
            self._sample(title, series, iteration, source_or_none, suffix=".png", delete=True, history=max_image_history)

    def report_image_and_upload(
        self,
        title: str,
        series: str,
        iteration: int | None = None,
        path: str | None = None,
        matrix: Any | None = None,
        max_image_history: int | None = None,
        delete_after_upload: bool = False,
    ) -> None:
        """Report a picture: the older name of `report_image`."""
        require_one(path=path, matrix=matrix)
        self.report_image(title, series, iteration, path, None, matrix, max_image_history, delete_after_upload)

    def report_media(
        self,
        title: str,
        series: str,
        iteration: int | None = None,
        local_path: str | None = None,
        stream: Any | None = None,
        file_extension: str | None = None,
        max_history: int | None = None,
        delete_after_upload: bool = False,
        url: str | None = None,
    ) -> None:
        """Report a picture, a video, a sound or a page: a file, what a stream holds, or the address of one that lies elsewhere.

        A stream needs its `file_extension`, such as `mp4`.
        """
        require_one(local_path=local_path, stream=stream, url=url)
        if url is not None:
            self._reporter.image(self._name(title), self._name(series), step(iteration), str(url))
            return
        suffix = f".{file_extension.lstrip('.')}" if file_extension else ""
        if local_path is not None:
            source = file_at(local_path)
            self._sample(title, series, iteration, source, suffix=suffix or source.suffix, delete=delete_after_upload, history=max_history)
            return
        if not suffix:
            raise Invalid("a stream does not say what it holds", hint='give file_extension, such as "mp4"')
        self._sample(title, series, iteration, self._staged(contents(stream), suffix), suffix=suffix, delete=True, history=max_history)

    def set_default_upload_destination(self, uri: str) -> None:
        """Keep the files of `report_image` and `report_media` in a folder instead of with the server; an empty `uri` goes back to it.

        The folder is one that everybody who is to see them can read, such as `file:///mnt/shared/samples`.
        """
        if uri and urlsplit(uri).scheme not in {"", "file"}:
            raise Invalid(f"{uri} is no folder", hint="give a folder of this machine, such as file:///mnt/shared/samples")
        self._destination = uri or None

    def get_default_upload_destination(self) -> str | None:
        """Where files go that are reported; None: to the server."""
        return self._destination

    def set_default_debug_sample_history(self, max_history: int) -> None:
        """Keep the last `max_history` pictures of each series; 0 or less keeps all."""
        self._history = int(max_history)

    def get_default_debug_sample_history(self) -> int:
        """How many pictures of each series are kept."""
        return self._history

    # --- sending ----------------------------------------------------------------------------------------------------

    def flush(self, wait: bool = False) -> bool:
        """Send what was reported now. With `wait`, returns when it has arrived: False if no server takes it."""
        return self._sending.flush(None if wait else 0.0)

    def get_flush_period(self) -> float:
        """How many seconds reports may gather before they are sent."""
        return self._sending.period_s

    def set_flush_period(self, period: float) -> None:
        """Send every `period` seconds: a longer one means fewer and larger requests."""
        if not 0 <= period < math.inf:
            raise Invalid(f"period is {period}", hint="give seconds, 0 or more")
        self._sending.period_s = float(period)

    @contextmanager
    def capture_logging(self) -> Iterator[None]:
        """Report what goes through Python's `logging` while the `with` lasts."""
        handler = _Reported(self._reporter)
        root = logging.getLogger()
        root.addHandler(handler)
        try:
            yield
        finally:
            root.removeHandler(handler)

    # --- for the whole process --------------------------------------------------------------------------------------

    @classmethod
    def tensorboard_auto_group_scalars(cls, group_scalars: bool = False) -> None:
        """Put TensorBoard's scalars that have no title into one plot, instead of one each."""
        SWITCHES.group_scalars = bool(group_scalars)

    @classmethod
    def tensorboard_single_series_per_graph(cls, single_series: bool = False) -> None:
        """Give each of TensorBoard's scalars a plot of its own."""
        SWITCHES.single_series = bool(single_series)

    @classmethod
    def matplotlib_force_report_non_interactive(cls, force: bool) -> None:
        """Report figures of Matplotlib as pictures, never with their data."""
        SWITCHES.drawn_as_pictures = bool(force)

    @classmethod
    def set_reporting_nan_value(cls, value: float | None, warn_period: int | None = 1000) -> None:
        """Report `value` in place of NaN (None: nothing), and tell about the first, and then each `warn_period`th, of a series."""
        _set_stand(_NAN, value, warn_period)

    @classmethod
    def set_reporting_inf_value(cls, value: float | None, warn_period: int | None = 1000) -> None:
        """Report `value` in place of infinity, and its negative in place of minus infinity; otherwise as for NaN."""
        _set_stand(_INF, value, warn_period)

    # --- how --------------------------------------------------------------------------------------------------------

    def _name(self, name: Any) -> str:
        known = self._names[name] = _encodable(str(name))
        return known

    def _plot(self, title: str, series: str, iteration: int | None, figure: plots.Figure) -> None:
        self._reporter.plot(self._name(title), self._name(series), step(iteration), figure)

    def _stand_in(self, title: str, series: str, value: float) -> float | None:
        nan = math.isnan(value)
        stand, what = (_NAN, "nan") if nan else (_INF, "inf")
        instead = stand.value if nan or stand.value is None or value > 0 else 0.0 - stand.value
        seen = self._odd.get((title, series, what), 0)
        self._odd[(title, series, what)] = seen + 1
        if stand.period and seen % stand.period == 0:
            said = "left out" if instead is None else f"reported as {instead:g}"
            warn(f"{title} / {series} is {value}, which is {said}; Logger.set_reporting_{what}_value changes that")
        return instead

    def _staged(self, content: bytes, suffix: str) -> Path | None:
        """A file of the outbox that holds `content`; None, and one line for a person, if there is no room for it."""
        path = self._reporter.outbox.folder / FILES / f"{new_id()}{suffix}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            with suppress(OSError):
                path.unlink()
            if not self._no_room:
                warn(f"files that are reported are lost until this is mended: {error}")
            self._no_room = True
            return None
        self._no_room = False
        return path

    def _sample(
        self, title: str, series: str, iteration: int | None, source: Path | None, *, suffix: str, delete: bool, history: int | None
    ) -> None:
        """Report a file as the next one of its series, in the place of the one that is `history` older."""
        if source is None:
            return
        counted = next(self._counters.setdefault((str(title), str(series)), count()))
        kept = self._history if history is None else int(history)
        slot = counted % kept if kept > 0 else counted
        name = f"metrics/{_part(title)}/{_part(series)}/{_part(series)}_{slot:08d}{suffix}"
        metric, variant, at = self._name(title), self._name(series), step(iteration)
        if self._destination is None:
            try:
                self._reporter.media(metric, variant, at, source, name=name, delete=delete)
            except OSError as error:
                raise SourceUnreadable(f"{source} can't be read: {error.strerror}", hint="check its permissions") from error
        else:
            target = _folder(self._destination) / self._reporter.folder / name
            if _put(source, target, delete=delete):
                self._reporter.image(metric, variant, at, target.as_uri())


class _Reported(logging.Handler):
    """Reports what is logged."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__()
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._reporter.text(_encodable(self.format(record)), _level_name(record.levelno))
        except (TypeError, ValueError, KeyError):  # the arguments do not fit the message
            self.handleError(record)


def _encodable(text: str) -> str:
    """Text without halves of characters, which UTF-8 does not have."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _level_name(level: int | str) -> str:
    """The nearest of the levels that consoles know."""
    if isinstance(level, str):
        return level.lower()
    return next((name for least, name in ((50, "critical"), (40, "error"), (30, "warning"), (20, "info")) if level >= least), "debug")


def _part(name: Any) -> str:
    """A name as a part of a path: what has to be changed keeps a digest, so that two names never share a file."""
    text = str(name)
    part = _UNUSUAL.sub("_", text)[:_LONGEST_PART].strip(" .")
    if part and part == text:
        return part
    digest = md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[:8]
    return f"{part}-{digest}"


def _set_stand(stand: Stand, value: float | None, period: int | None) -> None:
    if value is not None and not math.isfinite(value):
        raise Invalid(f"{value} can't stand for what is no number", hint="give a finite number, or None to leave such points out")
    stand.value, stand.period = None if value is None else float(value), period


def _folder(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path) if uri.startswith("file:") else uri).absolute()


def _put(source: Path, target: Path, *, delete: bool) -> bool:
    """Copy a file to where others see it, or move one that may go; False, and one line for a person, if that can't be done."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if delete:
            shutil.move(source, target)
        else:
            shutil.copyfile(source, target)
    except OSError as error:
        warn(f"a file that was reported can't be put to {target}: {error.strerror}; check the upload destination")
        return False
    return True
