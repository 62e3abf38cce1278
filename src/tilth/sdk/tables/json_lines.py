"""Tables with one JSON object on each line. Numbers stay the texts that they are: an id of twenty digits is not rounded."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import msgspec

from tilth.sdk.tables.formats import Source
from tilth.sdk.tables.lines import lines_of
from tilth.sdk.tables.malformed import Malformed, Problems
from tilth.sdk.tables.rows import Cell, Rows, rows_at_once

__all__ = ["JsonTable", "object_without"]

_MOST_CHARACTERS = 4 << 20
_EXAMINED = 200
_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_KINDS = {'"': "text", "{": "object", "[": "list", "t": "boolean", "f": "boolean", "n": "empty"}


class JsonTable:
    """A file of JSON lines. Its columns are all names that any object has, in the order in which they first come."""

    unit = "line"

    def __init__(self, source: Source, problems: Problems) -> None:
        self.label = source.label
        self._source = source
        self._problems = problems

    @cached_property
    def columns(self) -> Sequence[str]:
        """Every name; the whole file is read for them once."""
        names: dict[str, None] = {}
        for _, _, found in self._objects(self._problems):
            names.update(dict.fromkeys(found))
        return list(names)

    def rows(self) -> Iterator[Rows]:
        names = self.columns
        most = rows_at_once(len(names))
        lines: list[int] = []
        cells: list[Sequence[Cell]] = []
        raws: list[str] = []
        size = 0
        for line, raw, found in self._objects(self._problems):
            lines.append(line)
            cells.append([_cell(found.get(name)) for name in names])
            raws.append(raw)
            size += len(raw)
            if len(lines) >= most or size >= _MOST_CHARACTERS:
                yield Rows(lines, cells, raws)
                lines, cells, raws, size = [], [], [], 0
        if lines:
            yield Rows(lines, cells, raws)

    def types(self) -> dict[str, str]:
        found: dict[str, set[str]] = {}
        for number, (_, _, row) in enumerate(self._objects(Problems(skip=True))):
            if number >= _EXAMINED:
                break
            for name, value in row.items():
                found.setdefault(name, set()).add(_kind(bytes(value)))
        return {name: " or ".join(sorted(kinds - {"empty"} or {"empty"})) for name, kinds in found.items()}

    def _objects(self, problems: Problems) -> Iterator[tuple[int, str, dict[str, msgspec.Raw]]]:
        problems.begin(self.label)
        with self._source.plain() as file:
            for line in lines_of(file):
                if line.text is None:
                    problems.found(Malformed(self.label, line.number, line.wrong))
                    continue
                text = line.text.strip()
                if not text:
                    continue
                try:
                    found = _decoder.decode(text)
                except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
                    problems.found(Malformed(self.label, line.number, _explained(text, str(error))))
                    continue
                yield line.number, text, found


def object_without(raw: str, names: Sequence[str]) -> str:
    """The object with no other names than these, its values as they stand."""
    found = _decoder.decode(raw)
    return msgspec.json.encode({name: found[name] for name in names if name in found}).decode()


def _explained(text: str, said: str) -> str:
    if said.startswith("Expected `object`"):
        return f"it is no JSON object: {text[:60]}"
    return said[:1].lower() + said[1:]


def _cell(value: msgspec.Raw | None) -> Cell:
    """The value as compact JSON; equal texts are equal, however they were escaped. `null` is nothing, as is a name that is not there."""
    data = b"null" if value is None else bytes(value)
    if data == b"null":
        return None
    if data[:1] in b"{[":
        return msgspec.json.format(data, indent=-1).decode()
    if data[:1] == b'"' and b"\\" in data:
        return msgspec.json.encode(msgspec.json.decode(data)).decode()
    return data.decode()


def _kind(data: bytes) -> str:
    first = chr(data[0])
    return _KINDS.get(first) or ("integer" if not set(data) & set(b".eE") else "number")
