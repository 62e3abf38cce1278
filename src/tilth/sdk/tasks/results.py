"""What a task reported, used and made: metrics, console, plots, datasets, artifacts and models."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tilth.base.errors import Invalid, NotFound, TilthError
from tilth.sdk import dataset_uses, task_artifacts
from tilth.sdk._current import running
from tilth.sdk.artifacts import Artifact
from tilth.sdk.logger import Logger
from tilth.sdk.models import TaskModels, models_of
from tilth.sdk.places import place_of
from tilth.sdk.recording import warn
from tilth.sdk.tasks.record import TaskRecord
from tilth.sdk.watched_tables import WatchedTables
from tilth.sdk.wishes import load_of, wishes

__all__ = ["Results"]

_SAMPLES = 100


class Results(TaskRecord):
    """Reports, datasets, artifacts and models of a task."""

    def get_logger(self) -> Logger:
        """What metrics, plots, images and texts of this task are reported through."""
        if self._logger is None:
            self._logger = Logger(self._recorded())
        return self._logger

    @property
    def logger(self) -> Logger:
        """The same as `get_logger()`."""
        return self.get_logger()

    def upload_artifact(
        self,
        name: str,
        artifact_object: Any,
        metadata: Mapping[str, Any] | None = None,
        delete_after_upload: bool = False,
        auto_pickle: bool | None = None,
        preview: Any = None,
        wait_on_upload: bool = False,
        extension_name: str | None = None,
        serialization_function: Callable[[Any], bytes | bytearray] | None = None,
        retries: int = 0,
        sort_keys: bool = True,
    ) -> bool:
        """Keep an object or a file with the task, under a name; a later one of that name replaces it.

        Returns when it is written down; False, and one warning, if this machine has no room for it. With `wait_on_upload` it waits until it
        is where it is kept: a server that is away is asked `retries` more times; False if it is still away, and then the artifact arrives
        later. `Invalid` if it can't be written as a file. A `pandas.DataFrame` becomes CSV, beside which its types are recorded.
        """
        written = task_artifacts.upload(
            self,
            name,
            artifact_object,
            metadata=metadata,
            delete=delete_after_upload,
            auto_pickle=auto_pickle,
            preview=preview,
            extension_name=extension_name,
            serialization_function=serialization_function,
            sort_keys=sort_keys,
        )
        if not written or not wait_on_upload:
            return written
        return any(self.flush(wait_for_uploads=True) for _ in range(1 + max(0, retries)))

    def register_artifact(
        self, name: str, artifact: Any, metadata: Mapping[str, Any] | None = None, uniqueness_columns: bool | Sequence[str] = True
    ) -> None:
        """Keep a `pandas.DataFrame` with the task that runs here, and keep it again whenever it changed, until the task ends.

        It is looked at every half minute, by `flush`, and at the end. Rows count as different that differ in `uniqueness_columns`, or in
        any column; the artifact says how many there are. A server that is away gets the newest state when it is back.
        """
        if not self._is_live:
            raise Invalid("the task does not run here", hint="use upload_artifact for a task that another process runs")
        if self._tables is None:
            self._tables = WatchedTables(self)
        self._tables.add(name, artifact, metadata, uniqueness_columns)

    def unregister_artifact(self, name: str) -> None:
        """Look at a registered table no more. What was kept of it stays."""
        if self._tables is None:
            raise Invalid(f"no table {name!r:.100} is registered", hint="register_artifact registers one")
        self._tables.remove(name)

    def get_registered_artifacts(self) -> Mapping[str, Any]:
        """The tables that are registered, by name."""
        return self._tables.frames if self._tables is not None else {}

    def delete_artifacts(
        self,
        artifact_names: Sequence[str],
        raise_on_errors: bool = True,
        delete_from_storage: bool = True,
        silent_on_errors: bool = False,
    ) -> bool:
        """Remove artifacts by name, with their files unless told otherwise; False if a file could not be deleted, or one is not there."""
        api, known = self._kept(), self.artifacts
        missing = [name for name in artifact_names if name not in known]
        try:
            if missing:
                raise NotFound(f"task {self.id} has no artifact {missing[0]!r:.100}", hint="look at task.artifacts")
            for name in artifact_names:
                if delete_from_storage and known[name].url:
                    place_of(self._home, known[name].url).delete()
            keys = [{"key": name, "mode": known[name].mode} for name in artifact_names]
            api.call("tasks.delete_artifacts", task=self.id, force=True, artifacts=keys)
        except TilthError as error:
            if raise_on_errors:
                raise
            if not silent_on_errors:
                warn(str(error))
            return False
        return True

    @property
    def artifacts(self) -> Mapping[str, Artifact]:
        """The task's artifacts by name."""
        return task_artifacts.of(self._home, self._fresh())

    @property
    def models(self) -> TaskModels:
        """The models that the task takes, `input`, and makes, `output`: lists in the order in which they came, and by name."""
        return models_of(self._fresh())

    def get_models(self) -> TaskModels:
        """The same."""
        return self.models

    def get_datasets(self) -> list[dict[str, Any]]:
        """The versions of datasets that the task got, in that order: dictionaries with id, project, name, version and aliases."""
        return dataset_uses.datasets_of(self._home, self._fresh())

    def get_reported_scalars(self, max_samples: int = 0, x_axis: str = "iter") -> dict[str, Any]:
        """Every curve: `{title: {series: {"x": [...], "y": [...]}}}`, thinned to `max_samples` points if that is given."""
        self.flush()
        found: dict[str, Any] = self._kept().call(
            "events.scalar_metrics_iter_histogram", task=self.id, key=x_axis, samples=max_samples or 6_000
        )
        return found

    def get_last_scalar_metrics(self) -> dict[str, dict[str, dict[str, float]]]:
        """Of every curve its last, smallest and largest value: `{title: {series: {"last", "min", "max"}}}`."""
        found: dict[str, dict[str, dict[str, float]]] = {}
        for variants in (self._fresh().get("last_metrics") or {}).values():
            for item in variants.values():
                values = {"last": item["value"], "min": item["min_value"], "max": item["max_value"]}
                found.setdefault(item["metric"], {})[item["variant"]] = values
        return found

    def get_reported_single_values(self) -> dict[str, float]:
        """What `report_single_value` reported."""
        self.flush()
        tasks = self._kept().call("events.get_task_single_value_metrics", tasks=[self.id])["tasks"]
        return {item["variant"]: item["value"] for task in tasks for item in task["values"]}

    def get_reported_single_value(self, name: str) -> float | None:
        """One of them; None if it was not reported."""
        return self.get_reported_single_values().get(name)

    def get_reported_console_output(self, number_of_reports: int = 1) -> list[str]:
        """The last reports of the console, the oldest first: as many as are asked for, or all that there are."""
        self.flush()
        api, found = self._kept(), list[str]()
        before = None
        while len(found) < number_of_reports:
            wanted = number_of_reports - len(found)
            page = api.call(
                "events.get_task_log", task=self.id, batch_size=wanted, order="asc", navigate_earlier=True, from_timestamp=before
            )["events"]
            if not page:
                break
            found[:0] = [event["msg"] for event in page]
            before = page[0]["timestamp"]  # all of its millisecond are on the page
        return found[-number_of_reports:] if number_of_reports > 0 else []

    def get_reported_plots(self, max_iterations: int | None = None) -> list[dict[str, Any]]:
        """The plots, as events whose `plot_str` is Plotly's JSON."""
        self.flush()
        found: list[dict[str, Any]] = self._kept().call("events.get_task_plots", task=self.id, iters=max_iterations or 1, no_scroll=True)[
            "plots"
        ]
        return found

    def get_debug_samples(self, title: str, series: str, n_last_iterations: int | None = None) -> list[dict[str, Any]]:
        """The debug samples of a series in its last iterations (100), the newest first: dictionaries with `url`, `iter` and more.

        `StorageManager.get_local_copy` fetches what lies at a `url`.
        """
        wanted = _SAMPLES if n_last_iterations is None else n_last_iterations
        if wanted < 1:
            raise Invalid(f"n_last_iterations is {n_last_iterations}", hint="use 1 or more, or leave it out")
        self.flush(wait_for_uploads=True)
        asked = {"metrics": [{"task": self.id, "metric": title, "variants": [series]}]}
        found: list[dict[str, Any]] = []
        scroll = None
        while len(found) < wanted:
            page = self._kept().call("events.debug_images", **asked, iters=min(wanted - len(found), 1_000), scroll_id=scroll)
            events = [event for task in page["metrics"] for iteration in task["iterations"] for event in iteration["events"]]
            if not events:
                break
            found += events
            scroll = page["scroll_id"]
        return found

    def get_last_iteration(self) -> int:
        """The largest iteration that was reported."""
        if self._is_live and self._recording is not None and self._recording.reporter.last_iteration:
            return self._recording.reporter.last_iteration
        return int(self._fresh().get("last_iteration") or 0)

    def set_initial_iteration(self, offset: int = 0) -> int:
        """Add `offset` to every iteration that is reported from now on."""
        self._recorded().reporter.offset = offset
        return offset

    def get_initial_iteration(self) -> int:
        """What is added to every iteration."""
        return self._recorded().reporter.offset

    def set_progress(self, progress: int) -> None:
        """Say how far the work is, in per cent."""
        if not 0 <= progress <= 100:
            raise Invalid(f"progress is {progress}, which is no percentage", hint="use a number from 0 to 100")
        self._set_runtime({"progress": str(progress)})

    def get_progress(self) -> int | None:
        """How far the work is, in per cent."""
        found = (self._data.get("runtime") or {}).get("progress")
        return None if found is None else int(found)

    def get_status_message(self) -> tuple[str | None, str | None]:
        """The state of the task, and what was said of it."""
        found = self._fresh()
        return found.get("status"), found.get("status_message")

    @property
    def resource_monitor(self) -> Any:
        """What samples the load of the machine for the task that runs here; None if nothing does."""
        return self._watched.resources

    @classmethod
    def set_resource_monitor_iteration_timeout(
        cls,
        seconds_from_start: float = 30.0,
        wait_for_first_iteration_to_start_sec: float = 180.0,
        max_wait_for_first_iteration_to_start_sec: float = 1_800.0,
    ) -> bool:
        """Say when the load of the machine is reported by seconds, and when by iterations: for tasks that begin, and the one that runs.

        The first report is due after `seconds_from_start`. If by then the run reported nothing at an iteration, nothing is said until it
        does, or until `wait_for_first_iteration_to_start_sec` are over: then the seconds since the beginning stand for iterations. Those
        take their place again if they come before `max_wait_for_first_iteration_to_start_sec` are over.
        """
        said = {
            "seconds_from_start": seconds_from_start,
            "wait_for_first_iteration_to_start_sec": wait_for_first_iteration_to_start_sec,
            "max_wait_for_first_iteration_to_start_sec": max_wait_for_first_iteration_to_start_sec,
        }
        wishes.load = load_of(said, wishes.load)
        task = running()
        if task is not None and task.resource_monitor is not None:
            task.resource_monitor.load = load_of(said, task.resource_monitor.load)
        return True
