"""What ClearML's configuration says of a server: a whole `clearml.conf`, or the block that a web page shows for pasting.

Both are HOCON. The library that reads it is imported when something is read, because most processes never do.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from tilth.base.errors import Invalid

__all__ = ["parse_clearml", "read_clearml"]

_PLACES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "server": (("api_server",), ("host",)),
    "web_server": (("web_server",),),
    "files_server": (("files_server",),),
    "access_key": (("credentials", "access_key"),),
    "secret_key": (("credentials", "secret_key"),),
}
"""Where each value may stand, below `api` or without it."""


def read_clearml(path: Path) -> dict[str, str]:
    """What the file says of `server`, `web_server`, `files_server`, `access_key` and `secret_key`; nothing if there is no file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} can't be read: {error}", hint="correct it, or name another one with CLEARML_CONFIG_FILE") from error
    return parse_clearml(text, called=str(path), hint="correct it, or name another one with CLEARML_CONFIG_FILE")


def parse_clearml(text: str, *, called: str, hint: str) -> dict[str, str]:
    """What `text` says, as `read_clearml` tells it; `Invalid`, naming it as `called`, if it is no HOCON."""
    pyhocon, syntax = import_module("pyhocon"), import_module("pyparsing").ParseBaseException
    try:
        tree = pyhocon.ConfigFactory.parse_string(text)
    except syntax as error:
        # The parser's own words quote what it read, and that may be a secret.
        raise Invalid(f"{called} can't be understood, at the latest in line {error.lineno}", hint=hint) from None
    except (pyhocon.ConfigException, OSError) as error:
        raise Invalid(f"{called} can't be understood: {error}", hint=hint) from error
    found: Any = tree.as_plain_ordered_dict() if hasattr(tree, "as_plain_ordered_dict") else {}
    section = found.get("api", found)
    values = {name: _first(section, places) for name, places in _PLACES.items()}
    return {name: value for name, value in values.items() if value}


def _first(section: object, places: tuple[tuple[str, ...], ...]) -> str:
    for place in places:
        value: Any = section
        for name in place:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, str | int) and str(value).strip():
            return str(value).strip()
    return ""
