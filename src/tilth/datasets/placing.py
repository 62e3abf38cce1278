"""Makes files in a folder, as fast as the system makes files: out of packs, or as links to blobs. Also run as a program.

    python -m tilth.datasets.placing < jobs

It imports nothing but the standard library, so that a second process is there in hundredths of a second: for small files two
threads of one process only wait for each other. A job is the `marshal` of a `PlaceJob` or a `LinkJob`; the answer to each is
the `marshal` of what went wrong, or of what was not there to be linked.
"""

import errno
import fcntl
import marshal
import mmap
import os
import stat
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import cast

__all__ = ["Damaged", "LinkJob", "PlaceJob", "Row", "copied", "link", "place"]

Chunk = tuple[int, int, int, int, bytes]
Row = tuple[str, int, int, int, bytes, Sequence[Chunk]]
"""Path, mode, mtime_ns, size, SHA-256, chunks; a chunk is pack number, offset, stored, raw, SHA-256."""
PlaceJob = tuple[str, Sequence[str], Sequence[Row]]
"""The folder, the files of the packs, and what to make of them."""
LinkJob = tuple[str, str, Sequence[tuple[str, str]]]
"""The folder, the folder of the blobs, and the path and the hexadecimal SHA-256 of each link."""

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_REPORT_EVERY = 64
_MOST_MAPPED = 3
_FICLONE = 0x40049409
_COPY_BYTES = 1 << 20


class Damaged(Exception):
    """A chunk is not what was written: the number of its pack, its offset, and the path of the file that needs it."""


def place(job: PlaceJob, on_done: Callable[[int, int], None] = lambda files, size: None) -> None:
    """Write the rows of `job`, each chunk checked before a byte of it is written.

    A file has its time set last of all, so one whose size and time are right is whole: it is passed over. `Damaged` names the
    first chunk that is not what was written, after everything else has been placed; `OSError` ends the work.
    """
    target, packs, rows = job
    source = _Packs(packs)
    made: set[str] = set()
    wrong: Damaged | None = None
    files = size = 0
    for row in rows:
        folder, _, _ = row[0].rpartition("/")
        if folder not in made:
            os.makedirs(f"{target}/{folder}", exist_ok=True)
            made.add(folder)
        try:
            _place_one(target, row, source)
        except Damaged as error:
            wrong = wrong or Damaged(*error.args, row[0])
        files, size = files + 1, size + row[3]
        if files == _REPORT_EVERY:
            on_done(files, size)
            files = size = 0
    on_done(files, size)
    if wrong:
        raise wrong


def link(job: LinkJob) -> list[str]:
    """Make the links of `job`, or copies where the file systems do not allow links; returns the paths whose blobs are not there."""
    target, blobs, rows = job
    made: set[str] = set()
    missing: list[str] = []
    for path, name in rows:
        folder, _, _ = path.rpartition("/")
        if folder not in made:
            os.makedirs(f"{target}/{folder}", exist_ok=True)
            made.add(folder)
        try:
            os.link(f"{blobs}/{name[:2]}/{name}", f"{target}/{path}")
        except FileNotFoundError:
            missing.append(path)
        except OSError:
            blob = f"{blobs}/{name[:2]}/{name}"
            if not copied(blob, f"{target}/{path}"):
                missing.append(path)
                _remove_wrong(blob)
    return missing


def copied(source: str, target: str) -> bool:
    """A clone that shares its blocks where the file system has those, or else a copy; False if there is none that is what its name says.

    It belongs to this user, whom nobody asked before who may write there: so it is compared with the SHA-256 that is its name.
    """
    whole = sha256()
    try:
        with open(source, "rb", 0, opener=_no_link) as original, open(target, "x+b", 0) as copy:
            is_clone = _cloned(original.fileno(), copy.fileno())
            # Of a clone, itself is read: the original may be another's, who could change it meanwhile.
            while piece := (copy if is_clone else original).read(_COPY_BYTES):
                whole.update(piece)
                if not is_clone:
                    _write(copy.fileno(), piece)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        return False
    if whole.hexdigest() != os.path.basename(source):
        os.unlink(target)
        return False
    os.chmod(target, 0o444)
    return True


def _remove_wrong(blob: str) -> None:
    """Make room for the right content, if there was one, and it was wrong."""
    with suppress(OSError):  # not there, or of a cache that this user may only read
        os.unlink(blob)


def _cloned(source: int, target: int) -> bool:
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return True


def _no_link(path: str, flags: int) -> int:
    """Open a file, and nothing else that somebody may have put there, such as a pipe, which would not open before it had a writer."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    return descriptor


class _Packs:
    """Packs, mapped into memory when they are first read; the last few stay mapped, since neighbours lie in the same ones."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._maps: dict[int, memoryview] = {}

    def checked(self, chunk: Chunk) -> memoryview | bytes:
        """The raw bytes of a chunk, or `Damaged`."""
        number, offset, stored, raw, digest = chunk
        view = self._maps.get(number)
        if view is None:
            view = self._maps[number] = _mapped(self._paths[number], number)
            if len(self._maps) > _MOST_MAPPED:
                del self._maps[next(iter(self._maps))]
        data: memoryview | bytes = view[offset : offset + stored]
        if stored != raw:
            data = _unpacked(data, raw, chunk)
        if len(data) != raw or sha256(data).digest() != digest:
            raise Damaged(number, offset)
        return data


def _place_one(target: str, row: Row, source: _Packs) -> None:
    path, mode, mtime_ns, length, digest, chunks = row
    path = f"{target}/{path}"
    # The common case is one chunk: nothing is created before all of it is known to be right.
    only = source.checked(chunks[0]) if len(chunks) == 1 else None
    descriptor = _created(path, mode, mtime_ns, length)
    if descriptor is None:
        return
    try:
        if only is not None:
            _write(descriptor, only)
        else:
            _write_chunks(descriptor, digest, chunks, source)
        os.utime(descriptor, ns=(mtime_ns, mtime_ns))
    except Damaged:
        os.unlink(path)
        raise
    finally:
        os.close(descriptor)


def _write_chunks(descriptor: int, digest: bytes, chunks: Sequence[Chunk], source: _Packs) -> None:
    whole = sha256()
    for chunk in chunks:
        data = source.checked(chunk)
        whole.update(data)
        _write(descriptor, data)
    if chunks and whole.digest() != digest:
        raise Damaged(chunks[0][0], chunks[0][1])


def _created(path: str, mode: int, mtime_ns: int, length: int) -> int | None:
    """A new file, or None if there is a whole one."""
    try:
        return os.open(path, _CREATE, mode)
    except FileExistsError:
        found = os.lstat(path)
        if found.st_size == length and found.st_mtime_ns == mtime_ns:
            return None
        os.unlink(path)
        return os.open(path, _CREATE, mode)


def _mapped(path: str, number: int) -> memoryview:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise Damaged(number, 0) from None
    try:
        return memoryview(mmap.mmap(descriptor, 0, prot=mmap.PROT_READ))
    except ValueError:  # an empty file can't be mapped, and is no pack
        raise Damaged(number, 0) from None
    finally:
        os.close(descriptor)


def _unpacked(data: memoryview | bytes, raw: int, chunk: Chunk) -> bytes:
    import zstandard  # noqa: PLC0415  only some packs need it, and it would double the start of a second process

    try:
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=raw)
    except zstandard.ZstdError:
        raise Damaged(chunk[0], chunk[1]) from None


def _write(descriptor: int, data: memoryview | bytes) -> None:
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, data[written:])


def main() -> None:
    """Do the jobs on standard input, one after the other, answering each."""
    while True:
        try:
            job = marshal.load(sys.stdin.buffer)  # noqa: S302  our own parent process wrote it
        except EOFError:
            return
        sys.stdout.buffer.write(marshal.dumps(_outcome(job)))
        sys.stdout.buffer.flush()


def _outcome(job: tuple[str, PlaceJob | LinkJob]) -> tuple[str | int, ...] | list[str] | None:
    kind, work = job
    try:
        if kind == "link":
            return link(cast("LinkJob", work))
        place(cast("PlaceJob", work))
    except Damaged as error:
        return ("damaged", *error.args)
    except OSError as error:
        return ("failed", error.errno or 0, error.strerror or str(error), error.filename or "")
    return None


if __name__ == "__main__":
    main()
