"""What a petabyte in a hundred million files would cost: the constants measured here, small, and a table computed from them.

    python -m benchmarks.scale [--without-gateway]

With Ray installed (`build/frameworks-light-venv/bin/python`), what it costs to hand out a range is measured as well. Takes about two
minutes. Each figure is the best of three.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.measure import let_python_compile
from benchmarks.scale_table import Constants, Shape, table
from tilth.base.errors import Invalid
from tilth.base.ids import VersionId, new_id
from tilth.datasets.chunk_index import ChunkIndex
from tilth.datasets.ingest import Ingest
from tilth.datasets.journal import Journal
from tilth.datasets.manifests import Manifest, merge_manifests
from tilth.datasets.packs import PACK_BYTES, PackWriter
from tilth.datasets.ranges import Job, Taken, Took, read_done
from tilth.datasets.ray_engine import RayEngine
from tilth.datasets.scanning import SourceFile, scan
from tilth.datasets.segments import Rows, SegmentRef, dump_root, load_root, packs_of_segment
from tilth.datasets.stat_cache import StatCache
from tilth.domain.dataset import ChunkRef, Entry
from tilth.store.api import Buffer, Key, ObjectStore
from tilth.store.memory import MemoryStore
from tilth.store.opening import open_store
from tilth.testing.radosgw import INSTALLED, running_radosgw

__all__ = ["main"]

_FILES = 10_000
_SMALL_BYTES = 20_000
_LARGE_BYTES = 256 << 20
_ENTRIES = 65_536
_RANGE = 700
_BEST_OF = 3
_THEN_NS = 1_600_000_000_123_456_789


class _Nowhere(MemoryStore):
    """Takes everything and keeps nothing: what reading and hashing cost without a store."""

    def put(self, key: Key, parts: Sequence[Buffer]) -> None:
        pass


def main() -> None:
    """Measure, and print the constants and the table."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="tilth-scale-") as folder:
        _measure_reading(Path(folder), found)
    _measure_listings(found)
    with tempfile.TemporaryDirectory(prefix="tilth-scale-") as folder:
        _measure_driver(Path(folder), found)
    if "--without-gateway" not in sys.argv and INSTALLED:
        _measure_gateway(found)
    _measure_ray(found)
    for name, value in found.items():
        print(f"{name:34} {value:14,.6g}")
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}\n")
    print(table(msgspec.convert(found, Constants), Shape()))


def _best(work: Callable[[], Any]) -> float:
    """The shortest time that `work` took."""
    times = []
    for _ in range(_BEST_OF):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def _measure_reading(folder: Path, found: dict[str, float]) -> None:
    small, large = folder / "small", folder / "large"
    for number in range(_FILES):
        path = small / f"{number // 500:03}" / f"{number:06}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(_SMALL_BYTES))
    large.mkdir()
    (large / "one.bin").write_bytes(os.urandom(_LARGE_BYTES))
    found["scan_files_s"] = _FILES / _best(lambda: sum(1 for _ in scan(str(small))))

    def take(what: Path) -> None:
        known = ChunkIndex()
        writer = PackWriter(_Nowhere(), VersionId(new_id()), first_sequence=0)
        with Ingest(writer, known, on_durable=lambda durable: None) as ingest:
            for file in scan(str(what)):
                ingest.take(file)

    found["small_files_s_core"] = _FILES / _best(lambda: take(small))
    found["large_bytes_s_core"] = _LARGE_BYTES / _best(lambda: take(large))


def _entries(files: int, chunks: int, *, packs: int = 40) -> list[Entry]:
    session = new_id()

    def chunk(number: int, at: int) -> ChunkRef:
        pack = f"packs/00/{session}-{number * packs // files}"
        return ChunkRef(
            sha256(b"%d %d" % (number, at)).digest(), pack, (number * 1_234_567 + at * 1_000_000) % (64 << 20), 200_000 + at, 200_000 + at
        )

    def entry(number: int) -> Entry:
        own = tuple(chunk(number, at) for at in range(chunks))
        digest = own[0].sha256 if chunks == 1 else sha256(b"%d" % number).digest()
        return Entry(
            f"data/{number // 1_000:06}/{digest.hex()[:12]}-{number:09}.bin",
            200_000,
            digest,
            0o644,
            1_700_000_000_123_456_789 + number,
            own,
        )

    return sorted((entry(number) for number in range(files)), key=lambda one: one.path)


def _measure_listings(found: dict[str, float]) -> None:
    plain, chunked = _entries(_ENTRIES, 1), _entries(_ENTRIES // 160, 160)
    rows, rows_chunked = Rows.of(plain), Rows.of(chunked)
    data, data_chunked = rows.dump(), rows_chunked.dump()
    found["segment_entries_s"] = _ENTRIES / _best(rows.dump)
    found["segment_chunks_s"] = len(chunked) * 160 / _best(rows_chunked.dump)
    found["bytes_per_entry"] = len(data) / _ENTRIES
    found["bytes_per_chunk"] = len(data_chunked) / (len(chunked) * 160)
    found["mark_segment_s"] = _best(lambda: packs_of_segment(data, name="one"))
    root = tuple(
        SegmentRef(f"a{n:09}", f"a{n:09}z", 15_000, 1 << 37, f"segments/00/{new_id()}-{n}", sha256(b"%d" % n).digest())
        for n in range(7_000)
    )
    found["root_of_7000_s"] = _best(lambda: load_root(dump_root(root), name="root"))
    found["merge_entries_s"] = _merged(plain, found)


def _merged(plain: list[Entry], found: dict[str, float]) -> float:
    """How many entries of deltas a second are laid over nothing, and over a listing of as many."""
    store = MemoryStore()
    session = VersionId(new_id())
    numbers = count(1 << 40)

    def deltas(entries: Sequence[Entry]) -> Manifest:
        refs = []
        for at in range(0, len(entries), _RANGE):
            rows = Rows.of(entries[at : at + _RANGE])
            data = rows.dump()
            key = Key(f"segments/00/{session}-{next(numbers)}")
            store.put(key, [data])
            refs.append(SegmentRef(rows.paths[0], rows.paths[-1], len(rows), rows.size_bytes, key, sha256(data).digest()))
        return Manifest(store, tuple(refs))

    all_of_them, half = deltas(plain), deltas(plain[1::2])
    nothing = Manifest(store, ())
    root, _ = merge_manifests(store, session, nothing, deltas(plain[::2]), first_sequence=0)
    below = Manifest(store, root)
    found["merge_over_entries_s"] = len(plain) / _best(lambda: merge_manifests(store, session, below, half, first_sequence=1_000))
    return len(plain) / _best(lambda: merge_manifests(store, session, nothing, all_of_them, first_sequence=2_000))


def _measure_driver(folder: Path, found: dict[str, float]) -> None:
    """What the process that decides spends on each file and each range, besides walking the folder."""
    files = [
        SourceFile(f"d/{n:08}", f"/mnt/d/{n:08}", 200_000, 1_600_000_000_000_000_000, 1_600_000_000_000_000_000, n, 0o644)
        for n in range(_FILES)
    ]
    digests = [sha256(b"%d" % n).digest() for n in range(_FILES)]
    result = msgspec.msgpack.encode(Taken(None, [Took(digest, was_read=True) for digest in digests], 0))
    cache = StatCache(folder / "stat.sqlite")

    def handle() -> None:
        Job(1, [msgspec.structs.astuple(file) for file in files])
        read_done(result)
        cache.remember("/mnt", zip(files, digests, strict=True), read_since_ns=time.time_ns())

    found["driver_files_s"] = _FILES / _best(handle)
    cache.close()
    journal = Journal(folder / "journal.sqlite")
    numbers = count()
    delta = SegmentRef("a", "b", 700, 1 << 33, "", b"0" * 32)

    def record() -> None:
        for _ in range(200):
            journal.put_delta(msgspec.structs.replace(delta, key=f"segments/00/{next(numbers)}"))

    found["journal_deltas_s"] = 200 / _best(record)
    journal.close()


@contextmanager
def _bucket() -> Iterator[ObjectStore]:
    with running_radosgw() as server, tempfile.TemporaryDirectory() as home:
        environment = {name: str(value) for name, value in server.environment().items()}
        yield open_store(f"s3://{server.make_bucket('scale')}/data", Path(home), environment)


def _measure_gateway(found: dict[str, float]) -> None:
    with _bucket() as store:
        pack = os.urandom(PACK_BYTES)
        numbers = count()

        def put_many(data: bytes, objects: int) -> None:
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda n: store.put(Key(f"packs/00/{n}"), [data]), [next(numbers) for _ in range(objects)]))

        found["put_bytes_s_gateway"] = 8 * PACK_BYTES / _best(lambda: put_many(pack, 8))
        found["small_puts_s_gateway"] = 300 / _best(lambda: put_many(b"x" * 1_000, 300))
        listed = sum(1 for _ in store.list("packs/"))
        found["list_keys_s_gateway"] = listed / _best(lambda: sum(1 for _ in store.list("packs/")))
        tail = 64 << 10
        found["tail_reads_s_gateway"] = 100 / _best(lambda: [store.get_range(Key("packs/00/0"), -tail, tail) for _ in range(100)])


def _nothing(shared: Any, job: Any) -> tuple[int, bool]:
    return job.number, bool(shared)


def _measure_ray(found: dict[str, float]) -> None:
    with suppress(Invalid):
        engine = RayEngine()
        shared = engine.share([])
        items = [("d/00000001.bin", "/mnt/d/00000001.bin", 200_000, 1, 1, n, 0o644, None, None) for n in range(_RANGE)]

        def ranges() -> None:
            for number in range(200):
                engine.begin(_nothing, shared, Job(number, items))
            for _ in range(200):
                engine.wait(60)

        ranges()
        found["ray_ranges_s"] = 200 / _best(ranges)
        engine.close()


if __name__ == "__main__":
    let_python_compile()
    main()
