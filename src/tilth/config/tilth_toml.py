"""How `tilth.toml` is read, and how one table of it is written while the rest stays as somebody wrote it."""

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tilth.base.atomic_io import replace_durably
from tilth.base.errors import Denied, Invalid

__all__ = ["read_stores", "read_toml", "with_table", "write_table"]

_STORES = "storage"
"""The table that holds, beside its settings, a list of tables for each kind of store."""

_ENTRY = re.compile(r"""\s*(?P<name>[\w-]+)\s*=\s*(?:"[^"]*"|'[^']*')\s*?(?P<comment>\s*\#.*)?""")


def read_toml(path: Path) -> dict[str, object]:
    """The values of the file, `[table] name` as `table.name`; nothing if there is no file. Entries of stores are no values."""
    flat: dict[str, object] = {}
    for name, value in _parsed(path).items():
        flat |= {f"{name}.{inner}": below for inner, below in value.items()} if isinstance(value, dict) else {name: value}
    return {name: value for name, value in flat.items() if not (name.startswith(f"{_STORES}.") and isinstance(value, list))}


def read_stores(path: Path) -> dict[str, Sequence[Mapping[str, Any]]]:
    """The tables `[[storage.<kind>]]` of the file, by kind; `Invalid` if a kind is none of those that are known."""
    found = _parsed(path).get(_STORES, {})
    stores: dict[str, Sequence[Mapping[str, Any]]] = {}
    stores |= {kind: entries for kind, entries in found.items() if isinstance(entries, list)} if isinstance(found, dict) else {}
    for kind in stores:
        if kind not in ("s3", "gs", "azure"):
            raise Invalid(
                f"{path} has entries storage.{kind}, which is no kind of store", hint="use storage.s3, storage.gs or storage.azure"
            )
    return stores


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Denied(f"{path.parent} can't be used ({error.strerror})", hint="set TILTH_HOME to a folder of your own") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} can't be understood: {error}", hint="correct it, or take it away") from error


def write_table(path: Path, name: str, values: Mapping[str, str]) -> None:
    """Let the table `name` of the file hold just `values`, and the file be readable by its owner alone."""
    target = path.resolve()
    text = target.read_text(encoding="utf-8") if target.exists() else ""
    before = os.umask(0o077)
    try:
        replace_durably(target, [with_table(text, name, values).encode()], scratch=target.parent)
    finally:
        os.umask(before)


def with_table(text: str, name: str, values: Mapping[str, str]) -> str:
    """`text`, which is TOML, with just `values` in the table `name`; comments and everything else stay where they are."""
    wanted = {**tomllib.loads(text), name: dict(values)}
    edited = _edited(text, name, values)
    with suppress(tomllib.TOMLDecodeError):
        if tomllib.loads(edited) == wanted:
            return edited
    return _written(wanted)


def _edited(text: str, name: str, values: Mapping[str, str]) -> str:
    """A line by line edit, right for what people write; `with_table` checks it."""
    lines = text.rstrip("\n").split("\n") if text.strip() else []
    header = re.compile(rf"\s*\[\s*{re.escape(name)}\s*\]\s*(#.*)?")
    begin = next((number for number, line in enumerate(lines) if header.fullmatch(line)), None)
    if begin is None:
        lines += ["", f"[{name}]"] if lines else [f"[{name}]"]
        begin = len(lines) - 1
    end = next((number for number in range(begin + 1, len(lines)) if lines[number].lstrip().startswith("[")), len(lines))
    kept, left = [], dict(values)
    for line in lines[begin + 1 : end]:
        entry = _ENTRY.fullmatch(line)
        if entry is None:
            kept.append(line)
        elif entry["name"] in left:
            kept.append(_line(entry["name"], left.pop(entry["name"])) + (entry["comment"] or ""))
    blank = [kept.pop() for _ in range(len(kept)) if not kept[-1].strip()]
    added = [_line(entry, value) for entry, value in left.items()]
    return "\n".join([*lines[: begin + 1], *kept, *added, *blank, *lines[end:]]) + "\n"


def _written(table: Mapping[str, Any], within: str = "") -> str:
    """A table and all below it; first what is plain, as TOML asks for."""
    text = "".join(f"{_line(name, value)}\n" for name, value in table.items() if not _is_table(value))
    for name, value in table.items():
        called = f"{within}{name}"
        if isinstance(value, Mapping):
            text += f"\n[{called}]\n{_written(value, f'{called}.')}"
        elif _is_table(value):
            text += "".join(f"\n[[{called}]]\n{_written(entry, f'{called}.')}" for entry in value)
    return text if within else text.lstrip("\n")


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and bool(value) and all(isinstance(entry, Mapping) for entry in value))


def _line(name: str, value: object) -> str:
    # JSON's texts are TOML's, but for one control character.
    return f"{name} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007f")
