"""Models that a task makes: made known at once, their files kept whenever training has a new one."""

import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

from tilth.base.errors import Invalid, PathNotFound, Unavailable
from tilth.base.ids import new_id
from tilth.sdk._current import current_home, running
from tilth.sdk.archives import zip_files
from tilth.sdk.destinations import can_wait, named_place
from tilth.sdk.model_facts import BaseModel
from tilth.sdk.model_records import PACKAGE, ModelRecord, checked_labels, checked_name, checked_tags, design_of, framework_of
from tilth.sdk.places import OwnPlace, place_of
from tilth.wire.own_files import localised_address

if TYPE_CHECKING:
    from tilth.sdk.task import Task

__all__ = ["OutputModel"]

Described = Callable[[str, str], dict[str, Any]]
"""What changes with a file: by its address and its name."""


class OutputModel(BaseModel):
    """A model that a task makes. Its file is set, and set again, by `update_weights`."""

    _default_upload_uri: ClassVar[str | None] = None
    _tasks: ClassVar["weakref.WeakSet[Task]"] = weakref.WeakSet()
    _names: ClassVar[dict[tuple[str, str], str]] = {}
    """Whose file has a name among those of a task."""

    def __init__(
        self,
        task: "Task | None" = None,
        config_text: str | None = None,
        config_dict: Mapping[str, Any] | None = None,
        label_enumeration: Mapping[str, int] | None = None,
        name: str | None = None,
        tags: Sequence[str] | None = None,
        comment: str | None = None,
        framework: str | None = None,
        base_model_id: "str | BaseModel | None" = None,
    ) -> None:
        maker: Task | None = task if task is not None else running()
        if maker is None:
            raise Invalid("no task is given, and none is running", hint="call Task.init first, or give task")
        base = base_model_id.id if isinstance(base_model_id, BaseModel) else base_model_id
        inherits = maker.get_configuration_object("General") if config_text is None and config_dict is None else None
        document: dict[str, Any] = {
            "id": new_id(),
            "uri": "",
            "name": checked_name(name or maker.name),
            "task": maker.id,
            "ready": False,
            "tags": checked_tags(tags),
            "comment": comment or f"Created by task id: {maker.id}",
            "framework": framework,
            "design": design_of(inherits or config_text, config_dict),
            "labels": checked_labels(label_enumeration) or maker.get_labels_enumeration(),
            "parent": base,
        }
        super().__init__(ModelRecord(maker._home, document["id"], task=maker, document={"system_tags": [], "metadata": {}} | document))
        self._task = maker
        self._upload_uri: str | None = None
        self._tasks.add(maker)
        self._record.call("models.create", **document)
        self.connect(maker)

    @property
    def config_text(self) -> str:
        """Its configuration."""
        return super().config_text

    @config_text.setter
    def config_text(self, text: str) -> None:
        self.update_design(config_text=text)

    @property
    def config_dict(self) -> dict[str, Any]:
        """Its configuration as a dictionary."""
        return super().config_dict

    @config_dict.setter
    def config_dict(self, given: Mapping[str, Any]) -> None:
        self.update_design(config_dict=given)

    @property
    def labels(self) -> dict[str, int]:
        """The number that each class has."""
        return super().labels

    @labels.setter
    def labels(self, labels: Mapping[str, int]) -> None:
        self.update_labels(labels)

    @property
    def upload_storage_uri(self) -> str | None:
        """Where its files go; None if among the server's own."""
        return self._destination(None)

    def connect(self, task: "Task", name: str | None = None, **kwargs: Any) -> None:
        """Say that a task makes this model; `name` is what it is called there."""
        if kwargs:
            raise Invalid(f"connect does not take {', '.join(kwargs)}", hint="give task and name")
        self._record.call("tasks.add_or_update_model", task=task.id, name=name or self.name, model=self.id, type="output")

    def set_upload_destination(self, uri: str) -> None:
        """Let files go somewhere else than to the server: a folder, or another address that can be written."""
        place_of(self._record.home, uri)
        self._upload_uri = uri

    def update_weights(
        self,
        weights_filename: str | None = None,
        upload_uri: str | None = None,
        target_filename: str | None = None,
        auto_delete_file: bool = True,
        register_uri: str | None = None,
        iteration: int | None = None,
        update_comment: bool = True,
        is_package: bool = False,
        async_enable: bool = True,
    ) -> str:
        """Keep a file as the model's, and return its address; with `register_uri`, only note where it lies already.

        The file is deleted here unless `auto_delete_file` is off. For the running task it is written down and sent by and by, unless
        `async_enable` is off.
        """
        if (weights_filename is None) == (register_uri is None):
            raise Invalid("a model's file is given once", hint="give weights_filename, or register_uri")
        if register_uri is not None:
            fields = self._described(register_uri, PurePosixPath(register_uri).name, iteration, comment=update_comment, package=is_package)
            self._record.edit(**fields)
            return register_uri
        source = Path(weights_filename or "").expanduser()
        if source.is_dir():
            return self.update_weights_package(
                weights_path=str(source), upload_uri=upload_uri, target_filename=target_filename, auto_delete_file=auto_delete_file,
                iteration=iteration, async_enable=async_enable,
            )  # fmt: skip
        if not source.is_file():
            raise PathNotFound(f"{source} does not exist", hint="save the model first, or give the right path")
        return self._upload(
            source,
            _file_name(target_filename or source.name),
            self._destination(upload_uri),
            lambda uri, name: self._described(uri, name, iteration, comment=update_comment, package=is_package),
            delete=auto_delete_file,
            wait=not async_enable,
        )

    def update_weights_package(
        self,
        weights_filenames: Sequence[str] | None = None,
        weights_path: str | None = None,
        upload_uri: str | None = None,
        target_filename: str | None = None,
        auto_delete_file: bool = True,
        iteration: int | None = None,
        async_enable: bool = True,
    ) -> str:
        """Keep several files, or a folder, as the model's: as one archive that is extracted again where it is taken."""
        if (weights_filenames is None) == (weights_path is None):
            raise Invalid("a package's files are given once", hint="give weights_filenames, or weights_path")
        folder, files = _package_files(weights_filenames, weights_path)
        scratch = Path(tempfile.mkdtemp(prefix="tilth-model-"))
        try:
            archive = scratch / _file_name(target_filename or f"{folder.name if weights_path else self.name}.zip")
            if archive.suffix != ".zip":
                archive = archive.with_name(f"{archive.name}.zip")
            zip_files(archive, folder, files)
            uri = self.update_weights(
                weights_filename=str(archive), upload_uri=upload_uri, iteration=iteration, is_package=True, async_enable=async_enable
            )
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        if auto_delete_file:
            for file in files:
                file.unlink(missing_ok=True)
        return uri

    def update_design(self, config_text: str | None = None, config_dict: Mapping[str, Any] | None = None) -> bool:
        """Set the configuration, as text or as a dictionary."""
        design = design_of(config_text, config_dict)
        if design is None:
            raise Invalid("no configuration is given", hint="give config_text or config_dict")
        self._record.edit(design=design)
        return True

    def update_labels(self, labels: Mapping[str, int]) -> None:
        """Set the number that each class has."""
        self._record.edit(labels=checked_labels(labels) or {})

    @classmethod
    def wait_for_uploads(cls, timeout: float | None = None, max_num_uploads: int | None = None) -> None:
        """Wait until the files of this process's models are where they are kept; `Unavailable` if they are not in time."""
        if max_num_uploads is not None and max_num_uploads < 1:
            return
        for task in list(cls._tasks):
            recording = task._recording
            if recording is not None and not recording.flush(timeout):
                raise Unavailable("not every model is where it is kept", hint="they are sent later: `tilth sync`")

    @classmethod
    def set_default_upload_uri(cls, output_uri: str | None) -> None:
        """Say for every model of this process where files go; None lets them go to the server."""
        if output_uri is not None:
            place_of(current_home(), output_uri)
        cls._default_upload_uri = output_uri

    def _destination(self, given: str | None) -> str | None:
        """Where files go; None if among the server's own, below the task's folder."""
        chosen = given or self._upload_uri or self._default_upload_uri or self._task.output_uri
        return None if named_place(self._record.home, chosen) is None else chosen

    def _upload(self, source: Path, name: str, destination: str | None, described: Described, *, delete: bool, wait: bool) -> str:
        recording = self._task._recorded()
        folder = recording.reporter.folder
        owner = self._names.setdefault((self._task.id, name), self.id)
        place = f"models/{name}" if owner == self.id else f"models/{self.id}/{name}"
        home = self._record.home
        target = (OwnPlace(home, folder) if destination is None else place_of(home, destination).at(folder)).at(place)
        fields = described(target.address, name)
        if self._record.is_live and (destination is None or can_wait(recording, target)):
            edit = {"model": self.id, **fields}
            to = "" if destination is None else target.address
            recording.upload(source, name=place, delete=delete, call="models.edit", fields=edit, replaces=True, address=to)
            self._record.remember(**fields)
            if wait and not recording.flush(None):
                raise Unavailable(f"{name} is not where it is kept yet", hint="it is sent later: `tilth sync`")
            return localised_address(target.address, home.files_urls)
        target.put(source)
        self._record.edit(**fields)
        if delete:
            source.unlink(missing_ok=True)
        return localised_address(target.address, home.files_urls)

    def _described(self, uri: str, file: str, iteration: int | None, *, comment: bool, package: bool) -> dict[str, Any]:
        """What changes with the file."""
        fields: dict[str, Any] = {"uri": uri}
        if self.framework is None and (guessed := framework_of(file)):
            fields["framework"] = guessed
        if iteration is not None:
            fields["iteration"] = iteration
        if comment:
            said = [line for line in self.comment.splitlines() if not line.startswith("snapshot ")]
            fields["comment"] = "\n".join([f"snapshot {file} stored", *said])
        tags = [tag for tag in self.system_tags if tag != PACKAGE] + ([PACKAGE] if package else [])
        if tags != self.system_tags:
            fields["system_tags"] = tags
        return fields


def _package_files(names: Sequence[str] | None, folder: str | None) -> tuple[Path, list[Path]]:
    if folder is not None:
        place = Path(folder).expanduser().absolute()
        files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
        place = place.parent if place.is_file() else place
    else:
        files = [Path(name).expanduser().absolute() for name in names or ()]
        place = Path(os.path.commonpath([file.parent for file in files])) if files else Path()
    missing = [file for file in files if not file.is_file()]
    if missing or not files:
        raise PathNotFound(f"{missing[0] if missing else folder or 'weights_filenames'} holds no file", hint="give files that exist")
    return place, files


def _file_name(name: str) -> str:
    if not name or "/" in name or "\\" in name or name in (".", "..") or any(ord(letter) < 32 for letter in name) or len(name) > 250:
        raise Invalid(f"{name!r:.100} can't be the name of a file", hint="use a name without a folder")
    return name
