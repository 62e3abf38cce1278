"""Files that clients upload under names of their choice: what a name may be, and what becomes of the object behind one."""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Any

from tilth.base.errors import Invalid, ObjectNotFound, TokenInvalid
from tilth.domain.access import Permission
from tilth.server.services.access import server_secret
from tilth.server.services.archives import VERSIONS
from tilth.server.services.context import Call
from tilth.server.stores.files import StoredFile
from tilth.server.stores.unit_of_work import Tx

__all__ = [
    "clean_path",
    "delete_files",
    "delete_unchanged",
    "files_at",
    "find_file",
    "keep_file",
    "list_files",
    "page_size",
    "sign",
    "verify_signature",
]

_LONGEST = 4_096
_MOST_LISTED = 10_000
_LONGEST_LINK_S = 7 * 24 * 3_600


def clean_path(name: str) -> str:
    """A file's name without empty parts; `Invalid` if it could lead anywhere else."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if parts[:1] == [VERSIONS]:
        raise Invalid(f"nothing can be stored in {VERSIONS}", hint="use another folder")
    if not parts or len(name) > _LONGEST or ".." in parts or any(ord(character) < 32 for character in name):
        raise Invalid(f"{name!r:.100} can't be the name of a file", hint="use a relative path without ..")
    return "/".join(parts)


def keep_file(tx: Tx, path: str, *, key: str, size_bytes: int, content_type: str | None) -> None:
    """Give a name the content of an object that is in the store; what it had before is deleted by and by."""
    file = StoredFile(path=clean_path(path), key=key, size_bytes=size_bytes, content_type=content_type, created=tx.now)
    before = tx.files.put(file)
    if before:
        tx.jobs.add("drop_objects", {"keys": [before]}, tx.now)


def find_file(tx: Tx, path: str) -> StoredFile:
    """The file by this name; `ObjectNotFound` if there is none."""
    found = tx.files.get(clean_path(path))
    if found is None:
        raise ObjectNotFound(f"there is no file {path:.200}", hint="check the address")
    return found


def list_files(call: Call, folder: str, *, after: str, limit: int) -> list[StoredFile]:
    """A page of the files below a folder, all of them if it is empty; those that come `after` a name."""
    call.actor.check(Permission.READ, "list files")
    return call.tx.files.below(clean_path(folder) if folder.strip("/") else "", page_size(limit), after=after)


def page_size(limit: int) -> int:
    """How many files a page has that somebody wants to have `limit`."""
    return max(1, min(limit, _MOST_LISTED))


def files_at(tx: Tx, path: str) -> list[StoredFile]:
    """The file by this name, and those below it if it is a folder."""
    name = clean_path(path)
    return [found for found in (tx.files.get(name), *tx.files.below(name)) if found]


def delete_unchanged(tx: Tx, files: Sequence[tuple[str, str]]) -> None:
    """Delete files, given by name and object; one that holds another object by now is somebody's new file, and stays."""
    keys = list[str]()
    for path, key in files:
        found = tx.files.get(path)
        if found is not None and found.key == key:
            tx.files.remove(path)
            keys.append(key)
    if keys:
        tx.jobs.add("drop_objects", {"keys": keys}, tx.now)


def delete_files(tx: Tx, paths: Sequence[str], check: Callable[[str], None] = lambda _: None) -> tuple[list[str], list[str]]:
    """Delete files, or folders of files; returns those that were there, and those that were not. `check` raises if one has to stay."""
    deleted, missing, keys = list[str](), list[str](), list[str]()
    for path in paths:
        name = clean_path(path)
        found = files_at(tx, name)
        for file in found:
            check(file.path)
            tx.files.remove(file.path)
            keys.append(file.key)
        (deleted if found else missing).append(path)
    if keys:
        tx.jobs.add("drop_objects", {"keys": keys}, tx.now)
    return deleted, missing


def sign(call: Call, path: str, *, method: str, expires_s: int) -> dict[str, Any]:
    """What has to stand in a file's address so that anybody may read or write it for some time."""
    call.actor.check(Permission.READ if method == "GET" else Permission.WRITE, "give others access to files")
    if method not in ("GET", "PUT"):
        raise Invalid(f"method: {method!r:.20} can't be signed", hint="use GET or PUT")
    until = int(call.tx.time.timestamp()) + max(1, min(expires_s, _LONGEST_LINK_S))
    name = clean_path(path)
    return {"path": name, "expires": until, "signature": _signature(call.tx, name, method, until)}


def verify_signature(tx: Tx, path: str, *, method: str, expires: str, signature: str) -> None:
    """Raise `TokenInvalid` unless the signature in an address is good for this file, now."""
    until = int(expires) if expires.isascii() and expires.isdecimal() and len(expires) < 16 else 0
    good = hmac.compare_digest(_signature(tx, clean_path(path), "GET" if method == "HEAD" else method, until), signature)
    if not good or until < tx.time.timestamp():
        raise TokenInvalid("the link is not good any more", hint="ask for a new one")


def _signature(tx: Tx, path: str, method: str, until: int) -> str:
    return hmac.new(server_secret(tx).encode(), f"{method}\n{until}\n{path}".encode(), hashlib.sha256).hexdigest()
