"""Models of the registry: found by names, tags and metadata, taken by tasks, deleted."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from tilth.base.errors import Invalid, ModelNotFound, TilthError
from tilth.base.ids import is_id
from tilth.client.api import Api
from tilth.sdk import beginning
from tilth.sdk._current import current_home, running
from tilth.sdk.home import Home
from tilth.sdk.model_facts import BaseModel
from tilth.sdk.model_records import (
    PACKAGE,
    ModelRecord,
    checked_labels,
    checked_name,
    checked_tags,
    design_of,
    find_models,
    framework_of,
    require_model,
)
from tilth.sdk.output_models import OutputModel
from tilth.sdk.places import place_of
from tilth.sdk.recording import warn

if TYPE_CHECKING:
    from tilth.sdk.task import Task

__all__ = ["InputModel", "Model", "ModelList", "OutputModel", "TaskModels", "models_of"]


class Model(BaseModel):
    """A model of the registry, by its id."""

    def __init__(self, model_id: str) -> None:
        home = current_home()
        super().__init__(ModelRecord(home, model_id, document=_required(home, model_id)))

    @classmethod
    def query_models(
        cls,
        project_name: str | None = None,
        model_name: str | None = None,
        tags: Sequence[str] | None = None,
        only_published: bool = False,
        include_archived: bool = False,
        max_results: int | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> "list[Model]":
        """The models that fit all that is given, the newest first. A tag that begins with `-` must not be there."""
        _arrived()
        found = find_models(
            current_home().api,
            project=project_name,
            name=model_name,
            tags=tags,
            only_published=only_published,
            archived=include_archived,
            metadata=metadata,
            most=max_results,
        )
        return [cls._of(document) for document in found]

    @classmethod
    def remove(cls, model: "Model | str", delete_weights_file: bool = True, force: bool = False, raise_on_errors: bool = False) -> bool:
        """Delete a model, and its file unless told otherwise; one that is published, or that tasks take, only by force.

        False, and one line for a person, if it can't be.
        """
        home = current_home()
        id = model if isinstance(model, str) else model.id
        _arrived()
        try:
            url = _asked(home).call("models.delete", model=id, force=force).get("url")
            if delete_weights_file and url:
                place_of(home, url).delete()
        except TilthError as error:
            if raise_on_errors:
                raise
            warn(f"model {id}: {error}")
            return False
        return True

    @classmethod
    def _of(cls, document: Mapping[str, Any]) -> "Model":
        made = cls.__new__(cls)
        BaseModel.__init__(made, ModelRecord(current_home(), document["id"], document=document))
        return made


class InputModel(BaseModel):
    """A model that a task begins with: one of the registry, or a file from anywhere that is made known to it."""

    def __init__(
        self,
        model_id: str | None = None,
        name: str | None = None,
        project: str | None = None,
        tags: Sequence[str] | None = None,
        only_published: bool = False,
    ) -> None:
        home = current_home()
        if model_id:
            document = _required(home, model_id)
        elif name is None and project is None and not tags:
            raise Invalid("no model is named", hint="give model_id, or a name, a project or tags")
        else:
            found = find_models(home.api, project=project, name=name, tags=tags, only_published=only_published, most=1)
            if not found:
                raise ModelNotFound(f"no model is called {name!r} in project {project!r} with tags {list(tags or ())}", hint="check them")
            document = found[0]
        super().__init__(ModelRecord(home, document["id"], document=document))

    @classmethod
    def import_model(
        cls,
        weights_url: str,
        config_text: str | None = None,
        config_dict: Mapping[str, Any] | None = None,
        label_enumeration: Mapping[str, int] | None = None,
        name: str | None = None,
        project: str | None = None,
        tags: Sequence[str] | None = None,
        comment: str | None = None,
        is_package: bool = False,
        create_as_published: bool = False,
        framework: str | None = None,
    ) -> "InputModel":
        """Make a file known as a model, and return it; the model that has this file already, if there is one."""
        known = cls.load_model(weights_url)
        if known is not None:
            return known
        home = current_home()
        address = place_of(home, weights_url).address if "://" not in weights_url else weights_url
        return cls._created(
            uri=address,
            name=checked_name(name or PurePosixPath(weights_url.partition("?")[0]).stem or "model"),
            project_name=project,
            design=design_of(config_text, config_dict),
            labels=checked_labels(label_enumeration),
            tags=checked_tags(tags),
            comment=comment,
            system_tags=[PACKAGE] if is_package else None,
            framework=framework or framework_of(weights_url),
            ready=create_as_published,
        )

    @classmethod
    def load_model(cls, weights_url: str, load_archived: bool = False) -> "InputModel | None":
        """The model that has this file; None if none has."""
        home = current_home()
        address = place_of(home, weights_url).address if "://" not in weights_url else weights_url
        found = find_models(_asked(home), uri=address, archived=load_archived, most=1)
        return cls(model_id=found[0]["id"]) if found else None

    @classmethod
    def empty(
        cls,
        config_text: str | None = None,
        config_dict: Mapping[str, Any] | None = None,
        label_enumeration: Mapping[str, int] | None = None,
    ) -> "InputModel":
        """A model without a file: a configuration and labels to begin with."""
        design = design_of(config_text, config_dict)
        return cls._created(uri="", name="empty", design=design, labels=checked_labels(label_enumeration), ready=False)

    def connect(self, task: "Task", name: str | None = None, ignore_remote_overrides: bool = False) -> None:
        """Say that a task begins with this model. A model that somebody set in a task that an agent runs is taken instead."""
        link = name or self.name
        if not ignore_remote_overrides:
            before = {item["name"]: item["model"] for item in (task.data.get("models") or {}).get("input") or ()}
            if before.get(link) not in (None, self.id) and beginning.is_remote():
                self._record = ModelRecord(self._record.home, before[link], document=require_model(self._record.home.api, before[link]))
        task._change("tasks.add_or_update_model", task=task.id, name=link, model=self.id, type="input")

    @classmethod
    def _created(cls, **fields: Any) -> "InputModel":
        return cls(model_id=_asked(current_home()).call("models.create", **fields)["id"])


def _asked(home: Home) -> Api:
    """How a home is asked: with patience, but not inside of a recorded run, which waits for no server that is away."""
    return home.api if running() is None else home.reporting[0]


def _arrived() -> None:
    """Wait for what this process's run has said of models and is on its way."""
    live = running()
    if live is not None:
        live.flush(wait_for_uploads=True)


def _required(home: Home, id: str) -> dict[str, Any]:
    """A model by its id, also one that the run here has just made."""
    try:
        return require_model(_asked(home), id)
    except ModelNotFound:
        if running() is None or not is_id(str(id)):
            raise
        _arrived()
        return require_model(_asked(home), id)


class ModelList(list[Model]):
    """The models of a task, in the order in which they came; by name as well."""

    def __init__(self, named: Sequence[tuple[str, Model]]) -> None:
        super().__init__(model for _, model in named)
        self._named = dict(named)

    def __getitem__(self, key: Any) -> Any:
        return self._named[key] if isinstance(key, str) else super().__getitem__(key)

    def keys(self) -> list[str]:
        """The names that the task has for them."""
        return list(self._named)

    def get(self, key: str, default: Model | None = None) -> Model | None:
        """The model with a name."""
        return self._named.get(key, default)


class TaskModels(dict[str, ModelList]):
    """The models of a task by what they are to it: `models["output"]`, or `models.output`."""

    @property
    def input(self) -> ModelList:
        """Those that it takes."""
        return self["input"]

    @property
    def output(self) -> ModelList:
        """Those that it makes."""
        return self["output"]


def models_of(document: Mapping[str, Any]) -> TaskModels:
    """The models that a task takes, `input`, and makes, `output`, as the task's record has them. One that was deleted is left out."""
    api = current_home().api
    links = {kind: (document.get("models") or {}).get(kind) or () for kind in ("input", "output")}
    ids = list({link["model"] for found in links.values() for link in found})
    pages = [api.call("models.get_all", id=ids[at : at + 500], page=0, page_size=500)["models"] for at in range(0, len(ids), 500)]
    known = {model["id"]: Model._of(model) for page in pages for model in page}
    found = {kind: [(link["name"], known[link["model"]]) for link in links[kind] if link["model"] in known] for kind in links}
    return TaskModels({kind: ModelList(named) for kind, named in found.items()})
