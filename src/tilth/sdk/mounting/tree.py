"""A version as a system's calls of files see it: attributes, folders and bytes by paths, found in the listing and read where they lie.

What is asked is answered from Segments and chunks, so nothing is walked through and nothing is copied. Errors are `OSError`s with the
number that a system has for them; what a number can't say is logged.
"""

import errno
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BufferedReader
from itertools import count
from threading import Lock
from typing import Never

from msgspec import Struct

from tilth.base.errors import Denied, TilthError, VersionNotFinal
from tilth.datasets.browsing import Child, Listing, Pieces, Place, children_from
from tilth.datasets.manifests import Manifest
from tilth.datasets.segments import SegmentRef
from tilth.domain.dataset import Entry, knows_size
from tilth.domain.version import VersionStatus
from tilth.sdk.mounting.sizes import UnknownSizes
from tilth.sdk.reading import Reading

__all__ = ["Attributes", "MountedVersion"]

Attributes = dict[str, int]
"""The fields of `stat`, by their names."""

_LISTING_BYTES = 256 << 20
_SEGMENTS_LOADED = 24
"""A segment is about 45,000 files, and 7 MB with what is needed to open them."""
_PAGE = 64
"""About as many names as the kernel asks for at once."""
_SELF, _ABOVE, _FIRST = 1, 2, 3
"""Where a reader of a folder goes on behind `.`, behind `..`, and the place of the listing's first row."""
_FOLDER_BIT, _LEVEL_BITS = 1 << 62, 12
_BLOCK = 512
_READ_BYTES = 128 << 10
_LOOKED_AT = 4
_LONGEST_NAME = 255
_AGAIN_S = 60.0
_SAID_AT_MOST = 1000
"""The same is logged once in this time, and no more than so much in all of it."""

log = logging.getLogger("tilth.mount")


class _Opened(Struct):
    """A file that somebody reads: by `file` from one end to the other, and past it by whoever comes while it is in use."""

    entry: Entry
    file: BufferedReader
    turn: Lock


class MountedVersion:
    """The files of a final version. Safe for threads.

    Numbers of files and folders come from their places in the listing, so they are the same each time a version is mounted.
    """

    def __init__(self, reading: Reading) -> None:
        version = reading.version
        if version.status is VersionStatus.UPLOADING:
            raise VersionNotFinal(f"version {version.id} still changes, so it can't be mounted", hint="finalize it first")
        self.version = version
        self._reading = reading
        store = reading.home.repository_of(version).store
        self._manifest = Manifest(store, reading.manifest.segments, most_loaded=_SEGMENTS_LOADED)
        self._pieces = Pieces(keep_bytes=_LISTING_BYTES)
        self._listing = Listing.of_manifest(self._manifest, self._pieces)
        self._begun_ns = int(datetime.fromisoformat(version.created).timestamp() * 1e9)
        self._owner = {"st_uid": os.getuid(), "st_gid": os.getgid()}
        self._files: dict[int, _Opened] = {}
        self._handles = count(1)
        self._looked_at = -1
        self._sizes = UnknownSizes(reading)
        self._clock = reading.home.clock.monotonic
        self._telling = Lock()
        self._said: dict[str, float] = {}

    def attributes(self, path: str) -> Attributes:
        """What `stat` says of a file or folder."""
        with self._as_os_errors(path):
            at = self._find(path) if path else None
            if at is not None:
                return self._of_file(at)
            start, stop = self._listing.range_of(path)
            if path and start == stop:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            return self._of_folder(path, start)

    def entries(self, path: str, offset: int) -> Iterator[tuple[str, Attributes, int]]:
        """What lies in a folder from an offset on: names, numbers and kinds, and the offset behind each; nothing is kept between calls."""
        with self._as_os_errors(path):
            start, stop = self._listing.range_of(path)
            if path and start == stop:
                self._no_folder(path)
            if offset < _SELF:
                yield ".", self._number(start, path, is_folder=True), _SELF
            if offset < _ABOVE:
                above = path.rpartition("/")[0]
                yield "..", self._number(self._listing.range_of(above)[0], above, is_folder=True), _ABOVE
            at = max(start, offset - _FIRST)
            while at < stop:
                page = children_from(self._listing, path, at, stop, limit=_PAGE)
                for child in page:
                    yield child.name, self._of_child(path, child), _FIRST + child.stop
                at = page[-1].stop

    def open(self, path: str) -> int:
        """Open a file; what comes back is given to `read` and `close`."""
        with self._as_os_errors(path):
            entry = self._manifest.find(path)
            if entry is None:
                self._no_file(path)
            handle = next(self._handles)
            self._files[handle] = _Opened(entry, self._reading.open_entry(entry), Lock())
            return handle

    def read(self, handle: int, size: int, offset: int) -> bytes:
        """The bytes of an open file from `offset` on, fewer only at its end."""
        opened = self._files.get(handle)
        if opened is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        with self._as_os_errors(opened.entry.path):
            if not opened.turn.acquire(blocking=False):  # somebody reads another part: each goes its own way
                (found,) = self._reading.read_many([(opened.entry, offset, offset + size)])
                if isinstance(found, TilthError):
                    raise found
                return found
            try:
                opened.file.seek(offset)
                return opened.file.read(size)
            finally:
                opened.turn.release()

    def close(self, handle: int) -> None:
        """Forget an open file."""
        self._files.pop(handle, None)

    def room(self) -> dict[str, int]:
        """What `statvfs` says: as large as the version, and full."""
        size = -(-self._listing.total(0, len(self._listing)).size_bytes // _BLOCK)
        blocks = {"f_bsize": _READ_BYTES, "f_frsize": _BLOCK, "f_blocks": size, "f_bfree": 0, "f_bavail": 0}
        return blocks | {"f_files": len(self._listing), "f_ffree": 0, "f_favail": 0, "f_namemax": _LONGEST_NAME}

    def _find(self, path: str) -> Place | None:
        following = self._looked_at + 1  # who lists a folder asks for one file after the other
        if following < len(self._listing) and self._listing.path(following) == path:
            at: Place | None = following
        else:
            at = self._listing.find(path)
        if at is not None:
            self._looked_at = at
        return at

    def _of_file(self, at: Place) -> Attributes:
        segment, row = self._listing.place_of(at)
        marks = self._pieces.marks(self._manifest, segment)
        mode, modified_ns = int(marks.column("mode")[row].as_py()), int(marks.column("mtime_ns")[row].as_py())
        may_run = 0o111 if mode & 0o111 else 0
        known = {"st_ino": at + 2, "st_mode": stat.S_IFREG | 0o444 | may_run, "st_nlink": 1, "st_blksize": _READ_BYTES}
        size = self._size(at, segment, row)
        return known | self._owner | _times(modified_ns) | {"st_size": size, "st_blocks": -(-size // _BLOCK)}

    def _size(self, at: Place, segment: SegmentRef, row: int) -> int:
        """A file's size; the source of a link that nobody asked for it is asked now, since a system reads no further than that."""
        size = self._listing.size(at)
        if size or knows_size(size, self._listing.sha256(at), self._listing.link(at)):
            return size
        return self._sizes.of(at, self._unknown_from)

    def _unknown_from(self, start: Place, most: int) -> list[tuple[Place, Entry]]:
        """The links of one folder, from a place on, whose sizes nobody knows; no more than `most`, and not far from there."""
        folder = self._listing.path(start).rpartition("/")[0]
        found: list[tuple[Place, Entry]] = []
        for at in range(start, min(start + _LOOKED_AT * most, len(self._listing))):
            if len(found) == most or self._listing.path(at).rpartition("/")[0] != folder:
                break
            if not (self._listing.size(at) or knows_size(0, self._listing.sha256(at), self._listing.link(at))):
                found.append((at, self._manifest.entry(*self._listing.place_of(at))))
        return found

    def _of_folder(self, path: str, start: Place) -> Attributes:
        # One link: nobody counted the folders in it, and who reads that much into the number then looks itself.
        return self._number(start, path, is_folder=True) | {"st_nlink": 1} | self._owner | _times(self._begun_ns)

    def _of_child(self, path: str, child: Child) -> Attributes:
        return self._number(child.start, f"{path}/{child.name}" if path else child.name, is_folder=child.is_folder)

    @staticmethod
    def _number(start: Place, path: str, *, is_folder: bool) -> Attributes:
        if not is_folder:
            return {"st_ino": start + 2, "st_mode": stat.S_IFREG | 0o444}
        # Folders that begin with the same file lie in each other, so their depth tells them apart.
        number = _FOLDER_BIT | start << _LEVEL_BITS | path.count("/") + 1 if path else 1
        return {"st_ino": number, "st_mode": stat.S_IFDIR | 0o555}

    def _no_file(self, path: str) -> Never:
        start, stop = self._listing.range_of(path)
        kind = errno.EISDIR if start < stop else errno.ENOENT
        raise OSError(kind, os.strerror(kind), path)

    def _no_folder(self, path: str) -> Never:
        kind = errno.ENOENT if self._listing.find(path) is None else errno.ENOTDIR
        raise OSError(kind, os.strerror(kind), path)

    @contextmanager
    def _as_os_errors(self, path: str) -> Iterator[None]:
        try:
            yield
        except TilthError as error:
            self._tell(f"{path or 'the top folder'}: {error}")
            kind = errno.EACCES if isinstance(error, Denied) else errno.EIO
            raise OSError(kind, os.strerror(kind), path) from error

    def _tell(self, said: str) -> None:
        """Log what went wrong once: who reads a broken file mostly tries again and again."""
        now = self._clock()
        with self._telling:
            if len(self._said) >= _SAID_AT_MOST:
                self._said = {text: at for text, at in self._said.items() if now - at < _AGAIN_S}
            if now - self._said.get(said, -_AGAIN_S) < _AGAIN_S or len(self._said) >= _SAID_AT_MOST:
                return
            self._said[said] = now
        log.error("%s", said)


def _times(at_ns: int) -> Attributes:
    return {"st_atime": at_ns, "st_mtime": at_ns, "st_ctime": at_ns}
