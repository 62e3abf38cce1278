"""What the addresses in a recording that was carried here mean: files of the run itself, and what lies on other servers and in buckets.

Whoever removes a model or an artifact removes the file at its address. A path of the machine where the run was recorded may be another
file here, and a name among the server's files may be another run's: such an address is kept to be read, but means no file any more.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from tilth.client.outbox import CALLS, EVENTS
from tilth.sdk.home import Home
from tilth.wire.own_files import name_in

__all__ = ["ELSEWHERE", "disarm_addresses"]

ELSEWHERE = "elsewhere://"
"""How an address begins that means no file here."""
_FIELDS = frozenset({"uri", "url"})


def disarm_addresses(home: Home, folder: Path, task: str) -> list[str]:
    """Let addresses of other files than those of `task` mean nothing; returns what they were."""
    hosts = {urlsplit(url).netloc for url in (*home.files_urls, home.web_url) if url}
    found: list[str] = []

    def checked(address: str) -> str:
        if not address or address.startswith(ELSEWHERE) or _is_harmless(address, task, home.files_urls, hosts):
            return address
        found.append(address)
        return ELSEWHERE + address

    for path in sorted((*folder.glob(f"*{CALLS}"), *folder.glob(f"*{EVENTS}"))):
        before = len(found)
        lines = path.read_bytes().splitlines(keepends=True) if _mentions(path) else []
        changed = [_with(msgspec.json.decode(line), checked) if line.endswith(b"\n") and line != b"\n" else None for line in lines]
        if len(found) > before:
            path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in changed if line is not None))
            path.with_name(f"{path.name}.sent").unlink(missing_ok=True)
    return found


def _mentions(path: Path) -> bool:
    data = path.read_bytes()
    return any(f'"{field}"'.encode() in data for field in _FIELDS)


def _is_harmless(address: str, task: str, files_urls: tuple[str, ...], hosts: set[str]) -> bool:
    own = name_in(address, files_urls)
    if own is not None:
        return _is_of(task, own)
    scheme, mark, rest = address.partition("://")
    if mark and scheme.lower() != "file":
        parts = urlsplit(address)
        return parts.netloc not in hosts or _is_of(task, unquote(parts.path))
    return _is_of(task, unquote(rest) if mark else address)


def _is_of(task: str, name: str) -> bool:
    """Whether a name lies in the folder that a run's files have everywhere."""
    parts = name.split("/")
    return ".." not in parts and any(part.endswith(f".{task}") for part in parts[:-1])


def _with(value: Any, checked: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: checked(inner) if key in _FIELDS and isinstance(inner, str) else _with(inner, checked) for key, inner in value.items()}
    return [_with(inner, checked) for inner in value] if isinstance(value, list) else value
