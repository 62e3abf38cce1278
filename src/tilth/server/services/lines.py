"""Where two texts differ, line by line: as few lines as possible are removed and added.

What they have in common is a longest common subsequence. It is found by the bits of whole numbers, which have a bit for each line of one
text, and of which one is made for each line of the other (Hyyrö, *Bit-parallel LCS-length computation revisited*, 2004): a hundred million
pairs of lines take a fraction of a second, whatever stands in them.
"""

from collections.abc import Iterator, Sequence

__all__ = ["Code", "hunks"]

Code = tuple[str, int, int, int, int]
"""`equal`, `delete`, `insert` or `replace`; from and up to which line of the one text, and of the other."""

_CONTEXT = 3
_MOST_COMPARED = 200_000_000
"""So many pairs of lines, behind what both begin with and before what both end with, take 25 MB; with more, all lines count as new."""


def hunks(old: Sequence[str], new: Sequence[str], *, most: int = _MOST_COMPARED) -> Iterator[list[Code]]:
    """Differences with the lines around them, near ones together; what both begin and end with is not compared."""
    least = min(len(old), len(new))
    start = next((at for at in range(least) if old[at] != new[at]), least)
    end = next((at for at in range(least - start) if old[-1 - at] != new[-1 - at]), least - start)
    middle = (old[start : len(old) - end], new[start : len(new) - end])
    head = max(0, start - _CONTEXT)
    tail = min(end, _CONTEXT)
    codes: list[Code] = [("equal", head, start, head, start)] if start > head else []
    common = _common(*middle) if len(middle[0]) * len(middle[1]) <= most else []
    codes += [(tag, a + start, b + start, c + start, d + start) for tag, a, b, c, d in _codes(common, *map(len, middle))]
    if tail:
        codes.append(("equal", len(old) - end, len(old) - end + tail, len(new) - end, len(new) - end + tail))
    if not any(code[0] != "equal" for code in codes):
        return
    hunk: list[Code] = []
    for at, (tag, a, b, c, d) in enumerate(codes):
        if tag == "equal" and b - a > 2 * _CONTEXT and 0 < at < len(codes) - 1:
            hunk.append((tag, a, a + _CONTEXT, c, c + _CONTEXT))
            yield hunk
            hunk = [(tag, b - _CONTEXT, b, d - _CONTEXT, d)]
        else:
            hunk.append((tag, a, b, c, d))
    yield hunk


def _common(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """The places of lines that both have, in order, as many as there can be."""
    where: dict[str, int] = {}
    for at, line in enumerate(old):
        where[line] = where.get(line, 0) | 1 << at
    # Bit i of a row is 0 where line i of `old` makes the common part of what comes before, and of the row's beginning of `new`, one longer.
    whole = row = (1 << len(old)) - 1
    rows: list[int] = []
    for line in new:
        hit = row & where.get(line, 0)
        row = ((row + hit) | (row - hit)) & whole
        rows.append(row)
    found: list[tuple[int, int]] = []
    i, j = len(old), len(new)
    while i and j:
        if rows[j - 1] >> (i - 1) & 1:
            i -= 1
        else:
            j -= 1
            if not j or rows[j - 1] >> (i - 1) & 1:
                i -= 1
                found.append((i, j))
    return found[::-1]


def _codes(common: Sequence[tuple[int, int]], old: int, new: int) -> Iterator[Code]:
    """What becomes of the lines of two texts of these lengths, runs of which stand together."""
    i = j = at = 0
    while i < old or j < new:
        if at < len(common) and common[at] == (i, j):
            first = at
            while at < len(common) and common[at] == (i + at - first, j + at - first):
                at += 1
            yield "equal", i, i + at - first, j, j + at - first
            i, j = i + at - first, j + at - first
            continue
        k, m = common[at] if at < len(common) else (old, new)
        yield "replace" if i < k and j < m else "delete" if i < k else "insert", i, k, j, m
        i, j = k, m
