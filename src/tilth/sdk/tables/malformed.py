"""What happens to rows that can't be read: the first one stops everything, or they are left out and counted."""

from collections.abc import Sequence

from msgspec import Struct

from tilth.base.errors import TableMalformed
from tilth.sdk.tables.lines import NOT_UTF_8

__all__ = ["Malformed", "Problems"]

_MOST_TOLD = 10


class Malformed(Struct, frozen=True):
    """A place where a table can't be read."""

    file: str
    line: int
    what: str
    unit: str = "line"

    def __str__(self) -> str:
        return f"{self.file}, {self.unit} {self.line:,}: {self.what}"


class Problems:
    """Malformed rows of several tables. A table may be read several times: what the last time found counts."""

    def __init__(self, *, skip: bool = False) -> None:
        self.skip = skip
        self._counts: dict[str, int] = {}
        self._first: dict[str, list[Malformed]] = {}

    def begin(self, file: str) -> None:
        """A table is read from its beginning."""
        self._counts[file] = 0
        self._first[file] = []

    def found(self, problem: Malformed) -> None:
        """A row can't be read; unless such rows are left out, `TableMalformed` says which and why."""
        if not self.skip:
            repair = "save the file as UTF-8" if problem.what.endswith(NOT_UTF_8) else "repair it"
            raise TableMalformed(str(problem), hint=f"{repair}, or leave such rows out with --skip-malformed (skip_malformed=True)")
        self._counts[problem.file] += 1
        if len(self._first[problem.file]) < _MOST_TOLD:
            self._first[problem.file].append(problem)

    @property
    def count(self) -> int:
        """How many rows were left out."""
        return sum(self._counts.values())

    def counts(self) -> dict[str, int]:
        """The same for each file that has any."""
        return {file: count for file, count in self._counts.items() if count}

    def first(self) -> Sequence[Malformed]:
        """The first places, at most ten."""
        return [problem for found in self._first.values() for problem in found][:_MOST_TOLD]
