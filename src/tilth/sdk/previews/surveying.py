"""What a listing looks like from afar: how many files its folders have, how large they are, of which types, and which are worth a look.

Only the listing is read, a segment at a time, and of a very large one only some segments: what is known of the others is how many files
they hold. Memory is bounded by one segment and by how many folders and types are told apart.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol
from zlib import crc32

from msgspec import Struct

from tilth.datasets.segments import SegmentRef

__all__ = ["KINDS", "MOST_MEASURED", "MOST_SHOWN", "TRIES", "Candidate", "Listing", "Survey", "folders_shown", "survey"]

KINDS = {
    "image": ("jpg", "jpeg", "png", "gif", "bmp", "webp", "tif", "tiff", "ppm", "pgm"),
    "table": ("csv", "tsv", "tab", "parquet", "pq", "jsonl", "ndjson", "npy", "npz", "arrow", "feather", "xlsx", "xlsm"),
    "text": ("txt", "md", "rst", "json", "yaml", "yml", "toml", "xml", "html", "log", "ini"),
    "audio": ("wav", "mp3", "ogg", "oga", "flac", "m4a"),
    "video": ("mp4", "m4v", "webm", "mov"),
}
"""What files are, by how their names end."""

MOST_SHOWN = {"image": 10, "table": 10, "text": 5, "audio": 3, "video": 3}
"""How many files of each kind are shown."""
TRIES = 3
"""For each that is to be shown, as many are tried: some may be broken."""
MOST_MEASURED = 100
"""Of so many pictures the dimensions are counted."""

SIZE_EDGES = tuple(10**power for power in range(3, 13))
"""Each next bar of the sizes begins at one of these: 1 kB, 10 kB and so on."""

_KIND_OF = {suffix: kind for kind, suffixes in KINDS.items() for suffix in suffixes}
_MOST_ROWS = 2_000_000
_MOST_FOLDERS = 100_000
_MOST_CANDIDATE_FOLDERS = 1_000
_PER_FOLDER = 10
_LONGEST_SUFFIX = 12


class Listing(Protocol):
    """A listing in segments."""

    @property
    def segments(self) -> tuple[SegmentRef, ...]:
        """Its segments, in the order of the paths."""

    def sizes(self, segment: SegmentRef) -> tuple[list[str], list[int]]:
        """The paths and sizes in one of them."""


class Candidate(Struct, frozen=True):
    """A file that may be shown, and where in the listing it stands."""

    path: str
    size: int
    segment: int
    row: int


class Survey(Struct, frozen=True, kw_only=True):
    """A listing in numbers, and what may be shown of it."""

    files: int
    """All of them."""
    seen: int
    """Those that the numbers below are about."""
    folders: dict[str, int]
    types: dict[str, int]
    """By the ending of the name, without the dot; an empty one for none."""
    sizes: list[int]
    """For each pair of neighbours among 0, `SIZE_EDGES` and infinity."""
    candidates: dict[str, list[Candidate]]
    """By kind, those to be tried first first; as good as one from each folder in turn."""


def survey(listing: Listing, *, largest: Callable[[str], int], go_on: Callable[[], bool] = lambda: True) -> Survey:
    """Look at a listing; files of a kind that are larger than `largest` says are no candidates. It ends early if it may not `go_on`."""
    folders: Counter[str] = Counter()
    types: Counter[str] = Counter()
    sizes = [0] * (len(SIZE_EDGES) + 1)
    samplers = {kind: _Sampler(largest(kind)) for kind in KINDS}
    seen = 0
    for at in spread(len(listing.segments)):
        segment = listing.segments[at]
        if seen and (seen + segment.entries > _MOST_ROWS or not go_on()):
            break
        paths, found = listing.sizes(segment)
        seen += len(paths)
        _count_sizes(found, sizes)
        splits = [path.rpartition("/") for path in paths]
        folders.update([folder for folder, _, _ in splits])
        suffixes = [_suffix(name) for _, _, name in splits]
        types.update(suffixes)
        for row, suffix in enumerate(suffixes):
            kind = _KIND_OF.get(suffix)
            if kind:
                samplers[kind].offer(splits[row][0], Candidate(paths[row], found[row], at, row))
        folders = _shallower(folders, _MOST_FOLDERS)
        types = Counter(dict(types.most_common(_MOST_FOLDERS)))
    files = sum(segment.entries for segment in listing.segments)
    candidates = {kind: sampler.chosen() for kind, sampler in samplers.items()}
    return Survey(files=files, seen=seen, folders=dict(folders), types=dict(types), sizes=sizes, candidates=candidates)


def folders_shown(folders: dict[str, int], most: int) -> list[tuple[str, int]]:
    """At most so many folders with how many files they hold, in their order: those as deep as there is room for, with all below them."""
    cut = _shallower(Counter(folders), most)
    if len(cut) <= most:
        return sorted(cut.items())
    kept = sorted(cut, key=lambda folder: (-cut[folder], folder))[: most - 1]
    rest = sum(cut.values()) - sum(cut[folder] for folder in kept)
    return [*sorted((folder, cut[folder]) for folder in kept), (f"{len(cut) - len(kept):,} others", rest)]


def spread(count: int) -> Iterator[int]:
    """Each number below `count` once, so that those that came so far are spread evenly at any time."""
    step = 1 << max(0, count - 1).bit_length()
    yield from range(min(count, 1))
    while step > 1:
        yield from range(step // 2, count, step)
        step //= 2


class _Sampler:
    """Chooses files over the folders, always the same of the same listing: by the checksums of their paths, lowest first."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._folders: dict[str, list[tuple[int, Candidate]]] = {}
        self._bar = 1 << 32

    def offer(self, folder: str, candidate: Candidate) -> None:
        if not 0 < candidate.size <= self._largest:
            return
        kept = self._folders.get(folder)
        if kept is None:
            if crc32(folder.encode()) >= self._bar:
                return
            kept = self._folders[folder] = []
            if len(self._folders) > 2 * _MOST_CANDIDATE_FOLDERS:
                self._drop_folders()
        priority = crc32(candidate.path.encode())
        if len(kept) < _PER_FOLDER:
            kept.append((priority, candidate))
            kept.sort(key=_first)
        elif priority < kept[-1][0]:
            kept[-1] = (priority, candidate)
            kept.sort(key=_first)

    def chosen(self) -> list[Candidate]:
        """One of each folder in turn."""
        order = sorted(self._folders, key=lambda folder: (crc32(folder.encode()), folder))
        return [self._folders[folder][turn][1] for turn in range(_PER_FOLDER) for folder in order if turn < len(self._folders[folder])]

    def _drop_folders(self) -> None:
        order = sorted(self._folders, key=lambda folder: crc32(folder.encode()))
        self._bar = crc32(order[_MOST_CANDIDATE_FOLDERS].encode())
        for folder in order[_MOST_CANDIDATE_FOLDERS:]:
            del self._folders[folder]


def _first(pair: tuple[int, Candidate]) -> tuple[int, str]:
    return pair[0], pair[1].path


def _suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return suffix.lower() if dot and stem and 0 < len(suffix) <= _LONGEST_SUFFIX else ""


def _count_sizes(found: Iterable[int], counts: list[int]) -> None:
    """Add to `counts` how many are below each edge: a number of so many digits lies between two of them."""
    digits = Counter([len(str(size)) for size in found])
    for length, number in digits.items():
        counts[min(max(0, length - 3), len(counts) - 1)] += number


def _shallower(folders: Counter[str], most: int) -> Counter[str]:
    """Cut the deepest level off until there are at most so many, or only one level is left."""
    depth = max((folder.count("/") for folder in folders), default=0)
    while len(folders) > most and depth > 0:
        cut: Counter[str] = Counter()
        for folder, number in folders.items():
            cut["/".join(folder.split("/", depth)[:depth])] += number
        folders, depth = cut, depth - 1
    return folders
