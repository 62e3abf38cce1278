"""The cells of a notebook: what has been run of them, and when there is one more."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["after_each_cell", "before_each_cell", "cells_run", "notebook_name"]


def notebook_name() -> str | None:
    """What the notebook is called, if this process runs one, or IPython alone."""
    shell = _shell()
    if shell is None:
        return None
    names = shell.user_ns
    return Path(str(names.get("__vsc_ipynb_file__") or names.get("__session__") or "notebook")).stem


def cells_run() -> str:
    """The code of the cells that were run, or are running, in order."""
    shell = _shell()
    cells = [cell for cell in shell.user_ns.get("In", []) if cell.strip()] if shell is not None else []
    return "\n\n".join(cells) + "\n" if cells else ""


def before_each_cell(work: Callable[[], None]) -> Callable[[], None]:
    """Call `work` whenever a cell is going to be run; the answer ends that. Without a notebook nothing happens."""
    return _at("pre_run_cell", work)


def after_each_cell(work: Callable[[], None]) -> Callable[[], None]:
    """The same, whenever a cell has been run."""
    return _at("post_run_cell", work)


def _at(event: str, work: Callable[[], None]) -> Callable[[], None]:
    shell = _shell()
    if shell is None:
        return lambda: None

    def happened(*_: object) -> None:
        work()

    shell.events.register(event, happened)
    return lambda: shell.events.unregister(event, happened)


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
