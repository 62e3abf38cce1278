"""A store behind a server: the server keeps the objects, and decides who is first."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import msgspec

from tilth.base.errors import Corrupt, Denied, ObjectNotFound, TooLarge, Unavailable
from tilth.store.api import Buffer, Key, ObjectInfo

__all__ = ["RemoteStore", "Requester"]

_BATCH = 1_000


class Requester(Protocol):
    """Sends requests to a server as somebody who signed in."""

    def request(self, method: str, path: str, *, body: Any = None, headers: Any = None, safe: bool = False) -> Any:
        """The answer, with `status`, `headers` and `data`; `Unavailable` if there is none."""


class _Listed(msgspec.Struct):
    objects: list[tuple[str, int, float]]
    next: str | None


class RemoteStore:
    """The objects of a server's repository."""

    def __init__(self, requester: Requester) -> None:
        self._requester = requester

    def put(self, key: Key, parts: Sequence[Buffer]) -> None:
        self._done(self._send("PUT", key, body=b"".join(parts)), key)

    def put_if_absent(self, key: Key, data: Buffer) -> bool:
        # An answer that was lost looks as if somebody else had been first; whoever commits compares what is there.
        answer = self._send("PUT", key, body=bytes(data), headers={"if-none-match": "*"})
        if answer.status == 412:
            return False
        self._done(answer, key)
        return True

    def get(self, key: Key) -> bytes:
        answer = self._send("GET", key)
        self._done(answer, key)
        return bytes(answer.data)

    def get_range(self, key: Key, start: int, length: int) -> bytes:
        if length == 0:
            return b""
        wanted = f"bytes={start}-{start + length - 1}" if start >= 0 else f"bytes={start}"
        answer = self._send("GET", key, headers={"range": wanted})
        if answer.status == 416:
            raise Corrupt(f"object {key} is too short for {length} bytes from {start}", hint="run `tilth data verify`")
        self._done(answer, key)
        data = bytes(answer.data[:length])
        if len(data) != length:
            raise Corrupt(f"object {key} is too short for {length} bytes from {start}", hint="run `tilth data verify`")
        return data

    def head(self, key: Key) -> ObjectInfo | None:
        answer = self._send("HEAD", key)
        if answer.status == 404:
            return None
        self._done(answer, key)
        return ObjectInfo(key, int(answer.headers["content-length"]), float(answer.headers["x-tilth-modified"]))

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        behind: str | None = after
        while behind is not None:
            answer = self._requester.request("GET", f"objects?{urlencode({'prefix': prefix, 'after': behind})}", safe=True)
            self._done(answer, prefix)
            page = msgspec.json.decode(answer.data, type=_Listed)
            for key, size, modified in page.objects:
                yield ObjectInfo(Key(key), size, modified)
            behind = page.next

    def delete(self, keys: Iterable[Key]) -> None:
        listed = list(keys)
        for start in range(0, len(listed), _BATCH):
            body = msgspec.json.encode({"delete": listed[start : start + _BATCH]})
            self._done(self._requester.request("POST", "objects", body=body, safe=True), "objects")

    def local_path(self, key: Key) -> Path | None:
        return None

    def _send(self, method: str, key: Key, **more: Any) -> Any:
        return self._requester.request(method, f"objects/{key}", safe=True, **more)

    def _done(self, answer: Any, what: str) -> None:
        if answer.status in (200, 201, 204, 206):
            return
        if answer.status == 404:
            raise ObjectNotFound(f"there is no object {what}")
        if answer.status in (401, 403):
            raise Denied(f"the server does not let you use {what}", hint="ask an administrator for another role")
        if answer.status == 413:
            raise TooLarge(f"object {what} is too large for the server", hint="report this")
        raise Unavailable(f"the server answers {answer.status} for {what}", hint="try again; the server's log says why")
