"""What a query found, printed or written to a file, batch by batch."""

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from importlib import import_module
from itertools import chain, islice
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import Invalid, PathNotFound
from tilth.cli.output import Output, count, stream_bytes, stream_json, table

__all__ = ["print_result", "write_result", "written_as"]

_KINDS = {".csv": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json", ".parquet": "parquet", ".pq": "parquet"}
_LONGEST_CELL = 60
_LARGEST = 1 << 63


def written_as(kind: str | None, target: Path | None) -> str:
    """How a result is to be written; `Invalid` if that can't be."""
    if target is None:
        if kind == "parquet":
            raise Invalid("Parquet is not printed", hint="name a file with --output")
        return kind or "table"
    found = kind or _KINDS.get(target.suffix.lower())
    if found is None or found == "table":
        raise Invalid(
            f"{target.name} could be CSV, JSON lines or Parquet", hint="end the name with .csv, .jsonl or .parquet, or say --format"
        )
    if not target.absolute().parent.is_dir():
        raise PathNotFound(f"{target.parent} does not exist", hint="make the folder first, or name another one")
    return found


def print_result(reader: Any, kind: str, *, document: dict[str, Any], shown: int, whole_json: bool) -> None:
    """Print what was found: as CSV, as JSON lines, as one JSON document with `whole_json`, or the first rows as a table."""
    names = list(reader.schema.names)
    if whole_json:
        stream_json(
            document | {"columns": [{"name": field.name, "type": str(field.type)} for field in reader.schema]}, "rows", _objects(reader)
        )
    elif kind == "csv":
        stream_bytes(_csv(reader, names))
    elif kind == "json":
        stream_bytes(msgspec.json.encode(row) + b"\n" for row in _objects(reader))
    else:
        rows = list(islice(_rows(reader), shown + 1))
        lines = table([[_cell(value) for value in row] for row in rows[:shown]], [_cell(name) for name in names])
        lines += ["no rows"] if not rows else []
        lines += [f"the first {count(shown, 'row')}; --shown or --output give more"] if len(rows) > shown else []
        Output(json=False).result({}, lines)


def write_result(reader: Any, target: Path, kind: str) -> int:
    """Write what was found to a file, which appears when it is whole; returns the number of rows."""
    with translated_os_errors(target):
        descriptor, scratch = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.absolute().parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                rows = _WRITERS[kind](reader, file)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(scratch, 0o666 & ~_umask())
            os.replace(scratch, target)
        except BaseException:
            os.unlink(scratch)
            raise
    return rows


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _write_parquet(reader: Any, file: Any) -> int:
    rows = 0
    with import_module("pyarrow.parquet").ParquetWriter(file, reader.schema, compression="ZSTD") as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _counted(reader: Any, parts: Any, file: Any) -> int:
    rows = 0

    def counting() -> Iterator[Any]:
        nonlocal rows
        for batch in reader:
            rows += batch.num_rows
            yield batch

    for part in parts(counting()):
        file.write(part)
    return rows


def _write_csv(reader: Any, file: Any) -> int:
    names = list(reader.schema.names)
    return _counted(reader, lambda batches: _csv(batches, names), file)


def _write_json(reader: Any, file: Any) -> int:
    return _counted(reader, lambda batches: (msgspec.json.encode(row) + b"\n" for row in _objects(batches)), file)


_WRITERS = {"parquet": _write_parquet, "csv": _write_csv, "json": _write_json}


def _rows(batches: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _objects(batches: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        names = batch.schema.names
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield {name: _plain(value) for name, value in zip(names, row, strict=True)}


def _csv(batches: Iterable[Any], names: list[str]) -> Iterator[bytes]:
    lines = chain([names], ([_text(value) for value in row] for row in _rows(batches)))
    while rows := list(islice(lines, 5_000)):
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        yield out.getvalue().encode()


def _plain(value: Any) -> Any:
    """A value as JSON has it; a decimal with digits behind its point stays the text that it is."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, float) and not isfinite(value):
        return None
    if isinstance(value, Decimal) and value == value.to_integral_value() and abs(value) < _LARGEST:  # as sums of whole numbers are
        return int(value) if value.as_tuple().exponent == 0 else str(value)
    if isinstance(value, Decimal | timedelta):
        return str(value)
    return value.hex() if isinstance(value, bytes) else value


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    plain = _plain(value) if not isinstance(value, float) else repr(value)
    return plain if isinstance(plain, str) else msgspec.json.encode(plain).decode()


def _cell(value: Any) -> str:
    text = "" if value is None else _text(value)
    plain = "".join(character if character.isprintable() else " " for character in text[: _LONGEST_CELL + 1])
    return plain if len(plain) <= _LONGEST_CELL else f"{plain[: _LONGEST_CELL - 1]}…"
