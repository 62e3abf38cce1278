"""Arguments of commands that are made with Click or with Typer."""

from collections.abc import Callable, Mapping
from typing import Any

from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder
from tilth.sdk.arguments import is_tracked

__all__ = ["patches"]

_PLAIN = (bool, int, float, str, list, tuple, type(None))
# Newer releases of Typer bring a Click of their own.
_MODULES = ("click.core", "typer._click.core")


def patches(recorder: Recorder, *, wanted: bool | Mapping[str, bool] = True) -> list[Patch]:
    """Recorded when a command begins: those of a sub-command stand below its name. What is typed hidden, such as a password, is not."""

    def around_invoke(original: Callable[..., Any]) -> Callable[..., Any]:
        def invoke(command: Any, context: Any) -> Any:
            hidden = {parameter.name for parameter in command.params if getattr(parameter, "hide_input", False)}
            names = [name for name in context.params if name not in hidden and is_tracked(name, wanted)]
            shown = {name: _plain(context.params[name]) for name in names}
            said = recorder.arguments(shown, below=context.command_path.split()[1:])
            context.params.update({name: said[name] for name, value in shown.items() if said[name] != value})
            return original(command, context)

        return invoke

    return [Patch(module, "Command.invoke", around_invoke) for module in _MODULES]


def _plain(value: Any) -> Any:
    return value if isinstance(value, _PLAIN) else str(value)
