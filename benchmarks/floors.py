"""What no tool can do much faster than: walking, reading, hashing and copying the same files on the same machine."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.contenders import remove
from benchmarks.measure import Spent, spend, spend_in_process

__all__ = ["floors", "sha256_rate", "warm"]

_BLOCK = 1024 * 1024


def floors(source: Path, scratch: Path, *, walk_only: bool) -> Iterator[tuple[str, Spent]]:
    """Measure the floors under `source`; only walking it if `walk_only` is set."""
    yield "walk + stat", spend_in_process(lambda: _walk(source), "os.scandir and stat")
    if walk_only:
        return
    yield "read", spend_in_process(lambda: _read(source, lambda _: None), "read every file")
    yield "read + SHA-256", spend_in_process(lambda: _hash(source), "read every file, hashlib.sha256, one thread")
    target = scratch / "copy"
    for name, options in (("cp -r", ["-r"]), ("cp -rl", ["-rl"])):
        remove(target)
        yield name, spend(["cp", *options, "source", "../copy"], folder=source.parent, env=os.environ)
    remove(target)


def sha256_rate() -> float:
    """Bytes per second of one thread of SHA-256 over memory: the best of five."""
    block, times = os.urandom(_BLOCK), 128
    return max(len(block) * times / spend_in_process(lambda: _digest(block, times), "sha256").seconds for _ in range(5))


def warm(source: Path) -> None:
    """Bring every file into the page cache."""
    _read(source, lambda _: None)


def _walk(folder: Path) -> int:
    total = 0
    pending = [str(folder)]
    while pending:
        with os.scandir(pending.pop()) as found:
            for one in found:
                if one.is_dir(follow_symlinks=False):
                    pending.append(one.path)
                else:
                    total += one.stat(follow_symlinks=False).st_size
    return total


def _hash(folder: Path) -> None:
    for path in _files(folder):
        digest = hashlib.sha256()
        _read_file(path, digest.update)
        digest.digest()


def _digest(block: bytes, times: int) -> bytes:
    digest = hashlib.sha256()
    for _ in range(times):
        digest.update(block)
    return digest.digest()


def _read(folder: Path, use: Callable[[bytes], None]) -> None:
    for path in _files(folder):
        _read_file(path, use)


def _read_file(path: str, use: Callable[[bytes], None]) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        while block := os.read(descriptor, _BLOCK):
            use(block)
    finally:
        os.close(descriptor)


def _files(folder: Path) -> Iterator[str]:
    for top, _, names in os.walk(folder):
        for name in names:
            yield f"{top}/{name}"
