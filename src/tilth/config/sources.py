"""What each place where settings may stand says: the environment, `tilth.toml` and `clearml.conf`.

Every value comes with the name of its source, so that a person can be told which one to change.
"""

import difflib
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from tilth.base.errors import Invalid
from tilth.config.clearml_conf import read_clearml
from tilth.config.tilth_toml import read_toml

__all__ = ["Found", "in_clearml_conf", "in_environment", "in_tilth_toml"]


class Found(Struct, frozen=True):
    """A value, and who says so."""

    value: str
    source: str
    """A variable's name, or a file's path."""


def in_environment(environment: Mapping[str, str], variables: Mapping[str, tuple[str, ...]]) -> dict[str, Found]:
    """For each setting the first of its variables that is set; an empty one is not."""
    found = {}
    for name, known in variables.items():
        said = next((variable for variable in known if environment.get(variable)), None)
        if said:
            found[name] = Found(environment[said], said)
    return found


_MEANINGS: Mapping[type, tuple[str, str]] = {
    str: ("no text", "write its value between quotes"),
    int: ("no number", "write a whole number"),
    bool: ("neither true nor false", "write true or false"),
}
"""What a value of another type is not, and what to do."""


def in_tilth_toml(path: Path, known: Mapping[str, type]) -> dict[str, Found]:
    """What the file says; `Invalid` if it names something that is not `known`, or gives it a value of another type."""
    found = {}
    for name, value in read_toml(path).items():
        if name not in known:
            raise Invalid(f"{path} has a setting {name} that means nothing here", hint=_meant(name, known))
        wanted, hint = _MEANINGS[known[name]]
        # True is a whole number to Python, and a port to nobody.
        misread = isinstance(value, bool) and known[name] is not bool
        if misread or not isinstance(value, known[name] | str):
            raise Invalid(f"{path} says {name} = {value}, which is {wanted}", hint=hint)
        if value != "":
            found[name] = Found(str(value).lower() if isinstance(value, bool) else str(value), str(path))
    return found


def in_clearml_conf(path: Path) -> dict[str, Found]:
    """What ClearML's configuration says of its server, as `api.server` and so on."""
    return {f"api.{name}": Found(value, str(path)) for name, value in read_clearml(path).items()}


def _meant(name: str, known: Mapping[str, type]) -> str:
    near = difflib.get_close_matches(name, known, n=1) or [other for other in known if other.endswith(f".{name}")]
    return f"{near[0]} may be meant" if near else f"known are {', '.join(known)}"
