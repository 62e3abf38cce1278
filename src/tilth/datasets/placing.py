"""Writes files out of packs into a folder, as fast as the system makes files. Also run as a program, by a second process.

    python -m tilth.datasets.placing < jobs

It imports nothing but the standard library, so that a second process is there in hundredths of a second: for small files two
threads of one process only wait for each other. A job is the `marshal` of (target, packs, rows); a row is (path, mode,
mtime_ns, size, sha256, chunks), a chunk (pack number, offset, stored, raw, sha256). The answer to each is the `marshal` of
what went wrong, or of None.
"""

import marshal
import mmap
import os
import sys
from collections.abc import Callable, Sequence
from hashlib import sha256

__all__ = ["Damaged", "Job", "Row", "place"]

Chunk = tuple[int, int, int, int, bytes]
Row = tuple[str, int, int, int, bytes, Sequence[Chunk]]
Job = tuple[str, Sequence[str], Sequence[Row]]

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
_REPORT_EVERY = 64


class Damaged(Exception):
    """A chunk is not what was written: the number of its pack, its offset, and the path of the file that needs it."""


def place(job: Job, on_done: Callable[[int, int], None] = lambda files, size: None) -> None:
    """Write the rows of `job`, each chunk checked before a byte of it is written.

    A file has its time set last of all, so one whose size and time are right is whole: it is passed over. `Damaged` names the
    first chunk that is not what was written, after everything else has been placed; `OSError` ends the work.
    """
    target, packs, rows = job
    maps: dict[int, memoryview] = {}
    made: set[str] = set()
    wrong: Damaged | None = None
    files = size = 0
    for path, mode, mtime_ns, length, digest, chunks in rows:
        folder, _, _ = path.rpartition("/")
        if folder not in made:
            os.makedirs(f"{target}/{folder}", exist_ok=True)
            made.add(folder)
        try:
            _place_one(f"{target}/{path}", mode, mtime_ns, length, digest, chunks, maps, packs)
        except Damaged as error:
            wrong = wrong or Damaged(*error.args, path)
        files, size = files + 1, size + length
        if files == _REPORT_EVERY:
            on_done(files, size)
            files = size = 0
    on_done(files, size)
    if wrong:
        raise wrong


def _place_one(
    path: str,
    mode: int,
    mtime_ns: int,
    length: int,
    digest: bytes,
    chunks: Sequence[Chunk],
    maps: dict[int, memoryview],
    packs: Sequence[str],
) -> None:
    if len(chunks) == 1:  # the common case: nothing is created before all of it is known to be right
        data = _checked(chunks[0], maps, packs)
        descriptor = _created(path, mode, mtime_ns, length)
        if descriptor is None:
            return
        try:
            _write(descriptor, data)
            os.utime(descriptor, ns=(mtime_ns, mtime_ns))
        finally:
            os.close(descriptor)
        return
    descriptor = _created(path, mode, mtime_ns, length)
    if descriptor is None:
        return
    whole = sha256()
    try:
        for chunk in chunks:
            data = _checked(chunk, maps, packs)
            whole.update(data)
            _write(descriptor, data)
        if whole.digest() != digest:
            raise Damaged(chunks[0][0] if chunks else -1, chunks[0][1] if chunks else 0)
        os.utime(descriptor, ns=(mtime_ns, mtime_ns))
    except Damaged:
        os.unlink(path)
        raise
    finally:
        os.close(descriptor)


def _created(path: str, mode: int, mtime_ns: int, length: int) -> int | None:
    try:
        return os.open(path, _CREATE | os.O_EXCL, mode)
    except FileExistsError:
        found = os.lstat(path)
        if found.st_size == length and found.st_mtime_ns == mtime_ns:
            return None
        os.unlink(path)
        return os.open(path, _CREATE | os.O_EXCL, mode)


def _checked(chunk: Chunk, maps: dict[int, memoryview], packs: Sequence[str]) -> memoryview | bytes:
    number, offset, stored, raw, digest = chunk
    view = maps.get(number)
    if view is None:
        view = maps[number] = _mapped(packs[number], number)
    data: memoryview | bytes = view[offset : offset + stored]
    if stored != raw:
        data = _unpacked(data, raw, chunk)
    if len(data) != raw or sha256(data).digest() != digest:
        raise Damaged(number, offset)
    return data


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
            job = marshal.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            place(job)
            answer: object = None
        except Damaged as error:
            answer = ("damaged", *error.args)
        except OSError as error:
            answer = ("failed", error.errno or 0, error.strerror or str(error), error.filename or "")
        sys.stdout.buffer.write(marshal.dumps(answer))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
