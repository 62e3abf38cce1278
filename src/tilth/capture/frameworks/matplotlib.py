"""Figures that a script shows or saves with Matplotlib, or with what draws by it, such as seaborn."""

import builtins
import sys
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any
from weakref import WeakKeyDictionary

from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder
from tilth.sdk.drawn import drawn_figure, drawn_png

__all__ = ["patches"]

_INLINE = "matplotlib_inline.backend_inline"


def patches(recorder: Recorder) -> list[Patch]:
    """Each figure is reported when it is shown or saved, in a notebook also when a cell shows it at its end.

    Figures of one title are iterations of one plot. A figure that is shown and then saved, with the same content, is reported once.
    """
    figures = _Figures(recorder)
    found = [
        Patch("matplotlib.pyplot", "show", figures.around_show),
        Patch("matplotlib.figure", "Figure.savefig", figures.around_savefig),
        Patch(_INLINE, "show", figures.around_show),
        Patch(_INLINE, "display", figures.around_display),
    ]
    # IPython puts it there, for cells.
    return found + ([Patch("builtins", "display", figures.around_display)] if hasattr(builtins, "display") else [])


class _Figures:
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._iterations: dict[str, int] = {}
        self._reported: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def around_show(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def show(*args: Any, **kwargs: Any) -> Any:
            # Before, because a window that is closed takes its figure with it.
            # Asked of the managers, because pyplot makes whatever figure it gives the current one.
            managers = sys.modules["matplotlib._pylab_helpers"].Gcf.get_all_fig_managers()
            self._report(manager.canvas.figure for manager in sorted(managers, key=lambda manager: manager.num))
            return original(*args, **kwargs)

        return show

    def around_savefig(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def savefig(figure: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(figure, *args, **kwargs)
            self._report([figure])
            return result

        return savefig

    def around_display(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def display(*args: Any, **kwargs: Any) -> Any:
            self._report(one for one in args if hasattr(one, "savefig") and hasattr(one, "get_axes"))
            return original(*args, **kwargs)

        return display

    def _report(self, figures: Iterable[Any]) -> None:
        logger = self._recorder.logger
        for figure in figures if logger is not None else ():
            title = _title(figure)
            with self._recorder.inside():
                content = _content(figure, title)
                if self._reported.get(figure) == content:
                    continue
                iteration = max(self._iterations.get(title, -1) + 1, self._recorder.iteration())
                self._iterations[title] = iteration
                logger.report_matplotlib_figure(title, title, figure, iteration=iteration)
                self._reported[figure] = content


def _title(figure: Any) -> str:
    axes = [one.get_title() for one in figure.get_axes()]
    titles = [figure.get_suptitle(), *axes, figure.get_label()]
    return str(next((title for title in titles if title), f"figure {getattr(figure, 'number', 1)}"))


def _content(figure: Any, title: str) -> str:
    """What is in a figure; where its axes are changes whenever it is drawn."""
    drawn = drawn_figure(figure, title)
    return sha256(repr((title, drawn["data"])).encode() if drawn is not None else drawn_png(figure)).hexdigest()
