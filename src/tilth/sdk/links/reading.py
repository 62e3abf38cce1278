"""The bytes behind links: taken only in the state that was registered, or with the hash, whole or from any place on.

`SourceChanged` names the file whose bytes are others now. A line that breaks off is taken up where it broke.
"""

import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, suppress
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import IO, TYPE_CHECKING, Any

from msgspec import Struct

from tilth.base.addresses import shown_address
from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import Denied, NotFound, PathNotFound, SourceChanged, SourceUnreadable, TilthError, Unavailable
from tilth.base.seeking import SeekableFile
from tilth.domain.dataset import Entry, Link
from tilth.sdk.links.remote import Opened, RemoteFile
from tilth.sdk.links.sources import Sources

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Come", "LinkFile", "check_state", "download_link", "explained", "hash_of", "link_of", "read_link"]

_PIECE = 1 << 20
_TRIES = 4
_PAUSE_S = 0.3
_ALWAYS_ANOTHER = "; if its server tells another state each time, register it with --read-hash"


class Come(Struct, frozen=True):
    """The first bytes of a file, which came before."""

    digest: Any
    """What `hashlib` made of them so far."""
    size: int


def link_of(entry: Entry) -> Link:
    """Where the bytes of an entry lie that is a link."""
    assert entry.link is not None
    return entry.link


def download_link(sources: Sources, entry: Entry, target: Path, stopped: Event | None = None) -> bytes:
    """Write the bytes behind a link to `target` and return their SHA-256; `SourceChanged` if they are not what was registered.

    `CancelledError` as soon as somebody has `stopped` it.
    """
    with translated_os_errors(target), target.open("wb") as file:

        def begin_again() -> None:
            file.seek(0)
            file.truncate()

        return read_link(sources, entry, file.write, begin_again, stopped=stopped)


def read_link(
    sources: Sources,
    entry: Entry,
    take: Callable[[bytes], object],
    begin_again: Callable[[], object] = lambda: None,
    *,
    expected: bytes | None = None,
    come: Come | None = None,
    stopped: Event | None = None,
) -> bytes:
    """Give the bytes behind a link to `take`, in pieces, and return their SHA-256; `SourceChanged` if they are not what was registered.

    `begin_again` is called if the other side can only begin with the first byte once more. With `expected`, the SHA-256 that they had
    when they were read before is compared as well. What has `come` before is not asked for again.
    """
    link = link_of(entry)
    source, _ = sources.of(link.address)
    digest, size, tries = come.digest if come else sha256(), come.size if come else 0, 0
    furthest = size
    while True:
        before = size
        try:
            with explained(entry), source.open(link.address, before) as opened:
                check_state(entry, opened.file)
                if opened.start != before:
                    begin_again()
                    digest, size = sha256(), 0
                while piece := opened.read(_PIECE):
                    if stopped and stopped.is_set():
                        raise CancelledError
                    take(piece)
                    digest.update(piece)
                    size += len(piece)
                    if entry.knows_size and size > entry.size:
                        raise _changed(entry, f"more than {entry.size:,} bytes long")
                _require_all(opened.file, size)
            break
        except Unavailable:
            tries, furthest = 0 if size > furthest else tries + 1, max(size, furthest)
            if tries == _TRIES:
                raise
            time.sleep(_PAUSE_S * 2**tries)
    if entry.knows_size and size != entry.size:
        raise _changed(entry, f"{size:,} bytes long")
    if digest.digest() != (entry.sha256 if link.is_hashed else expected or digest.digest()):
        raise _changed(entry, "of other contents")
    return digest.digest()


def hash_of(sources: Sources, file: RemoteFile) -> tuple[bytes, RemoteFile]:
    """The SHA-256 of a file as it is now, and its state with the size that it turned out to have. Nothing of it is kept."""
    source, address = sources.of(file.address)
    digest, size, tries, furthest, known = sha256(), 0, 0, 0, file
    while True:
        before = size
        try:
            with source.open(address, before) as opened:
                if before and not (opened.start == before and known.etag and opened.file == known):
                    digest, size = sha256(), 0
                    _require_beginning(opened)
                known = opened.file
                while piece := opened.read(_PIECE):
                    digest.update(piece)
                    size += len(piece)
                _require_all(opened.file, size)
                return digest.digest(), RemoteFile(address, size, opened.file.etag, opened.file.modified_ns)
        except Unavailable:
            tries, furthest = 0 if size > furthest else tries + 1, max(size, furthest)
            if tries == _TRIES:
                raise
            time.sleep(_PAUSE_S * 2**tries)


def check_state(entry: Entry, now: RemoteFile) -> None:
    """Raise `SourceChanged` if a file is certainly not what was registered as `entry`."""
    link = link_of(entry)
    if entry.knows_size and now.size not in (-1, entry.size):
        raise _changed(entry, f"{now.size:,} bytes long")
    if not link.is_hashed and link.etag and now.etag != link.etag:
        raise _changed(entry, "another state of it", _ALWAYS_ANOTHER)


class LinkFile(SeekableFile):
    """The file behind a link; each answer is checked to be of what was registered.

    Pieces can be known only by the state of the file they are of. Of a link whose hash is known and whose state is another one, or none,
    `fetch` gives the whole file, compared with the hash.
    """

    def __init__(self, sources: Sources, entry: Entry, fetch: Callable[[Entry], IO[bytes]]) -> None:
        self._source, address = sources.of(link_of(entry).address)
        self._entry = entry
        self._fetch = fetch
        self._fetched: IO[bytes] | None = None
        super().__init__(entry.path, entry.size if entry.knows_size else self._size_now(address))
        self._context: AbstractContextManager[Opened] | None = None
        self._opened: Opened | None = None
        self._at = 0

    def _size_now(self, address: str) -> int:
        """How long a file is of which nobody asked that before."""
        with explained(self._entry):
            size = self._source.describe(address).size
        if size < 0:
            raise SourceUnreadable(
                f"{self._entry.path} can't be read piece by piece: {shown_address(address)} does not say how long it is",
                hint="get a copy of the version with `tilth data get`",
            )
        return size

    def readinto(self, target: "WriteableBuffer") -> int:
        view = memoryview(target).cast("B")
        self.check_open()
        wanted = min(len(view), self.size - self.position)
        if wanted <= 0:
            return 0
        piece = self._patiently(wanted)
        view[: len(piece)] = piece
        self.position += len(piece)
        self._at = self.position
        return len(piece)

    def _patiently(self, wanted: int) -> bytes:
        for attempt in range(1, _TRIES + 1):
            try:
                with explained(self._entry):
                    if self._fetched is None and (opened := self._stream()):
                        return _some(opened.read(wanted), self._entry)
                self._fetched = self._fetched or self._fetch(self._entry)
                self._fetched.seek(self.position)
                return _some(self._fetched.read(wanted), self._entry)
            except Unavailable:
                self._let_go()
                if attempt == _TRIES:
                    raise
                time.sleep(_PAUSE_S * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        self._let_go()
        fetched, self._fetched = self._fetched, None
        if fetched is not None:
            fetched.close()
        super().close()

    def _stream(self) -> Opened | None:
        """What gives the bytes at the position; None if it can't be known whether they are what was registered."""
        if self._opened is None or self._at != self.position:
            self._let_go()
            context = self._source.open(link_of(self._entry).address, self.position)
            opened = context.__enter__()
            self._context, self._opened, self._at = context, opened, opened.start
            try:
                check_state(self._entry, opened.file)
            except BaseException:
                self._let_go()  # whoever reads on after the error must not be given the other bytes
                raise
            if self._is_known_by_hash_alone(opened.file):
                self._let_go()
                return None
            while self._at < self.position:  # a server that knows no parts
                self._at += len(_some(opened.read(min(_PIECE, self.position - self._at)), self._entry))
        return self._opened

    def _is_known_by_hash_alone(self, now: RemoteFile) -> bool:
        link = link_of(self._entry)
        return link.is_hashed and not (link.etag and now.etag == link.etag)

    def _let_go(self) -> None:
        context, self._context, self._opened = self._context, None, None
        if context is not None:
            with suppress(TilthError, OSError):
                context.__exit__(None, None, None)


class explained:  # noqa: N801  it is used as a function
    """Raise what keeps a link from being read as errors that name the file."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, SourceChanged):
            return
        shown = shown_address(link_of(self._entry).address)
        if isinstance(error, NotFound):
            raise PathNotFound(
                f"{self._entry.path} can't be had: nothing lies at {shown} any more",
                hint="put it back, or leave links out with --skip-links",
            ) from error
        if isinstance(error, Denied | SourceUnreadable):
            raise type(error)(f"{self._entry.path} can't be had: {error.message}", hint=error.hint) from error


def _require_beginning(opened: Opened) -> None:
    if opened.start:
        shown = shown_address(opened.file.address)
        raise Unavailable(f"{shown} was replaced while it was being read", hint="try again")


def _require_all(file: RemoteFile, came: int) -> None:
    if 0 <= file.size != came:
        raise Unavailable(f"{came} of {file.size} bytes of {shown_address(file.address)} came", hint="try again")


def _some(piece: bytes, entry: Entry) -> bytes:
    if not piece:
        raise Unavailable(f"{entry.path} ends before its {entry.size} bytes have come", hint="try again")
    return piece


def _changed(entry: Entry, now: str, hint: str = "") -> SourceChanged:
    known = f"{entry.size:,} bytes" + (f", state {link_of(entry).etag[:40]}" if link_of(entry).etag else "")
    return SourceChanged(
        f"{entry.path} was changed since it was registered: what lies at {shown_address(link_of(entry).address)} is {now} ({known} then)",
        hint="make a new version with `tilth data sync --links`, or leave links out with --skip-links" + hint,
    )
