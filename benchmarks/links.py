"""What links cost: listing a version of a million of them, and registering a prefix of a bucket.

    python -m benchmarks.links [LINKS] [OBJECTS]

The million is made without a bucket. The objects lie in Ceph's gateway on this machine, whose requests are counted by a proxy.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import let_python_compile
from tilth import Dataset, _wiring
from tilth.config.settings import load_settings
from tilth.datasets.journal import Stored
from tilth.datasets.scanning import SourceFile
from tilth.sdk import lifecycle
from tilth.sdk._current import set_home
from tilth.sdk.home import Home
from tilth.sdk.links.registering import entry_of
from tilth.sdk.links.remote import RemoteFile
from tilth.store.api import Key
from tilth.testing.faults import Fault, fault_proxy
from tilth.testing.radosgw import running_radosgw

__all__ = ["version_of_links"]


def main() -> None:
    """Measure and print."""
    links, objects = (int(word) for word in [*sys.argv[1:], "1000000", "20000"][:2])
    with TemporaryDirectory() as folder:
        home = _wiring._open(load_settings({}, given={"home": folder}))
        set_home(home)
        try:
            _list(home, Path(folder), links)
            _register(home, objects)
        finally:
            set_home(None)
            home.close()


def version_of_links(home: Home, links: int) -> Dataset:
    """A final version of so many links, a thousand in each folder."""
    made = Dataset.create("links", "Bench")
    version = home.api.versions.get(made.id)
    started = time.perf_counter()
    with lifecycle.opened_draft(home, version) as draft:
        for begin in range(0, links, 10_000):
            draft.journal.put(_row(home, number) for number in range(begin, min(begin + 10_000, links)))
    _say(f"{links:,} links recorded in a draft", started)
    started = time.perf_counter()
    made.finalize()
    _say("finalized", started)
    return made


def _list(home: Home, folder: Path, links: int) -> None:
    made = version_of_links(home, links)
    size = sum(file.stat().st_size for file in folder.rglob("segments/*/*"))
    sys.stdout.write(f"its listing takes {size / links:.0f} bytes a link\n")
    environment = os.environ | {"TILTH_HOME": str(folder)}
    for words in (["list"], ["list", "--page", "0"], ["ls", "0001"]):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "tilth.cli.main", "data", *words, "--id", made.id],
            stdout=subprocess.DEVNULL,
            check=True,
            env=environment,
        )
        _say(f"tilth data {' '.join(words)}", started)
    started = time.perf_counter()
    rows = made.files().num_rows
    _say(f"Dataset.files(): {rows:,} rows", started)


def _row(home: Home, number: int) -> Stored:
    path = f"{number // 1_000:04}/{number:08}.jpg"
    address = f"s3://lake.example.org:9000/bucket/pictures/{path}"
    entry = entry_of(home.link_sources, path, RemoteFile(address, 1_000 + number, f"{number:032x}", 1_700_000_000_000_000_000))
    return Stored(entry, SourceFile(path, address, entry.size, entry.mtime_ns, 0, 0, entry.mode))


def _register(home: Home, objects: int) -> None:
    with running_radosgw() as s3:
        os.environ |= s3.environment()
        bucket = f"s3://{s3.make_bucket('lake')}"
        assert home.open_bucket
        store = home.open_bucket(bucket)
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda number: store.put(Key(f"data/{number:08}"), [b"x"]), range(objects)))
        with fault_proxy(s3.endpoint) as proxy:
            os.environ["AWS_ENDPOINT_URL"] = proxy.endpoint
            proxy.fail(Fault.SLOW, times=10_000_000)
            made = Dataset.create("registered", "Bench")
            started = time.perf_counter()
            made.add_external_files(f"{bucket}/data/")
            _say(f"{objects:,} objects registered with {proxy.happened} requests (each slowed by 50 ms a piece)", started)


def _say(what: str, started: float) -> None:
    sys.stdout.write(f"{what}: {time.perf_counter() - started:.2f} s\n")
    sys.stdout.flush()


if __name__ == "__main__":
    let_python_compile()
    main()
