"""Walking through a listing shows what lies there, whatever it is called; and a difference says what two listings say."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.test_listings import SmallSegments, written
from tilth.base.ids import VersionId
from tilth.datasets.browsing import Listing, Pieces, children
from tilth.datasets.diff import KINDS, Changes, changes_between
from tilth.datasets.manifests import Manifest, write_manifest
from tilth.datasets.matching import matcher
from tilth.datasets.shape import shape_of
from tilth.domain.dataset import Entry, Total
from tilth.store.local import LocalStore
from tilth.store.memory import MemoryStore

NAMES = st.text(st.sampled_from("aAb.0-é漢 [*!\n"), min_size=1, max_size=3).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
PARTS = ("*", "?", "[ab]", "[!a]", "[a-c]", "[b-a]", "[", "]", "a", "A", "b", ".", "/", "é")
"""No ranges that hold capitals: those mean small letters too."""
PATTERNS = st.lists(st.sampled_from(PARTS), max_size=5)


@st.composite
def listings(draw: st.DrawFn) -> dict[str, Entry]:
    """Files, none of which is called like a folder."""
    found = draw(st.sets(PATHS, max_size=40))
    folders = {path[: slash.start()] for path in found for slash in re.finditer("/", path)}
    return {path: _entry(path, draw(st.integers(0, 2))) for path in sorted(found - folders)}


def _entry(path: str, content: int) -> Entry:
    return Entry(path, content, bytes([content]) * 32, 0o644, 0, ())


def _opened(listing: dict[str, Entry], store: MemoryStore, base: Manifest | None = None) -> Listing:
    return Listing.of_manifest(written(store, base or Manifest(store, ()), listing), Pieces(keep_bytes=1 << 20))


def _below(listing: dict[str, Entry], folder: str) -> list[tuple[str, bool, Total]]:
    """What lies right in a folder, found by passing everything."""
    prefix = f"{folder}/" if folder else ""
    found: dict[tuple[str, bool], Total] = {}
    for path, entry in listing.items():
        if path.startswith(prefix):
            name, deeper, _ = path.removeprefix(prefix).partition("/")
            key = (name, bool(deeper))
            found[key] = found.get(key, Total()).plus(entry.size)
    return [(*key, total) for key, total in found.items()]


@settings(deadline=None)
@given(listings(), st.integers(1, 5))
def test_a_folder_shows_all_that_lies_in_it_page_by_page(listing: dict[str, Entry], limit: int) -> None:
    with SmallSegments():
        opened = _opened(listing, MemoryStore())
        for folder in {"", *(path.rpartition("/")[0] for path in listing)}:
            seen, after = [], None
            while True:
                page, after = children(opened, folder, after=after, limit=limit)
                seen += [(child.name, child.is_folder, opened.total(child.start, child.stop)) for child in page]
                if after is None:
                    break
            assert seen == _below(listing, folder)
            start, stop = opened.range_of(folder)
            assert [opened.path(at) for at in range(start, stop)] == [p for p in listing if not folder or p.startswith(f"{folder}/")]


@settings(deadline=None)
@given(listings(), PATTERNS.map("".join).filter(lambda pattern: any(mark in pattern for mark in "*?[")))
def test_wildcards_mean_what_they_mean_everywhere_else(listing: dict[str, Entry], pattern: str) -> None:
    means = matcher(pattern.lower())
    with SmallSegments():
        opened = _opened(listing, MemoryStore())
        assert [opened.path(at) for at in opened.matching(pattern).to_pylist()] == [path for path in listing if means(path.lower())]


@settings(deadline=None)
@given(listings(), st.text(st.sampled_from("aAb.é/0"), min_size=1, max_size=3))
def test_a_text_is_found_anywhere_in_a_path(listing: dict[str, Entry], text: str) -> None:
    with SmallSegments():
        opened = _opened(listing, MemoryStore())
        found = opened.matching(text).to_pylist()
        assert [opened.path(at) for at in found] == [path for path in listing if text.lower() in path.lower()]
        assert [(opened.size(at), opened.sha256(at)) for at in found] == [
            (entry.size, entry.sha256) for path, entry in listing.items() if text.lower() in path.lower()
        ]


@settings(deadline=None)
@given(listings(), listings(), st.sets(st.sampled_from(KINDS), min_size=1), st.sampled_from(["a", "*b*"]))
def test_a_difference_is_what_both_listings_say(before: dict[str, Entry], after: dict[str, Entry], kinds: set[str], pattern: str) -> None:
    with SmallSegments():
        store = MemoryStore()
        old = written(store, Manifest(store, ()), before)
        changes: dict[str, Entry | None] = {
            path: after.get(path) for path in sorted({*before, *after}) if before.get(path) != after.get(path)
        }
        new = written(store, old, changes)
        pieces = Pieces(keep_bytes=1 << 20)
        found = changes_between(Listing.of_manifest(old, pieces), Listing.of_manifest(new, pieces))
    rows = {row.path: row for row in found.rows(0, len(found)) if row.change != "removed"}
    gone = {row.path: row for row in found.rows(0, len(found)) if row.change == "removed"}
    left = {row.path_before for row in rows.values() if row.change == "moved"}
    assert {path for path, row in rows.items() if row.change in ("added", "moved")} == set(after) - set(before)
    assert {path for path, row in rows.items() if row.change == "modified"} == {
        path for path in set(before) & set(after) if before[path].sha256 != after[path].sha256
    }
    assert set(gone) | left == set(before) - set(after)
    assert not set(gone) & left
    assert all(before[row.path_before].sha256 == after[row.path].sha256 for row in rows.values() if row.path_before is not None)
    assert not {after[path].sha256 for path, row in rows.items() if row.change == "added"} & {before[path].sha256 for path in gone}
    _check_narrowed(found, kinds, pattern)


def _check_narrowed(found: Changes, kinds: set[str], pattern: str) -> None:
    means = matcher(pattern) if "*" in pattern else lambda path: pattern in path.lower()
    expected = [
        row
        for row in found.rows(0, len(found))
        if row.change in kinds and (means(row.path.lower()) or (row.path_before is not None and means(row.path_before.lower())))
    ]
    narrowed = found.narrowed(kinds=sorted(kinds), pattern=pattern)
    assert narrowed.rows(0, len(narrowed)) == expected
    assert {kind: number for kind, number in narrowed.counts().items() if number} == Counter(row.change for row in expected)
    half = len(narrowed) // 2
    assert Counter(narrowed.counts(0, half)) + Counter(narrowed.counts(half)) == Counter(row.change for row in expected)


@settings(deadline=None)
@given(listings())
def test_types_and_sizes_are_counted(listing: dict[str, Entry]) -> None:
    with SmallSegments():
        shape = shape_of(_opened(listing, MemoryStore()), most=1_000)
    assert (shape.seen, sum(shape.sizes), shape.sizes[0]) == (len(listing),) * 3
    expected: dict[str, Total] = {}
    for path, entry in listing.items():
        stem, dot, ending = path.rpartition("/")[2].rpartition(".")
        type = ending.lower() if dot and stem and ending and "\n" not in ending else ""
        expected[type] = expected.get(type, Total()).plus(entry.size)
    assert shape.types == expected


def test_whoever_looks_does_not_wait_for_pandas(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    changes = [(f"a/{name}", _entry(f"a/{name}", 1)) for name in ("b.png", "c.txt")]
    write_manifest(store, VersionId("0" * 32), Manifest(store, ()), changes)
    script = f"""if True:
        import sys
        from pathlib import Path
        from tilth.datasets.browsing import Listing, Pieces, children
        from tilth.datasets.format import root_key
        from tilth.datasets.manifests import Manifest, write_manifest
        from tilth.datasets.segments import load_root
        from tilth.store.local import LocalStore

        store = LocalStore(Path({str(tmp_path)!r}))
        manifest = Manifest(store, load_root(store.get(root_key("0" * 32)), name="root"))
        listing = Listing.of_manifest(manifest, Pieces(keep_bytes=1 << 20))
        assert len(listing.matching("png")) == len(listing.matching("*.png")) == len(children(listing, "", after=None, limit=9)[0]) == 1
        assert "pandas" not in sys.modules
    """
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
