"""What the server knows of models, and how that is read, found and changed."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from itertools import count, islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from tilth.base.errors import Invalid, ModelNotFound
from tilth.base.ids import is_id
from tilth.client.api import Api
from tilth.config.clearml_conf import parse_hocon
from tilth.sdk.home import Home

if TYPE_CHECKING:
    from tilth.sdk.task import Task

__all__ = [
    "PACKAGE",
    "ModelRecord",
    "checked_labels",
    "checked_name",
    "checked_tags",
    "design_of",
    "find_models",
    "framework_of",
    "parsed_design",
    "require_model",
]

PACKAGE = "package"
"""The system tag of a model whose file is an archive of several."""

_PAGE = 500
_INCLUDES = re.compile(r"\binclude\b")
_FRAMEWORKS: Mapping[str, str] = {
    ".pt": "PyTorch",
    ".pth": "PyTorch",
    ".ckpt": "PyTorch",
    ".safetensors": "PyTorch",
    ".h5": "Keras",
    ".hdf5": "Keras",
    ".keras": "Keras",
    ".pb": "TensorFlow",
    ".tflite": "TensorFlow Lite",
    ".meta": "TensorFlow",
    ".onnx": "ONNX",
    ".pkl": "ScikitLearn",
    ".joblib": "ScikitLearn",
    ".xgb": "XGBoost",
    ".ubj": "XGBoost",
    ".cbm": "CatBoost",
    ".lgb": "LightGBM",
    ".paddle": "PaddlePaddle",
    ".mlmodel": "CoreML",
    ".engine": "TensorRT",
}


class ModelRecord:
    """One model. Of a running task, what is said is written down with the task's reports and remembered here; else it is said at once."""

    def __init__(self, home: Home, id: str, *, task: "Task | None" = None, document: Mapping[str, Any] | None = None) -> None:
        self.home = home
        self.id = id
        self.task = task
        self._known = dict(document) if document is not None else None

    @property
    def is_live(self) -> bool:
        """Whether changes travel with the reports of the task that runs here."""
        return self.task is not None and self.task.is_current_task()

    def read(self) -> Mapping[str, Any]:
        """Everything that is known of the model."""
        if self._known is None or not self.is_live:
            found: dict[str, Any] = self.home.api.call("models.get_by_id", model=self.id)["model"]
            self._known = found
        return self._known

    def call(self, name: str, /, **fields: Any) -> None:
        """Make a call that changes something."""
        if self.is_live and self.task is not None:
            self.task._change(name, **fields)
        else:
            self.home.api.call(name, **fields)

    def edit(self, **fields: Any) -> None:
        """Set fields of the model."""
        self.call("models.edit", model=self.id, **fields)
        self.remember(**fields)

    def remember(self, **fields: Any) -> None:
        """Note what was said of it in another way."""
        if self._known is not None:
            self._known |= {name: value for name, value in fields.items() if value is not None}


def find_models(
    api: Api,
    *,
    project: str | None = None,
    name: str | None = None,
    uri: str | None = None,
    tags: Sequence[str] | None = None,
    only_published: bool = False,
    archived: bool = False,
    metadata: Mapping[str, Any] | None = None,
    most: int | None = None,
) -> list[dict[str, Any]]:
    """The models that fit all that is given, the newest first."""
    fields: dict[str, Any] = {"order_by": ["-created"]}
    fields |= ({"ready": True} if only_published else {}) | ({"tags": [tags] if isinstance(tags, str) else list(tags)} if tags else {})
    if project is not None:
        found = api.call("projects.get_all", name=f"^{re.escape(project.strip('/'))}$", search_hidden=True, only_fields=["id"])["projects"]
        if not found:
            return []
        fields["project"] = [found[0]["id"]]
    if name is not None:
        fields["name"] = f"^{re.escape(name)}$"
    if uri is not None:
        fields["uri"] = [uri]
    if not archived:
        fields["system_tags"] = ["-archived"]
    wanted = {key: str(value) for key, value in (metadata or {}).items()}
    fields |= {f"metadata.{key}.value": value for key, value in wanted.items() if "." not in key}
    return list(islice(_fitting(_pages(api, fields), wanted), most))


def _pages(api: Api, fields: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for number in count():
        page = api.call("models.get_all", page=number, page_size=_PAGE, **fields)["models"]
        yield from page
        if len(page) < _PAGE:
            return


def _fitting(models: Iterator[dict[str, Any]], metadata: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Those that have this metadata: a server is not asked for keys with a dot, because it would look inside of them."""
    for model in models:
        known = model.get("metadata") or {}
        if all((known.get(key) or {}).get("value") == value for key, value in metadata.items()):
            yield model


def require_model(api: Api, id: Any) -> dict[str, Any]:
    """The model with this id; `ModelNotFound` if there is none."""
    if not isinstance(id, str) or not is_id(id):
        raise ModelNotFound(f"{id!r:.100} is no id of a model", hint="an id has 32 hexadecimal digits")
    found: dict[str, Any] = api.call("models.get_by_id", model=id)["model"]
    return found


def framework_of(file: str) -> str | None:
    """The framework that a file's ending suggests."""
    return _FRAMEWORKS.get(PurePosixPath(file.partition("?")[0]).suffix.lower())


def design_of(text: str | None, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A configuration as a model keeps it; None if none is given."""
    if text is not None and given is not None:
        raise Invalid("config_text and config_dict are both given", hint="give one of them")
    if given is not None:
        try:
            text = json.dumps(dict(given), indent=4, sort_keys=True)
        except (TypeError, ValueError) as error:
            raise Invalid(f"config_dict can't be written as JSON ({error})", hint="use texts, numbers, lists and dictionaries") from error
    return None if text is None else {"design": text}


def parsed_design(text: str) -> dict[str, Any]:
    """The dictionary behind a configuration that is JSON, YAML or, as ClearML's SDK writes it, HOCON."""
    try:
        found = json.loads(text) if text.strip() else {}
    except ValueError:
        found = _from_yaml(text)
    if isinstance(found, str) and not _INCLUDES.search(text):  # which would read other files, or the network
        found = parse_hocon(text, called="the configuration", hint="read config_text")
    if not isinstance(found, dict):
        raise Invalid("the configuration is no dictionary", hint="read config_text")
    return found


def _from_yaml(text: str) -> Any:
    """What a text of YAML says; the text itself, if it is none, or nothing here reads it."""
    try:
        yaml = import_module("yaml")
    except ModuleNotFoundError:
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def checked_name(name: Any) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > 1_000 or any(ord(letter) < 32 for letter in name):
        raise Invalid(f"{name!r:.60} can't be the name of a model", hint="use a text of up to 1000 characters on one line")
    return str(name)


def checked_tags(tags: Sequence[Any] | None) -> list[str]:
    given = [tags] if isinstance(tags, str) else list(tags or ())
    for tag in given:
        if not isinstance(tag, str) or not tag:
            raise Invalid(f"{tag!r:.60} is no tag", hint="use texts")
    return list(dict.fromkeys(given))


def checked_labels(labels: Mapping[Any, Any] | None) -> dict[str, int] | None:
    if labels is None:
        return None
    for label, number in labels.items():
        if not isinstance(label, str) or isinstance(number, bool) or not isinstance(number, int):
            raise Invalid(f"{label!r:.60}: {number!r:.60} is no label with its number", hint="use {'cat': 1}")
    return dict(labels)
