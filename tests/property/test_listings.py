"""Listings as a whole: whatever is written is read back, found, and shared where it did not change."""

from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as st

from tilth.base.ids import VersionId, new_id
from tilth.datasets import manifests, segments
from tilth.datasets.manifests import Manifest, write_manifest
from tilth.datasets.segments import Rows, load_root
from tilth.domain.dataset import ChunkRef, Entry
from tilth.store.memory import MemoryStore

names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=4)
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
chunks = st.builds(
    ChunkRef,
    sha256=st.binary(min_size=32, max_size=32),
    pack=st.sampled_from(["packs/00/a-0", "packs/01/a-1", "packs/02/b-0"]),
    offset=st.integers(0, 2**63),
    stored=st.integers(0, 2**32 - 1),
    raw=st.integers(0, 2**32 - 1),
)


@st.composite
def entries(draw: st.DrawFn, path: str) -> Entry:
    digest = draw(st.binary(min_size=32, max_size=32))
    parts = draw(st.lists(chunks, max_size=3))
    if len(parts) == 1:
        only = parts[0]
        parts = [ChunkRef(digest, only.pack, only.offset, only.stored, only.raw)]
    size, mode, mtime = draw(st.integers(0, 2**62)), draw(st.integers(0, 0o7777)), draw(st.integers(-(2**62), 2**62))
    return Entry(path, size, digest, mode, mtime, tuple(parts))


@st.composite
def listings(draw: st.DrawFn) -> dict[str, Entry]:
    found = sorted(draw(st.sets(paths, max_size=40)))
    return {path: draw(entries(path)) for path in found}


@st.composite
def changes_of(draw: st.DrawFn, listing: dict[str, Entry]) -> list[tuple[str, Entry | None]]:
    touched = draw(st.sets(st.sampled_from(sorted(listing)), max_size=10)) if listing else set()
    new = draw(st.sets(paths, max_size=10))
    return [(path, draw(st.none() | entries(path)) if path in listing else draw(entries(path))) for path in sorted(touched | new)]


@given(listings())
def test_rows_are_read_back_as_they_were_written(listing: dict[str, Entry]) -> None:
    rows = Rows.load(Rows.of(list(listing.values())).dump(), name="a segment")
    assert list(rows.entries()) == list(listing.values())
    assert list(rows.digests()) == [(entry.path, entry.size, entry.sha256) for entry in listing.values()]


@given(listings(), st.data())
def test_a_splice_is_what_changing_the_entries_one_by_one_gives(listing: dict[str, Entry], data: st.DataObject) -> None:
    changes = data.draw(changes_of(listing))
    spliced = Rows.of(list(listing.values())).splice(changes)
    expected = {path: entry for path, entry in sorted((listing | dict(changes)).items()) if entry}
    assert list(spliced.entries()) == list(expected.values())
    assert list(Rows.load(spliced.dump(), name="a segment").entries()) == list(expected.values())


@settings(deadline=None)
@given(st.integers(0, 400), st.data())
def test_a_changed_listing_is_cut_as_if_it_had_been_written_anew(count: int, data: st.DataObject) -> None:
    with SmallSegments():
        listing = {path: simple_entry(path, 0) for path in sorted(f"{number % 7}/{number:04}" for number in range(count))}
        touched = data.draw(st.sets(st.integers(0, 500), max_size=20))
        changes: dict[str, Entry | None] = {}
        for number in touched:
            path = f"{number % 7}/{number:04}"
            changes[path] = data.draw(st.sampled_from([None, simple_entry(path, 1)])) if path in listing else simple_entry(path, 1)
        store = MemoryStore()
        before = written(store, Manifest(store, ()), listing)
        after = written(store, before, dict(sorted(changes.items())))
        expected = {path: entry for path, entry in sorted((listing | changes).items()) if entry}
        anew = written(store, Manifest(store, ()), expected)
        assert list(after.entries()) == list(expected.values())
        assert [segment.sha256 for segment in after.segments] == [segment.sha256 for segment in anew.segments]
        assert all(after.find(path) == expected.get(path) for path in [*listing, *changes, "", "x", "3", "3/0003/x"])
        for prefix in ("", "3", "3/0010", "nowhere", "6"):
            below = [entry for path, entry in expected.items() if not prefix or path == prefix or path.startswith(prefix + "/")]
            assert list(after.entries(prefix)) == below
            assert after.has_below(prefix) == any(path.startswith(prefix + "/") if prefix else True for path in expected)


def test_a_change_rewrites_only_the_segments_around_it() -> None:
    with SmallSegments():
        store = MemoryStore()
        listing = {f"{number:05}": simple_entry(f"{number:05}", 0) for number in range(5_000)}
        before = written(store, Manifest(store, ()), listing)
        after = written(store, before, {"02500x": simple_entry("02500x", 1)})
        shared = {segment.key for segment in before.segments} & {segment.key for segment in after.segments}
        assert len(before.segments) > 20
        assert len(shared) >= len(before.segments) - 2


def simple_entry(path: str, salt: int) -> Entry:
    digest = sha256(f"{path}{salt}".encode()).digest()
    return Entry(path, 5, digest, 0o644, 0, (ChunkRef(digest, f"packs/00/p-{salt}", 16, 5, 5),))


def written(store: MemoryStore, base: Manifest, changes: dict[str, Entry] | dict[str, Entry | None]) -> Manifest:
    root = write_manifest(store, VersionId(new_id()), base, changes.items())
    manifest = Manifest(store, load_root(store.get(root.key), name=root.key))
    assert (manifest.count, manifest.size_bytes) == (root.entries, root.size_bytes)
    return manifest


class SmallSegments:
    """Segments of some dozens of entries, so that a small listing has many, and batches that end inside them."""

    def __enter__(self) -> None:
        self._kept = segments.LEAST_WEIGHT, segments.MOST_WEIGHT, segments.CUT_MASK, manifests.BATCH
        segments.LEAST_WEIGHT, segments.MOST_WEIGHT, segments.CUT_MASK, manifests.BATCH = 20, 160, 15, 13

    def __exit__(self, *_: object) -> None:
        segments.LEAST_WEIGHT, segments.MOST_WEIGHT, segments.CUT_MASK, manifests.BATCH = self._kept
