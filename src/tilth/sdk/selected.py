"""Some files of a final version, known all at once in columns, so that any of them is read without looking for it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from tilth.base.errors import TilthError
from tilth.datasets.matching import matcher
from tilth.datasets.packs import GAP_BYTES
from tilth.datasets.segments import Rows, joined
from tilth.domain.dataset import ChunkRef
from tilth.sdk import lifecycle
from tilth.sdk.home import Home
from tilth.sdk.lookup import find
from tilth.sdk.reading import reading_of

__all__ = ["SelectedFiles"]

_MOST_BETWEEN = 4096
"""Of so many files between two it is looked which lie between them."""


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
        self._wholes = self._rows.wholes
        self._reading.chunks.prepare()  # rather once here than in each worker of each epoch

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

    def path(self, number: int) -> str:
        """The path of one of them."""
        return self._wholes.path(number)

    def near(self, number: int) -> bytes | None:
        """The content of one of them, if this machine has it at hand: in memory or in its cache."""
        chunk = self._wholes.chunk(number)
        return self._reading.chunks.near(*chunk) if chunk else None

    def fetch(self, numbers: Sequence[int]) -> list[bytes]:
        """The contents of some of them; what lies together is fetched together. Raises what keeps one from being read.

        Others of the files that lie between two of them, near enough for one request, stay in the cache, so that nothing is read twice.
        """
        if not numbers:
            return []
        entries = list(self._rows.take(numbers).entries())
        rows = {entry.sha256: number for number, entry in zip(numbers, entries, strict=True)}
        found = self._reading.read_many([(entry, 0, entry.size) for entry in entries], lambda chunks: self._between(chunks, rows))
        contents: list[bytes] = []
        for data in found:
            if isinstance(data, TilthError):
                raise data
            contents.append(data)
        return contents

    def _between(self, chunks: Sequence[ChunkRef], rows: Mapping[bytes, int]) -> Iterator[ChunkRef]:
        """What lies between chunks that are read together, of files that mostly are between theirs in the order of paths."""
        for before, after in pairwise(chunks):
            end = before.offset + before.stored
            first, last = rows.get(before.sha256), rows.get(after.sha256)
            if before.pack != after.pack or not 0 < after.offset - end <= GAP_BYTES or first is None or last is None:
                continue
            for entry in self._rows.entries(first + 1, last) if first + 1 < last <= first + _MOST_BETWEEN else ():
                if len(entry.chunks) == 1 and entry.chunks[0].pack == before.pack and end <= entry.chunks[0].offset < after.offset:
                    yield entry.chunks[0]

    def read(self, numbers: Sequence[int]) -> Iterator[tuple[str, bytes]]:
        """Path and content of some of them: read when they are taken, and all at once from the first one on that is not at hand."""
        for at, number in enumerate(numbers):
            content = self.near(number)
            if content is None:
                yield from zip(map(self.path, numbers[at:]), self.fetch(numbers[at:]), strict=True)
                return
            yield self.path(number), content
