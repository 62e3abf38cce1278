"""What ClearML's configuration says of a server: a whole `clearml.conf`, or the block that a web page shows for pasting.

Both are HOCON. The library that reads it is imported when something is read, because most processes never do.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from tilth.base.errors import Invalid

__all__ = ["parse_clearml", "parse_hocon", "read_clearml", "read_clearml_stores"]

_PLACES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "server": (("api_server",), ("host",)),
    "web_server": (("web_server",),),
    "files_server": (("files_server",),),
    "access_key": (("credentials", "access_key"),),
    "secret_key": (("credentials", "secret_key"),),
}
"""Where each value may stand, below `api` or without it."""


_HINT = "correct it, or name another one with CLEARML_CONFIG_FILE"


def read_clearml(path: Path) -> dict[str, str]:
    """What the file says of `server`, `web_server`, `files_server`, `access_key` and `secret_key`; nothing if there is no file."""
    text = _text(path)
    return parse_clearml(text, called=str(path), hint=_HINT) if text is not None else {}


def read_clearml_stores(path: Path) -> dict[str, list[dict[str, Any]]]:
    """What the file says of object stores, in the words of `tilth.toml`; what it says of all buckets is an entry without one."""
    text = _text(path)
    sdk = parse_hocon(text, called=str(path), hint=_HINT).get("sdk") if text is not None else None
    if not isinstance(sdk, dict):
        return {}
    amazon, google, azure = _table(sdk, "aws", "s3"), _table(sdk, "google", "storage"), _table(sdk, "azure", "storage")
    found: dict[str, list[dict[str, Any]]] = {
        "s3": [_s3_entry(entry) for entry in [*_list(amazon, "credentials"), amazon]],
        "gs": [_named(entry, _GS) for entry in [*_list(google, "credentials"), google]],
        "azure": [_named(entry, _AZURE) for entry in _list(azure, "containers")],
    }
    return {kind: [entry for entry in entries if entry] for kind, entries in found.items()}


def parse_clearml(text: str, *, called: str, hint: str) -> dict[str, str]:
    """What `text` says, as `read_clearml` tells it; `Invalid`, naming it as `called`, if it is no HOCON."""
    found = parse_hocon(text, called=called, hint=hint)
    section = found.get("api", found)
    values = {name: _first(section, places) for name, places in _PLACES.items()}
    return {name: value for name, value in values.items() if value}


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} can't be read: {error}", hint=_HINT) from error


def parse_hocon(text: str, *, called: str, hint: str) -> dict[str, Any]:
    """What stands in a text of HOCON, which `called` names to a person."""
    pyhocon, syntax = import_module("pyhocon"), import_module("pyparsing").ParseBaseException
    try:
        tree = pyhocon.ConfigFactory.parse_string(text)
    except syntax as error:
        # The parser's own words quote what it read, and that may be a secret.
        raise Invalid(f"{called} can't be understood, at the latest in line {error.lineno}", hint=hint) from None
    except (pyhocon.ConfigException, OSError) as error:
        raise Invalid(f"{called} can't be understood: {error}", hint=hint) from error
    found: dict[str, Any] = tree.as_plain_ordered_dict() if hasattr(tree, "as_plain_ordered_dict") else {}
    return found


def _first(section: object, places: tuple[tuple[str, ...], ...]) -> str:
    for place in places:
        value: Any = section
        for name in place:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, str | int) and str(value).strip():
            return str(value).strip()
    return ""


_S3 = {"bucket": "bucket", "region": "region", "key": "access_key", "secret": "secret_key", "token": "session_token", "profile": "profile"}
_GS = {"bucket": "bucket", "credentials_json": "credentials"}
_AZURE = {"container_name": "container", "account_name": "account", "account_key": "access_key"}


def _s3_entry(entry: dict[str, Any]) -> dict[str, Any]:
    named = _named(entry, _S3)
    host = str(entry.get("host") or "")
    if not host:
        return named
    secure = entry.get("secure", True) not in (False, "false", "False")
    return named | {"endpoint": host if "://" in host else f"{'https' if secure else 'http'}://{host}"}


def _named(entry: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {ours: str(entry[theirs]).strip() for theirs, ours in names.items() if isinstance(entry.get(theirs), str) and entry[theirs]}


def _table(tree: dict[str, Any], *names: str) -> dict[str, Any]:
    found: Any = tree
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _list(table: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = table.get(name)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
