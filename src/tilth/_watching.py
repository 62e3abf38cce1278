"""What begins with `from tilth import Task`: a script may parse its arguments before it begins a task, and they belong to it too."""

from tilth.capture.arguments import Arguments
from tilth.capture.frameworks.registry import argument_patches
from tilth.capture.patching import Patches
from tilth.sdk._current import running
from tilth.sdk.task import Task

__all__ = ["ARGUMENTS", "Task"]

ARGUMENTS = Arguments(running)
"""What this process was called with. It is watched as long as the process lives, because a task may begin at any time."""

Patches().install(argument_patches(ARGUMENTS))
