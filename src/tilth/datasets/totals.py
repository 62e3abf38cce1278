"""How a draft differs from what it started from, in numbers: counted change by change, moves paired at the end."""

from collections import Counter

from tilth.domain.dataset import ChangeTotals, Total

__all__ = ["TotalsCounter"]

Content = tuple[int, bytes]
"""Size and SHA-256."""


class TotalsCounter:
    """Counts changes. Memory grows with the number of added and removed files only."""

    def __init__(self) -> None:
        self._added: Counter[Content] = Counter()
        self._removed: Counter[Content] = Counter()
        self._modified = self._modified_before = Total()

    def count(self, before: Content | None, after: Content | None) -> None:
        """Count one path: what it was and what it is; None for not there."""
        if before is None and after is not None:
            self._added[after] += 1
        elif after is None and before is not None:
            self._removed[before] += 1
        elif before is not None and after is not None and before[1] != after[1]:
            self._modified = self._modified.plus(after[0])
            self._modified_before = self._modified_before.plus(before[0])

    def totals(self, whole: Total) -> ChangeTotals:
        """The numbers, given the total of the listing before."""
        moved = self._added & self._removed
        gone = [_sum(self._removed), self._modified_before]
        unchanged = Total(whole.files - sum(t.files for t in gone), whole.size_bytes - sum(t.size_bytes for t in gone))
        return ChangeTotals(_sum(self._added - moved), _sum(self._removed - moved), self._modified, _sum(moved), unchanged)


def _sum(contents: Counter[Content]) -> Total:
    return Total(contents.total(), sum(size * count for (size, _), count in contents.items()))
