"""What a CSV file does not know of the table in it: the types of columns and index, their names, and which texts are empty.

It is recorded beside the file, in which every other reader finds a plain table.
"""

from collections.abc import Iterable
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

__all__ = ["Described", "describe_frame", "read_frame"]

_MOST_BYTES = 200_000
_MOST_EMPTY = 1_000
_MOST_CATEGORIES = 1_000
_NULLS = ["", "nan", "NaN", "None", "NULL", "null", "NA", "N/A", "n/a", "<NA>", "NaT"]
Label = str | int | None


class _Column(Struct, frozen=True, omit_defaults=True):
    """One column, or one level of the index."""

    name: Label
    kind: str
    """How it is read: `plain` by its dtype, `text`, `time`, `span`, `nullable`, `category`; `read` as pandas does by itself."""
    dtype: str = ""
    empty: list[int] | bool = False
    """Which texts are empty where others are missing; True if none is missing, so that all are."""
    none: bool = False
    """Whether what is missing is None."""
    categories: list[str] = []
    """In their order; `dtype` is theirs."""
    ordered: bool = False
    freq: str = ""


class Described(Struct, frozen=True, omit_defaults=True):
    """A table, as its file does not say it."""

    version: int
    columns: list[_Column]
    index: list[_Column] = []
    steps: tuple[int, int, int] | None = None
    """An index that only counts: from, to, by."""
    named: Label = None
    """What the columns together are called."""


def describe_frame(frame: Any, *, index: bool = True) -> dict[str, Any] | None:
    """What is to be recorded beside the table's CSV, with its index or without; None if a CSV can't say it even so."""
    pandas = import_module("pandas")
    names = list(frame.columns)
    if not names or frame.columns.nlevels > 1 or not _are_labels((*names, frame.columns.name, *frame.index.names)):
        return None
    counts = index and isinstance(frame.index, pandas.RangeIndex)
    levels = [frame.index.get_level_values(at) for at in range(frame.index.nlevels)] if index else []
    made = Described(
        version=1,
        columns=[_described(name, frame.iloc[:, at]) for at, name in enumerate(names)],
        index=[_described(level.name, level.to_series(), freq=getattr(level, "freqstr", None) or "") for level in levels],
        steps=(frame.index.start, frame.index.stop, frame.index.step) if counts else None,
        named=frame.columns.name,
    )
    if any(column.kind == "broken" for column in (*made.columns, *made.index)):
        return None
    text = msgspec.json.encode(made)
    found: dict[str, Any] = msgspec.json.decode(text)
    return found if len(text) <= _MOST_BYTES else None


def read_frame(path: Path, described: Any) -> Any:
    """The table in a CSV file as it was; raises what pandas raises if the file is not what was described."""
    table = msgspec.convert(described, Described)
    if table.version != 1:
        raise ValueError(f"a table described in version {table.version}")
    pandas = import_module("pandas")
    columns = [*table.index, *table.columns]
    if len(pandas.read_csv(path, nrows=0).columns) != len(columns):
        raise ValueError("the table has other columns than those that are described")
    frame = pandas.read_csv(
        path,
        header=0,
        names=range(len(columns)),
        index_col=False,
        dtype={at: "str" if column.kind != "plain" else column.dtype for at, column in enumerate(columns) if column.kind != "read"},
        keep_default_na=False,
        na_values={at: _missing(column) for at, column in enumerate(columns)},
        skip_blank_lines=False,
        **_exact(pandas.__version__),
    )
    read = [_converted(pandas, frame[at], column) for at, column in zip(count(), columns, strict=False)]
    levels, values = read[: len(table.index)], read[len(table.index) :]
    made = pandas.DataFrame(dict(enumerate(values)), index=frame.index)
    made.columns = pandas.Index([column.name for column in table.columns], name=table.named)
    if table.steps is not None:
        made.index = pandas.RangeIndex(*table.steps, name=table.index[0].name)
    elif len(levels) == 1:
        made.index = pandas.Index(levels[0])
        made.index.name = table.index[0].name
        if table.index[0].freq:
            made.index.freq = table.index[0].freq
    elif levels:
        made.index = pandas.MultiIndex.from_arrays(levels, names=[level.name for level in table.index])
    return made


def _exact(version: str) -> dict[str, str]:
    """How floats are read so that they are just what was written: newer ones do it, and refuse to be told."""
    return {} if tuple(map(int, version.split(".")[:2])) >= (3, 1) else {"float_precision": "round_trip"}


def _are_labels(names: Iterable[Any]) -> bool:
    return all(name is None or isinstance(name, str) or type(name) is int for name in names)


def _described(name: Any, values: Any, *, freq: str = "") -> _Column:
    dtype = str(values.dtype)
    if dtype == "category":
        return _described_category(name, values)
    if dtype.startswith("datetime64"):
        return _Column(name, "time", dtype, freq=freq)
    if dtype.startswith("timedelta64"):
        return _Column(name, "span", dtype, freq=freq)
    if values.dtype.kind in "iufb" and dtype.islower():
        return _Column(name, "plain", dtype)
    if values.dtype.kind in "iufb" and "[" not in dtype:
        return _Column(name, "nullable", dtype)
    if dtype in ("object", "str") or dtype.startswith("string"):
        return _described_text(name, values, dtype)
    return _Column(name, "read")


def _described_category(name: Any, values: Any) -> _Column:
    categories = values.cat.categories
    inner = _described(None, categories.to_series())
    if inner.kind not in ("plain", "text", "time") or len(categories) > _MOST_CATEGORIES:
        return _Column(name, "broken" if inner.kind == "broken" else "read")
    known = [str(one) for one in categories]
    return _Column(name, "category", inner.dtype, categories=known, ordered=bool(values.cat.ordered))


def _described_text(name: Any, values: Any, dtype: str) -> _Column:
    if import_module("pandas").api.types.infer_dtype(values, skipna=True) not in ("string", "empty"):
        return _Column(name, "read")
    if bool(values.astype("str").str.contains("\r", regex=False).any()):
        return _Column(name, "broken")  # pandas writes them so that it does not read them
    missing = values.isna()
    empty = (values == "") & ~missing
    places: list[int] | bool = not bool(missing.any())
    if not places:
        places = [int(at) for at in empty.to_numpy().nonzero()[0][:_MOST_EMPTY]]
    none = bool(missing.any()) and all(one is None for one in values[missing])
    return _Column(name, "text", dtype, empty=places, none=none)


def _missing(column: _Column) -> list[str]:
    if column.kind == "text":
        return [] if column.empty is True else [""]
    return [""] if column.kind == "category" else _NULLS


def _converted(pandas: Any, values: Any, column: _Column) -> Any:
    match column.kind:
        case "text":
            return _text(values, column)
        case "time":
            return _time(pandas, values, column.dtype)
        case "span":
            return pandas.to_timedelta(values).astype(column.dtype)
        case "nullable":
            return values.astype("string").astype(column.dtype)
        case "category":
            return _category(pandas, values, column)
    return values


def _text(values: Any, column: _Column) -> Any:
    if isinstance(column.empty, list):
        for at in column.empty:
            values.iloc[at] = ""
    if column.dtype == "object" or column.none:
        values = values.astype(object)
        return values.where(values.notna(), None) if column.none else values
    return values if column.dtype == "str" else values.astype("string")


def _time(pandas: Any, values: Any, dtype: str) -> Any:
    if "," not in dtype:
        return pandas.to_datetime(values, format="ISO8601").astype(dtype)
    zone = dtype.partition(",")[2].strip(" ]")
    return pandas.to_datetime(values, format="ISO8601", utc=True).dt.tz_convert(zone).astype(dtype)


def _category(pandas: Any, values: Any, column: _Column) -> Any:
    known = pandas.Series(column.categories, dtype="str")
    if column.dtype.startswith("datetime64"):
        known = _time(pandas, known, column.dtype)
        codes = pandas.Index(known).get_indexer(_time(pandas, values, column.dtype))
    else:
        codes = pandas.Index(known).get_indexer(values)
        if column.dtype == "bool":
            known = known == "True"
        elif column.dtype != "str":
            known = known.astype(column.dtype)
    if bool(((codes < 0) & values.notna()).any()):
        raise ValueError(f"the column {column.name} holds what is none of its categories")
    return pandas.Series(pandas.Categorical.from_codes(codes, categories=pandas.Index(known), ordered=column.ordered), index=values.index)
