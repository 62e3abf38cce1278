"""Homes in which a test itself works."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tilth import _wiring
from tilth.config.settings import load_settings
from tilth.sdk._current import set_home
from tilth.sdk.home import Home

__all__ = ["current_home"]


@contextmanager
def current_home(folder: Path, **given: str) -> Iterator[Home]:
    """The home in a folder, with more settings, which this process uses until the end of the context.

    A busy machine may need long for a preview: it has the time, unless the settings say otherwise.
    """
    home = _wiring._open(load_settings({}, given={"home": str(folder), "preview_time": "600", **given}))
    set_home(home)
    try:
        yield home
    finally:
        set_home(None)
        home.close()
