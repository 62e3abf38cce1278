"""What a run takes of its machine: processor, memory, disk, network and GPUs, every half minute.

The x axis is where the run is, as in its own curves. A run that reports no iterations for some minutes has the seconds since its beginning
instead; until that is known, samples are held back.
"""

import shutil
import subprocess
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import Struct

from tilth.capture.guarding import Guard
from tilth.sdk.wishes import Load

__all__ = ["Axis", "GpuLoad", "ResourceMonitor", "read_gpus"]

MACHINE = ":monitor:machine"
GPU = ":monitor:gpu"
_GIB = 1024**3
_MIB = 1024**2
_GPU_FIELDS = "index,utilization.gpu,memory.used,memory.total,temperature.gpu"
_GPU_PATIENCE_S = 10.0
_SHORTEST_S = 0.5
_MOST_HELD = 1_000


class GpuLoad(Struct, frozen=True):
    """One line of `nvidia-smi`; None is what this GPU does not tell."""

    index: int
    use_percent: float | None
    used_mib: float | None
    total_mib: float | None
    celsius: float | None


class Axis:
    """Which number a sample gets: the iteration of the run, the seconds since its beginning, or none yet."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.is_seconds: bool | None = None
        """None while it is not known."""

    def place(self, elapsed_s: float, iteration: int | None) -> int | None:
        """The number for a sample that is taken now; None to hold it back. `iteration` is None while the run reported nothing."""
        if self.is_seconds is None and iteration is None and elapsed_s >= self.load.wait_s:
            self.is_seconds = True
        elif iteration is not None and (self.is_seconds is None or (self.is_seconds and elapsed_s <= self.load.most_s)):
            self.is_seconds = False
        if self.is_seconds is None:
            return None
        return int(elapsed_s) if self.is_seconds else iteration


class ResourceMonitor:
    """Samples in a thread of its own and gives `report(metric, variant, value, iteration)` each value.

    `iteration` says where the run is, and None while it reported nothing. Rates are means since the sample before.
    """

    def __init__(
        self,
        report: Callable[[str, str, float, int], None],
        *,
        iteration: Callable[[], int | None] = lambda: None,
        load: Load | None = None,
        disk: Path | None = None,
    ) -> None:
        self._report = report
        self._iteration = iteration
        self._axis = Axis(load or Load())
        self._disk = disk or Path.cwd()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tilth-resources", daemon=True)
        self._began = time.monotonic()
        self._guards = {metric: Guard(f"the load of {what}") for metric, what in ((MACHINE, "the machine"), (GPU, "the GPUs"))}
        self._held: deque[tuple[float, str, dict[str, float]]] = deque(maxlen=_MOST_HELD)

    @property
    def load(self) -> Load:
        """How the load is reported; may be changed at any time."""
        return self._axis.load

    @load.setter
    def load(self, load: Load) -> None:
        self._axis.load = load

    def start(self) -> None:
        """Sample from now on. A fork of the process does not."""
        self._began = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Take a last sample, so that a short run has one too, and end."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)

    def _run(self) -> None:
        machine: list[_Machine] = []
        self._guards[MACHINE].run(lambda: machine.append(_Machine(self._disk)))
        has_gpus = shutil.which("nvidia-smi") is not None
        means = _Means()
        due_s = self.load.first_s
        ended = False
        while not ended:
            ended = self._ended.wait(max(0.0, min(1 / (self.load.samples_per_s or 1e-9), due_s - self._elapsed_s())))
            if ended and self._elapsed_s() < _SHORTEST_S:
                return
            if machine:
                self._guards[MACHINE].run(lambda: means.add(machine[0].sample(own_memory=self.load.own_memory)))
            if not ended and self._elapsed_s() < due_s:
                continue
            due_s = self._elapsed_s() + self.load.every_s
            if machine:
                self._guards[MACHINE].run(lambda: self._give(MACHINE, means.taken(), ended=ended))  # noqa: B023 - it is run at once
            if has_gpus:
                self._guards[GPU].run(lambda: self._give(GPU, dict(_gpu_values(read_gpus())), ended=ended))  # noqa: B023

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._began

    def _give(self, metric: str, values: dict[str, float], *, ended: bool) -> None:
        elapsed_s = self._elapsed_s()
        place = self._axis.place(elapsed_s, self._iteration())
        self._held.append((elapsed_s, metric, values))
        if place is None and not ended:
            return
        by_seconds = place is None or self._axis.is_seconds  # a run that ends before it is known had no iterations
        given = list(self._held) if by_seconds else [(elapsed_s, metric, values)]
        self._held.clear()
        for at_s, of, found in given:
            for variant, value in found.items():
                self._report(of, variant, value, int(at_s) if place is None or by_seconds else place)


class _Means:
    """Makes one value of several samples."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = defaultdict(float)
        self._counts: dict[str, int] = defaultdict(int)

    def add(self, values: Iterable[tuple[str, float]]) -> None:
        for name, value in values:
            self._sums[name] += value
            self._counts[name] += 1

    def taken(self) -> dict[str, float]:
        found = {name: total / self._counts[name] for name, total in self._sums.items()}
        self._sums.clear()
        self._counts.clear()
        return found


class _Machine:
    """The counters of the machine and of this process, and what they were before."""

    def __init__(self, disk: Path) -> None:
        self._psutil: Any = import_module("psutil")  # takes 10 ms, which only this thread waits for
        self._process = self._psutil.Process()
        self._disk = str(disk)
        self._psutil.cpu_percent()
        self._process.cpu_percent()
        self._before = self._counters()

    def sample(self, *, own_memory: bool) -> list[tuple[str, float]]:
        psutil = self._psutil
        memory, now = psutil.virtual_memory(), self._counters()
        took = max(now["at"] - self._before["at"], 1e-3)
        rates = [(name, (now[name] - self._before[name]) / took / _MIB) for name in now if name != "at" and name in self._before]
        self._before = now
        return [
            ("cpu_usage", psutil.cpu_percent()),
            ("memory_used_gb", (self._own_memory() if own_memory else memory.total - memory.available) / _GIB),
            ("memory_free_gb", memory.available / _GIB),
            ("process_cpu_usage", self._process.cpu_percent()),
            ("process_memory_gb", self._process.memory_info().rss / _GIB),
            ("disk_free_percent", 100.0 - psutil.disk_usage(self._disk).percent),
            *rates,
        ]

    def _own_memory(self) -> int:
        """What this process and those that it started take."""
        taken = 0
        for process in (self._process, *self._process.children(recursive=True)):
            with suppress(self._psutil.Error):  # it ended meanwhile
                taken += process.memory_info().rss
        return taken

    def _counters(self) -> dict[str, float]:
        counters = {"at": time.monotonic()}
        network, disks = self._psutil.net_io_counters(), self._psutil.disk_io_counters()
        # A container may have neither.
        if network is not None:
            counters |= {"network_tx_mbs": network.bytes_sent, "network_rx_mbs": network.bytes_recv}
        if disks is not None:
            counters |= {"io_read_mbs": disks.read_bytes, "io_write_mbs": disks.write_bytes}
        return counters


def read_gpus() -> list[GpuLoad]:
    """What `nvidia-smi` says of each GPU."""
    said = subprocess.run(  # noqa: S603 - nothing of a user's in it
        ["nvidia-smi", f"--query-gpu={_GPU_FIELDS}", "--format=csv,noheader,nounits"],  # noqa: S607 - the user's own
        capture_output=True,
        check=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=_GPU_PATIENCE_S,
    )
    rows = [line.split(",") for line in said.stdout.splitlines() if line.strip()]
    return [GpuLoad(int(index), *map(_number, rest)) for index, *rest in rows]


def _gpu_values(gpus: list[GpuLoad]) -> list[tuple[str, float]]:
    values: list[tuple[str, float | None]] = []
    for gpu in gpus:
        used, total = gpu.used_mib, gpu.total_mib
        values += [
            (f"gpu_{gpu.index}_utilization", gpu.use_percent),
            (f"gpu_{gpu.index}_temperature", gpu.celsius),
            (f"gpu_{gpu.index}_mem_used_gb", used / 1024 if used is not None else None),
            (f"gpu_{gpu.index}_mem_usage", 100.0 * used / total if used is not None and total else None),
            (f"gpu_{gpu.index}_mem_free_gb", (total - used) / 1024 if used is not None and total is not None else None),
        ]
    return [(name, value) for name, value in values if value is not None]


def _number(field: str) -> float | None:
    try:
        return float(field)
    except ValueError:  # "[N/A]"
        return None
