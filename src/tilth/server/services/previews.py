"""The beginning of a file of a version, as a person wants to see it."""

import mimetypes
from typing import Any

from tilth.sdk.previews.seen import MalformedRows
from tilth.server.services.columns import described
from tilth.server.services.contents import Contents
from tilth.server.services.tables import TableSample, is_table

__all__ = ["content_type", "preview", "read_text"]

_LOOKED_AT = 256 * 1024
_LONGEST_CELL = 1_000
_PATIENCE_S = 2.0
"""Of work; columns that are not looked at by then are named only."""

_KINDS = {"avif": "image/avif", "flac": "audio/flac", "m4a": "audio/mp4", "opus": "audio/ogg", "webp": "image/webp"}
"""What not every Python and not every machine knows, and browsers show only if they are told."""


def content_type(path: str) -> str:
    """What kind of file the name says that it is."""
    return _KINDS.get(path.rpartition(".")[2].lower()) or mimetypes.guess_type(path)[0] or "application/octet-stream"


def preview(contents: Contents, id: str, path: str, *, rows: int) -> dict[str, Any]:
    """What a file is, and its beginning: `table` with columns and rows, `text`, `image`, `audio`, `video`, or `binary`."""
    size, pieces = contents.file(id, path, length=_LOOKED_AT)
    kind = content_type(path)
    found = {"path": path, "size_bytes": size, "content_type": kind}
    if kind.partition("/")[0] in ("image", "audio", "video"):
        return found | {"kind": kind.partition("/")[0]}
    if is_table(path) and (sample := contents.table(id, path, rows=rows)):
        return found | _table(sample)
    text = _decoded(b"".join(bytes(piece) for piece in pieces), size)
    return found | ({"kind": "binary"} if text is None else {"kind": "text", "text": text, "whole": size <= _LOOKED_AT})


def read_text(contents: Contents, id: str, path: str) -> tuple[str, bool] | None:
    """The beginning of a file, and whether that is all of it; None if it is no text."""
    size, pieces = contents.file(id, path, length=_LOOKED_AT)
    text = _decoded(b"".join(bytes(piece) for piece in pieces), size)
    return None if text is None else (text, size <= _LOOKED_AT)


def _decoded(data: bytes, size: int) -> str | None:
    try:
        text = data.decode("utf-8", "strict" if len(data) == size else "ignore")
    except UnicodeDecodeError:
        return None
    # More was left out than a character that was cut: it is no text.
    return None if "\x00" in text or len(data) - len(text.encode()) > 8 else text


def _table(sample: TableSample) -> dict[str, Any]:
    """Columns and how their values are spread over the rows that were read, the first of which are shown."""
    return {
        "kind": "table",
        "columns": described(sample.table, patience_s=_PATIENCE_S),
        "rows": [[cell if cell is None else cell[:_LONGEST_CELL] for cell in row] for row in sample.texts],
        "sampled": sample.table.num_rows,
        "total_rows": sample.total_rows,
        "total_columns": sample.total_columns,
        "whole": sample.whole and len(sample.texts) == sample.table.num_rows,
        "malformed": _malformed(sample.malformed),
    }


def _malformed(found: MalformedRows | None) -> dict[str, Any] | None:
    """How many rows can't be read, of how many, and the first of them by their lines."""
    if found is None:
        return None
    first = [{"line": line, "what": what} for line, what in found.first]
    return {"count": found.count, "rows": found.rows, "is_all": found.is_all, "first": first}
