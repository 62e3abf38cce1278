"""Tilth: versioned datasets, and what grows on them."""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = ["Dataset", "__version__", "configure"]

__version__ = "0.1.0"

_LAZY = frozenset({"Dataset", "configure"})

if TYPE_CHECKING:
    from tilth._wiring import configure
    from tilth.sdk.dataset import Dataset
else:

    def __getattr__(name: str) -> object:
        """Load a public name when it is first used, so that `import tilth` costs next to nothing."""
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module("tilth._wiring"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
