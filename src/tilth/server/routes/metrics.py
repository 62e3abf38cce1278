"""What the server counts of itself, as Prometheus reads it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

__all__ = ["METRICS", "Metrics", "Timing"]

_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Timing:
    """One request that is being answered."""

    status = 500


class Metrics:
    """Counters of one process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: dict[tuple[str, int], int] = {}
        self._buckets: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}
        self._bytes = {"in": 0, "out": 0}
        self._started = time.time()

    @contextmanager
    def timed(self, name: str) -> Iterator[Timing]:
        """Count a request under a name, with its status and how long it took."""
        timing, start = Timing(), time.perf_counter()
        try:
            yield timing
        finally:
            self._count(name, timing.status, time.perf_counter() - start)

    def moved(self, direction: str, size_bytes: int) -> None:
        """Count bytes of files that came `in` or went `out`."""
        with self._lock:
            self._bytes[direction] += size_bytes

    def render(self, gauges: dict[str, float]) -> str:
        """Everything as Prometheus' text."""
        with self._lock:
            lines = ["# TYPE tilth_requests_total counter"]
            lines += [
                f'tilth_requests_total{{call="{name}",status="{status}"}} {count}' for (name, status), count in self._requests.items()
            ]
            lines.append("# TYPE tilth_request_seconds histogram")
            for name, buckets in self._buckets.items():
                total = 0
                for bound, count in zip((*_BOUNDS_S, float("inf")), buckets, strict=True):
                    total += count
                    edge = "+Inf" if bound == float("inf") else f"{bound:g}"
                    lines.append(f'tilth_request_seconds_bucket{{call="{name}",le="{edge}"}} {total}')
                lines.append(f'tilth_request_seconds_sum{{call="{name}"}} {self._seconds[name]:.6f}')
                lines.append(f'tilth_request_seconds_count{{call="{name}"}} {total}')
            lines.append("# TYPE tilth_file_bytes_total counter")
            lines += [f'tilth_file_bytes_total{{direction="{name}"}} {count}' for name, count in self._bytes.items()]
        gauges = {"process_start_time_seconds": self._started} | gauges
        lines += [line for name, value in gauges.items() for line in (f"# TYPE {name} gauge", f"{name} {value!r}")]
        return "\n".join(lines) + "\n"

    def _count(self, name: str, status: int, seconds: float) -> None:
        with self._lock:
            self._requests[(name, status)] = self._requests.get((name, status), 0) + 1
            buckets = self._buckets.setdefault(name, [0] * (len(_BOUNDS_S) + 1))
            buckets[next((place for place, bound in enumerate(_BOUNDS_S) if seconds <= bound), len(_BOUNDS_S))] += 1
            self._seconds[name] = self._seconds.get(name, 0.0) + seconds


METRICS = Metrics()
"""The counters of this process."""
