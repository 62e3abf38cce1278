"""What a backup looks like: a tar file whose first member says what it is, and whose last one has the checksums of all others.

    tilth-backup.json     the `Head`
    database.sqlite       or tables/<name>.copy, PostgreSQL's own text of each table
    credentials.json, tilth.toml, store/...
    manifest.jsonl        name, size and SHA-256 of everything above, one JSON document a line, in order

The manifest is written last and read last, so that neither side has to keep a list of millions of files.
"""

import hashlib
import re
import tarfile
from collections.abc import Iterator, Mapping
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Literal, Protocol, Self

import msgspec
from msgspec import Struct

from tilth.base.errors import Corrupt, FormatUnsupported, Invalid

__all__ = ["FORMAT", "BackupReader", "BackupWriter", "Head", "Member"]

FORMAT = 1
_HEAD, _MANIFEST = "tilth-backup.json", "manifest.jsonl"
_LONGEST_HEAD = 1024 * 1024
_PIECE = 1024 * 1024
_IN_MEMORY = 8 * 1024 * 1024
_NAME = re.compile(r"database\.sqlite|tables/[a-z_]+\.copy|credentials\.json|tilth\.toml|store(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")
_DAMAGED = "take another backup: nothing of this one was used"


class Head(Struct, frozen=True, kw_only=True):
    """What one has to know of a backup before reading on."""

    format: int
    tilth: str
    created: str
    engine: Literal["sqlite", "postgres"]
    schema: int
    """The number of the last migration that the database had."""
    with_data: bool
    """Whether the contents of datasets are in it."""
    versions: int
    """How many versions of datasets the database names."""
    storage: str = ""
    """The bucket that files and contents stayed in, if they lie in one."""
    tables: Mapping[str, tuple[str, ...]] = {}
    """The columns of each of PostgreSQL's tables, in the order in which the tables can be filled."""


class Member(Struct, frozen=True):
    """One file of a backup."""

    name: str
    size_bytes: int
    sha256: str


class Readable(Protocol):
    def read(self, length: int = -1, /) -> bytes:
        """At most so many bytes."""


class BackupWriter:
    """Writes a backup piece by piece; nothing of it is good before `finish`."""

    def __init__(self, file: BinaryIO, head: Head) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w|", bufsize=_PIECE, format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self._manifest = SpooledTemporaryFile[bytes](max_size=_IN_MEMORY)
        self.files = 0
        self.size_bytes = 0
        text = msgspec.json.format(msgspec.json.encode(head), indent=2)
        self._add_bytes(_HEAD, text + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._manifest.close()

    def add(self, name: str, source: Readable, size_bytes: int) -> None:
        """Put in `size_bytes` bytes of `source`; `OSError` if there are fewer."""
        assert _NAME.fullmatch(name), name
        self._add(name, source, size_bytes)
        self.files += 1
        self.size_bytes += size_bytes

    def finish(self) -> None:
        """Write the manifest and the end."""
        size = self._manifest.tell()
        self._manifest.seek(0)
        self._tar.addfile(_info(_MANIFEST, size), self._manifest)
        self._tar.close()

    def _add_bytes(self, name: str, content: bytes) -> None:
        with SpooledTemporaryFile[bytes](max_size=_LONGEST_HEAD) as file:
            file.write(content)
            file.seek(0)
            self._add(name, file, len(content))

    def _add(self, name: str, source: Readable, size_bytes: int) -> None:
        hashing = _Hashing(source)
        self._tar.addfile(_info(name, size_bytes), hashing)
        self._manifest.write(_line(Member(name, size_bytes, hashing.digest())))


class BackupReader:
    """Reads a backup from its beginning to its end, once; what was read is only to be trusted after `members` has ended."""

    def __init__(self, file: BinaryIO, shown: str) -> None:
        self._shown = shown
        try:
            self._tar = tarfile.open(fileobj=file, mode="r|", bufsize=_PIECE)  # noqa: SIM115
            info = self._tar.next()
            found = self._tar.extractfile(info) if info and info.isreg() and info.name == _HEAD else None
            content = found.read(_LONGEST_HEAD) if found else b""
        except tarfile.TarError as error:
            raise Invalid(f"{shown} is no backup of Tilth", hint="name a file that `tilth backup` wrote") from error
        self.head = _read_head(content, shown)
        self._seen = SpooledTemporaryFile[bytes](max_size=_IN_MEMORY)
        self._note(_HEAD, len(content), hashlib.sha256(content).hexdigest())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._seen.close()

    def members(self) -> Iterator[tuple[Member, Iterator[bytes]]]:
        """Each file, with its bytes, which have to be read before the next one is asked for; the size is known, the checksum not yet.

        `Corrupt` at the end, or before it, if anything is not as it was written.
        """
        try:
            while (info := self._tar.next()) is not None:
                if not info.isreg() or not (_NAME.fullmatch(info.name) or info.name == _MANIFEST) or ".." in info.name:
                    raise Corrupt(f"{self._shown} holds {info.name[:100]!r}, which is nothing of a backup", hint=_DAMAGED)
                source = self._tar.extractfile(info)
                assert source is not None
                if info.name == _MANIFEST:
                    self._compare(iter(source.readline, b""))
                    return
                hashing = _Hashing(source)
                yield Member(info.name, info.size, ""), self._pieces(hashing)
                self._note(info.name, hashing.size_bytes, hashing.digest())
        except tarfile.TarError as error:
            raise self._ended() from error
        raise self._ended()

    def _pieces(self, source: Readable) -> Iterator[bytes]:
        try:
            yield from iter(partial(source.read, _PIECE), b"")
        except tarfile.TarError as error:
            raise self._ended() from error

    def _ended(self) -> Corrupt:
        return Corrupt(f"{self._shown} ends in the middle, or is damaged there", hint=_DAMAGED)

    def _note(self, name: str, size_bytes: int, sha256: str) -> None:
        self._seen.write(_line(Member(name, size_bytes, sha256)))

    def _compare(self, manifest: Iterator[bytes]) -> None:
        self._seen.seek(0)
        for seen, said in _pairs(iter(self._seen.readline, b""), manifest):
            if seen == said:
                continue
            name = msgspec.json.decode(seen, type=Member).name if seen else "a file"
            what = "is missing" if not seen else "is not as it was written"
            raise Corrupt(f"{name} in {self._shown} {what}", hint=_DAMAGED)


class _Hashing:
    """Passes on what is read, and knows its checksum."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def read(self, length: int = -1, /) -> bytes:
        data = self._source.read(length)
        self._hash.update(data)
        self.size_bytes += len(data)
        return data

    def digest(self) -> str:
        return self._hash.hexdigest()


def _read_head(content: bytes, shown: str) -> Head:
    try:
        known: Any = msgspec.json.decode(content, type=dict[str, Any])
        if known.get("format") == FORMAT:
            return msgspec.json.decode(content, type=Head)
    except msgspec.MsgspecError as error:
        raise Invalid(f"{shown} is no backup of Tilth", hint="name a file that `tilth backup` wrote") from error
    written = f"{shown} was written by Tilth {known.get('tilth')} in format {known.get('format')}"
    raise FormatUnsupported(f"{written}; this one knows {FORMAT}", hint="install a newer Tilth")


def _info(name: str, size_bytes: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = size_bytes
    info.mode = 0o600
    return info


def _line(member: Member) -> bytes:
    return msgspec.json.encode(member) + b"\n"


def _pairs(seen: Iterator[bytes], said: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    while True:
        left, right = next(seen, b""), next(said, b"")
        if not left and not right:
            return
        yield left, right
