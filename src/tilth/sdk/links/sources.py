"""Files that lie elsewhere: what state they are in, which ones a folder holds, and their bytes. Nothing is ever written there.

A folder of a bucket or of this machine is listed a page at a time. A web server may show index pages, which name files and do not say in
what state they are: each is asked for by a request of its own.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct

from tilth.base.addresses import shown_address
from tilth.base.errors import Corrupt, Denied, Internal, Invalid, NotFound, ObjectNotFound, PathNotFound, SourceUnreadable
from tilth.datasets.scanning import one_file, scan
from tilth.sdk.home import Home
from tilth.sdk.links.indexes import index_of
from tilth.sdk.places import BucketPlace, LocalPlace, WebPlace, place_of
from tilth.store.api import OtherObject

__all__ = ["BucketSource", "LocalSource", "Opened", "RemoteFile", "Source", "Sources", "WebSource", "path_of"]

_PAGE = 1_000
_FIRST_PIECE = 1 << 20
_LARGEST_PIECE = 8 << 20
_WEB_PAGE = 256
_REQUESTS_AT_ONCE = 8
_LARGEST_INDEX = 256 << 20
_DEEPEST = 32
_WITHOUT_INDEX = "check the address, name its files one by one, or use the address of the bucket behind it"


class RemoteFile(Struct, frozen=True, gc=False):
    """A file that lies elsewhere, in the state that it was seen in."""

    address: str
    size: int
    """Bytes; -1 if the other side does not say."""
    etag: str
    """Changes with the content; empty if the other side says nothing that does."""
    modified_ns: int


class Opened(Struct):
    """A file that is being read."""

    file: RemoteFile
    """The state of what is being read, as the answer itself tells it."""
    start: int
    """Where its bytes begin: at 0 if the other side sends nothing but whole files."""
    read: Callable[[int], bytes]


class Source(Protocol):
    """A bucket, a web server, or this machine. Safe for threads."""

    def describe(self, address: str) -> RemoteFile:
        """The file at exactly this address; `NotFound` if there is none."""

    def pages(self, folder: str, *, recursive: bool = True, after: str = "") -> Iterator[list[RemoteFile]]:
        """The files below the address of a folder, in the order of their paths; those behind the address `after`, if it is given."""

    def open(self, address: str, start: int = 0) -> AbstractContextManager[Opened]:
        """The bytes of a file from `start` on; `NotFound` if there is none, `Unavailable` if the line breaks off."""


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
            return WebSource(), place.address
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

    def pages(self, folder: str, *, recursive: bool = True, after: str = "") -> Iterator[list[RemoteFile]]:
        key = self._key(folder)
        prefix = f"{key}/" if key else ""
        behind = self._key(after) if after else ""
        if recursive:
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

    def pages(self, folder: str, *, recursive: bool = True, after: str = "") -> Iterator[list[RemoteFile]]:
        files = scan(os.fspath(path_of(folder)), recursive=recursive)
        base = folder.rstrip("/")
        behind = unquote(after.removeprefix(f"{base}/"))
        while page := list(islice(files, _PAGE)):
            if found := [
                RemoteFile(f"{base}/{quote(one.path)}", one.size, _local_etag(one.mtime_ns), one.mtime_ns)
                for one in page
                if not behind or one.path > behind
            ]:
                yield found

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


class WebSource:
    """A web server that is not ours."""

    def describe(self, address: str) -> RemoteFile:
        return _web_file(address, _web().describe(address))

    def pages(self, folder: str, *, recursive: bool = True, after: str = "") -> Iterator[list[RemoteFile]]:
        folder = folder.rstrip("/")
        behind = unquote(after)
        found = (address for address in self._files_below(folder, recursive=recursive) if not behind or unquote(address) > behind)
        with ThreadPoolExecutor(_REQUESTS_AT_ONCE, thread_name_prefix="tilth-links") as pool:
            while page := list(islice(found, _WEB_PAGE)):
                yield list(pool.map(self.describe, page))

    def _files_below(self, folder: str, *, recursive: bool) -> Iterator[str]:
        """The addresses of the files that index pages show, in the order of their paths."""
        waiting = [f"{folder}/"]
        while waiting:
            address = waiting.pop()
            if not address.endswith("/"):
                yield address
            elif address == f"{folder}/" or recursive:
                if address.count("/") - folder.count("/") > _DEEPEST:
                    raise Invalid(
                        f"{shown_address(address)} is a folder below more than {_DEEPEST} others: it may be one of them again",
                        hint="name the folders that hold the files",
                    )
                waiting += reversed(self._children(address))

    def _children(self, folder: str) -> list[str]:
        try:
            page = _web().page(folder, most_bytes=_LARGEST_INDEX)
        except (Denied, NotFound) as error:
            raise type(error)(f"{shown_address(folder)} can't be listed: {error.message}", hint=_WITHOUT_INDEX) from error
        children = None if page is None else index_of(page, folder)
        if children is None:
            raise Denied(
                f"{shown_address(folder)} can't be listed: its server shows no index of it, as Apache and nginx do where they are told to",
                hint=_WITHOUT_INDEX,
            )
        return children

    @contextmanager
    def open(self, address: str, start: int = 0) -> Iterator[Opened]:
        with _web().open_web_from(address, start) as (answer, told, begin):
            yield Opened(_web_file(address, told), begin, answer.read)


def _web_file(address: str, told: Any) -> RemoteFile:
    if told.is_page:
        raise Denied(
            f"{shown_address(address)} is answered with a page for people, not with a file",
            hint="it may want a login: open the address in a browser",
        )
    return RemoteFile(address, -1 if told.size is None else told.size, told.etag, told.modified_ns)


def path_of(address: str) -> Path:
    """The file, or folder, of this machine that an address means."""
    return Path(unquote(urlsplit(address).path))


def _local_etag(mtime_ns: int) -> str:
    return str(mtime_ns)


def _web() -> Any:
    return import_module("tilth.client.web")  # brings urllib3, which a home without a server never needs
