"""What people attach to a version beside its files: JSON, arrays and tables, given back as they were."""

import sys
from typing import Any

import msgspec

from tilth.base.errors import Invalid
from tilth.domain.version import DatasetVersion
from tilth.sdk.home import Home

__all__ = ["get", "put"]

_JSON, _ARRAY, _TABLE = "json", "array", "table"


def put(home: Home, version: DatasetVersion, value: Any, name: str) -> None:
    """Attach `value` under `name`, in place of what was there; also to a final version, since it is not part of the content."""
    kind, plain = _plain(value)
    try:
        data = msgspec.json.encode(plain).decode()
    except (TypeError, ValueError) as error:
        raise Invalid(f"metadata {name!r} can't be kept: {error}", hint="use what JSON can hold, a NumPy array or a DataFrame") from error
    home.api.versions.set_metadata(id=version.id, name=name, kind=kind, value=data)


def get(home: Home, version: DatasetVersion, name: str) -> Any:
    """What is attached under `name`; None if nothing is."""
    found = home.api.versions.get_metadata(id=version.id, name=name)
    if found is None:
        return None
    plain = msgspec.json.decode(found.value)
    if found.kind == _JSON:
        return plain
    if found.kind == _ARRAY:
        numpy = _module("numpy", name)
        return numpy.array(plain["values"], dtype=plain["dtype"]).reshape(plain["shape"])
    frame = _module("pandas", name).DataFrame(plain["columns"], columns=plain["names"], index=plain["index"])
    return frame.astype(plain["dtypes"])


def _plain(value: Any) -> tuple[str, Any]:
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if pandas is not None and isinstance(value, pandas.DataFrame):
        names = [str(name) for name in value.columns]
        columns = {name: value[column].tolist() for name, column in zip(names, value.columns, strict=True)}
        dtypes = {name: str(value[column].dtype) for name, column in zip(names, value.columns, strict=True)}
        return _TABLE, {"names": names, "columns": columns, "index": value.index.tolist(), "dtypes": dtypes}
    if numpy is not None and isinstance(value, numpy.ndarray):
        return _ARRAY, {"values": value.ravel().tolist(), "shape": value.shape, "dtype": str(value.dtype)}
    return _JSON, value


def _module(name: str, metadata_name: str) -> Any:
    try:
        return __import__(name)
    except ImportError as error:
        raise Invalid(
            f"metadata {metadata_name!r} was made with {name}, which is not installed here", hint=f"pip install {name}"
        ) from error
