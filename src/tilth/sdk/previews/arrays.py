"""What is in files of NumPy and of Arrow: shapes, types and first values, read without NumPy's pickles."""

import ast
import io
import struct
import zipfile
import zlib
from importlib import import_module
from math import prod
from typing import IO, Any

from tilth.sdk.previews.ranges import Peeked

__all__ = ["arrow_columns", "numpy_arrays"]

_MOST_READ = 48 << 20
_MOST_ARRAYS = 20
_HEAD = 64 << 10
_LONGEST_HEADER = 10_000
_VALUES = 8
_MAGIC = b"\x93NUMPY"

Rows = list[list[str]]


def numpy_arrays(peeked: Peeked) -> Rows:
    """A row for each array of an `.npy` or `.npz` file; `ValueError` if it is none. Arrays of objects are named, and never unpickled."""
    rows = [["array", "shape", "type", "first values"]]
    if peeked.path.lower().endswith(".npy"):
        return [*rows, _array("", io.BytesIO(peeked.head(_HEAD)))]
    try:
        with peeked.open(most_bytes=_MOST_READ) as source, zipfile.ZipFile(source) as archive:
            for info in archive.infolist()[:_MOST_ARRAYS]:
                with archive.open(info) as file:
                    rows.append(_array(info.filename.removesuffix(".npy"), file))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise ValueError(f"it is no archive of NumPy: {error}") from error
    return rows


def arrow_columns(peeked: Peeked) -> Rows:
    """The columns of an Arrow or Feather file. Values are not read: they may be compressed to a thousandth of what they are."""
    arrow, ipc = import_module("pyarrow"), import_module("pyarrow.ipc")
    with peeked.open(most_bytes=_MOST_READ) as source:
        try:
            is_file = source.read(6) == b"ARROW1"
            source.seek(0)
            with (ipc.open_file if is_file else ipc.open_stream)(source) as opened:
                return [["column", "type"], *([field.name, str(field.type)] for field in opened.schema)]
        except arrow.ArrowException as error:
            raise ValueError(f"it can't be read: {error}") from error


def _array(name: str, file: IO[bytes]) -> list[str]:
    described = _header(file)
    shape, type = described["shape"], described["descr"]
    if not isinstance(shape, tuple) or not all(isinstance(length, int) and length >= 0 for length in shape):
        raise ValueError("its shape is none")
    return [name, " × ".join(map(str, shape)) or "one value", str(type), _first_values(file, shape, type)]  # noqa: RUF001


def _header(file: IO[bytes]) -> dict[str, Any]:
    begin = file.read(8)
    if len(begin) < 8 or begin[:6] != _MAGIC or begin[6] not in (1, 2, 3):
        raise ValueError("it does not begin as NumPy's files do")
    (length,) = struct.unpack("<H", file.read(2)) if begin[6] == 1 else struct.unpack("<I", file.read(4))
    if length > _LONGEST_HEADER:
        raise ValueError("its header is too long")
    found = ast.literal_eval(file.read(length).decode("utf-8" if begin[6] == 3 else "latin-1").strip())
    if not isinstance(found, dict) or not {"shape", "descr"} <= found.keys():
        raise ValueError("its header says neither shape nor type")
    return found


def _first_values(file: IO[bytes], shape: tuple[int, ...], type: Any) -> str:
    try:
        numpy = import_module("numpy")
    except ImportError:
        return ""
    dtype = numpy.dtype(type)
    if dtype.hasobject:
        return "(objects of Python, which are not read)"
    count = min(prod(shape), _VALUES)
    if not dtype.itemsize or dtype.itemsize * count > _HEAD:
        return ""
    data = file.read(dtype.itemsize * count)
    if len(data) < dtype.itemsize * count:
        raise ValueError("it ends too early")
    values = ", ".join(f"{value:.6g}" if isinstance(value, float) else str(value) for value in numpy.frombuffer(data, dtype).tolist())
    return f"{values}, …" if count < prod(shape) else values
