"""Contents of files on this machine, one file each, shared by everybody who links to them.

    blobs/<hh>/<sha256>   a content, read-only       views/<name>   a whole version, made of links to blobs
    locks/<name>          who is making what         tmp/<process>  work that is going on
    files, downloads      what was fetched by its address, see `tilth.sdk.fetching` and `tilth.sdk.downloads`
    uses, about, pins     see `leases` and `notes`       format.json    see `format`

A blob gets its name by a rename of a whole, checked and flushed file, so what has the name is whole. Locks only save work: without them the
same content would be fetched twice. A blob that no view links to may be removed at any moment.
"""

import ctypes
import errno
import fcntl
import grp
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from tilth.base.atomic_io import describe_os_error, sweep, translated_os_errors
from tilth.base.errors import HomeReadOnly, TilthError
from tilth.base.ids import new_id
from tilth.datasets.cache.announcing import Announcements
from tilth.datasets.cache.counter import Counter
from tilth.datasets.cache.format import note_format
from tilth.datasets.cache.leases import Leases
from tilth.datasets.cache.locks import held
from tilth.datasets.cache.notes import Limits, Notes
from tilth.datasets.cache.sharing import Sharing, sharing_of, user_name

__all__ = ["DOWNLOADS", "FILES", "BlobCache", "blob_name", "blobs_in", "file_lock", "lease_of", "lease_of_download", "leases_of_download"]

FILES = "files"
DOWNLOADS = "downloads"
"""Where files that were fetched by their addresses lie: those that are shared by their contents, and those that lie as they lay."""
FOLDERS = tuple(f"{number:02x}" for number in range(256))

_seen: dict[str, int] = {}
"""What this process uses without being able to say so: these folders are held open."""


class BlobCache:
    """A cache folder. Any number of processes, and of users that its mode lets in, may use it at once; any may be killed at any moment."""

    def __init__(self, root: Path, *, limits: Limits | None = None, source: Path | None = None) -> None:
        self.root = root
        self.source = source
        """Another cache, whose contents are taken if they are right, and not believed."""
        self.views = root / "views"
        self.blobs = os.fspath(root / "blobs")
        self._limits = limits or Limits()

    @cached_property
    def sharing(self) -> Sharing:
        """Who may use it."""
        return sharing_of(self.root)

    @cached_property
    def leases(self) -> Leases:
        """Which processes use which views."""
        return Leases(os.fspath(self.root), self.sharing)

    @cached_property
    def announcements(self) -> Announcements:
        """Which contents somebody brings now."""
        return Announcements(os.fspath(self.root), self.sharing)

    @cached_property
    def notes(self) -> Notes:
        """What is known of views besides their bytes."""
        return Notes(os.fspath(self.root), self.sharing)

    @cached_property
    def counter(self) -> Counter:
        """How many bytes views, blobs and files take."""
        return Counter(f"{self.blobs}/size", self.sharing, self._look)

    @property
    def limits(self) -> Limits:
        """What was set for the folder, or else what this process's settings say."""
        return self.notes.limits() or self._limits

    def take(self, name: str) -> Path | None:
        """The view by this name, if it is there: nobody removes it before this process has ended."""
        return self._taken(name, name, self.views / name)

    def take_file(self, entry: Path) -> Path | None:
        """The folder of a file that was fetched by its address, if it is there: nobody removes it before this process has ended."""
        return self._taken(lease_of(entry), file_lock(entry.name), entry)

    def take_download(self, file: Path, *, within: Path | None = None) -> Path | None:
        """A file below `downloads`, if it is there: nobody removes it, or what lies `within` a folder, before this process has ended."""
        lease = lease_of_download(self, within or file)
        return self._taken(lease, file_lock(lease_of_download(self, file)), file, held=self.root / DOWNLOADS)

    def install(self, folder: Path, hashes: Iterable[bytes]) -> None:
        """Take in files of `folder`, which are whole and have the names of blobs; what is there already stays."""
        _flush(folder)
        made: set[str] = set()
        installed = 0
        for name in map(blob_name, hashes):
            if name[:2] not in made:
                self.sharing.make(f"{self.blobs}/{name[:2]}")
                made.add(name[:2])
            if not os.path.exists(f"{self.blobs}/{name}"):
                self.sharing.admit(f"{folder}/{name}", 0o444)
                installed += os.stat(f"{folder}/{name}").st_size
                os.rename(f"{folder}/{name}", f"{self.blobs}/{name}")
        self.counter.add(installed)

    @contextmanager
    def locked(self, name: str, *, shared: bool = False) -> Iterator[None]:
        """Wait until nobody else works on `name`, or with `shared` until nobody makes or removes it."""
        with held(self.lock_path(name), self.sharing, shared=shared):
            yield

    def lock_path(self, name: str) -> str:
        """The file that is locked for `name`."""
        return f"{self.root}/locks/{name}"

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for work that is going on, gone afterwards; what killed processes left a day ago goes as well."""
        tmp = self.root / "tmp"
        with translated_os_errors(tmp):
            note_format(self.root, self.sharing)
            self.sharing.make(os.fspath(tmp))
            self.sharing.make(os.fspath(self.views))
            folder = tmp / new_id()
            self.sharing.make(os.fspath(folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            sweep(tmp)

    @contextmanager
    def changed(self) -> Iterator[None]:
        """Whoever may not change the cache, or not see into it, is told so."""
        try:
            if self.root.exists() and not os.access(self.root, os.R_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "Permission denied", os.fspath(self.root))
            yield
        except OSError as error:
            raise self._refusal(error) from error

    def _taken(self, lease: str, lock: str, folder: Path, *, held: Path | None = None) -> Path | None:
        """`folder`, if it is there, noted as used; who may not note that holds it, or the folder `held`, open and locked."""
        try:
            self.leases.take(lease)
            with self.locked(lock, shared=True):
                if not folder.exists():
                    return None
                with suppress(OSError):
                    os.utime(folder)
        except OSError as error:
            if _hold(held or folder) and folder.exists():
                return folder
            raise self._refusal(error) from error
        return folder

    def _look(self) -> int:
        """How many bytes blobs and fetched files take."""
        found = sum(size for _, size, _ in blobs_in(self.blobs))
        for part in (FILES, DOWNLOADS):
            for place, _, names in os.walk(self.root / part):
                for name in names:
                    with suppress(OSError):
                        found += os.lstat(os.path.join(place, name)).st_size
        return found

    def _refusal(self, error: OSError) -> TilthError:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            return describe_os_error(error, self.root)
        what = "write to" if os.access(self.root, os.R_OK | os.X_OK) else "use"
        said = f"{user_name()} may not {what} the cache {self.root}"
        with suppress(OSError, KeyError):
            group = self.root.stat().st_gid
            if self.sharing.group == group and group not in (os.getegid(), *os.getgroups()):
                said += f", which belongs to the group {grp.getgrgid(group).gr_name}"
        hint = "ask its owner to let you in (`tilth cache share`, or the group), or set TILTH_CACHE to a folder of your own"
        if what == "write to":
            hint += ", and TILTH_CACHE_SOURCE to this one"
        return HomeReadOnly(said, hint=hint)


def lease_of(entry: str | os.PathLike[str]) -> str:
    """What the folder of a file that was fetched by its address is called among the uses: no view has a name like that."""
    return "/".join(os.fspath(entry).rsplit("/", 3)[-3:])


def lease_of_download(cache: BlobCache, path: str | os.PathLike[str]) -> str:
    """What a file or folder below `downloads` is called among the uses: its path may be anything, and has no place in a line of text."""
    return leases_of_download(cache, path)[0]


def leases_of_download(cache: BlobCache, path: str | os.PathLike[str]) -> list[str]:
    """The names of uses that keep a file below `downloads`: its own, and those of the folders that it lies in."""
    parts = os.path.relpath(path, cache.root / DOWNLOADS).split(os.sep)
    below = (os.sep.join(parts[:length]) for length in range(len(parts), 0, -1))
    return [f"{DOWNLOADS}-{sha256(os.fsencode(one)).hexdigest()[:32]}" for one in below]


def file_lock(key: str) -> str:
    """The lock of who fetches or removes the file with a key."""
    return f"file-{key}"


def blob_name(sha256: bytes) -> str:
    """Where the content with this hash lies below `blobs`: spread over 256 folders, which two processes rarely want at once."""
    name = sha256.hex()
    return f"{name[:2]}/{name}"


def blobs_in(folder: str) -> Iterator[tuple[os.DirEntry[str], int, int]]:
    """Every blob: its entry, its size, and how many links lead to it besides its name."""
    for name in FOLDERS:
        with suppress(FileNotFoundError), os.scandir(f"{folder}/{name}") as found:
            for entry in found:
                with suppress(FileNotFoundError):
                    seen = entry.stat(follow_symlinks=False)
                    if not entry.name.startswith("."):
                        yield entry, seen.st_size, seen.st_nlink - 1


def _hold(view: Path) -> bool:
    """Hold a folder open and locked until this process ends, as whoever may only read can; False if there is none."""
    name = os.fspath(view)
    if name in _seen and view.exists():
        return True
    try:
        descriptor = os.open(view, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    _seen[name] = descriptor
    return view.exists()


def _flush(folder: Path) -> None:
    """Make all that was written to the file system of `folder` durable, in one call where the system has one."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        syncfs = getattr(ctypes.CDLL(None), "syncfs", None)
        if syncfs is None or syncfs(descriptor) != 0:
            os.sync()
    finally:
        os.close(descriptor)
