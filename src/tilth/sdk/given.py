"""What people hand over to be reported: one of several arguments, a file, a stream, or what lies at an address."""

from importlib import import_module
from pathlib import Path
from typing import Any, SupportsFloat
from urllib.parse import unquote, urlsplit

from tilth.base.addresses import local_path
from tilth.base.errors import Invalid, PathNotFound, SourceUnreadable, Unavailable

__all__ = ["FARTHEST_STEP", "checked_text", "contents", "fetched", "file_at", "number", "require_one", "step", "text_of"]

FARTHEST_STEP = 1 << 62
"""Iterations lie between its negative and it, so that they fit into 64 bits also when a run is continued."""


def checked_text(value: Any, argument: str) -> str:
    """A text as it is; `Invalid`, naming the argument, for anything else."""
    if not isinstance(value, str):
        raise Invalid(f"{argument} is {value!r:.60}, which is no text", hint="give a text in quotes")
    return value


def number(value: SupportsFloat, name: str) -> float:
    """A number of any library as Python's own."""
    item = getattr(value, "item", None)
    try:
        found = item() if callable(item) else value
        return float(None if isinstance(found, (str, bytes)) else found)  # type: ignore[arg-type]  # text is no number, even if it reads as one
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        shape = getattr(value, "shape", None)
        what = f"an array of shape {tuple(shape)}" if shape else repr(value)[:100]
        raise Invalid(f"the value of {name} is {what}", hint="report one number") from error


def step(iteration: Any) -> int:
    """An iteration as a whole number; none is the first one."""
    if iteration is None:
        return 0
    item = getattr(iteration, "item", None)
    try:
        found = int(item() if callable(item) else iteration)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise Invalid(f"iteration is {iteration!r:.100}", hint="give a whole number") from error
    if not -FARTHEST_STEP < found < FARTHEST_STEP:
        raise Invalid(f"iteration is {found!r:.100}", hint="give a whole number that fits into 62 bits")
    return found


def require_one(**given: Any) -> str:
    """The name of the one argument that was given; refuses none and several."""
    named = [name for name, value in given.items() if value is not None]
    if len(named) != 1:
        what = f"{' and '.join(named)} were given" if named else "nothing was given"
        raise Invalid(f"{what} to report", hint=f"give just one of {', '.join(given)}")
    return named[0]


def file_at(path: Any, *, name: str = "local_path") -> Path:
    """The file of that path, which was given as `name`."""
    source = Path(path)
    if not source.is_file():
        what = "is a folder" if source.is_dir() else "does not exist"
        raise PathNotFound(f"{source} {what}", hint=f"give a file as {name}")
    return source


def text_of(path: str, *, name: str) -> str:
    """The text in a file."""
    try:
        return file_at(path, name=name).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SourceUnreadable(f"{path} can't be read: {error.strerror}", hint="check its permissions") from error


def fetched(address: str, *, name: str) -> str:
    """The text that lies at an address."""
    parts = urlsplit(address)
    if parts.scheme == "file":
        return text_of(local_path(address), name=name)
    if not parts.scheme:
        return text_of(unquote(parts.path), name=name)
    if parts.scheme not in {"http", "https"}:
        raise Invalid(f"{address} can't be fetched", hint="give an address that begins with http://, https:// or file://")
    urllib3 = import_module("urllib3")  # loaded only by those who fetch
    try:
        answer = urllib3.request("GET", address, timeout=30.0, retries=3)
    except urllib3.exceptions.HTTPError as error:
        raise Unavailable(f"{address} can't be fetched: {error}", hint="check the address and the network") from error
    if answer.status >= 400:
        raise Unavailable(f"{address} answered {answer.status}", hint="check the address")
    return str(answer.data.decode("utf-8", "replace"))


def contents(stream: Any) -> bytes:
    """All that a stream holds: a buffer from its beginning, a file from where it is."""
    if hasattr(stream, "getvalue"):
        found = stream.getvalue()
    elif hasattr(stream, "read"):
        found = stream.read()
    else:
        raise Invalid(f"stream is {type(stream).__name__}", hint="give io.BytesIO, io.StringIO or an open file")
    return found.encode() if isinstance(found, str) else bytes(found)
