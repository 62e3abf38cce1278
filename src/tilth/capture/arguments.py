"""What this process was called with: heard of when it is parsed, which may be long before a task begins."""

import sys
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from tilth.capture.guarding import Guard
from tilth.sdk.arguments import Argument
from tilth.sdk.beginning import given_document

__all__ = ["Arguments", "calling_package", "texts_of"]

Document = Mapping[str, Any]
Item = Mapping[str, Any]

_ALSO_CALLED = {"hydra": "hydra", "absl": "tfdefines"}
"""Parsers that `auto_connect_frameworks` turns off as well, and what ClearML's users call them there."""


class Arguments:
    """Keeps what was parsed while no task ran, for the task that begins next; what is parsed while one runs goes to it at once.

    `given` is the task that an agent lets this process run, as it was before the run, or None. What it says counts before the command line.
    """

    def __init__(self, running: Callable[[], Any], given: Callable[[], Document | None] = given_document) -> None:
        self._running = running
        self._given = given
        self._kept: dict[Hashable, tuple[str, Callable[[Any], None]]] = {}
        self._frameworks: bool | Mapping[str, object] = True

    def begin(self, task: Any, *, frameworks: bool | Mapping[str, object] = True) -> None:
        """Tell a task that begins what was parsed before it. `frameworks` may leave out Hydra and absl."""
        self._frameworks = frameworks
        for framework, tell in list(self._kept.values()):
            self._tell(task, framework, tell)

    def told(self, section: str = "Args") -> Mapping[str, Item]:
        """The arguments that stand in the task that an agent runs here, by name; none in any other run."""
        found: Mapping[str, Item] = ((self._given() or {}).get("hyperparams") or {}).get(section) or {}
        return found

    def told_configuration(self, name: str) -> str | None:
        """The text of a configuration of the task that an agent runs here; None in any other run."""
        found: str | None = (((self._given() or {}).get("configuration") or {}).get(name) or {}).get("value")
        return found

    def parsed(self, framework: str, arguments: Sequence[Argument], *, section: str = "Args") -> None:
        """These were parsed; later ones of the same names replace them."""
        if arguments:
            names = tuple(argument.name for argument in arguments)
            self.seen(framework, lambda task: task._put_arguments(section, arguments), key=(section, names))

    def seen(self, framework: str, tell: Callable[[Any], None], *, key: Hashable) -> None:
        """Something was seen of which `tell` tells a task; the last one with this `key` counts."""
        task = self._running()
        if task is None:
            self._kept.pop((framework, key), None)
            self._kept[framework, key] = framework, tell
        else:
            self._tell(task, framework, tell)

    def _tell(self, task: Any, framework: str, tell: Callable[[Any], None]) -> None:
        wanted, other = self._frameworks, _ALSO_CALLED.get(framework)
        if other is not None and not (wanted if isinstance(wanted, bool) else wanted.get(other, True) and wanted.get(framework, True)):
            return
        Guard(f"the arguments of {framework}").run(tell, task)


def texts_of(told: Mapping[str, Item]) -> dict[str, str]:
    """The values by name, without those that were nothing and still are."""
    found = {name: item.get("value") or "" for name, item in told.items()}
    return {name: text for name, text in found.items() if text or told[name].get("type") != "NoneType"}


def calling_package(*between: str) -> str:
    """The package whose code called what a capture stands in for; `between` are packages that only pass the call on."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in ("tilth", *between):
            return package
        frame = frame.f_back
    return ""
