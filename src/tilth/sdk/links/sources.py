"""Files that lie elsewhere: what state they are in, which ones a folder holds, and their bytes. Nothing is ever written there.

A folder of a bucket or of this machine is listed a page at a time; how one of a web server is, `web.py` tells.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from tilth.base.addresses import plain_web_address, shown_address
from tilth.base.errors import Corrupt, Internal, Invalid, NotFound, ObjectNotFound, PathInvalid, PathNotFound, SourceUnreadable
from tilth.datasets.scanning import SourceFile, one_file, scan
from tilth.sdk.home import Home
from tilth.sdk.links.remote import ALL, Asked, LeftOut, Opened, RemoteFile, Source
from tilth.sdk.links.web import WebSource
from tilth.sdk.places import BucketPlace, LocalPlace, WebPlace, place_of
from tilth.store.api import OtherObject

__all__ = ["BucketSource", "LocalSource", "Sources", "WebSource", "path_of"]

_PAGE = 1_000
_FIRST_PIECE = 1 << 20
_LARGEST_PIECE = 8 << 20


class Sources:
    """The sources that addresses mean. Buckets stay open."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._buckets: dict[str, BucketSource] = {}

    def of(self, address: str) -> tuple[Source, str]:
        """The source of an address, and the address as it is always written; `Invalid` if it can't be one."""
        place = place_of(self._home, address)
        if isinstance(place, LocalPlace):
            return LocalSource(), place.address
        if isinstance(place, WebPlace):
            return WebSource(), plain_web_address(place.address)
        if isinstance(place, BucketPlace):
            return self.bucket(place.bucket), place.address
        raise Invalid(
            f"{shown_address(address)} lies among the server's own files, which no version links to",
            hint="download it, and add it as a file",
        )

    def bucket(self, bucket: str) -> "BucketSource":
        """The source of all addresses in a bucket."""
        if bucket not in self._buckets:
            if self._home.open_bucket is None:
                raise Internal("this home opens no buckets", hint="open it with tilth, not from its parts")
            self._buckets[bucket] = BucketSource(self._home.open_bucket(bucket), bucket)
        return self._buckets[bucket]


class BucketSource:
    """A bucket of S3's and of whatever speaks its protocol, of Google's, of Azure's."""

    def __init__(self, store: Any, bucket: str) -> None:
        self._store = store
        self._bucket = bucket

    def describe(self, address: str) -> RemoteFile:
        key = self._key(address)
        found = self._store.other(key) if key else None
        if found is None:
            raise NotFound(f"{address} does not exist", hint="check the address; among several, that of a folder ends with /")
        return self._file(found)

    def pages(self, folder: str, asked: Asked = ALL) -> Iterator[list[RemoteFile]]:
        key = self._key(folder)
        prefix = f"{key}/" if key else ""
        behind = self._key(asked.after) if asked.after else ""
        if asked.recursive:
            found = self._store.pages(prefix, after=behind)
        else:
            here = iter([one for one in self._store.right_in(prefix) if one.key > behind])
            found = iter(lambda: list(islice(here, _PAGE)), [])
        # A folder may be marked by an empty object that has its name.
        for page in found:
            if files := [self._file(one) for one in page if one.key.startswith(prefix)]:
                yield files

    @contextmanager
    def open(self, address: str, start: int = 0) -> Iterator[Opened]:
        stream = _ObjectStream(self._store, address, self._key(address), start)
        try:
            stream.fill()
        except Corrupt:  # there is nothing from there on
            yield Opened(self.describe(address), start, lambda _: b"")
            return
        except ObjectNotFound:
            raise NotFound(f"{address} does not exist", hint="check the address") from None
        yield Opened(self._file(stream.state), start, stream.read)

    def _key(self, address: str) -> str:
        return address.removeprefix(self._bucket).strip("/")

    def _file(self, found: OtherObject) -> RemoteFile:
        return RemoteFile(f"{self._bucket}/{found.key}", found.size_bytes, found.etag, found.modified_ns)


class _ObjectStream:
    """The bytes of an object, in pieces that become larger for whoever reads on."""

    state: OtherObject
    """As the answers tell it."""

    def __init__(self, store: Any, address: str, key: str, start: int) -> None:
        self._store, self._address, self._key, self._at = store, address, key, start
        self._piece = _FIRST_PIECE
        self._data = memoryview(b"")

    def fill(self) -> None:
        """Ask for the next piece."""
        data, self.state = self._store.get_other(self._key, self._at, self._piece)
        self._data, self._at = memoryview(data), self._at + len(data)
        self._piece = min(2 * self._piece, _LARGEST_PIECE)

    def read(self, size: int) -> bytes:
        before = self.state
        if not self._data and self._at < before.size_bytes:
            self.fill()
            if (self.state.etag, self.state.size_bytes) != (before.etag, before.size_bytes):
                raise SourceUnreadable(f"{self._address} was replaced while it was being read", hint="run the command again")
        piece = bytes(self._data[:size])
        self._data = self._data[size:]
        return piece


class LocalSource:
    """This machine, or what is mounted there."""

    def is_folder(self, address: str) -> bool:
        """Whether a folder lies at an address."""
        return path_of(address).is_dir()

    def describe(self, address: str) -> RemoteFile:
        path = path_of(address)
        if not path.exists():
            raise PathNotFound(f"{path} does not exist", hint="check the path")
        found = one_file(os.fspath(path), path.name)
        return RemoteFile(address, found.size, _local_etag(found.mtime_ns), found.mtime_ns)

    def pages(self, folder: str, asked: Asked = ALL) -> Iterator[list[RemoteFile]]:
        place = path_of(folder)
        if not place.is_dir():
            what = "is not a folder" if place.exists() else "does not exist"
            raise PathNotFound(f"{place} {what}", hint="check the path")
        files = self._named(scan(os.fspath(place), recursive=asked.recursive, left_out=partial(self._leave_out, asked)), asked)
        base = folder.rstrip("/")
        behind = unquote(asked.after.removeprefix(f"{base}/"))
        while page := list(islice(files, _PAGE)):
            if found := [
                RemoteFile(f"{base}/{quote(one.path)}", one.size, _local_etag(one.mtime_ns), one.mtime_ns)
                for one in page
                if not behind or one.path > behind
            ]:
                yield found

    @staticmethod
    def _leave_out(asked: Asked, path: str, error: SourceUnreadable) -> None:
        gone = PathNotFound(error.message, hint=error.hint) if os.path.islink(path) and not os.path.exists(path) else error
        asked.left_out(LeftOut(f"file://{quote(os.fsencode(path))}", gone))

    @staticmethod
    def _named(files: Iterator[SourceFile], asked: Asked) -> Iterator[SourceFile]:
        """The files whose names can be told: those of other bytes than UTF-8 have no place in an order of texts."""
        for one in files:
            if one.path.isascii() or not any("\udc80" <= sign <= "\udcff" for sign in one.path):
                yield one
                continue
            address = f"file://{quote(os.fsencode(one.source))}"
            asked.left_out(LeftOut(address, PathInvalid(f"{address} has a name that is not valid UTF-8", hint="rename it")))

    @contextmanager
    def open(self, address: str, start: int = 0) -> Iterator[Opened]:
        path = path_of(address)
        try:
            with path.open("rb") as file:
                found = os.fstat(file.fileno())
                file.seek(start)
                state = RemoteFile(address, found.st_size, _local_etag(found.st_mtime_ns), found.st_mtime_ns)
                yield Opened(state, start, file.read)
        except FileNotFoundError:
            raise PathNotFound(f"{path} does not exist", hint="check the path") from None
        except (PermissionError, IsADirectoryError) as error:
            raise SourceUnreadable(f"{path} can't be read ({error.strerror})", hint="check its permissions") from error


def path_of(address: str) -> Path:
    """The file, or folder, of this machine that an address means."""
    return Path(unquote(urlsplit(address).path))


def _local_etag(mtime_ns: int) -> str:
    return str(mtime_ns)
