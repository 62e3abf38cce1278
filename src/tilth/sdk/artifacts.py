"""What a task keeps beside its metrics: objects as files, and files as objects again."""

import hashlib
import json
import pickle
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tilth.base.errors import Corrupt, Denied, Invalid, TilthError
from tilth.sdk.fetching import fetch, fetch_unpacked
from tilth.sdk.frames import read_frame
from tilth.sdk.home import Home
from tilth.sdk.packing import Packed, pack
from tilth.sdk.places import is_address
from tilth.sdk.recording import warn

__all__ = ["Artifact", "Packed", "artifacts_of", "is_link", "link_document", "pack"]

_AUDIT_TABLE = "data-audit-table"


class Artifact:
    """One artifact of a task, as its record says; the file is fetched when it is asked for."""

    def __init__(self, home: Home, document: Mapping[str, Any]) -> None:
        self._home = home
        self._document = document
        self._object: list[Any] = []

    @property
    def name(self) -> str:
        """What it is called in its task."""
        return str(self._document["key"])

    @property
    def url(self) -> str:
        """Where the file lies."""
        return str(self._document.get("uri") or "")

    @property
    def type(self) -> str:
        """What `get` makes of it, such as `numpy`, `pandas`, `image`, `dict`, `string`, `pickle`, `archive`; or `custom`: a file."""
        return str(self._document.get("type") or "custom")

    @property
    def size(self) -> int:
        """The size of the file in bytes."""
        return int(self._document.get("content_size") or 0)

    @property
    def timestamp(self) -> datetime:
        """When it was kept, in local time."""
        return datetime.fromtimestamp(self._document.get("timestamp") or 0)  # noqa: DTZ006 - what ClearML's users compare with

    @property
    def hash(self) -> str:
        """The SHA-256 of the file, in hexadecimal digits."""
        return str(self._document.get("hash") or "")

    @property
    def mode(self) -> str:
        """`output`, or `input`."""
        return str(self._document.get("mode") or "output")

    @property
    def metadata(self) -> dict[str, str]:
        """What was said of it."""
        return {str(pair[0]): str(pair[1]) for pair in self._document.get("display_data") or () if len(pair) == 2}

    @property
    def preview(self) -> str | None:
        """A glance at it, as text."""
        found: str | None = self._type_data.get("preview")
        return found

    def get(
        self,
        force_download: bool = False,
        deserialization_function: Callable[[bytes], Any] | None = None,
        block_unsafe_artifacts: bool = False,
    ) -> Any:
        """The object that was kept; of files and folders, and of what can't be read here, the path of a local copy.

        A pickle runs the code that it holds: get only what people you trust have kept, or refuse them with `block_unsafe_artifacts`.
        """
        if block_unsafe_artifacts and deserialization_function is None and self._is_pickle:
            raise Denied(f"artifact {self.name} is a pickle, which runs code when it is read", hint="get_local_copy fetches the file")
        if deserialization_function:
            return deserialization_function(self._local(extract=False, force=force_download).read_bytes())
        if not self._object or force_download:
            path = self._local(extract=True, force=force_download)
            try:
                self._object = [_read(self, path, self._type_data)]
            except _UNREADABLE as error:
                warn(f"artifact {self.name} can't be read as {self.type} ({error}): here is its file")
                self._object = [path]
        return self._object[0]

    def get_local_copy(self, extract_archive: bool = True, raise_on_error: bool = False, force_download: bool = False) -> str | None:
        """The path of a local copy: of the file, or of a folder with what is in it if a folder was kept."""
        try:
            return str(self._local(extract=extract_archive, force=force_download))
        except TilthError as error:
            if raise_on_error:
                raise
            warn(f"there is no copy of artifact {self.name}: {error}")
            return None

    def verify_pickle_file_integrity(self, local_file: str | Path) -> None:
        """Raise `Corrupt` unless a file holds just what was kept. That says nothing of who kept it, nor of what it does."""
        with Path(local_file).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != self.hash:
            raise Corrupt(f"{local_file} is not what artifact {self.name} was when it was kept", hint="fetch it again")

    def __repr__(self) -> str:
        return f"Artifact(name={self.name!r}, type={self.type!r}, size={self.size}, url={self.url!r})"

    @property
    def _is_pickle(self) -> bool:
        return self.type == "pickle" or self._type_data.get("content_type") == "application/pickle"

    @property
    def _type_data(self) -> Mapping[str, Any]:
        return self._document.get("type_data") or {}

    def _local(self, *, extract: bool, force: bool) -> Path:
        if not self.url:
            raise Invalid(f"artifact {self.name} has no file", hint="it was not uploaded yet, or was removed")
        digest = self.hash if len(self.hash) == 64 else None
        if extract and self.type == "archive":
            return fetch_unpacked(self._home, self.url, digest=digest, force=force)
        return fetch(self._home, self.url, digest=digest, force=force)


def artifacts_of(document: Mapping[str, Any], home: Home) -> Mapping[str, Artifact]:
    """The artifacts of a task, by name, as the task's record has them."""
    found = (document.get("execution") or {}).get("artifacts") or ()
    outputs_last = sorted(found, key=lambda artifact: artifact.get("mode", "output") == "output")
    return MappingProxyType({artifact["key"]: Artifact(home, artifact) for artifact in outputs_last})


def is_link(object: Any) -> bool:
    """Whether an object that is to be kept is the address of something that is kept elsewhere already."""
    return isinstance(object, str) and is_address(object)


def link_document(
    name: str, url: str, *, timestamp: int, preview: str | bool | None = None, metadata: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What a task says of something that lies elsewhere: only its address is recorded."""
    document: dict[str, Any] = {"key": name, "type": "custom", "mode": "output", "uri": url, "timestamp": timestamp}
    document["type_data"] = {"preview": preview if isinstance(preview, str) else url}
    if metadata:
        document["display_data"] = [[str(key), str(value)] for key, value in metadata.items()]
    return document


_UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    ImportError,
    EOFError,
    RuntimeError,
    pickle.UnpicklingError,
)
"""What readers of files raise when a file is not what it is said to be, or a library is missing."""


def _read(artifact: Artifact, path: Path, said: Mapping[str, Any]) -> Any:
    content_type = said.get("content_type") or ""
    match artifact.type:
        case "numpy" if content_type == "text/csv":
            return import_module("numpy").genfromtxt(path, delimiter=",")
        case "numpy":
            return _array(path, artifact.name)
        case "pandas" | "data-audit-table":
            return _table(path, content_type, said.get("table"), plain=artifact.type == _AUDIT_TABLE)
        case "image":
            image = import_module("PIL.Image").open(path)
            image.load()
            return image
        case "JSON" | "dict" if "yaml" in content_type:
            return import_module("yaml").safe_load(path.read_text(encoding="utf-8"))
        case "JSON" | "dict":
            return json.loads(path.read_text(encoding="utf-8"))
        case "string":
            return path.read_bytes().decode()
        case "pickle":
            return pickle.loads(path.read_bytes())  # noqa: S301 - it runs the code it holds, as `get` says; a digest proves nothing of who wrote it
    return path


def _array(path: Path, name: str) -> Any:
    with import_module("numpy").load(path) as arrays:
        return arrays[name if name in arrays.files else arrays.files[0]]


def _table(path: Path, content_type: str, described: object, *, plain: bool) -> Any:
    pandas = import_module("pandas")
    match content_type:
        case "application/parquet":
            return pandas.read_parquet(path)
        case "application/feather":
            return pandas.read_feather(path)
        case "application/pickle":
            return pandas.read_pickle(path)
    if described:
        with suppress(ValueError, TypeError, KeyError, AttributeError, OverflowError):  # another pandas: it is a plain table then
            return read_frame(path, described)
    return pandas.read_csv(path, index_col=None if plain else [0])
