"""What the columns of a table are called whose first row names them: each by another name, as DuckDB calls them in a query."""

from collections.abc import Sequence
from string import ascii_lowercase, ascii_uppercase

__all__ = ["column_names"]

_SPACES = "".join(map(chr, (0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)))
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def column_names(head: Sequence[str | None], *, any_case: bool = False) -> list[str]:
    """A name for each column: without the spaces around it, of equal ones the second with `_1` behind it; one without any is `column4`.

    The number is that of its place, from 0. With `any_case`, names are equal that differ in small and capital letters alone.
    """
    found: list[str] = []
    counts: dict[str, int] = {}
    for at, said in enumerate(head):
        name = (said or "").strip(_SPACES) or f"column{at}"
        while (told := name.translate(_LOWER) if any_case else name) in counts:
            counts[told] += 1
            name = f"{name}_{counts[told]}"
        counts[told] = 0
        found.append(name)
    return found
