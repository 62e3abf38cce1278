"""Which files the benchmarks work on: the same bytes on every machine, from a seed.

    python -m benchmarks.generate images DIR
    python -m benchmarks.generate images-next DIR        turns what `images` wrote into its next version

`--list` names the workloads. A workload that ends in `-next` changes a folder as its owner would: files that stay keep their
inode and times, files that change are replaced, so that a folder linked file by file to another one can be changed alone.
"""

import argparse
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random

__all__ = ["FIRST", "MIB", "NEXT", "generate"]

MIB = 1024 * 1024
_BLOCK = 8 * MIB
_CSV_HEADER = "id,score,code,label,note\n"


def write_images(folder: Path, scale: float, rng: Random) -> None:
    """25,000 incompressible files, log-normal around 20 KB, in two class folders."""
    classes = [folder / "PetImages" / name for name in ("Cat", "Dog")]
    for one in classes:
        one.mkdir(parents=True)
    for number in range(round(25_000 * scale)):
        (classes[number % 2] / f"{number}.jpg").write_bytes(_picture(rng))


def change_images(folder: Path, rng: Random) -> None:
    """Of the images: 1 % changed, 1 % deleted, 1 % added, 5 % moved."""
    files = sorted(folder.rglob("*.jpg"))
    rng.shuffle(files)
    one = max(1, len(files) // 100)
    changed, deleted, moved = files[:one], files[one : 2 * one], files[2 * one : 7 * one]
    for path in changed:
        _replace(path, [_picture(rng)])
    for path in deleted:
        path.unlink()
    for number in range(one):
        (deleted[number].parent / f"new-{number}.jpg").write_bytes(_picture(rng))
    reviewed = folder / "PetImages" / "Reviewed"
    reviewed.mkdir()
    for path in moved:
        path.rename(reviewed / f"{path.parent.name}-{path.name}")


def write_tiny(folder: Path, scale: float, rng: Random) -> None:
    """200,000 files of about 1 KB in 200 folders."""
    _write_small(folder, count=round(200_000 * scale), folders=200, smallest=600, largest=1_400, rng=rng)


def write_million(folder: Path, scale: float, rng: Random) -> None:
    """1,000,000 files of about 20 bytes in 1,000 folders: a long listing, hardly any bytes."""
    _write_small(folder, count=round(1_000_000 * scale), folders=1_000, smallest=16, largest=24, rng=rng)


def change_million(folder: Path, rng: Random) -> None:
    """Ten files of the million changed."""
    folders = sorted(folder.iterdir())
    for number in range(10):
        _replace(min(folders[len(folders) * number // 10].iterdir()), [rng.randbytes(20)])


def write_big(folder: Path, scale: float, rng: Random) -> None:
    """Two incompressible files of 1 GiB."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(2):
        _replace(folder / f"{number}.bin", _noise(round(1024 * MIB * scale), rng))


def change_big(folder: Path, rng: Random) -> None:
    """In each of the big files: 1 MiB inserted in the middle, and 100 overwrites of 4 KiB at random places."""
    for path in sorted(folder.glob("*.bin")):
        data = bytearray(path.read_bytes())
        for _ in range(100):
            start = rng.randrange(len(data) - 4096)
            data[start : start + 4096] = rng.randbytes(4096)
        half = len(data) // 2
        _replace(path, [memoryview(data)[:half], rng.randbytes(MIB), memoryview(data)[half:]])


def write_table(folder: Path, scale: float, rng: Random) -> None:
    """One CSV of 512 MiB."""
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / "rows.csv", _rows(round(512 * MIB * scale), rng))


def change_table(folder: Path, rng: Random) -> None:
    """In the CSV: 1 % of the rows edited, 1 % appended."""
    path = folder / "rows.csv"
    with path.open() as lines:
        count = sum(1 for _ in lines) - 1
    edited = set(rng.sample(range(count), count // 100))

    def changed() -> Iterator[bytes]:
        with path.open() as lines:
            for number, line in enumerate(lines, start=-1):
                yield (_row(number, rng) if number in edited else line).encode()
        for number in range(count, count + count // 100):
            yield _row(number, rng).encode()

    _replace(path, changed())


FIRST: dict[str, Callable[[Path, float, Random], None]] = {
    "images": write_images,
    "tiny": write_tiny,
    "big": write_big,
    "table": write_table,
    "million": write_million,
}
NEXT: dict[str, Callable[[Path, Random], None]] = {
    "images-next": change_images,
    "big-next": change_big,
    "table-next": change_table,
    "million-next": change_million,
}


def generate(workload: str, folder: Path, scale: float) -> None:
    """Write `workload` to `folder`, at a fraction of its full size, or change `folder` to it; equal arguments give equal bytes."""
    rng = Random(f"tilth {workload}")
    if workload in FIRST:
        FIRST[workload](folder, scale, rng)
    else:
        NEXT[workload](folder, rng)


def _picture(rng: Random) -> bytes:
    return rng.randbytes(min(400_000, max(2_000, round(rng.lognormvariate(9.9, 0.6)))))


def _write_small(folder: Path, *, count: int, folders: int, smallest: int, largest: int, rng: Random) -> None:
    below = [folder / f"{number:03d}" for number in range(folders)]
    for one in below:
        one.mkdir(parents=True)
    for number in range(count):
        (below[number % folders] / f"{number}.txt").write_bytes(rng.randbytes(rng.randint(smallest, largest)))


def _noise(size_bytes: int, rng: Random) -> Iterator[bytes]:
    for start in range(0, size_bytes, _BLOCK):
        yield rng.randbytes(min(_BLOCK, size_bytes - start))


def _rows(size_bytes: int, rng: Random) -> Iterator[bytes]:
    yield _CSV_HEADER.encode()
    written, number = len(_CSV_HEADER), 0
    while written < size_bytes:
        row = _row(number, rng).encode()
        yield row
        written += len(row)
        number += 1


def _row(number: int, rng: Random) -> str:
    note = "x" * rng.randrange(5, 30)
    return f"{number},{rng.random():.6f},{rng.randrange(1_000_000_000)},{rng.choice(('cat', 'dog', 'fish'))},{note}\n"


def _replace(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Put a new file in the place of `path`: other names of the old file keep the old bytes."""
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as out:
        for part in parts:
            out.write(part)
    os.replace(beside, path)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", choices=[*FIRST, *NEXT], nargs="?")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--scale", type=float, default=1.0, help="the fraction of the full size")
    parser.add_argument("--list", action="store_true", help="name the workloads")
    given = parser.parse_args()
    if given.list or not (given.workload and given.folder):
        for name, writer in (FIRST | NEXT).items():
            print(f"{name:13} {writer.__doc__}")
        return
    generate(given.workload, given.folder, given.scale)


if __name__ == "__main__":
    main()
