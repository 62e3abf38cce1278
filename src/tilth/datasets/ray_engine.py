"""Ray as what runs work on many machines: a cluster that is there already, or one of this machine's cores for as long as a command runs.

Ray is told to run each piece of work once. Whether a piece that was lost is done again is decided above, because an attempt must never
write what an earlier one may still be writing. Nothing is sent to anybody: what Ray would tell its makers is switched off.
"""

import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

from tilth.base.errors import Conflict, Internal, Invalid, Unavailable
from tilth.config.ray import ray_address
from tilth.datasets.spreading import Lost

__all__ = ["RayEngine"]

_STORE_BYTES = 1 << 30
_STARTS = 3
_SAID = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", "RAY_ENABLE_AUTO_CONNECT": "0"}
"""What Ray is told in the environment. Without the last one, it would begin a cluster of its own when this one is gone."""
_NOT_FOUND = ("ImportError:", "ModuleNotFoundError:", "No module named", "cannot import name", "Can't get attribute")
_LOST = (
    "ActorDiedError",
    "LocalRayletDiedError",
    "NodeDiedError",
    "ObjectLostError",
    "OutOfMemoryError",
    "OwnerDiedError",
    "WorkerCrashedError",
)
_FULL = ("ObjectStoreFullError", "OutOfDiskError")


class RayEngine:
    """Processes of a Ray cluster: of the one at `address`, or of the one that Ray itself finds, or else of one of our own."""

    def __init__(self, address: str | None = None) -> None:
        for name, value in _SAID.items():
            os.environ.setdefault(name, value)
        try:
            self._ray: Any = import_module("ray")
        except ModuleNotFoundError:
            hint = "install it with `pip install 'tilth[ray]'`, and on all machines of the cluster"
            raise Invalid("Ray is not installed here", hint=hint) from None
        self._connect(address)
        self._lost, self._full = self._errors(_LOST), self._errors(_FULL)
        self._functions: dict[Callable[[Any, Any], Any], Any] = {}
        self._running: list[Any] = []

    @property
    def slots(self) -> int:
        try:
            return int(self._ray.cluster_resources().get("CPU", 0))
        except (ConnectionError, self._ray.exceptions.RayError) as error:
            raise _gone(error) from error

    def share(self, value: Any) -> Any:
        try:
            return self._ray.put(value)
        except (ConnectionError, self._ray.exceptions.RayError) as error:
            raise self._no_room(error) or _gone(error) from error

    def begin(self, function: Callable[[Any, Any], Any], shared: Any, job: Any) -> Hashable:
        if function not in self._functions:
            self._functions[function] = self._ray.remote(max_retries=0, num_cpus=1, scheduling_strategy="SPREAD")(function)
        try:
            reference: Hashable = self._functions[function].remote(shared, job)
        except (ConnectionError, self._ray.exceptions.RayError) as error:
            raise self._no_room(error) or _gone(error) from error
        self._running.append(reference)
        return reference

    def wait(self, timeout_s: float) -> tuple[Hashable, Any] | None:
        ended: list[Any] = []
        try:
            ended, _ = self._ray.wait(self._running, num_returns=1, timeout=timeout_s)
            if not ended:
                return None
            self._running.remove(ended[0])
            return ended[0], self._ray.get(ended[0])
        except self._lost as error:
            if not ended:
                raise _gone(error) from error
            return ended[0], Lost(_first_line(error))
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, MemoryError):  # there may be more elsewhere, or later
                return ended[0], Lost("its machine had no memory left for it")
            raise _differs(error) or Internal(f"work failed on another machine:\n{error}", hint="report this") from error
        except (ConnectionError, self._ray.exceptions.RayError) as error:
            raise _differs(error) or _gone(error) from error

    def close(self) -> None:
        for reference in self._running if self._ray.is_initialized() else ():
            with suppress(ConnectionError, self._ray.exceptions.RayError):  # the cluster is gone, which is told already
                self._ray.cancel(reference, force=True)
        self._ray.shutdown()

    def _errors(self, names: Sequence[str]) -> tuple[type[Exception], ...]:
        """Ray's errors by their names, as far as this release of it has them."""
        return tuple(found for name in names if (found := getattr(self._ray.exceptions, name, None)) is not None)

    def _no_room(self, error: BaseException) -> Unavailable | None:
        """What it means that Ray has no memory for what its processes share."""
        if not isinstance(error, self._full):
            return None
        return Unavailable(
            f"Ray has no room left for what its processes share ({_first_line(error)})",
            hint="begin the cluster with a larger --object-store-memory, and run the same command again; it goes on where it was",
        )

    def _connect(self, address: str | None) -> None:
        said = {"logging_level": "ERROR", "log_to_driver": False, "namespace": "tilth"}
        try:
            if address:
                self._join(address, said)
                return
            try:
                self._ray.init("auto", **said)
            except ConnectionError:
                if ray_address():
                    raise
                self._begin_own(said)
        except Exception as error:
            said_of_it = f"Ray can't be reached at {address or ray_address() or 'this machine'} ({_first_line(error)})"
            raise Unavailable(said_of_it, hint="check that it runs there, with the same releases of Ray and Python") from error

    def _join(self, address: str, said: Mapping[str, Any]) -> None:
        for attempt in range(_STARTS):
            try:
                self._ray.init(address, **said)
                return
            except ConnectionAbortedError:
                # The cluster answers, and is so busy that what it began for this command was not there in time.
                self._ray.shutdown()
                if attempt == _STARTS - 1:
                    raise

    def _begin_own(self, said: Mapping[str, Any]) -> None:
        for attempt in range(_STARTS):
            try:
                self._ray.init("local", include_dashboard=False, object_store_memory=_STORE_BYTES, **said)
                return
            except Exception:
                # On a machine that is very busy its parts do not find each other in time.
                self._ray.shutdown()
                if attempt == _STARTS - 1:
                    raise


def _differs(error: BaseException) -> Conflict | None:
    """What it means that a machine did not find some of the code that it was to run."""
    said = [line.strip() for line in str(error).splitlines() if any(sign in line for sign in _NOT_FOUND)]
    if not said:
        return None
    hint = "install the same releases of Tilth, with the same extras, on all machines, and start Ray there again"
    return Conflict(f"a machine of the cluster does not have all that this one has ({said[-1]})", hint=hint)


def _gone(error: BaseException) -> Unavailable:
    return Unavailable(
        f"the Ray cluster does not answer any more ({_first_line(error)})", hint="run the same command again; it goes on where it was"
    )


def _first_line(error: BaseException) -> str:
    """What an error says in one line; where the first one only announces others, the last one says it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return lines[-1] if lines[0].endswith(":") else lines[0]
