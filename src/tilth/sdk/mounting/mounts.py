"""Versions that are mounted by processes of their own: begun, waited for, and taken away again.

A process of its own, because whoever reads a mount that itself serves may wait for itself: the kernel holds a thread that holds
Python's lock.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import TracebackType

from msgspec import Struct

from tilth.base.errors import AlreadyExists, Conflict, Invalid, NotFound, TilthError, Unavailable
from tilth.domain.version import DatasetVersion
from tilth.sdk.home import Home
from tilth.sdk.mounting.fuse import require_fuse

__all__ = ["Mount", "Started", "begin", "prepare", "unmount"]

_KIND = "fuse.tilth"
_TABLE = Path("/proc/self/mountinfo")
_PATIENCE_S = 60.0
_START_S = 300.0
"""For a process that hangs: one whose store does not answer ends by itself, and on a busy machine one takes its time."""
_POLL_S = 0.02
_LAST_WORDS = 2000


class Started(Struct, frozen=True):
    """A mounted version."""

    folder: str
    log: str
    """The file that says what could not be read."""
    pid: int


class Mount:
    """A version in a folder, as long as this is open: use it with `with`, or call `close`."""

    def __init__(self, home: Home, version: DatasetVersion, folder: str | None, *, allow_other: bool) -> None:
        self._home = home
        self._own = folder is None
        place = tempfile.mkdtemp(prefix="tilth-mount-") if folder is None else folder
        try:
            self.folder = prepare(place)
            self._process, self._started = _start(home, version, self.folder, allow_other=allow_other, tied=True)
        except BaseException:
            if self._own:
                os.rmdir(place)
            raise

    def close(self) -> None:
        """Unmount it. Files that are still open in it stay readable no longer."""
        if self._process.poll() is None:
            assert self._process.stdin is not None
            self._process.stdin.close()  # whereupon it unmounts, and ends
            try:
                self._process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if kind_at(self.folder) == _KIND:  # it was killed
            unmount(self._home, self.folder, lazy=True)
        Path(self._started.log).unlink(missing_ok=True)
        if self._own and kind_at(self.folder) is None:
            with suppress(OSError):  # somebody put something into it meanwhile
                os.rmdir(self.folder)

    def __enter__(self) -> str:
        return self.folder

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def prepare(folder: str) -> str:
    """The absolute path of a folder to mount in, made if it is missing; it has to be empty."""
    place = _absolute(folder)
    if kind_at(place) == _KIND:
        raise AlreadyExists(f"a version is mounted at {folder} already", hint=f"`tilth data unmount {folder}` takes it away")
    try:
        os.makedirs(place, exist_ok=True)
        filled = bool(os.listdir(place))
    except OSError as error:
        raise Invalid(
            f"nothing can be mounted at {folder}: {error.strerror}", hint="name an empty folder, or one that can be made"
        ) from error
    if filled:
        raise Invalid(f"{folder} is not empty: a mount would hide what it holds", hint="name an empty folder, or one that can be made")
    return place


def begin(home: Home, version: DatasetVersion, folder: str, *, allow_other: bool) -> Started:
    """Mount a version at `folder` (see `prepare`), in a process that goes on after this one; returns when it can be read."""
    process, started = _start(home, version, folder, allow_other=allow_other, tied=False)
    process.returncode = 0  # it goes on when this process ends, which `Popen` would complain of
    return started


def unmount(home: Home, folder: str, *, lazy: bool = False) -> str:
    """Take a mounted version away, at once or, `lazy`, when nobody uses it any more; returns the folder."""
    place = _absolute(folder)
    kind = kind_at(place)
    if kind is None:
        raise NotFound(f"nothing is mounted at {folder}", hint="`findmnt -t fuse.tilth` shows what is mounted")
    if kind != _KIND:
        raise Invalid(f"what is mounted at {folder} is {kind}, and no version of a dataset", hint="take it away with `umount`")
    program = next((found for name in ("fusermount3", "fusermount") if (found := shutil.which(name))), None)
    command = [program, "-u", *(["-z"] if lazy else [])] if program else ["umount", *(["-l"] if lazy else [])]
    ended = subprocess.run([*command, "--", place], capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if kind_at(place) == _KIND:
        said = ended.stderr.strip() or f"{command[0]} ended with {ended.returncode}"
        raise Conflict(f"{folder} can't be unmounted: {said}", hint="leave it and close its files, or use --lazy")
    log = Path(_log_of(home, place))
    if log.exists() and not log.stat().st_size:  # who reads of errors later finds those
        log.unlink()
    return place


def kind_at(folder: str) -> str | None:
    """The kind of file system that is mounted right at an absolute path; None if there is none."""
    if not _TABLE.exists():  # a Mac says no more than that there is one
        return _KIND if os.path.ismount(folder) else None
    kinds = {}
    for line in _TABLE.read_bytes().splitlines():
        first, _, second = line.partition(b" - ")
        kinds[first.split()[4]] = second.split()[0].decode()
    return kinds.get(_escaped(os.fsencode(folder)))


def _start(home: Home, version: DatasetVersion, folder: str, *, allow_other: bool, tied: bool) -> tuple["subprocess.Popen[bytes]", Started]:
    require_fuse()
    words = [sys.executable, "-m", "tilth.cli.main", "data", "mount", version.id, folder, "--foreground"]
    words += ["--allow-other"] if allow_other else []
    words += ["--until-closed"] if tied else []
    log = _log_of(home, folder)
    with open(log, "wb") as said:
        process = subprocess.Popen(  # noqa: S603 - no shell
            words,
            env=os.environ | home.environment,
            stdin=subprocess.PIPE if tied else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
            cwd="/",
        )
    until = time.monotonic() + _START_S
    while kind_at(folder) != _KIND:
        if process.poll() is not None:
            raise _ended(log)
        if time.monotonic() > until:
            process.kill()
            process.wait()
            raise Unavailable(f"{folder} was not mounted within {_START_S:.0f} seconds", hint=f"see {log}")
        time.sleep(_POLL_S)
    return process, Started(folder, log, process.pid)


def _log_of(home: Home, folder: str) -> str:
    place = home.folder / "mounts"
    place.mkdir(parents=True, exist_ok=True)
    return str(place / f"{sha256(os.fsencode(folder)).hexdigest()[:16]}.log")


def _ended(log: str) -> TilthError:
    with open(log, "rb") as file:
        said = file.read()[-_LAST_WORDS:].decode(errors="replace").strip()
    os.unlink(log)
    return Unavailable(f"the version can't be mounted: {said.removeprefix('error: ')}" if said else "the version can't be mounted")


def _absolute(folder: str) -> str:
    """A folder as the table of mounts names it. The last part is left alone: a dead mount can't be asked whether it is a link."""
    above, name = os.path.split(os.path.abspath(folder))
    return os.path.join(os.path.realpath(above), name)


def _escaped(path: bytes) -> bytes:
    """A path as the table of mounts writes it."""
    for byte in (b"\\", b" ", b"\t", b"\n"):  # the backslash first, since the others bring some
        path = path.replace(byte, b"\\%03o" % byte[0])
    return path
