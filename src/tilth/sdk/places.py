"""Where a file may lie: among the server's own files, on this machine, in a bucket, on a web server. One address is one place."""

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct

from tilth.base.addresses import local_path, refuse_lost_slash, scheme_of
from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import Denied, Internal, Invalid, NotFound, PathNotFound
from tilth.base.ids import new_id
from tilth.client.files import Counted, Readable, Told
from tilth.client.outbox import bucket_of
from tilth.sdk.home import Home
from tilth.store.api import Key, ObjectInfo
from tilth.wire.own_files import OWN_FILES, address_of, name_in

__all__ = ["BucketPlace", "FoundFile", "LocalPlace", "OwnPlace", "Place", "WebPlace", "is_address", "place_of"]

_BUCKETS = frozenset({"s3", "gs", "azure", "az"})
_BLOB = ".blob."
_WEB = frozenset({"http", "https"})
_LONGEST = 8_000
_PIECE = 1024 * 1024


class FoundFile(Struct, frozen=True, omit_defaults=True):
    """A file below a place."""

    name: str
    """Its path below the place."""
    size: int
    content_type: str | None = None


class Place(Protocol):
    """One file, or one folder of files, wherever it lies."""

    address: str
    path: str
    """What the address says after the server or the bucket."""

    def size(self) -> int | None:
        """How large the file is; None if nobody can say. Raises `NotFound` if there is none."""

    def version(self) -> str | None:
        """A text that changes when the file is replaced; None if nobody can say. Raises `NotFound` if there is none."""

    def open(self) -> AbstractContextManager[Readable]:
        """The bytes; raises `NotFound`."""

    def put(self, source: Path, told: Told | None = None) -> None:
        """Put a file here, whole or not at all, over what was there; `told` hears how many bytes are on their way."""

    def delete(self) -> bool:
        """Remove the file; False if there is none."""

    def below(self) -> Iterator[FoundFile]:
        """The files below this folder, in the order of their names."""

    def at(self, name: str) -> "Place":
        """The place that lies below this one."""


class OwnPlace:
    """Among the files that the server keeps itself."""

    def __init__(self, home: Home, name: str) -> None:
        self._home = home
        self.path = name.strip("/")
        self.address = address_of(self.path)

    def size(self) -> int | None:
        found = self._home.files.size(self.path) if self.path else None
        if found is None:
            raise NotFound(f"the server has no file {self.path:.200}", hint="check the address")
        return found

    def version(self) -> str | None:
        found = self._home.files.version(self.path) if self.path else None
        if found is None:
            raise NotFound(f"the server has no file {self.path:.200}", hint="check the address")
        return found

    def open(self) -> AbstractContextManager[Readable]:
        return self._home.files.open(self.path)

    def put(self, source: Path, told: Told | None = None) -> None:
        self._home.files.put(self.path, source, told=told)

    def delete(self) -> bool:
        return self._home.files.delete(self.path)

    def below(self) -> Iterator[FoundFile]:
        after: str | None = ""
        while after is not None:
            page = self._home.api.call("files.list", folder=self.path, after=after)
            for file in page["files"]:
                yield FoundFile(file["path"].removeprefix(self.path).strip("/"), file["size"], file.get("content_type"))
            after = page["next"]

    def at(self, name: str) -> "OwnPlace":
        return OwnPlace(self._home, f"{self.path}/{name}")


class LocalPlace:
    """On this machine."""

    def __init__(self, file: Path) -> None:
        self.file = file.expanduser().absolute()
        self.path = self.file.as_posix().lstrip("/")
        self.address = f"file://{quote(self.file.as_posix())}"

    def size(self) -> int | None:
        return self._stat().st_size

    def version(self) -> str | None:
        found = self._stat()
        return f"{found.st_mtime_ns} {found.st_size}"

    @contextmanager
    def open(self) -> Iterator[Readable]:
        self._stat()
        with self.file.open("rb") as opened:
            yield opened

    def put(self, source: Path, told: Told | None = None) -> None:
        if self.file.exists() and self.file.samefile(source):
            return
        temporary = self.file.with_name(f".{new_id()}.part")
        with translated_os_errors(self.file):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            try:
                with source.open("rb") as file, temporary.open("wb") as copy:
                    shutil.copyfileobj(Counted(file, told), copy, _PIECE)
                temporary.replace(self.file)
            finally:
                temporary.unlink(missing_ok=True)

    def delete(self) -> bool:
        if not self.file.is_file():
            return False
        with translated_os_errors(self.file):
            self.file.unlink()
        return True

    def below(self) -> Iterator[FoundFile]:
        for folder, folders, names in os.walk(self.file):
            folders.sort()
            for name in sorted(names):
                file = Path(folder, name)
                if file.is_file():
                    yield FoundFile(file.relative_to(self.file).as_posix(), file.stat().st_size)

    def at(self, name: str) -> "LocalPlace":
        return LocalPlace(self.file / name)

    def _stat(self) -> os.stat_result:
        try:
            found = self.file.stat()
        except (OSError, ValueError) as error:
            raise PathNotFound(f"{self.file} does not exist", hint="check the path") from error
        if not self.file.is_file():
            raise PathNotFound(f"{self.file} is a folder", hint="name a file")
        return found


class BucketPlace:
    """In a bucket: of S3's and of whatever speaks its protocol, of Google's, of Azure's."""

    def __init__(self, home: Home, address: str) -> None:
        self._home = home
        self.bucket = bucket_of(address)
        self.path = "/".join(part for part in address[len(self.bucket) :].split("/") if part)
        self.address = f"{self.bucket}/{self.path}"

    def size(self) -> int | None:
        return self._found().size_bytes

    def version(self) -> str | None:
        self._found()
        version: str | None = self._store.version(Key(self.path))
        return version

    @contextmanager
    def open(self) -> Iterator[Readable]:
        yield _Ranges(self._store, Key(self.path), self._found().size_bytes)

    def put(self, source: Path, told: Told | None = None) -> None:
        if not self.path:
            raise Invalid(f"{self.address:.200} names no file", hint="add the file's name")
        with source.open("rb") as file:
            self._store.put_file(Key(self.path), Counted(file, told), source.stat().st_size)

    def delete(self) -> bool:
        there = self._store.head(Key(self.path)) is not None if self.path else False
        if there:
            self._store.delete([Key(self.path)])
        return there

    def below(self) -> Iterator[FoundFile]:
        prefix = f"{self.path}/" if self.path else ""
        for found in self._store.list(prefix):
            if found.key != prefix and not found.key.endswith("/"):
                yield FoundFile(found.key.removeprefix(prefix), found.size_bytes)

    def at(self, name: str) -> "BucketPlace":
        return BucketPlace(self._home, f"{self.address.rstrip('/')}/{name}")

    @cached_property
    def _store(self) -> Any:
        if self._home.open_bucket is None:
            raise Internal("this home opens no buckets", hint="open it with tilth, not from its parts")
        return self._home.open_bucket(self.bucket)

    def _found(self) -> ObjectInfo:
        found: ObjectInfo | None = self._store.head(Key(self.path)) if self.path else None
        if found is None:
            raise NotFound("nothing lies there in the bucket", hint="check the address")
        return found


class _Ranges:
    """The bytes of an object, a range at a time."""

    def __init__(self, store: Any, key: Key, size: int) -> None:
        self._store, self._key, self._size, self._at = store, key, size, 0

    def read(self, size: int = -1, /) -> bytes:
        left = self._size - self._at
        wanted = min(size, left) if size >= 0 else left
        piece: bytes = self._store.get_range(self._key, self._at, wanted) if wanted else b""
        self._at += len(piece)
        return piece


class WebPlace:
    """On a web server that is not ours: read only."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.path = unquote(urlsplit(address).path).strip("/")

    def size(self) -> int | None:
        size: int | None = _web().describe(self.address).size
        return size

    def version(self) -> str | None:
        version: str | None = _web().describe(self.address).version
        return version

    def open(self) -> AbstractContextManager[Readable]:
        opened: AbstractContextManager[Readable] = _web().open_web(self.address)
        return opened

    def put(self, source: Path, told: Told | None = None) -> None:
        raise self._refusal("stored")

    def delete(self) -> bool:
        raise self._refusal("deleted")

    def below(self) -> Iterator[FoundFile]:
        raise self._refusal("listed")

    def at(self, name: str) -> "WebPlace":
        base, mark, query = self.address.partition("?")
        return WebPlace(f"{base.rstrip('/')}/{quote(name)}{mark}{query}")

    def _refusal(self, verb: str) -> Denied:
        return Denied(
            f"nothing can be {verb} at {self.address:.200}", hint="use the address of the server's own files, a bucket, or a folder"
        )


def is_address(text: str) -> bool:
    """Whether a text is the address of something that lies somewhere else, rather than text or a path."""
    known = scheme_of(text) in _WEB | _BUCKETS or text.startswith(OWN_FILES)
    rest = text.partition("://")[2]
    return bool(rest and known and len(text) < _LONGEST and not any(letter.isspace() and letter != " " for letter in text))


def place_of(home: Home, address: str | Path) -> Place:
    """The place that an address, or a path, means; `Invalid` if it can mean none."""
    text = os.fspath(address)
    if not text.strip() or "\0" in text or len(text) > _LONGEST:
        raise Invalid(
            f"{text!r:.100} is no address of a file",
            hint="use a path, file://, http://, https://, s3://, gs://, azure://, or the server's files",
        )
    own = name_in(text, home.files_urls)
    if own is not None:
        return OwnPlace(home, own)
    if "://" not in text:
        refuse_lost_slash(text)
        return LocalPlace(Path(text))
    match scheme_of(text):
        case "file":
            return LocalPlace(Path(local_path(text)))
        case "https" if _BLOB in urlsplit(text).netloc and not urlsplit(text).query:
            return BucketPlace(home, f"azure{text[len('https') :]}")
        case "http" | "https":
            return WebPlace(text)
        case bucket if bucket in _BUCKETS:
            return BucketPlace(home, f"{bucket}{text[len(bucket) :]}")
    raise Invalid(
        f"{text:.200} is no address of a file", hint="use a path, file://, http://, https://, s3://, gs://, azure://, or the server's files"
    )


def _web() -> Any:
    return import_module("tilth.client.web")  # brings urllib3, which a home without a server never needs
