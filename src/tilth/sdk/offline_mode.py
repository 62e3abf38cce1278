"""Whether this process records in the home alone, for somebody to carry to a server later."""

import os

__all__ = ["is_offline", "set_offline"]

_VARIABLES = ("TILTH_OFFLINE_MODE", "CLEARML_OFFLINE_MODE")

_offline: list[bool] = []


def set_offline(offline: bool) -> None:
    """Say whether runs and datasets are recorded in the home alone."""
    _offline[:] = [offline]


def is_offline() -> bool:
    """Whether runs and datasets are recorded in the home alone."""
    if _offline:
        return _offline[0]
    return any((os.environ.get(name) or "0").lower() not in ("0", "false", "") for name in _VARIABLES)
