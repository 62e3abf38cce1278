"""The beginning of a file of a version, as a person wants to see it."""

import csv
import io
import json
import mimetypes
from typing import Any

from tilth.server.services.contents import Contents

__all__ = ["content_type", "preview"]

_LOOKED_AT = 256 * 1024
_LONGEST_CELL = 1_000
_DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_LINES = (".jsonl", ".ndjson")


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
    data = b"".join(bytes(piece) for piece in pieces)
    try:
        text = data.decode("utf-8", "strict" if len(data) == size else "ignore")
    except UnicodeDecodeError:
        return found | {"kind": "binary"}
    if "\x00" in text:
        return found | {"kind": "binary"}
    whole = len(data) == size
    suffix = path[path.rfind(".") :].lower() if "." in path else ""
    if suffix in _DELIMITERS:
        return found | _table(text, _DELIMITERS[suffix], rows, whole=whole)
    if suffix in _LINES:
        return found | _json_lines(text, rows, whole=whole)
    return found | {"kind": "text", "text": text, "whole": whole}


def _table(text: str, delimiter: str, rows: int, *, whole: bool) -> dict[str, Any]:
    lines = text if whole else text[: text.rfind("\n") + 1]
    try:
        read = [
            [cell[:_LONGEST_CELL] for cell in row]
            for row, _ in zip(csv.reader(io.StringIO(lines), delimiter=delimiter), range(rows + 1), strict=False)
        ]
    except csv.Error:
        return {"kind": "text", "text": text, "whole": whole}
    return {"kind": "table", "columns": read[0] if read else [], "rows": read[1:], "whole": whole and len(read) <= rows}


def _json_lines(text: str, rows: int, *, whole: bool) -> dict[str, Any]:
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        read = [json.loads(line) for line in lines[: min(rows, len(lines) if whole else len(lines) - 1)]]
    except ValueError:
        return {"kind": "text", "text": text, "whole": whole}
    if not all(isinstance(row, dict) for row in read):
        return {"kind": "text", "text": text, "whole": whole}
    columns = list(dict.fromkeys(name for row in read for name in row))
    cells = [[json.dumps(row[name])[:_LONGEST_CELL] if name in row else "" for name in columns] for row in read]
    return {"kind": "table", "columns": columns, "rows": cells, "whole": whole and len(read) == len(lines)}
