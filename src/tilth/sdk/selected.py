"""Some files of a final version, known all at once in columns, so that any of them is read without looking for it."""

from collections.abc import Sequence
from typing import Any

from tilth.base.errors import TilthError
from tilth.datasets.matching import matcher
from tilth.datasets.segments import Rows, joined
from tilth.sdk import lifecycle
from tilth.sdk.home import Home
from tilth.sdk.lookup import find
from tilth.sdk.reading import reading_of

__all__ = ["SelectedFiles"]


class SelectedFiles:
    """The files of version `reference` that any of `patterns` means, in the order of their paths; all without patterns.

    About 150 bytes of memory a file.
    """

    def __init__(self, home: Home, reference: str, patterns: Sequence[str] | None) -> None:
        version = lifecycle.require_final(find(home, reference))
        self.version = version.id
        self._reading = reading_of(home, version)
        manifest = self._reading.manifest
        means = None if patterns is None else [matcher(pattern) for pattern in patterns]
        parts = [manifest.load(segment) for segment in manifest.segments]
        if means is not None:
            parts = [rows.take([at for at, path in enumerate(rows.paths) if any(test(path) for test in means)]) for rows in parts]
        self._rows = joined(parts) if parts else Rows.of([])

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def paths(self) -> list[str]:
        """Their paths."""
        return self._rows.paths

    @property
    def sizes(self) -> Sequence[int]:
        """Their sizes."""
        return self._rows.sizes

    def read(self, numbers: Sequence[int]) -> list[tuple[str, bytes]]:
        """Path and content of some of them; what lies together is fetched together. Raises what keeps one from being read."""
        entries = list(self._rows.take(numbers).entries())
        found: list[Any] = self._reading.read_many([(entry, 0, entry.size) for entry in entries])
        for data in found:
            if isinstance(data, TilthError):
                raise data
        return [(entry.path, data) for entry, data in zip(entries, found, strict=True)]
