"""What is asked of the recording of this process before a task begins: which packages and code, and how the load is reported."""

import math
import re
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from tilth.base.errors import Invalid, PathNotFound

__all__ = ["Load", "Wishes", "load_of", "plain", "requirement", "requirements_in", "wishes"]

_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
_COMPARISONS = ("=", "<", ">", "~", "!", "@", " ", ";")


class Load(Struct, frozen=True, kw_only=True):
    """How the load of the machine is reported."""

    first_s: float = 30.0
    """When the first report is due."""
    every_s: float = 30.0
    samples_per_s: float | None = None
    """How often a mean is made of; without it each report is one sample."""
    wait_s: float = 180.0
    """How long nothing is said in the hope that the run reports iterations, before seconds since its beginning stand for them."""
    most_s: float = 1_800.0
    """How long after the beginning iterations may take the place of seconds again."""
    own_memory: bool = False
    """Whether `memory_used_gb` is what this process and its children take, instead of what is taken on the machine."""


class Wishes:
    """What a script asked for before `Task.init`; it counts for the tasks that begin afterwards."""

    def __init__(self) -> None:
        self.added: dict[str, str] = {}
        """Requirements by the plain names of their packages."""
        self.ignored: set[str] = set()
        self.everything = False
        """Whether all that is installed is required, not only what was imported."""
        self.requirements: str | None = None
        """Requirements that stand in the place of all that is found out."""
        self.standalone = False
        """Whether the script's text is recorded even if it lies in a repository."""
        self.load = Load()


wishes = Wishes()


def requirement(package: str, version: str | None) -> str:
    """A line for pip. No version is the installed one, if there is one; an empty one is any."""
    if not _NAME.fullmatch(package.partition("[")[0].strip()):
        raise Invalid(f"{package!r:.100} is neither the name of a package nor a file", hint='give a name such as "numpy"')
    if version is None:
        try:
            return f"{package}=={metadata.version(package.partition('[')[0].strip())}"
        except metadata.PackageNotFoundError:
            return package
    version = version.strip()
    return f"{package}{'==' if version and not version.startswith(_COMPARISONS) else ''}{version}"


def requirements_in(path: Path) -> dict[str, str]:
    """The requirements of a file by their packages' plain names; options and comments are passed over."""
    if not path.is_file():
        raise PathNotFound(f"{path} is no file", hint="give a file of requirements")
    lines = [line.partition(" #")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    found = {line: _NAME.match(line) for line in lines if line and not line.startswith(("#", "-"))}
    return {plain(name[1]): line for line, name in found.items() if name}


def plain(name: str) -> str:
    """A package's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name.partition("[")[0].strip()).lower()


_LOAD_NAMES: Mapping[str, str] = {
    "first_report_sec": "first_s",
    "report_start_sec": "first_s",
    "seconds_from_start": "first_s",
    "report_frequency_sec": "every_s",
    "sample_frequency_per_sec": "samples_per_s",
    "wait_for_first_iteration_to_start_sec": "wait_s",
    "max_wait_for_first_iteration_to_start_sec": "most_s",
    "report_mem_used_per_process": "own_memory",
}
_GLOBAL_MEMORY = "report_global_mem_used"


def load_of(said: Mapping[str, Any], known: Load) -> Load:
    """`known`, changed by what is said by ClearML's names; `Invalid` for other names, and for what is no time."""
    changes: dict[str, Any] = {}
    for name, value in said.items():
        if name == _GLOBAL_MEMORY:
            changes["own_memory"] = not value
        elif name not in _LOAD_NAMES:
            raise Invalid(f"the load of the machine has no setting {name!r:.60}", hint=f"use {', '.join((*_LOAD_NAMES, _GLOBAL_MEMORY))}")
        elif value is not None:
            changes[_LOAD_NAMES[name]] = bool(value) if name.startswith("report_mem") else _number(name, value)
    return structs.replace(known, **changes)


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value) or value < 0:
        raise Invalid(f"{name} is {value!r:.60}", hint="use a number, 0 or more")
    if value == 0 and name.endswith(("_frequency_sec", "_per_sec")):
        raise Invalid(f"{name} is 0", hint="use a number above 0")
    return float(value)
