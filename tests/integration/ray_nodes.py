"""Nodes of a real Ray cluster, begun and ended as people do it, or as a power cut does."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

__all__ = ["PROGRAMS", "Node", "variables"]

PROGRAMS = Path(__file__).parents[2] / "build" / "frameworks-light-venv" / "bin"
_PATIENT = {"RAY_raylet_start_wait_time_s": "150", "RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S": "60"}
"""Ray gives its own parts half a minute to find each other, which is not enough where much else runs."""
_STARTS = 20
_FEW_PARTS = ("--no-monitor", "--include-log-monitor=false")
"""What nobody here asks for is not begun: all parts begin at once, and one of them has a quarter of a minute for it, whatever is said."""


def variables(home: Path, **more: str) -> dict[str, str]:
    """The environment of a node, or of a command that works with one."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "HOME": str(home), "RAY_USAGE_STATS_ENABLED": "0", **_PATIENT, **more}


class Node:
    """One node of a cluster, with what belongs to it."""

    def __init__(self, folder: Path, name: str, environment: Mapping[str, str], *where: str, processors: int = 1) -> None:
        self._log = folder / f"{name}.log"
        sizes = [f"--num-cpus={processors}", "--object-store-memory=100000000", "--min-worker-port=0", "--max-worker-port=0"]
        self._command = [str(PROGRAMS / "ray"), "start", "--block", "--node-ip-address=127.0.0.1", *where, *sizes, *_FEW_PARTS]
        assert any(self._begun(environment) for _ in range(_STARTS)), self._log.read_text()

    def _begun(self, environment: Mapping[str, str]) -> bool:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, env=dict(environment), stdout=log, stderr=log)
        while "Ray runtime started" not in self._log.read_text():
            if self._process.poll() is not None or self._has_lost_its_raylet():
                self.kill()
                return False
            time.sleep(0.5)
        return True

    def _has_lost_its_raylet(self) -> bool:
        """Whether the process that works has ended, because others were not there in time; the command waits for it all the same."""
        return any((name, state) == ("raylet", "Z") for _, name, state in _below(self._process.pid))

    def stop(self) -> None:
        """Ask it to end."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it as a power cut would: its parts at once, and the processes that work there with them."""
        for pid in [self._process.pid, *(pid for pid, _, _ in _below(self._process.pid))]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()


def _below(parent: int) -> list[tuple[int, str, str]]:
    """The processes below one, nearest first: number, name and state."""
    by_parent: dict[int, list[tuple[int, str, str]]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                before, _, after = (entry / "stat").read_text().rpartition(")")
                state, above = after.split()[:2]
                by_parent.setdefault(int(above), []).append((int(entry.name), before.partition("(")[2], state))
    found = by_parent.get(parent, [])
    for pid, _, _ in found:  # which grows
        found += by_parent.get(pid, [])
    return found
