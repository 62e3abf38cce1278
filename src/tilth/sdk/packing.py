"""How any object becomes one file that others can read: by what it is, with a glance at it for people."""

import gzip
import io
import json
import mimetypes
import pickle
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from glob import has_magic
from hashlib import sha256
from importlib import import_module
from pathlib import Path, PurePath
from typing import Any

from msgspec import Struct

from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import FormatUnsupported, Invalid, PathNotFound, SourceUnreadable
from tilth.base.units import readable_bytes
from tilth.sdk.archives import zip_files
from tilth.sdk.frames import describe_frame

__all__ = ["MOST_PREVIEW_BYTES", "Packed", "pack", "pack_table"]

MOST_PREVIEW_BYTES = 64 * 1024

_LONGEST_PATH = 2_048
_ROWS = 20
_FILES = 1_000
_UNPICKLABLE = (pickle.PicklingError, TypeError, AttributeError, ValueError, RuntimeError, ImportError)
"""What pickling raises when an object, or something in it, does not let itself be pickled."""


class Packed(Struct, frozen=True, kw_only=True):
    """A file that holds an object, and what is recorded of it."""

    path: Path
    key: str
    type: str
    """What `Artifact.get` makes of it; the names are those of ClearML's protocol."""
    preview: str
    content_type: str
    size: int
    sha256: str
    is_temporary: bool
    """Whether the file was made for this, and may be given away."""
    table: dict[str, Any] | None = None
    """What a CSV file does not know of the table in it."""

    @property
    def place(self) -> str:
        """What the file is called below its task's folder."""
        return f"artifacts/{_file_name(self.key)}/{_file_name(self.path.name)}"

    def document(self, uri: str, *, timestamp: int, metadata: Mapping[str, Any] | None = None, mode: str = "output") -> dict[str, Any]:
        """What the task says of it: the artifact of ClearML's protocol."""
        document: dict[str, Any] = {
            "key": self.key,
            "type": self.type,
            "mode": mode,
            "uri": uri,
            "content_size": self.size,
            "hash": self.sha256,
            "timestamp": timestamp,
            "type_data": {"preview": self.preview, "content_type": self.content_type} | ({"table": self.table} if self.table else {}),
        }
        if metadata:
            document["display_data"] = [[str(name), str(value)] for name, value in metadata.items()]
        return document


def pack_table(name: str, frame: Any, *, note: str, folder: Path) -> Packed:
    """Write a table to a file below `folder` without its index, as ClearML keeps one that a run goes on changing."""
    _check_name(name)
    path = folder / f"{_file_name(name)}.csv.gz"
    with translated_os_errors(folder):
        frame.to_csv(path, index=False, compression={"method": "gzip", "mtime": 1})
        size, digest = _measured(path)
    return Packed(
        path=path,
        key=name,
        type="data-audit-table",
        preview=_cut(f"{note}\n{frame.head(_ROWS).to_string(max_cols=_ROWS)}\n"),
        content_type="text/csv",
        size=size,
        sha256=digest,
        is_temporary=True,
        table=describe_frame(frame, index=False),
    )


class _Written(Struct, frozen=True, kw_only=True):
    """What came of one way to write an object."""

    path: Path
    type: str
    content_type: str
    preview: str
    is_temporary: bool = True
    table: dict[str, Any] | None = None


class _Request(Struct, frozen=True, kw_only=True):
    """How an object is to be written."""

    name: str
    folder: Path
    extension: str
    auto_pickle: bool
    sort_keys: bool

    def file(self, default: str, allowed: Sequence[str] = ()) -> Path:
        """The path to write, with the ending that was asked for or the usual one."""
        ending = self.extension or default
        if allowed and ending not in allowed:
            raise Invalid(f"{self.name:.100}: this can't be kept as {ending}", hint=f"extension_name can be {', '.join(allowed)}")
        return self.folder / f"{_file_name(self.name)}{ending}"


def pack(
    name: str,
    object: Any,
    *,
    folder: Path,
    preview: str | bool | None = None,
    auto_pickle: bool | None = None,
    extension_name: str | None = None,
    serialization_function: Callable[[Any], bytes | bytearray] | None = None,
    sort_keys: bool = True,
) -> Packed:
    """Write an object to a file below `folder`, unless it names one already; `Invalid` says why if that can't be."""
    _check_name(name)
    extension = f".{extension_name.lstrip('.')}" if extension_name else ""
    if any(letter in extension for letter in "/\\\0"):
        raise Invalid(f"extension_name: {extension_name!r:.60} can't end a file's name", hint="use one such as .json")
    with translated_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix="artifact-", dir=folder))
    request = _Request(name=name, folder=scratch, extension=extension, auto_pickle=auto_pickle is not False, sort_keys=sort_keys)
    try:
        with translated_os_errors(scratch):
            written = _serialized(request, object, serialization_function) if serialization_function else _write(request, object)
            size, digest = _measured(written.path)
    except BaseException:
        _remove(scratch)
        raise
    if not written.is_temporary:
        _remove(scratch)
    shown = written.preview if preview is None or preview is True else preview or ""
    return Packed(
        path=written.path,
        key=name,
        type=written.type,
        preview=_cut(str(shown)),
        content_type=written.content_type,
        size=size,
        sha256=digest,
        is_temporary=written.is_temporary,
        table=written.table,
    )


def _write(request: _Request, object: Any) -> _Written:
    if object is None:
        raise Invalid(f"artifact {request.name:.100}: there is nothing to keep", hint="give an object, or the path of a file")
    source = _source(object)
    if source is not None:
        return _files(request, source)
    for is_one, write in _WRITERS:
        if is_one(object):
            found = write(request, object)
            if found is not None:
                return found
    return _pickle(request, object)


def _serialized(request: _Request, object: Any, function: Callable[[Any], bytes | bytearray]) -> _Written:
    content = function(object)
    if not isinstance(content, (bytes, bytearray, memoryview)):
        raise Invalid(f"serialization_function returned {type(content).__name__}", hint="let it return bytes")
    path = request.file("")
    path.write_bytes(content)
    content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return _Written(path=path, type="custom", content_type=content_type, preview=_said(object))


# --- files ------------------------------------------------------------------------------------------------------------


def _source(object: Any) -> Path | None:
    """The path that is meant, if it is one: a text is a path only if something lies there."""
    if isinstance(object, PurePath):
        return Path(object).expanduser()
    if not isinstance(object, str) or not object.strip() or len(object) > _LONGEST_PATH or "\n" in object or "\0" in object:
        return None
    path = Path(object).expanduser()
    try:
        return path if path.exists() or (has_magic(object) and next(_matching(path)[1], None)) else None
    except (OSError, ValueError, RuntimeError):
        return None  # longer than paths can be, or in somebody else's folder


def _matching(pattern: Path) -> tuple[Path, Iterator[Path]]:
    """The folder that a pattern begins with, and the files that it means."""
    fixed = next(index for index, part in enumerate(pattern.parts) if has_magic(part))
    folder = Path(*pattern.parts[:fixed]) if fixed else Path()
    return folder, (path for path in folder.glob(str(Path(*pattern.parts[fixed:]))) if path.is_file())


def _files(request: _Request, source: Path) -> _Written:
    if source.is_file():
        content_type = mimetypes.guess_type(source.name)[0] or "application/octet-stream"
        shown = f"{source.name} - {readable_bytes(source.stat().st_size)}\n"
        return _Written(path=source, type="custom", content_type=content_type, preview=shown, is_temporary=False)
    if source.is_dir():
        folder, files = source, [path for path in source.rglob("*") if path.is_file()]
    elif has_magic(str(source)):
        folder, found = _matching(source)
        files = list(found)
    else:
        raise PathNotFound(f"{source} does not exist", hint="check the path")
    if not files:
        raise PathNotFound(f"{source} holds no file", hint="check the path, or the pattern")
    path = request.folder / f"{_file_name(source.name if not has_magic(source.name) else request.name)}.zip"
    packed = zip_files(path, folder, files)
    shown = "".join(f"{name} - {readable_bytes(size)}\n" for name, size in packed[:_FILES])
    more = f"and {len(packed) - _FILES} more files\n" if len(packed) > _FILES else ""
    return _Written(path=path, type="archive", content_type="application/zip", preview=shown + more)


# --- objects ----------------------------------------------------------------------------------------------------------


def _table(request: _Request, table: Any) -> _Written:
    path = request.file(".csv.gz", (".csv.gz", ".csv", ".parquet", ".feather", ".pickle", ".pkl"))
    try:
        if path.name.endswith(".parquet"):
            table.to_parquet(path)
            content_type = "application/parquet"
        elif path.name.endswith(".feather"):
            table.to_feather(path)
            content_type = "application/feather"
        elif path.name.endswith((".pickle", ".pkl")):
            table.to_pickle(path)
            content_type = "application/pickle"
        else:
            # Without a time in its head, the same table makes the same file.
            table.to_csv(path, compression={"method": "gzip", "mtime": 0} if path.name.endswith(".gz") else None)
            content_type = "text/csv"
    except (*_UNPICKLABLE, UnicodeError) as error:
        raise Invalid(
            f"artifact {request.name:.100}: the table can't be kept as {path.name} ({error})", hint="use another extension_name"
        ) from error
    described = describe_frame(table) if content_type == "text/csv" else None
    rows, columns = table.shape
    shown = table.head(_ROWS).to_string(max_cols=_ROWS)
    shown = f"{rows} rows x {columns} columns\n{shown}\n"
    return _Written(path=path, type="pandas", content_type=content_type, preview=shown, table=described)


def _array(request: _Request, array: Any) -> _Written | None:
    if array.dtype.hasobject:
        return None
    path = request.file(".npz", (".npz", ".csv.gz", ".csv"))
    numpy = import_module("numpy")
    if path.name.endswith(".npz"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            info = zipfile.ZipInfo(f"{request.name}.npy")
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=True) as file:
                numpy.lib.format.write_array(file, numpy.asanyarray(array), allow_pickle=False)
        content_type = "application/numpy"
    else:
        if array.ndim not in (1, 2):
            raise Invalid(f"artifact {request.name:.100}: an array of {array.ndim} dimensions is no table", hint="keep it as .npz")
        text = io.StringIO()
        numpy.savetxt(text, array, delimiter=",")
        content = text.getvalue().encode()
        path.write_bytes(gzip.compress(content, mtime=0) if path.name.endswith(".gz") else content)
        content_type = "text/csv"
    shape = " x ".join(map(str, array.shape)) or "one value"
    return _Written(path=path, type="numpy", content_type=content_type, preview=f"{shape}, {array.dtype}\n{_said(array)}\n")


def _image(request: _Request, image: Any) -> _Written:
    path = request.file(".png")
    try:
        image.save(path)
    except (OSError, ValueError, KeyError) as error:
        raise Invalid(
            f"artifact {request.name:.100}: an image of mode {image.mode} can't be kept as {path.suffix} ({error})",
            hint="convert it to RGB, or use another extension_name",
        ) from error
    content_type = mimetypes.guess_type(path.name)[0] or "image/png"
    return _Written(path=path, type="image", content_type=content_type, preview=f"{image.width} x {image.height}, {image.mode}\n")


def _json(request: _Request, value: Any) -> _Written | None:
    if request.extension in (".pkl", ".pickle"):
        return None
    kind = "dict" if isinstance(value, dict) else "JSON"
    try:
        text = json.dumps(value, indent=4, sort_keys=request.sort_keys)
    except (TypeError, ValueError, RecursionError) as error:
        _check_picklable(request, str(error))
        return None
    if not _has_text_keys(value):
        _check_picklable(request, "keys that are no text would become text")
        return None
    path = request.file(".json", (".json", ".yaml", ".yml"))
    content_type = "application/json"
    if path.suffix != ".json":
        try:
            text = import_module("yaml").safe_dump(json.loads(text), sort_keys=request.sort_keys, allow_unicode=True)
        except ModuleNotFoundError as error:
            raise FormatUnsupported("YAML can't be written here", hint="install pyyaml, or leave extension_name out") from error
        kind, content_type = "dict", "application/yaml"
    path.write_text(text, encoding="utf-8")
    return _Written(path=path, type=kind, content_type=content_type, preview=text)


def _check_picklable(request: _Request, reason: str) -> None:
    """Leave it to pickle, if that is allowed."""
    if not request.auto_pickle or request.extension:
        raise Invalid(f"artifact {request.name:.100} can't be kept as JSON: {reason}", hint="allow auto_pickle, or give what JSON has")


def _has_text_keys(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _has_text_keys(part) for key, part in value.items())
    return all(map(_has_text_keys, value)) if isinstance(value, list) else not isinstance(value, tuple)


def _text(request: _Request, text: str) -> _Written:
    path = request.file(".txt")
    try:
        path.write_bytes(text.encode())
    except UnicodeEncodeError as error:
        raise Invalid(f"artifact {request.name:.100} is no text in UTF-8 ({error.reason})", hint="give bytes, or mend the text") from error
    content_type = mimetypes.guess_type(path.name)[0] or "text/plain"
    return _Written(path=path, type="string", content_type=content_type, preview=text[:MOST_PREVIEW_BYTES])


def _pickle(request: _Request, object: Any) -> _Written:
    kind = type(object)
    if not request.auto_pickle:
        raise Invalid(
            f"artifact {request.name:.100}: {kind.__qualname__} would have to be pickled",
            hint="allow auto_pickle, or give a serialization_function",
        )
    path = request.file(".pkl")
    try:
        with path.open("wb") as file:
            pickle.dump(object, file)
    except _UNPICKLABLE as error:
        raise Invalid(
            f"artifact {request.name:.100}: {kind.__module__}.{kind.__qualname__} can't be pickled ({error})",
            hint="give a serialization_function, or the path of a file that you wrote",
        ) from error
    return _Written(path=path, type="pickle", content_type="application/pickle", preview=_said(object))


def _is(module: str, name: str) -> Callable[[Any], bool]:
    """A test for a class of a library that is not imported for it: who has such an object has imported it."""

    def test(object: Any) -> bool:
        kind = getattr(sys.modules.get(module), name, None)
        return kind is not None and isinstance(object, kind)

    return test


_WRITERS: Sequence[tuple[Callable[[Any], bool], Callable[[_Request, Any], _Written | None]]] = (
    (_is("pandas", "DataFrame"), _table),
    (_is("numpy", "ndarray"), _array),
    (_is("PIL.Image", "Image"), _image),
    (lambda given: isinstance(given, (dict, list)), _json),
    (lambda given: isinstance(given, str), _text),
)


# --- small things -----------------------------------------------------------------------------------------------------


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not name.strip() or len(name) > 1_000 or any(ord(letter) < 32 for letter in name):
        raise Invalid(f"{name!r:.60} can't be the name of an artifact", hint="use a text of up to 1000 characters on one line")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise Invalid(f"{name!r:.60} can't be the name of an artifact", hint="use text in UTF-8") from error


def _file_name(name: str) -> str:
    clean = "".join("_" if letter in '/\\:*?"<>|#%&' or not letter.isprintable() else letter for letter in name)
    while len(clean.encode("utf-8", "replace")) > 150:
        clean = clean[:-1] if "." not in clean[-10:] else clean[:-11] + clean[-10:]
    return clean if clean.strip(". ") else "_"


def _measured(path: Path) -> tuple[int, str]:
    digest, size = sha256(), 0
    try:
        with path.open("rb") as file:
            while piece := file.read(1024 * 1024):
                digest.update(piece)
                size += len(piece)
    except (PermissionError, FileNotFoundError) as error:
        raise SourceUnreadable(f"{path} can't be read ({error.strerror})", hint="check its permissions") from error
    return size, digest.hexdigest()


def _said(object: Any) -> str:
    """What an object says of itself; only its type if that fails."""
    try:
        return repr(object)[:MOST_PREVIEW_BYTES]
    except _UNPICKLABLE:
        return f"<{type(object).__qualname__}>"


def _cut(text: str) -> str:
    """As much of a text as a preview may have, on whole characters."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= MOST_PREVIEW_BYTES:
        return encoded.decode()
    return encoded[: MOST_PREVIEW_BYTES - 4].decode("utf-8", "ignore") + "…"


def _remove(scratch: Path) -> None:
    for left in scratch.iterdir():
        left.unlink()
    scratch.rmdir()
