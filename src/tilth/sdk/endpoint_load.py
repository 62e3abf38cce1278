"""What an endpoint of a run says of itself to the server: that it is there, how many requests came, and how long they took."""

import os
import threading
import time
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from tilth.base.errors import Invalid, TilthError
from tilth.base.forking import renew_after_fork
from tilth.base.ids import new_id
from tilth.client.api import Api
from tilth.sdk.recording import warn

__all__ = ["EndpointLoad"]

_PERIOD_S = 30.0
_GIB = 1024**3
_SAID = ("model_source", "model_version", "tags", "system_tags", "input_size", "input_type", "preprocess_artifact")
_REFERENCES = {"app_id": "app_id", "app_instance": "app_instance", "model": "model", "model_url": "url"}
_NAMES = ("endpoint_name", "model_name", "endpoint_url", "container_id", "report_statistics", "force_register", *_SAID, *_REFERENCES)


class EndpointLoad:
    """One endpoint, as the server lists it. A server that is away misses a report, and the requests go on."""

    def __init__(self, api: Api, task: str, said: Mapping[str, Any], *, url: str) -> None:
        unknown = [name for name in said if name not in _NAMES]
        if unknown:
            raise Invalid(f"endpoint_telemetry has no setting {unknown[0]!r:.60}", hint=f"use {', '.join(_NAMES)}")
        self._api = api
        self._registers = bool(said.get("force_register") or not said.get("container_id"))
        self._reports = bool(said.get("report_statistics", True))
        references = [{"type": kind, "value": said[name]} for name, kind in _REFERENCES.items() if said.get(name)]
        self._about: dict[str, Any] = {
            "container_id": said.get("container_id") or new_id(),
            "endpoint_name": said.get("endpoint_name") or "endpoint",
            "model_name": said.get("model_name") or "model",
            "endpoint_url": said.get("endpoint_url") or url,
            "reference": [{"type": "task", "value": task}, *references],
        } | {name: said[name] for name in _SAID if said.get(name) is not None}
        self._renew()
        renew_after_fork(self._renew)
        self._process = os.getpid()
        self._began = time.monotonic()
        self._all, self._recent, self._took_s = 0, 0, 0.0
        self._since = self._began
        self._ended = threading.Event()
        self._told = False
        self._thread = threading.Thread(target=self._run, name="tilth-endpoint", daemon=True)

    def start(self) -> None:
        """Say that the endpoint is there."""
        if self._registers:
            self._call("serving.register_container", self._about)
        self._thread.start()

    def count(self, took_s: float) -> None:
        """One more request was answered."""
        with self._lock:
            self._all += 1
            self._recent += 1
            self._took_s += took_s

    def stop(self) -> threading.Thread | None:
        """Say that it is gone, in the thread that is returned; a fork says nothing of what its parent serves."""
        if self._process != os.getpid() or not self._thread.is_alive():
            return None
        self._ended.set()
        return self._thread

    def _renew(self) -> None:
        # The parent's lock may have been held by a thread that is not here in a fork.
        self._lock = threading.Lock()

    def _run(self) -> None:
        while not self._ended.wait(_PERIOD_S):
            if self._reports:
                self._report()
        # None can be started when the interpreter ends, so this one says it too.
        if self._reports:
            self._report()
        self._call("serving.unregister_container", {"container_id": self._about["container_id"]})

    def _report(self) -> None:
        with self._lock:
            now = time.monotonic()
            recent, took_s, window_s = self._recent, self._took_s, max(now - self._since, 1e-3)
            self._recent, self._took_s, self._since = 0, 0.0, now
            numbers = {
                "uptime_sec": int(now - self._began),
                "requests_num": self._all,
                "requests_min": round(recent * 60 / window_s, 3),
                "latency_ms": round(1_000 * took_s / recent) if recent else 0,
            }
        psutil = import_module("psutil")
        memory = psutil.virtual_memory()
        machine = {
            "cpu_usage": psutil.cpu_percent(),
            "memory_used": (memory.total - memory.available) / _GIB,
            "memory_free": memory.available / _GIB,
        }
        self._call("serving.container_status_report", self._about | numbers | {"machine_stats": machine})

    def _call(self, name: str, fields: Mapping[str, Any]) -> None:
        try:
            self._api.call(name, **fields)
        except (TilthError, OSError) as error:
            if not self._told:
                self._told = True
                warn(f"the server does not hear of endpoint {self._about['endpoint_name']}: {error}")
