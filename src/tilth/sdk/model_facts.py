"""What every model has: names, tags, metadata, a file, reports."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tilth.base.errors import Invalid, NotFound, TilthError
from tilth.client.outbox import Outbox
from tilth.sdk.archives import is_archive
from tilth.sdk.dataset_uses import datasets_of
from tilth.sdk.fetching import fetch, fetch_unpacked
from tilth.sdk.finishing import flush_at_exit
from tilth.sdk.logger import Logger
from tilth.sdk.model_records import PACKAGE, ModelRecord, checked_name, checked_tags, parsed_design
from tilth.sdk.recording import Recording, warn
from tilth.sdk.reporting import Reporter
from tilth.wire.own_files import localised_address

__all__ = ["BaseModel"]


class BaseModel:
    """What every model has; what is set is set on the server."""

    def __init__(self, record: ModelRecord) -> None:
        self._record = record
        self._logger: Logger | None = None

    @property
    def id(self) -> str:
        """32 hexadecimal digits."""
        return self._record.id

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self._data.get("name") or "")

    @name.setter
    def name(self, name: str) -> None:
        self._record.edit(name=checked_name(name))

    @property
    def comment(self) -> str:
        """What is said of it."""
        return str(self._data.get("comment") or "")

    @comment.setter
    def comment(self, comment: str) -> None:
        self._record.edit(comment=comment)

    @property
    def tags(self) -> list[str]:
        """Its tags."""
        return list(self._data.get("tags") or ())

    @tags.setter
    def tags(self, tags: Sequence[str]) -> None:
        self._record.edit(tags=checked_tags(tags))

    @property
    def system_tags(self) -> list[str]:
        """Tags that mean something to the server, such as `archived`."""
        return list(self._data.get("system_tags") or ())

    @property
    def labels(self) -> dict[str, int]:
        """The number that each class has."""
        return dict(self._data.get("labels") or {})

    @property
    def framework(self) -> str | None:
        """What it was made with, such as `PyTorch`."""
        found: str | None = self._data.get("framework")
        return found

    @property
    def url(self) -> str | None:
        """Where its file lies; None if it has none yet."""
        return localised_address(self._data.get("uri") or "", self._record.home.files_urls) or None

    @property
    def config_text(self) -> str:
        """Its configuration."""
        design = self._data.get("design")
        text = design.get("design", "") if isinstance(design, Mapping) else design or ""
        return str(text)

    @property
    def config_dict(self) -> dict[str, Any]:
        """Its configuration as a dictionary; `Invalid` if it is none."""
        return parsed_design(self.config_text)

    @property
    def task(self) -> str | None:
        """The id of the task that made it."""
        found: str | None = self._data.get("task")
        return found

    @property
    def original_task(self) -> str | None:
        """The id of the task that made it."""
        return self.task

    def get_datasets(self) -> list[dict[str, Any]]:
        """The versions of datasets that the task got which made it: dictionaries with id, project, name, version and aliases."""
        if self._record.task is not None and self._record.is_live:
            found: list[dict[str, Any]] = self._record.task.get_datasets()
            return found
        home = self._record.home
        return datasets_of(home, home.api.call("tasks.get_by_id", task=self.task)["task"]) if self.task else []

    @property
    def project(self) -> str | None:
        """The id of its project."""
        found: str | None = self._data.get("project")
        return found

    @property
    def parent(self) -> str | None:
        """The id of the model that it came from."""
        found: str | None = self._data.get("parent")
        return found

    @property
    def published(self) -> bool:
        """Whether it is ready for others."""
        return bool(self._data.get("ready"))

    @property
    def is_package(self) -> bool:
        """Whether its file is an archive of several."""
        return PACKAGE in self.system_tags

    def publish(self) -> None:
        """Mark it as ready for others."""
        self._record.call("models.set_ready", model=self.id, publish_task=False)
        self._record.remember(ready=True)

    def archive(self) -> None:
        """Put it out of sight; nothing is deleted."""
        self._record.call("models.archive_many", ids=[self.id])
        self._record.remember(system_tags=[*(tag for tag in self.system_tags if tag != "archived"), "archived"])

    def unarchive(self) -> None:
        """Bring it back."""
        self._record.call("models.unarchive_many", ids=[self.id])
        self._record.remember(system_tags=[tag for tag in self.system_tags if tag != "archived"])

    # --- metadata -----------------------------------------------------------------------------------------------------

    def get_metadata(self, key: str) -> str | None:
        """What is noted under a key, as text; None if nothing is."""
        found = self.get_all_metadata().get(key)
        return None if found is None else found.get("value")

    def get_metadata_casted(self, key: str) -> Any:
        """What is noted under a key, as what its type says; None if nothing is."""
        found = self.get_all_metadata().get(key)
        return None if found is None else _cast(found)

    def get_all_metadata(self) -> dict[str, dict[str, str]]:
        """Everything that is noted: value and type by key."""
        return {key: dict(item) for key, item in (self._data.get("metadata") or {}).items()}

    def get_all_metadata_casted(self) -> dict[str, dict[str, Any]]:
        """The same with values as what their types say."""
        return {key: item | {"value": _cast(item)} for key, item in self.get_all_metadata().items()}

    def set_metadata(self, key: str, value: Any, v_type: str | None = None) -> bool:
        """Note something under a key; `v_type` is the name of its type, such as `float`."""
        return self.set_all_metadata({key: {"value": value} | ({"type": v_type} if v_type else {})}, replace=False)

    def set_all_metadata(self, metadata: Mapping[str, Mapping[str, Any]], replace: bool = True) -> bool:
        """Note several things, `{key: {"value": ..., "type": ...}}`; with `replace`, nothing else stays."""
        items = [_metadata_item(key, item) for key, item in metadata.items()]
        known = {} if replace else self.get_all_metadata()
        self._record.call("models.add_or_update_metadata", model=self.id, metadata=items, replace_metadata=replace)
        self._record.remember(metadata=known | {item["key"]: item for item in items})
        return True

    # --- its file -----------------------------------------------------------------------------------------------------

    def get_local_copy(self, extract_archive: bool | None = None, raise_on_error: bool = False, force_download: bool = False) -> str | None:
        """The path of a copy on this machine; of a package, unless told otherwise, of a folder with its files. None if there is none."""
        try:
            return str(self._local(extract_archive, force=force_download))
        except TilthError as error:
            if raise_on_error:
                raise
            warn(f"there is no copy of model {self.id}: {error}")
            return None

    def get_weights(self, raise_on_error: bool = False, force_download: bool = False, extract_archive: bool = False) -> str | None:
        """The path of a copy of its file."""
        return self.get_local_copy(extract_archive=extract_archive, raise_on_error=raise_on_error, force_download=force_download)

    def get_weights_package(
        self,
        return_path: bool = False,
        raise_on_error: bool = False,
        force_download: bool = False,
        extract_archive: bool = True,
    ) -> str | list[Path] | None:
        """The files of a package on this machine, or with `return_path` the folder that they lie in."""
        folder = self.get_local_copy(extract_archive=extract_archive, raise_on_error=raise_on_error, force_download=force_download)
        if folder is None or return_path:
            return folder
        place = Path(folder)
        return sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]

    # --- reports ------------------------------------------------------------------------------------------------------

    def get_logger(self) -> Logger:
        """What curves, plots, pictures and texts of this model are reported through."""
        if self._logger is None:
            self._logger = Logger(_reports_of(self._record))
        return self._logger

    def report_scalar(self, title: str, series: str, value: float, iteration: int) -> None:
        """One point of a curve of this model."""
        self.get_logger().report_scalar(title, series, value, iteration)

    def report_single_value(self, name: str, value: float) -> None:
        """A value of this model that belongs to no iteration."""
        self.get_logger().report_single_value(name, value)

    @property
    def report_histogram(self) -> Callable[..., None]:
        """As `Logger.report_histogram`, of this model; so are those that follow."""
        return self.get_logger().report_histogram

    @property
    def report_vector(self) -> Callable[..., None]:
        return self.get_logger().report_vector

    @property
    def report_table(self) -> Callable[..., None]:
        return self.get_logger().report_table

    @property
    def report_line_plot(self) -> Callable[..., None]:
        return self.get_logger().report_line_plot

    @property
    def report_scatter2d(self) -> Callable[..., None]:
        return self.get_logger().report_scatter2d

    @property
    def report_scatter3d(self) -> Callable[..., None]:
        return self.get_logger().report_scatter3d

    @property
    def report_confusion_matrix(self) -> Callable[..., None]:
        return self.get_logger().report_confusion_matrix

    @property
    def report_matrix(self) -> Callable[..., None]:
        return self.get_logger().report_matrix

    @property
    def report_surface(self) -> Callable[..., None]:
        return self.get_logger().report_surface

    # --- inside -------------------------------------------------------------------------------------------------------

    @property
    def _data(self) -> Mapping[str, Any]:
        return self._record.read()

    def _local(self, extract: bool | None, *, force: bool) -> Path:
        if self._record.is_live and self._record.task is not None:
            self._record.task.flush(wait_for_uploads=True)
        url = self.url
        if not url:
            raise NotFound(f"model {self.id} has no file", hint="it was not uploaded yet")
        home = self._record.home
        unpacked = self.is_package if extract is None else extract and is_archive(url)
        return fetch_unpacked(home, url, force=force) if unpacked else fetch(home, url, force=force)


class _Reports:
    """Sends what a model reports."""

    def __init__(self, recording: Recording, reporter: Reporter) -> None:
        self._recording = recording
        self.reporter = reporter

    @property
    def period_s(self) -> float:
        """How long reports may gather."""
        return self._recording.period_s

    @period_s.setter
    def period_s(self, period_s: float) -> None:
        self._recording.period_s = period_s

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until everything has arrived."""
        return self._recording.flush(timeout_s)


class _InTurn:
    """An outbox whose events are calls among the others: a model's events come after the call that makes it."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.folder = outbox.folder

    def event(self, line: bytes) -> None:
        """Write down an event."""
        self._outbox.call("events.add", msgspec.json.decode(line))

    def upload(self, source: Path, **how: Any) -> None:
        """Write down an upload."""
        self._outbox.upload(source, **how)


def _reports_of(record: ModelRecord) -> _Reports:
    """What a model's reports go out through: with those of the task that runs and makes it, or by themselves."""
    if record.task is not None and record.is_live:
        recording = record.task._recorded()
        outbox: Any = _InTurn(recording.outbox)
        folder = f"{recording.reporter.folder}/models"
    else:
        recording = Recording(record.home, record.id, folder=f"models/{record.id}")
        flush_at_exit(recording)
        outbox, folder = recording.outbox, recording.reporter.folder
    return _Reports(recording, Reporter(outbox, record.id, folder=folder, is_model=True))


def _metadata_item(key: Any, item: Any) -> dict[str, str]:
    if not isinstance(key, str) or not key or not isinstance(item, Mapping) or "value" not in item:
        raise Invalid(f"metadata {key!r:.60} has no value", hint='use {"key": {"value": "...", "type": "float"}}')
    value = item["value"]
    return {"key": key, "type": str(item.get("type") or type(value).__name__), "value": str(value)}


def _cast(item: Mapping[str, str]) -> Any:
    value, kind = item.get("value"), item.get("type")
    if value is None:
        return None
    try:
        match kind:
            case "int":
                return int(value)
            case "float":
                return float(value)
            case "bool":
                return value.strip().lower() in ("true", "1", "yes")
    except ValueError:
        return value
    return value
