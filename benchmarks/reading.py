"""What reading without downloading costs, with a version in Ceph's gateway: `python -m benchmarks.reading [SCALE [ROUNDS]]` prints it.

Random reads through `Dataset.open`, each round in a new process, beside the same places of a local file and the same pieces asked of the
gateway without keeping them, and epochs of PyTorch's loader over pictures, beside the same loader over local files. The loader runs in
`build/frameworks-venv`, which `make frameworks` installs. The best of the rounds counts. CPU time is that of the loader and all of its
workers, from before they are started until they have ended.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random
from tempfile import mkdtemp

from PIL import Image

from benchmarks.measure import let_python_compile
from tilth.testing.radosgw import running_radosgw

_LARGE_BYTES = 512 << 20
_PICTURES = 10_000
_SIDE = 220
_ROUNDS = 3
_PYTHON = Path("build/frameworks-venv/bin/python").absolute()

_MAKE = """
import sys
from tilth import Dataset
dataset = Dataset.create(dataset_name="reading", dataset_project="Bench")
dataset.add_files(sys.argv[1])
dataset.upload(preview=False)
dataset.finalize()
print(dataset.id)
"""

_READS = """
import json, random, sys, time
from bisect import bisect_right
from itertools import accumulate
from tilth import Dataset
from tilth.sdk.reading import reading_of
dataset, chance, how = Dataset.get(sys.argv[1]), random.Random(int(sys.argv[2])), sys.argv[4]

def rates(file, rounds):
    size = file.seek(0, 2)
    places = [chance.randrange(size - 4096) for _ in range(int(sys.argv[3]))]
    for _ in range(rounds):
        begun, worked = time.perf_counter(), time.process_time()
        for place in places:
            file.seek(place)
            assert len(file.read(4096)) == 4096
        yield len(places) / (time.perf_counter() - begun), len(places) / (time.process_time() - worked)

def walked(file):
    begun = time.perf_counter()
    size = 0
    while piece := file.read(1 << 20):
        size += len(piece)
    return (size / 1e6 / (time.perf_counter() - begun),)

class Pieces:
    '''The chunks that places lie in, each asked of the store once, and neither compared nor kept.'''
    def __init__(self):
        reading = reading_of(dataset._home, dataset._version)
        self.store = dataset._home.repository_of(dataset._version).store
        self.chunks = reading.entry("large.bin").chunks
        self.ends = list(accumulate(chunk.raw for chunk in self.chunks))
        self.asked = {}
    def seek(self, place, whence=0):
        self.place = place
        return self.ends[-1]
    def read(self, size):
        number = bisect_right(self.ends, self.place)
        if number not in self.asked:
            chunk = self.chunks[number]
            self.asked[number] = len(self.store.get_range(chunk.pack, chunk.offset, chunk.stored))
        return bytes(size)

if how == "pieces":
    found = list(rates(Pieces(), 1))
else:
    with open(sys.argv[5], "rb") if how.startswith("plain") else dataset.open("large.bin") as file:
        found = [walked(file)] if how.endswith("walk") else list(rates(file, 2))
print(json.dumps(found))
"""

_EPOCHS = """
import io, json, os, resource, sys, time
from pathlib import Path
import numpy, torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from tilth.torch import FileDataset, IterableFileDataset

source, version, cache, rounds = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])

def decoded(path, content):
    return torch.from_numpy(numpy.array(Image.open(io.BytesIO(content))))

def counted(path, content):
    return len(content)

class Local(Dataset):
    def __init__(self, decode):
        self.files, self.decode = sorted(source.joinpath("pictures").rglob("*.jpg")), decode
    def __len__(self):
        return len(self.files)
    def __getitem__(self, number):
        return self.decode("", self.files[number].read_bytes())

def worked():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)

def epoch(loader, count):
    begun, before = time.perf_counter(), worked()
    assert sum(len(batch) for batch in loader) == count
    return time.perf_counter() - begun, worked() - before

def empty():
    # Not removed: a file system that just removed thousands of files takes longer to make new ones.
    if os.path.exists(cache):
        os.rename(cache, f"{cache}-{time.monotonic_ns()}")

found = {}
for name, decode in (("bytes", counted), ("decoded", decoded)):
    local = Local(decode)
    loaders = {
        "local": DataLoader(local, batch_size=64, num_workers=2, shuffle=True),
        "numbers": DataLoader(FileDataset(version, "pictures", decode=decode), batch_size=64, num_workers=2, shuffle=True),
        "iterable": DataLoader(
            IterableFileDataset(version, "pictures", decode=decode, shuffle=True, batch_size=64), batch_size=64, num_workers=2
        ),
    }
    for _ in range(rounds):
        for what, loader in loaders.items():
            if what != "local":
                empty()
            for number in ("first", "second"):
                found.setdefault(f"{name} {what} {number}", []).append(epoch(loader, len(local)))
print(json.dumps(found))
"""


def main() -> None:
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else _ROUNDS
    folder = Path(mkdtemp(prefix="tilth-bench-"))
    try:
        with running_radosgw() as s3:
            home = {"TILTH_HOME": str(folder / "home"), "TILTH_STORAGE": f"s3://{s3.make_bucket('bench')}/tilth"}
            bench = Bench(folder, os.environ | s3.environment() | home, scale, rounds)
            bench.prepare()
            bench.reads()
            bench.epochs()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Bench:
    """One version in the store, the same files on the disk, and processes that read them."""

    def __init__(self, folder: Path, environment: dict[str, str], scale: float, rounds: int) -> None:
        self.source = folder / "source"
        self.cache = folder / "home" / "cache"
        self.scale = scale
        self.rounds = rounds
        self.id = ""
        self._folder = folder
        self._environment = environment

    def prepare(self) -> None:
        """Write the files, and store them."""
        chance = Random(1)
        pictures = round(_PICTURES * self.scale)
        for number in range(pictures):
            path = self.source / "pictures" / str(number % 2) / f"{number:05}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.frombytes("RGB", (_SIDE, _SIDE), chance.randbytes(3 * _SIDE * _SIDE)).save(path, quality=60)
        with (self.source / "large.bin").open("wb") as file:
            for _ in range(round(_LARGE_BYTES * self.scale) >> 20):
                file.write(chance.randbytes(1 << 20))
        size = sum(path.stat().st_size for path in self.source.rglob("*.jpg"))
        self.id = self._run(sys.executable, _MAKE, str(self.source)).strip()
        print(f"{pictures:,} pictures of {size / pictures / 1e3:.0f} KB, one file of {_LARGE_BYTES * self.scale / 1e6:.0f} MB\n")

    def reads(self) -> None:
        """Random reads of 4 KiB, and the whole file."""
        cold, _ = self._best(300, "random", empty=True)[0]
        pieces, _ = self._best(300, "pieces")[0]
        ((walk,),) = self._best(0, "walk", empty=True)
        ((walked,),) = self._best(0, "walk")
        ((plain_walk,),) = self._best(0, "plain walk")
        (first, first_cpu), (again, again_cpu) = self._best(3_000, "random")
        _, (plain, plain_cpu) = self._best(3_000, "plain")
        floor = f"a local file {plain:,.0f}/s, {plain_cpu:,.0f} a second of CPU"
        print("| reads through `open` | reached | floor of the same run | of that |\n|---|---:|---:|---:|")
        print(
            f"| 300 of 4 KiB at random places, cold | {cold:,.0f}/s | its pieces from the gateway {pieces:,.0f}/s | {cold / pieces:.2f} |"
        )
        for what, rate, cpu in (
            ("3,000 of them from this machine's cache, a new process", first, first_cpu),
            ("the same places again in that process", again, again_cpu),
        ):
            print(f"| {what} | {rate:,.0f}/s, {cpu:,.0f} a second of CPU | {floor} | by CPU {cpu / plain_cpu:.3f} |")
        print(f"| the whole file, a MiB at a time, cold | {walk:,.0f} MB/s | | |")
        print(f"| the same from the cache | {walked:,.0f} MB/s | a local file {plain_walk:,.0f} MB/s | {walked / plain_walk:.2f} |\n")

    def epochs(self) -> None:
        """Epochs of a loader with two workers and shuffling; the workers of each epoch are new processes."""
        script = self._folder / "epochs.py"
        script.write_text(_EPOCHS)
        times = json.loads(self._run(str(_PYTHON), script, str(self.source), self.id, str(self.cache / "chunks"), str(self.rounds)))
        print("| an epoch | local files | by number: first | second | ratio | one after the other: first | second | ratio |")
        print("|---|---:|---:|---:|---:|---:|---:|---:|")
        for decoded in ("bytes", "decoded"):
            for kind, measured in enumerate(("by the clock", "CPU time")):
                best = {name: min(one[kind] for one in found) for name, found in times.items()}
                local = min(best[f"{decoded} local first"], best[f"{decoded} local second"])
                cells = [f"{local:.2f} s"]
                for what in ("numbers", "iterable"):
                    first, second = best[f"{decoded} {what} first"], best[f"{decoded} {what} second"]
                    cells += [f"{first:.2f} s", f"{second:.2f} s", f"{second / local:.2f}"]
                print(f"| {decoded}, {measured} | {' | '.join(cells)} |")

    def _best(self, count: int, how: str, *, empty: bool = False) -> list[tuple[float, ...]]:
        """The best rates of all rounds, of each pass by the clock and, if it tells that, by CPU time."""
        rounds: list[list[list[float]]] = []
        for seed in range(self.rounds):
            if empty:
                shutil.rmtree(self.cache, ignore_errors=True)
            plain = str(self.source / "large.bin")
            rounds.append(json.loads(self._run(sys.executable, _READS, self.id, str(seed), str(count), how, plain)))
        return [tuple(max(rates) for rates in zip(*passes, strict=True)) for passes in zip(*rounds, strict=True)]

    def _run(self, python: str, code: str | Path, *words: str) -> str:
        command = [python, str(code), *words] if isinstance(code, Path) else [python, "-c", code, *words]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1]


if __name__ == "__main__":
    let_python_compile()
    main()
