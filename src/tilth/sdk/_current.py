"""The home that this process works in: set once by whoever composed it, opened when it is first needed."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, Protocol

from tilth.base.errors import Internal
from tilth.sdk.home import Home

__all__ = ["Running", "Watched", "begin_capture", "current_home", "running", "set_capture", "set_home", "set_home_opener", "set_running"]


class Running(Protocol):
    """The task that this process records."""

    id: str

    def get_logger(self) -> Any:
        """What it reports through."""


class Watched:
    """What records by itself for a task, as far as the task asks something of it. None is what is not recorded."""

    code: Any = None
    """Has `tell(timeout_s)`."""
    resources: Any = None
    """Has `load`."""
    life: Any = None
    """Has `on_abort(callback, timeout_s)`."""
    console: Any = None
    """Has `flush()`, which reports lines that are not complete."""


_lookers: list[Callable[..., Any]] = []
_takers: list[Callable[..., None]] = []
_captures: list[Callable[[Any, Any], Callable[[], None]]] = []
_running: list[Running] = []
_openers: list[Callable[[], Home]] = []
_home: ContextVar[Home | None] = ContextVar("tilth_home", default=None)
_opened: list[Home] = []


def set_home_opener(opener: Callable[[], Home]) -> None:
    """Say how the process's home is opened the next time; called by the composition root.

    A home that is open already is not closed, because there may be datasets that work in it.
    """
    _openers[:] = [opener]
    _opened.clear()


def set_home(home: Home | None) -> None:
    """Work in `home` from now on in this context; None goes back to the process's own."""
    _home.set(home)


def current_home() -> Home:
    """The home of this context, or else of this process."""
    home = _home.get()
    if home is not None:
        return home
    if not _opened:
        if not _openers:
            raise Internal("no home was composed; import tilth, not its parts")
        _opened.append(_openers[0]())
    return _opened[0]


def running() -> Any | None:
    """The task that this process records; None if there is none."""
    return _running[0] if _running else None


def set_running(task: Any | None) -> None:
    """Say which task this process records."""
    _running[:] = [task] if task is not None else []


def set_capture(start: Callable[[Any, Any], Callable[[], None]]) -> None:
    """Say what records by itself when a task begins; called by the composition root. It gets the task, and what was asked for."""
    _captures[:] = [start]


def begin_capture(task: Any, asked: Any) -> Callable[[], None]:
    """Begin to record by itself; returns what ends that."""
    return _captures[0](task, asked) if _captures else lambda: None


def set_code_looker(look: Callable[..., Any]) -> None:
    """Say what looks at code that does not run here; called by the composition root."""
    _lookers[:] = [look]


def look_at_code(**what: Any) -> Any:
    """What is found out about a script or module of this machine."""
    if not _lookers:
        raise Internal("nothing looks at code; import tilth, not its parts")
    return _lookers[0](**what)


def set_credentials_taker(take: Callable[..., None]) -> None:
    """Say who takes a server's addresses and keys; called by the composition root."""
    _takers[:] = [take]


def take_credentials(said: Mapping[str, str], *, store: bool) -> None:
    """Work with the server that is said, and with `store` write it to the home's settings."""
    if not _takers:
        raise Internal("nobody takes credentials; import tilth, not its parts")
    _takers[0](said, store=store)
