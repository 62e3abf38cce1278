"""What can be set, where each setting comes from, and what it is when nobody sets it.

The environment stands over `tilth.toml` in the home, which stands over the defaults. This is the one place that reads either.
"""

import getpass
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from tilth.base.errors import Denied, Invalid

__all__ = ["SETTINGS", "Setting", "Settings", "load_settings"]


class Setting(Struct, frozen=True):
    """One setting, as the documentation shows it."""

    name: str
    """Its name in `tilth.toml`; empty if it can only be set in the environment."""
    variable: str
    default: str
    meaning: str


SETTINGS = (
    Setting("", "TILTH_HOME", "~/.tilth", "The folder that everything lies in."),
    Setting("cache", "TILTH_CACHE", "cache, in the home", "The folder of the shared cache of local copies."),
    Setting("author", "TILTH_AUTHOR", "the name of the user of the system", "Who is recorded as the author of versions."),
)


class Settings(Struct, frozen=True):
    """The settings in force."""

    home: Path
    cache: Path
    author: str


def load_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process; `Invalid` if `tilth.toml` can't be understood."""
    home = Path(environment.get("TILTH_HOME") or "~/.tilth").expanduser().absolute()
    file = _read(home / "tilth.toml")
    cache = environment.get("TILTH_CACHE") or file.get("cache")
    author = environment.get("TILTH_AUTHOR") or file.get("author") or _user_name()
    return Settings(home, Path(cache).expanduser().absolute() if cache else home / "cache", author)


def _read(path: Path) -> dict[str, str]:
    try:
        found = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Denied(f"{path.parent} can't be used ({error.strerror})", hint="set TILTH_HOME to a folder of your own") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} can't be understood: {error}", hint="correct it, or take it away") from error
    known = {setting.name for setting in SETTINGS if setting.name}
    for name, value in found.items():
        if name not in known or not isinstance(value, str):
            raise Invalid(f"{path} has a setting {name} that means nothing here", hint=f"known are {', '.join(sorted(known))}")
    return found


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
