"""A store behind a server: the server keeps the objects, and decides who is first.

Where the server keeps them in a bucket, the contents of packs go straight between it and us, by addresses that the server signs for
one object each. Whatever does not work that way goes through the server.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import msgspec

from tilth.base.errors import Corrupt, Denied, ObjectNotFound, TooLarge, Unavailable
from tilth.store.api import Buffer, Key, ObjectInfo
from tilth.store.bandwidth import Bandwidth, PacedFile

__all__ = ["RemoteStore", "Requester"]

_BATCH = 1_000
_DIRECT_BYTES = 256 * 1024
"""What is smaller is with the server before an address is back."""
_RANGE_BYTES = 16 << 20
"""What is asked for at once at the most, if there is a limit."""
_DIRECT_KEYS = "packs/"
_MOST_ADDRESSES = 1_000


class Requester(Protocol):
    """Sends requests to a server as somebody who signed in."""

    def request(self, method: str, path: str, *, body: Any = None, headers: Any = None, safe: bool = False) -> Any:
        """The answer, with `status`, `headers` and `data`; `Unavailable` if there is none."""

    def direct(self, method: str, url: str, *, body: Any = None, headers: Any = None) -> Any:
        """The answer of a bucket at a signed address, if it is a good one; None otherwise."""


class _Listed(msgspec.Struct):
    objects: list[tuple[str, int, float]]
    next: str | None


class _Address(msgspec.Struct):
    """Where an object can be read or written; no address if the server's store has none."""

    url: str | None = None
    headers: dict[str, str] = {}
    expires_s: int = 0


class RemoteStore:
    """The objects of a server's repository."""

    def __init__(self, requester: Requester, bandwidth: Bandwidth | None = None) -> None:
        self._requester = requester
        self._bandwidth = bandwidth or Bandwidth()
        self._signs = True
        self._addresses: dict[Key, tuple[_Address, float]] = {}

    def put(self, key: Key, parts: Sequence[Buffer]) -> None:
        data = b"".join(parts)
        address = self._address("PUT", key) if len(data) >= _DIRECT_BYTES else None
        if address:
            body, headers = self._paced(data)
            if self._requester.direct("PUT", address.url or "", body=body, headers={**address.headers, **headers}):
                return
        body, headers = self._paced(data)
        self._done(self._send("PUT", key, body=body, headers=headers), key)

    def put_if_absent(self, key: Key, data: Buffer) -> bool:
        # An answer that was lost looks as if somebody else had been first; whoever commits compares what is there.
        self._bandwidth.upload.take(len(data))
        answer = self._send("PUT", key, body=bytes(data), headers={"if-none-match": "*"})
        if answer.status == 412:
            return False
        self._done(answer, key)
        return True

    def get(self, key: Key) -> bytes:
        answer = self._send("GET", key)
        self._done(answer, key)
        data = bytes(answer.data)
        self._bandwidth.download.take(len(data))  # nobody knew how many they would be: whoever is next waits for them
        return data

    def get_range(self, key: Key, start: int, length: int) -> bytes:
        if length == 0:
            return b""
        lane = self._bandwidth.download
        most = lane.piece_bytes(most=_RANGE_BYTES) if lane.limit and start >= 0 else length
        if length > most:
            return b"".join(self.get_range(key, start + at, min(most, length - at)) for at in range(0, length, most))
        lane.take(length if start >= 0 else -start)
        wanted = f"bytes={start}-{start + length - 1}" if start >= 0 else f"bytes={start}"
        if start >= 0 and key.startswith(_DIRECT_KEYS) and (found := self._get_directly(key, wanted, length)):
            return found
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

    def _paced(self, data: bytes) -> tuple[Any, Mapping[str, str]]:
        """A body to send within the limit, and the headers that it needs."""
        lane = self._bandwidth.upload
        return (PacedFile(BytesIO(data), lane), {"content-length": str(len(data))}) if lane.limit else (data, {})

    def _get_directly(self, key: Key, wanted: str, length: int) -> bytes | None:
        address = self._known_address(key)
        answer = address and self._requester.direct("GET", address.url or "", headers={"range": wanted})
        if not answer or answer.status != 206 or len(answer.data) != length:
            return None
        return bytes(answer.data)

    def _known_address(self, key: Key) -> _Address | None:
        """Where to read an object; asked for once, because packs are read in many places."""
        found = self._addresses.get(key)
        if found and found[1] > time.monotonic():
            return found[0]
        address = self._address("GET", key)
        if address:
            while len(self._addresses) >= _MOST_ADDRESSES:
                self._addresses.pop(next(iter(self._addresses)), None)
            self._addresses[key] = (address, time.monotonic() + address.expires_s / 2)
        return address

    def _address(self, method: str, key: Key) -> _Address | None:
        if not self._signs:
            return None
        answer = self._requester.request("GET", f"objects/{key}?sign={method}", safe=True)
        self._done(answer, key)
        address = msgspec.json.decode(answer.data, type=_Address)
        self._signs = address.url is not None
        return address if self._signs else None

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
