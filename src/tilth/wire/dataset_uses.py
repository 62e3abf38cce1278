"""How a task says which dataset versions it used: keys of its runtime, and a section of its parameters."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

__all__ = ["ALIASES", "NAMES", "USED", "DatasetUse", "full_name_key", "number_key", "uses_in"]

USED = "datasets"
"""The ids of the versions."""
ALIASES = "Datasets"
"""The section of parameters that holds the id of a version by the alias that the code has for it."""
NAMES = "dataset_names."
"""Tilth's own: how keys begin that name a version in full, `project/name@number`, as it was when it was used."""
_NUMBERS = "orig_datasets."


class DatasetUse(Struct, frozen=True, kw_only=True):
    """One version that a task used, as the task knows it; what it does not know is empty."""

    id: str
    project: str = ""
    name: str = ""
    version: str = ""
    aliases: tuple[str, ...] = ()


def full_name_key(id: str) -> str:
    """The key under which a task keeps the full name of a version."""
    return f"{NAMES}{id}"


def number_key(name: str, version: str) -> str:
    """The key under which a task keeps the id of a version, as ClearML's client has it."""
    return f"{_NUMBERS}{name}/{version}"


def uses_in(task: Mapping[str, Any]) -> list[DatasetUse]:
    """The versions that a task used, in the order of their first use; whichever client recorded them."""
    runtime = task.get("runtime") or {}
    numbers = {
        str(id): key.removeprefix(_NUMBERS).rpartition("/")
        for key, id in runtime.items()
        if key.startswith(_NUMBERS) and isinstance(id, str)
    }
    aliases: dict[str, list[str]] = {}
    for alias, item in ((task.get("hyperparams") or {}).get(ALIASES) or {}).items():
        if isinstance(item, Mapping):
            aliases.setdefault(str(item.get("value")), []).append(str(alias))
    found = []
    for id in runtime.get(USED) or ():
        path, _, number = str(runtime.get(full_name_key(id)) or "").rpartition("@")
        project, _, name = path.rpartition("/")
        if not path:
            name, _, number = numbers.get(id, ("", "", ""))
        found.append(DatasetUse(id=str(id), project=project, name=name, version=number, aliases=tuple(aliases.get(id, ()))))
    return found
