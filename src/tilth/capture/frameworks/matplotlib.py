"""Figures that a script shows or saves with Matplotlib, or with what draws by it, such as seaborn."""

import sys
from collections.abc import Callable
from typing import Any

from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder

__all__ = ["patches"]


def patches(recorder: Recorder) -> list[Patch]:
    """Each figure is reported when `show` or `savefig` is called; figures of one title are iterations of one plot."""
    seen: dict[str, int] = {}

    def report(figure: Any) -> None:
        logger = recorder.logger
        if logger is None:
            return
        title = _title(figure)
        iteration = max(seen.get(title, -1) + 1, recorder.iteration())
        seen[title] = iteration
        with recorder.inside():
            logger.report_matplotlib_figure(title, title, figure, iteration=iteration)

    def around_show(original: Callable[..., Any]) -> Callable[..., Any]:
        def show(*args: Any, **kwargs: Any) -> Any:
            # Before, because a window that is closed takes its figure with it.
            pyplot = sys.modules["matplotlib.pyplot"]
            for number in pyplot.get_fignums():
                report(pyplot.figure(number))
            return original(*args, **kwargs)

        return show

    def around_savefig(original: Callable[..., Any]) -> Callable[..., Any]:
        def savefig(figure: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(figure, *args, **kwargs)
            report(figure)
            return result

        return savefig

    return [Patch("matplotlib.pyplot", "show", around_show), Patch("matplotlib.figure", "Figure.savefig", around_savefig)]


def _title(figure: Any) -> str:
    axes = [one.get_title() for one in figure.get_axes()]
    titles = [figure.get_suptitle(), *axes, figure.get_label()]
    return str(next((title for title in titles if title), f"figure {getattr(figure, 'number', 1)}"))
