"""Versions of datasets as a file system that pandas, DuckDB, PyArrow and others read from: `tilth://project/name@version/path`.

The class is registered with fsspec by the package itself, so that an address is enough. A version is read only; its files are read where
they are stored, as `Dataset.open` reads them.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from fsspec import AbstractFileSystem

from tilth._wiring import open_home
from tilth.base.errors import Denied, HomeReadOnly, Invalid, NotFound, TilthError
from tilth.base.ids import is_id
from tilth.datasets.browsing import Listing, Place, children
from tilth.domain.dataset import Entry, knows_size
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.sdk.contents import links_of
from tilth.sdk.home import Home
from tilth.sdk.lookup import find, search
from tilth.sdk.reading import Reading, reading_of

__all__ = ["TilthFileSystem"]

_PAGE = 10_000
_LATEST = "latest"

Info = dict[str, Any]


class TilthFileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Every version of this process's home by its address; with `version`, one version, whose files have their paths alone.

    An address begins with `project/name@version`, where the version may be `latest`, or with a version's id. What lies above is listed
    from the catalog. Safe for threads, and in forks of the process; sent to another process, it works in that one's home.
    """

    protocol = "tilth"
    root_marker = ""
    cachable = False  # the process's home may be another one later

    def __init__(self, version: str | None = None, *, home: Home | None = None, **more: Any) -> None:
        super().__init__(**more)
        self._version = version
        self._home = home or open_home()
        self._readings: dict[str, Reading] = {}

    @property
    def fsid(self) -> str:
        """What names the file system among others."""
        return f"tilth:{self._version or ''}"

    def info(self, path: str, **more: Any) -> Info:
        """What is known of a file or folder: `name`, `type`, `size`, and of a file `sha256`, `modified` and `mode`.

        The source of a link whose size nobody knows is asked for it; `size` is None if that does not say it.
        """
        path = self._strip_protocol(path)
        with _as_os_errors(path):
            reading, inside = self._place(path)
            if reading is None:
                if path and not self._above(path):
                    raise FileNotFoundError(errno.ENOENT, "there is no such project or dataset", path)
                return _folder(path)
            listing = reading.listing
            at = listing.find(inside) if inside else None
            if at is not None:
                return _file(path, _size(reading, inside)) | _facts(reading, inside)
            start, stop = listing.range_of(inside)
            if inside and start == stop:
                raise FileNotFoundError(errno.ENOENT, f"version {reading.version.id} has no such file or folder", path)
            return _folder(path)

    def ls(self, path: str, detail: bool = True, **more: Any) -> list[Any]:  # noqa: FBT001, FBT002 - fsspec's signature
        """What lies right in a folder, or the file itself."""
        path = self._strip_protocol(path)
        with _as_os_errors(path):
            found = self._listed(path)
        return found if detail else [info["name"] for info in found]

    def find(self, path: str, maxdepth: int | None = None, withdirs: bool = False, detail: bool = False, **more: Any) -> Any:  # noqa: FBT001, FBT002
        """Every file below `path`; in the order of the paths."""
        path = self._strip_protocol(path)
        with _as_os_errors(path):
            reading, inside = self._place(path)
            if reading is None or maxdepth is not None or withdirs:
                return super().find(path, maxdepth=maxdepth, withdirs=withdirs, detail=detail, **more)
            top = path.removesuffix(inside)
            prefix = f"{top}{'/' if top and not top.endswith('/') else ''}"
            unknown = {link.path for link in links_of(self._home, reading.version, inside) if not link.knows_size}
            found = {f"{prefix}{name}": None if name in unknown else size for name, size, _ in reading.digests(inside)}
        return {name: _file(name, size) for name, size in found.items()} if detail else list(found)

    def exists(self, path: str, **more: Any) -> bool:
        """Whether there is such a file or folder; what keeps that from being known is raised."""
        try:
            self.info(path)
        except FileNotFoundError:
            return False
        return True

    def modified(self, path: str) -> datetime:
        """When a file was last modified."""
        info = self.info(path)
        if info["type"] != "file":
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        found: datetime = info["modified"]
        return found

    def created(self, path: str) -> datetime:
        """When the version was begun that holds a file."""
        reading, _ = self._place(self._strip_protocol(path))
        if reading is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return datetime.fromisoformat(reading.version.created)

    def ukey(self, path: str) -> str:
        """A text that differs whenever the content does: the SHA-256 of a file."""
        info = self.info(path)
        return str(info.get("sha256", info["name"]))

    def checksum(self, path: str) -> int:
        """The same as a number."""
        return int(self.ukey(path), 16)

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **more: Any) -> bytes:
        """The bytes of a file from `start` up to `end`; a negative one counts from the end of the file."""
        return _raised(self.cat_ranges([path], [start], [end], on_error="return")[0])

    def cat_ranges(
        self,
        paths: Sequence[str],
        starts: Any,
        ends: Any,
        max_gap: int | None = None,
        on_error: str = "return",
        **more: Any,
    ) -> list[Any]:
        """Many ranges of files, those that lie together read together; with `on_error="return"` errors stand where bytes would."""
        count = len(paths)
        begins = starts if isinstance(starts, list | tuple) else [starts] * count
        stops = ends if isinstance(ends, list | tuple) else [ends] * count
        if not len(begins) == len(stops) == count:
            raise ValueError(f"{count} paths need as many starts and ends, not {len(begins)} and {len(stops)}")
        found: list[Any] = [b""] * count
        wanted: dict[int, list[tuple[int, Any]]] = {}
        readings: dict[int, Reading] = {}
        known: dict[str, tuple[Reading, Entry, int]] = {}  # the chunks of a large file are listed once, not for each range
        for number, (path, start, stop) in enumerate(zip(paths, begins, stops, strict=True)):
            try:
                if path not in known:
                    reading, entry = self._entry(self._strip_protocol(path))
                    known[path] = reading, entry, reading.size_of(entry)
            except (OSError, TilthError) as error:
                found[number] = error
                continue
            reading, entry, size = known[path]
            readings[id(reading)] = reading
            first, last = (_from_beginning(value, size, default) for value, default in ((start, 0), (stop, size)))
            wanted.setdefault(id(reading), []).append((number, (entry, first, last)))
        for key, ranges in wanted.items():
            read = readings[key].read_many([one for _, one in ranges])
            for (number, _), data in zip(ranges, read, strict=True):
                found[number] = data
        return found if on_error == "return" else [_raised(data) for data in found]

    # What changes something is refused in the words of an operating system; fsspec itself does nothing, or says nothing.

    def mkdir(self, path: str, create_parents: bool = True, **more: Any) -> None:  # noqa: FBT001, FBT002
        """Refused."""
        raise _read_only(path)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:  # noqa: FBT001, FBT002
        """Refused, unless the folder is there and may be."""
        if not (exist_ok and self.isdir(path)):
            raise _read_only(path)

    def rmdir(self, path: str) -> None:
        """Refused."""
        raise _read_only(path)

    def cp_file(self, path1: str, path2: str, **more: Any) -> None:
        """Refused, and with it moving; `get` copies to this machine."""
        raise _read_only(path2)

    def _rm(self, path: str) -> None:
        raise _read_only(path)

    def _open(self, path: str, mode: str = "rb", **more: Any) -> Any:
        if mode != "rb":
            raise _read_only(path)
        reading, entry = self._entry(path)
        return reading.open_entry(entry)

    def _entry(self, path: str) -> tuple[Reading, Any]:
        with _as_os_errors(path):
            reading, inside = self._place(path)
            if reading is None:
                raise FileNotFoundError(
                    errno.ENOENT, "the address names no file of a version: write tilth://project/name@version/path", path
                )
            try:
                return reading, reading.entry(inside)
            except NotFound:
                if self.isdir(path):
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path) from None
                raise

    def _listed(self, path: str) -> list[Info]:
        reading, inside = self._place(path)
        if reading is None:
            above = self._above(path)
            if path and not above:
                raise FileNotFoundError(errno.ENOENT, "there is no such project or dataset", path)
            return [_folder(name) for name in above]
        listing = reading.listing
        at = listing.find(inside) if inside else None
        if at is not None:
            return [_file(path, _told_size(listing, at))]
        prefix = f"{path}/" if path else ""
        found: list[Info] = []
        after: str | None = None
        while True:
            page, after = children(listing, inside, after=after, limit=_PAGE)
            for child in page:
                name = f"{prefix}{child.name}"
                found.append(_folder(name) if child.is_folder else _file(name, _told_size(listing, child.start)))
            if after is None:
                break
        if not found and inside:
            raise FileNotFoundError(errno.ENOENT, f"version {reading.version.id} has no such file or folder", path)
        return found

    def _place(self, path: str) -> tuple[Reading | None, str]:
        """The version that a path lies in, and the path inside it; no version for what lies above versions."""
        if self._version is not None:
            return self._reading(self._version), path
        first, _, rest = path.partition("/")
        if is_id(first):
            return self._reading(first), rest
        before, mark, behind = path.partition("@")
        if not mark:
            return None, ""
        number, _, inside = behind.partition("/")
        return self._reading(f"{before}@{number}"), inside

    def _reading(self, reference: str) -> Reading:
        known = self._readings.get(reference)
        if known is None or known.version.status is VersionStatus.UPLOADING:
            known = reading_of(self._home, find(self._home, reference))
            if not reference.endswith(f"@{_LATEST}"):  # which may be another one in a moment
                self._readings[reference] = known
        return known

    def _above(self, path: str) -> list[str]:
        """What the catalog has right below a path above versions: projects, and versions by their addresses."""
        prefix = f"{path}/" if path else ""
        addresses = (_address(version) for version in search(self._home, only_final=False))
        names = {address[len(prefix) :].partition("/")[0] for address in addresses if address.startswith(prefix)}
        return sorted(f"{prefix}{name}" for name in names)

    def __reduce__(self) -> Any:
        return TilthFileSystem, (self._version,)


def _address(version: DatasetVersion) -> str:
    return f"{version.project}/{version.name}@{version.version}"


def _folder(path: str) -> Info:
    return {"name": path, "size": 0, "type": "directory"}


def _size(reading: Reading, path: str) -> int | None:
    _, size, digest, _, _, link = reading.fact(path)
    if knows_size(size, digest, link):
        return size
    with suppress(TilthError):  # whoever reads it is told
        return reading.size_of(reading.entry(path))
    return None


def _told_size(listing: Listing, at: Place) -> int | None:
    """The size of a file in a listing, without asking anybody; None if it is not known."""
    size = listing.size(at)
    return size if size or knows_size(size, listing.sha256(at), listing.link(at)) else None


def _file(path: str, size: int | None) -> Info:
    return {"name": path, "size": size, "type": "file"}


def _facts(reading: Reading, path: str) -> Info:
    name, _, digest, mtime_ns, mode, link = reading.fact(path)
    assert name == path
    found: Info = {"sha256": digest.hex(), "modified": datetime.fromtimestamp(mtime_ns / 1e9, UTC), "mode": mode}
    if link:
        found |= {"link": link.address, "sha256": digest.hex() if link.is_hashed else None}
    return found


def _from_beginning(value: int | None, size: int, default: int) -> int:
    if value is None:
        return default
    return max(0, size + value) if value < 0 else min(value, size)


def _read_only(path: str) -> OSError:
    return OSError(errno.EROFS, "versions of datasets are read only", path)


def _raised(found: Any) -> bytes:
    if isinstance(found, Exception):
        raise found
    return bytes(found)


@contextmanager
def _as_os_errors(path: str) -> Iterator[None]:
    """What tools expect of a file system where a path, or a permission, is missing."""
    try:
        yield
    except (NotFound, Invalid) as error:
        raise FileNotFoundError(errno.ENOENT, str(error), path) from error
    except HomeReadOnly:
        raise
    except Denied as error:
        raise PermissionError(errno.EACCES, str(error), path) from error
