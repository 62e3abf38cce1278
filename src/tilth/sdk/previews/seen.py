"""What is seen in a file, as it is shown, and kept until then."""

from msgspec import Struct

__all__ = ["Column", "Columns", "Look", "MalformedRows", "Sample", "Table"]


class Column(Struct, frozen=True):
    """One column."""

    name: str
    type: str
    missing: int
    """Null, not a number, or an empty cell."""
    smallest: str
    largest: str
    bars: tuple[tuple[str, int], ...] = ()
    """How many values lie in each range or, of few different ones, how often each is there; none if that says nothing."""


class Columns(Struct, frozen=True):
    """The columns of a table, by its first rows."""

    rows: int
    is_all: bool
    """Whether the table has no more rows than these."""
    columns: tuple[Column, ...]


class MalformedRows(Struct, frozen=True):
    """Rows that can't be read."""

    count: int
    rows: int
    """Of so many, these included."""
    is_all: bool
    """Whether the table has no more rows than these."""
    first: tuple[tuple[int, str], ...]
    """Line and what is wrong there, of the first ten."""

    def __str__(self) -> str:
        of = f"{self.rows:,} rows" if self.is_all else f"the first {self.rows:,} rows"
        return f"{self.count:,} of {of} can't be read"


class Sample(Struct, frozen=True, tag=True):
    """A file that a page shows or plays."""

    data: bytes
    suffix: str


class Table(Struct, frozen=True, tag=True):
    """The beginning of a table."""

    rows: list[list[str]]
    columns: Columns | None
    malformed: MalformedRows | None = None


Look = Sample | Table
