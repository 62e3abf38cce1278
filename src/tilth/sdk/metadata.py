"""What people attach to a version beside its files: JSON, arrays and tables, given back as they were.

What could not be given back as it was is refused when it is attached.
"""

import json
import sys
from base64 import b64decode, b64encode
from io import BytesIO
from typing import Any

from tilth.base.errors import Invalid
from tilth.domain.version import DatasetVersion
from tilth.sdk.home import Home

__all__ = ["get", "put"]

_JSON, _ARRAY, _TABLE = "json", "array", "table"


def put(home: Home, version: DatasetVersion, value: Any, name: str) -> None:
    """Attach `value` under `name`, in place of what was there; also to a final version, since it is not part of the content."""
    try:
        kind, plain = _plain(value)
        text = json.dumps(plain, allow_nan=False, default=_number)
        if kind == _TABLE:
            _require_equal(_table(json.loads(text), name), value)
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Invalid(f"metadata {name!r} can't be kept: {error}", hint="use what JSON can hold, a NumPy array or a DataFrame") from error
    home.api.versions.set_metadata(id=version.id, name=name, kind=kind, value=text)


def get(home: Home, version: DatasetVersion, name: str) -> Any:
    """What is attached under `name`; None if nothing is."""
    found = home.api.versions.get_metadata(id=version.id, name=name)
    if found is None:
        return None
    plain = json.loads(found.value)
    if found.kind == _JSON:
        return plain
    return _array(plain, name) if found.kind == _ARRAY else _table(plain, name)


def _plain(value: Any) -> tuple[str, Any]:
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if pandas is not None and isinstance(value, pandas.DataFrame):
        columns = [_plain_column(value.iloc[:, number]) for number in range(value.shape[1])]
        return _TABLE, {"names": value.columns.tolist(), "columns": columns, "index": _plain_column(value.index), "label": value.index.name}
    if numpy is not None and isinstance(value, numpy.ndarray):
        return _ARRAY, _plain_array(value)
    return _JSON, value


def _plain_array(array: Any) -> dict[str, Any]:
    """An array in NumPy's own format, which knows every type but that of Python objects; shape and type are for people."""
    file = BytesIO()
    sys.modules["numpy"].save(file, array, allow_pickle=False)
    return {"shape": array.shape, "dtype": str(array.dtype), "npy": b64encode(file.getvalue()).decode()}


def _plain_column(column: Any) -> dict[str, Any]:
    if getattr(column.dtype, "kind", "O") != "O" and type(column.dtype).__module__.partition(".")[0] == "numpy":
        return _plain_array(column.to_numpy())
    return {"dtype": str(column.dtype), "values": [None if value != value else value for value in column.tolist()]}  # noqa: PLR0124  NaN


def _array(plain: dict[str, Any], name: str) -> Any:
    return _module("numpy", name).load(BytesIO(b64decode(plain["npy"])), allow_pickle=False)


def _table(plain: dict[str, Any], name: str) -> Any:
    pandas = _module("pandas", name)

    def restored(column: dict[str, Any]) -> Any:
        return _array(column, name) if "npy" in column else pandas.Series(column["values"], dtype=column["dtype"]).array

    index = pandas.Index(restored(plain["index"]), name=plain["label"])
    columns = {number: restored(column) for number, column in enumerate(plain["columns"])}
    table = pandas.DataFrame(columns, index=index)
    table.columns = pandas.Index(plain["names"])
    return table


def _require_equal(restored: Any, table: Any) -> None:
    if not restored.equals(table):
        raise ValueError("a column or the index of the table is of a type that can't be restored")


def _number(value: Any) -> Any:
    """A NumPy number as Python's own."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic) and value.dtype.kind in "biuf":
        return value.item()
    raise TypeError(f"{type(value).__name__} is nothing that JSON can hold")


def _module(name: str, metadata_name: str) -> Any:
    try:
        return __import__(name)
    except ImportError as error:
        raise Invalid(
            f"metadata {metadata_name!r} was made with {name}, which is not installed here", hint=f"pip install {name}"
        ) from error
