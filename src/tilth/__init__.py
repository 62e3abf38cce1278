"""Tilth: versioned datasets, and what grows on them."""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = ["Dataset", "InputModel", "Logger", "Model", "OutputModel", "StorageManager", "Task", "TaskTypes", "__version__", "configure"]

__version__ = "0.1.0"

_LAZY = {
    "Dataset": "tilth.sdk.dataset",
    "InputModel": "tilth.sdk.models",
    "Logger": "tilth.sdk.logger",
    "Model": "tilth.sdk.models",
    "OutputModel": "tilth.sdk.models",
    "StorageManager": "tilth.sdk.storage_manager",
    "Task": "tilth._watching",
    "TaskTypes": "tilth.sdk.task",
    "configure": "tilth._wiring",
}
"""Where each public name is. A name is loaded when it is first used, and so is what puts the parts together."""

_CLEARMLS = ("PipelineController", "PipelineDecorator", "HyperParameterOptimizer", "TaskScheduler", "TriggerScheduler", "APIClient")
"""Names that scripts for ClearML may ask for, and that are not here yet."""

if TYPE_CHECKING:
    from tilth._wiring import configure
    from tilth.sdk.dataset import Dataset
    from tilth.sdk.logger import Logger
    from tilth.sdk.models import InputModel, Model, OutputModel
    from tilth.sdk.storage_manager import StorageManager
    from tilth.sdk.task import Task, TaskTypes
else:

    def __getattr__(name: str) -> object:
        """Load a public name when it is first used, so that `import tilth` costs next to nothing."""
        if name not in _LAZY:
            later = f"; ClearML's own {name} works with a server of Tilth" if name in _CLEARMLS else ""
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}{later}")
        import_module("tilth._wiring")  # composes the home that they all work in
        value = getattr(import_module(_LAZY[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
