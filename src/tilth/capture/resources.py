"""What a run takes of its machine: processor, memory, disk, network and GPUs, every half minute."""

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import Struct

from tilth.capture.guarding import Guard

__all__ = ["GpuLoad", "ResourceMonitor", "read_gpus"]

MACHINE = ":monitor:machine"
GPU = ":monitor:gpu"
_GIB = 1024**3
_MIB = 1024**2
_GPU_FIELDS = "index,utilization.gpu,memory.used,memory.total,temperature.gpu"
_GPU_PATIENCE_S = 10.0
_SHORTEST_S = 0.5


class GpuLoad(Struct, frozen=True):
    """One line of `nvidia-smi`; None is what this GPU does not tell."""

    index: int
    use_percent: float | None
    used_mib: float | None
    total_mib: float | None
    celsius: float | None


class ResourceMonitor:
    """Samples in a thread of its own and gives `report(metric, variant, value, iteration)` each value.

    `iteration` says where the run is; when it says None, the seconds since the start stand for it. Rates are means since the sample before.
    """

    def __init__(
        self,
        report: Callable[[str, str, float, int], None],
        *,
        iteration: Callable[[], int | None] = lambda: None,
        every_s: float = 30.0,
        disk: Path | None = None,
    ) -> None:
        self._report = report
        self._iteration = iteration
        self._every_s = every_s
        self._disk = disk or Path.cwd()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tilth-resources", daemon=True)
        self._began = time.monotonic()
        self._guards = {metric: Guard(f"the load of {what}") for metric, what in ((MACHINE, "the machine"), (GPU, "the GPUs"))}

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
        while not (ended := self._ended.wait(self._every_s)) or time.monotonic() - self._began >= _SHORTEST_S:
            if machine:
                self._guards[MACHINE].run(lambda: self._give(MACHINE, machine[0].sample()))
            if has_gpus:
                self._guards[GPU].run(lambda: self._give(GPU, _gpu_values(read_gpus())))
            if ended:
                return

    def _give(self, metric: str, values: Iterable[tuple[str, float]]) -> None:
        said = self._iteration()
        iteration = int(time.monotonic() - self._began) if said is None else said
        for variant, value in values:
            self._report(metric, variant, value, iteration)


class _Machine:
    """The counters of the machine and of this process, and what they were before."""

    def __init__(self, disk: Path) -> None:
        self._psutil: Any = import_module("psutil")  # takes 10 ms, which only this thread waits for
        self._process = self._psutil.Process()
        self._disk = str(disk)
        self._psutil.cpu_percent()
        self._process.cpu_percent()
        self._before = self._counters()

    def sample(self) -> list[tuple[str, float]]:
        psutil = self._psutil
        memory, now = psutil.virtual_memory(), self._counters()
        took = max(now["at"] - self._before["at"], 1e-3)
        rates = [(name, (now[name] - self._before[name]) / took / _MIB) for name in now if name != "at" and name in self._before]
        self._before = now
        return [
            ("cpu_usage", psutil.cpu_percent()),
            ("memory_used_gb", (memory.total - memory.available) / _GIB),
            ("memory_free_gb", memory.available / _GIB),
            ("process_cpu_usage", self._process.cpu_percent()),
            ("process_memory_gb", self._process.memory_info().rss / _GIB),
            ("disk_free_percent", 100.0 - psutil.disk_usage(self._disk).percent),
            *rates,
        ]

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
