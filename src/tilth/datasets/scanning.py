"""What lies in a folder: its files in the order of their paths, and what keeps them from becoming a version.

Links to files and to folders are followed. A walk for names alone comes first (`find_problems`), so that everything that
can be known without reading is reported before anything is stored.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from tilth.base.errors import PathInvalid, PathNotFound, SourceUnreadable
from tilth.base.paths import check_path, portability_problems
from tilth.domain.dataset import Link

__all__ = ["FolderProblems", "SourceFile", "find_problems", "one_file", "scan"]

_MOST_SHOWN = 400

LeftOut = Callable[[str, SourceUnreadable], None]

Identity = tuple[int, int]
"""Device and inode of a folder."""


class SourceFile(Struct, frozen=True, gc=False):
    """A file that was found: where it is, the path it is to have in the version, and the state in which it was seen."""

    path: str
    source: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    mode: int
    imported_from: Link | None = None
    """Set if this is a copy, soon gone, of what a link led to."""


class FolderProblems(Struct, frozen=True):
    """What a walk for names found: sentences that name a path each."""

    refused: Sequence[str]
    """Why a path can't become part of a version."""
    warnings: Sequence[str]
    """Why a path might not be restored on another system."""
    files: int


def scan(
    folder: str, prefix: str = "", *, recursive: bool = True, wildcards: Sequence[str] = (), left_out: LeftOut | None = None
) -> Iterator[SourceFile]:
    """The files below `folder`, in the order of their paths in the version, which begin with `prefix`.

    With `wildcards`, only files whose name matches one of them, case and all. `left_out` hears of what is no readable file, instead of an
    error: of its path, with a `/` behind that of a folder, and of what is wrong with it.
    """
    for entry, path in _files(folder, f"{prefix}/" if prefix else "", (), recursive=recursive, left_out=left_out):
        if not _is_meant(entry.name, wildcards):
            continue
        try:
            found = entry.stat()
        except OSError as error:
            if left_out is None:
                raise _unreadable(entry.path, error) from error
            left_out(entry.path, _broken(entry.path) if entry.is_symlink() else _unreadable(entry.path, error))
            continue
        if left_out is not None and not stat.S_ISREG(found.st_mode):
            left_out(entry.path, SourceUnreadable(f"{_shown(entry.path)} is {_kind(found.st_mode)}, not a file", hint="leave it out"))
            continue
        yield SourceFile(path, entry.path, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_mode & 0o7777)


def one_file(source: str, path: str) -> SourceFile:
    """A single file, to have `path` in the version."""
    try:
        found = os.stat(source)
    except FileNotFoundError:
        raise _broken(source) if os.path.islink(source) else _missing(source) from None
    except OSError as error:
        raise _unreadable(source, error) from error
    if not stat.S_ISREG(found.st_mode):
        raise SourceUnreadable(f"{_shown(source)} is {_kind(found.st_mode)}, not a file", hint="leave it out")
    check_path(path)
    return SourceFile(path, source, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_mode & 0o7777)


def find_problems(folder: str, prefix: str = "", *, recursive: bool = True, wildcards: Sequence[str] = ()) -> FolderProblems:
    """Walk `folder` for names alone, and say what is wrong with them; raises only if `folder` itself is not a readable folder.

    With `wildcards`, of files only those whose name matches one of them are looked at, and only folders that hold one.
    """
    if not os.path.isdir(folder):
        raise _no_folder(folder)
    if prefix:
        check_path(prefix)
    inspection = _Inspection(recursive=recursive, wildcards=wildcards)
    inspection.enter(folder, f"{prefix}/" if prefix else "", ())
    return FolderProblems(sorted(inspection.refused), sorted(inspection.warnings), inspection.files)


class _Inspection:
    def __init__(self, *, recursive: bool, wildcards: Sequence[str]) -> None:
        self._recursive = recursive
        self._wildcards = wildcards
        self.refused: list[str] = []
        self.warnings: list[str] = []
        self.files = 0

    def enter(self, folder: str, begin: str, trail: tuple[Identity, ...]) -> bool:
        """Look into a folder; whether anything in it is meant."""
        try:
            entries = _listed(folder)
            trail = _deeper(folder, trail)
        except SourceUnreadable as error:
            self.refused.append(error.message)
            return False
        meant = [entry.name for entry in entries if self._check(entry, begin, trail) or not self._wildcards]
        self._check_names(meant, folder, begin)
        return bool(meant)

    def _check(self, entry: "os.DirEntry[str]", begin: str, trail: tuple[Identity, ...]) -> bool:
        """Look at what lies in a folder; whether it is meant, or holds what is."""
        if _is_folder(entry):
            return self._recursive and self.enter(entry.path, f"{begin}{entry.name}/", trail)
        is_meant = _is_meant(entry.name, self._wildcards)
        if entry.is_file(follow_symlinks=False):
            self.files += 1
        elif is_meant or entry.is_symlink():
            self._check_special(entry, is_meant=is_meant)
        return is_meant

    def _check_special(self, entry: "os.DirEntry[str]", *, is_meant: bool) -> None:
        problem = None
        try:
            mode = entry.stat().st_mode
        except FileNotFoundError:
            problem = _broken(entry.path).message
        except OSError:
            problem = f"{_shown(entry.path)} is a link that leads back to itself"
        else:
            if stat.S_ISREG(mode):
                self.files += 1
            elif entry.is_symlink():
                problem = f"{_shown(entry.path)} is a link to {_kind(mode)}, not to a file"
            else:
                problem = f"{_shown(entry.path)} is {_kind(mode)}, not a file"
        if problem and is_meant:
            self.refused.append(problem)

    def _check_names(self, names: list[str], folder: str, begin: str) -> None:
        try:
            "".join(names).encode()
            if max(map(len, names), default=0) * 4 + len(begin) * 4 > 255:
                for name in names:
                    check_path(begin + name)
        except UnicodeEncodeError:
            wrong = [name for name in names if not _is_unicode(name)]
            self.refused += [f"{_shown(os.path.join(folder, name))} has a name that is not valid UTF-8" for name in wrong]
        except PathInvalid as error:
            self.refused.append(error.message)
        self.warnings += [f"{problem} ({folder})" for problem in portability_problems(names)]
        if len({name.casefold() for name in names}) < len(names):
            self.warnings += _same_but_for_case(names, folder)


def _files(
    folder: str, begin: str, trail: tuple[Identity, ...], *, recursive: bool, left_out: LeftOut | None = None
) -> "Iterator[tuple[os.DirEntry[str], str]]":
    try:
        deeper = _deeper(folder, trail)
        # By names alone, which are unique, with a `/` after those of folders: the order that the whole paths have.
        entries = sorted((entry.name + "/" if _is_folder(entry) else entry.name, entry) for entry in _listed(folder))
    except SourceUnreadable as error:
        if left_out is None or not trail:
            raise
        left_out(f"{folder}/", error)
        return
    entries.reverse()
    while entries:
        name, entry = entries.pop()  # and forget it: an entry keeps its state
        if name[-1] != "/":
            yield entry, begin + name
        elif recursive:
            yield from _files(entry.path, begin + name, deeper, recursive=True, left_out=left_out)


def _is_meant(name: str, wildcards: Sequence[str]) -> bool:
    return not wildcards or any(fnmatchcase(name, pattern) for pattern in wildcards)


def _listed(folder: str) -> "list[os.DirEntry[str]]":
    """What `folder` holds, in any order."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise _unreadable(folder, error) from error


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads back to itself
        return False


def _deeper(folder: str, trail: tuple[Identity, ...]) -> tuple[Identity, ...]:
    try:
        found = os.stat(folder)
    except OSError as error:
        raise _unreadable(folder, error) from error
    identity = (found.st_dev, found.st_ino)
    if identity in trail:
        raise SourceUnreadable(f"{_shown(folder)} is a link that leads back to a folder above it", hint="remove the link")
    return (*trail, identity)


def _same_but_for_case(names: list[str], folder: str) -> list[str]:
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        groups.setdefault(name.casefold(), []).append(name)
    return [f"{' and '.join(group)} in {folder} differ only in case" for group in groups.values() if len(group) > 1]


def _is_unicode(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: str) -> str:
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN // 2]}…{text[-_MOST_SHOWN // 4 :]} ({len(text):,} characters)"


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFSOCK: "a socket",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFBLK: "a device",
        stat.S_IFCHR: "a device",
        stat.S_IFDIR: "a folder",
        stat.S_IFREG: "a file",
    }
    return kinds.get(stat.S_IFMT(mode), "something special")


def _no_folder(path: str) -> PathNotFound | SourceUnreadable:
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return _broken(path) if os.path.islink(path) else _missing(path)
    except OSError as error:
        return _unreadable(path, error)
    return SourceUnreadable(
        f"{_shown(path)} is {_kind(mode)}, not a folder", hint="name the folder that it lies in; `tilth data add` takes single files"
    )


def _broken(link: str) -> SourceUnreadable:
    return SourceUnreadable(
        f"{_shown(link)} is a link to {_shown(os.readlink(link))}, which does not exist", hint="mend the link, or leave it out"
    )


def _missing(path: str) -> PathNotFound:
    return PathNotFound(f"{_shown(path)} does not exist", hint="check the spelling, and the folder that you are in")


def _unreadable(path: str, error: OSError) -> SourceUnreadable:
    if error.errno == errno.ELOOP:
        return SourceUnreadable(f"{_shown(path)} is a link that leads back to itself", hint="remove the link")
    if error.errno == errno.ENAMETOOLONG:
        return SourceUnreadable(f"{_shown(path)} is too long to be a path", hint="use shorter names, or fewer folders in each other")
    return SourceUnreadable(f"{_shown(path)} can't be read ({error.strerror})", hint="check its permissions, or leave it out")
