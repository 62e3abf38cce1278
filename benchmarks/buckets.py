"""What storing in a bucket, and restoring from one, costs: `python -m benchmarks.buckets [SCALE] [WORKLOAD ...] [--rounds N]` prints it.

Tilth, `rclone copy`, `aws s3 sync` and `aws s3 cp` bring the same folder to Ceph's gateway on this machine, and back. Each run has a
gateway of its own, which keeps objects in memory, so that nobody pays for what another left behind. Beside them stands the gateway
itself: the same bytes, already in memory, as objects of 64 MiB. A tool that is not installed is left out. The best of the rounds counts.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.contenders import found_id
from benchmarks.measure import Failed, Spent, let_python_compile, spend
from benchmarks.report import machine
from benchmarks.trees import tree_of
from tilth.testing.radosgw import S3Server, running_radosgw

_ROUNDS = 2
_WORKLOADS = ("images", "big")
_BUCKET = "bench"
_TARGETS = {
    ("images", "aws s3 sync"): (1 / 5, "a fifth of `aws s3 sync`"),
    ("big", "rclone copy"): (1.3, "1.3 times `rclone copy`"),
}
"""What storing may take at the most, as a part of what another tool takes."""

_FLOOR = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
from obstore.store import S3Store
import obstore
settings = {"endpoint": os.environ["AWS_ENDPOINT_URL"], "region": "us-east-1"}
store = S3Store(sys.argv[1], config=settings, client_options={"allow_http": True})
size, whole, body = int(sys.argv[2]), 64 << 20, os.urandom(64 << 20)
def move(number):
    length = min(whole, size - number * whole)
    if sys.argv[3] == "store":
        obstore.put(store, str(number), memoryview(body)[:length].tobytes(), chunk_size=16 << 20, max_concurrency=4)
    else:
        assert len(obstore.get(store, str(number)).bytes()) == length
with ThreadPoolExecutor(3) as pool:
    list(pool.map(move, range(-(-size // whole))))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scale", type=float, nargs="?", default=1.0, help="the fraction of the full size")
    parser.add_argument("workloads", nargs="*", default=_WORKLOADS, help="some of those of benchmarks.generate")
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    given = parser.parse_args()
    scale = given.scale
    folder = Path(mkdtemp(prefix="tilth-bench-"))
    print(f"{machine()}; scale {scale:g}, {datetime.now().astimezone():%d %B %Y %H:%M}, load {os.getloadavg()[0]:.1f}\n")
    try:
        for workload in given.workloads:
            Bench(folder, workload, scale).run(given.rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Bench:
    """One workload, brought to a bucket and back by everybody in turn."""

    def __init__(self, folder: Path, workload: str, scale: float) -> None:
        self.workload = workload
        self._folder = folder
        self._source = folder / "source"
        self._out = folder / "out"
        self._best: dict[tuple[str, str], Spent] = {}
        shutil.rmtree(self._source, ignore_errors=True)
        words = [sys.executable, "-m", "benchmarks.generate", workload, str(self._source), "--scale", str(scale)]
        subprocess.run(words, check=True)
        self._tree = tree_of(self._source)

    def run(self, rounds: int) -> None:
        """All rounds, and the table."""
        players = {"the gateway itself": self._floor, "Tilth": self._tilth, **self._peers()}
        for _ in range(rounds):
            for name, play in players.items():
                with running_radosgw() as s3:
                    s3.make_bucket(_BUCKET)
                    try:
                        play(name, s3)
                    except Failed as error:
                        print(f"{name} is left out: {error}", file=sys.stderr)
        self._show()

    def _floor(self, name: str, s3: S3Server) -> None:
        for what in ("store", "restore"):
            self._note(what, name, self._spend(s3, sys.executable, "-c", _FLOOR, _BUCKET, str(self._tree.size_bytes), what))

    def _tilth(self, name: str, s3: S3Server) -> None:
        home = {"TILTH_HOME": str(self._folder / "home"), "TILTH_STORAGE": f"s3://{_BUCKET}/tilth", "TILTH_PREVIEW": "false"}
        words = (sys.executable, "-m", "tilth.cli.main", "data")
        with self._emptied(self._folder / "home"):
            stored = self._spend(s3, *words, "sync", "--folder", str(self._source), "--project", "Bench", "--name", "b", **home)
            self._note("store", name, stored)
            with self._restoring():
                self._note("restore", name, self._spend(s3, *words, "get", "--id", found_id(stored), "--copy", str(self._out), **home))

    def _peers(self) -> dict[str, Callable[[str, S3Server], None]]:
        aws, rclone = shutil.which("aws"), shutil.which("rclone")
        peers: dict[str, Callable[[str, S3Server], None]] = {}
        if rclone:
            peers["rclone copy"] = lambda name, s3: self._copies(name, s3, [rclone, "copy"], f"ceph:{_BUCKET}/data")
        if aws:
            peers["aws s3 sync"] = lambda name, s3: self._copies(
                name, s3, [aws, "s3", "sync", "--only-show-errors"], f"s3://{_BUCKET}/data"
            )
            peers["aws s3 cp"] = lambda name, s3: self._copies(
                name, s3, [aws, "s3", "cp", "--recursive", "--only-show-errors"], f"s3://{_BUCKET}/data"
            )
        for tool, found in (("rclone", rclone), ("aws", aws)):
            if not found:
                print(f"{tool} is left out: it is not on PATH", file=sys.stderr)
        return peers

    def _copies(self, name: str, s3: S3Server, command: list[str], place: str) -> None:
        self._note("store", name, self._spend(s3, *command, str(self._source), place))
        with self._restoring():
            self._note("restore", name, self._spend(s3, *command, place, str(self._out)))

    @contextmanager
    def _restoring(self) -> Iterator[None]:
        """What is restored must be as many files and bytes as were stored."""
        with self._emptied(self._out):
            yield
            found = tree_of(self._out)
            if (found.files, found.size_bytes) != (self._tree.files, self._tree.size_bytes):
                raise Failed(f"{found.files} of {self._tree.files} files came back, {found.size_bytes} of {self._tree.size_bytes} bytes")

    @contextmanager
    def _emptied(self, place: Path) -> Iterator[None]:
        shutil.rmtree(place, ignore_errors=True)
        try:
            yield
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _spend(self, s3: S3Server, *words: str, **more: str) -> Spent:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "PYENV_VERSION", "PYENV_ROOT") if name in os.environ}
        rclone = {
            "RCLONE_CONFIG_CEPH_TYPE": "s3",
            "RCLONE_CONFIG_CEPH_PROVIDER": "Ceph",
            "RCLONE_CONFIG_CEPH_ENDPOINT": s3.endpoint,
            "RCLONE_CONFIG_CEPH_ACCESS_KEY_ID": s3.access_key,
            "RCLONE_CONFIG_CEPH_SECRET_ACCESS_KEY": s3.secret_key,
        }
        environment = kept | s3.environment() | rclone | {"HOME": str(self._folder)} | more
        return spend(list(words), folder=Path.cwd(), env=environment)

    def _note(self, what: str, name: str, spent: Spent) -> None:
        known = self._best.get((what, name))
        if known is None or spent.seconds < known.seconds:
            self._best[what, name] = spent
        print(f"{self.workload}: {what}, {name}: {spent.seconds:.1f} s", file=sys.stderr, flush=True)

    def _show(self) -> None:
        tree = self._tree
        print(f"{self.workload}: {tree.files:,} files, {tree.size_bytes / 1e6:,.0f} MB\n")
        print("| | who | s | MB/s | of Tilth's time | CPU s | peak MB |\n|---|---|---:|---:|---:|---:|---:|")
        for (what, name), spent in sorted(self._best.items(), key=lambda row: (row[0][0] != "store", row[1].seconds)):
            ratio = spent.seconds / self._best[what, "Tilth"].seconds
            rate = tree.size_bytes / 1e6 / spent.seconds
            print(
                f"| {what} | {name} | {spent.seconds:.2f} | {rate:.0f} | {ratio:.2f} | {spent.cpu_s:.1f} | {spent.peak_bytes / 1e6:.0f} |"
            )
        print()
        for (workload, peer), (limit, words) in _TARGETS.items():
            if workload == self.workload and ("store", peer) in self._best:
                reached = self._best["store", "Tilth"].seconds / self._best["store", peer].seconds
                verdict = "reached" if reached <= limit else "missed"
                print(f"storing at most {words}: {reached:.2f} of its time, {verdict}\n")


if __name__ == "__main__":
    let_python_compile()
    main()
