"""What need not be stored again: the chunks of a draft's parents, of candidates that it pinned, and of its own session.

A candidate is a version that is not a parent but may well share contents: the same folder under another name, or a parent
that was forgotten. Whether it does is told from a small sample; only then is it pinned, and only then are its chunks used.
"""

from collections.abc import Callable, Iterable, Sequence

from tilth.base.errors import Corrupt, NotFound
from tilth.base.ids import VersionId
from tilth.datasets.catalog import read_record
from tilth.datasets.chunk_index import ChunkIndex
from tilth.datasets.manifests import Manifest, open_manifest
from tilth.datasets.sessions import Session
from tilth.domain.dataset import ChunkRef
from tilth.store.api import ObjectStore

__all__ = ["KnownChunks"]

MOST_CANDIDATES = 16
"""No more candidates than this are looked at."""
MOST_CANDIDATE_CHUNKS = 2_000_000
"""All candidates together take in about so many chunks at the most, 144 MB; what lies beyond is stored again."""


class KnownChunks:
    """Finds stored chunks that the session may refer to. The parents are read only when something new has to be looked up."""

    def __init__(
        self, store: ObjectStore, session: Session, parents: Sequence[Manifest], candidates: Callable[[], Iterable[VersionId]]
    ) -> None:
        self._store = store
        self._session = session
        self._parents = list(parents)
        self._seen = {segment.key for parent in parents for segment in parent.segments}
        self._candidates = candidates
        self._index = ChunkIndex()
        self._unpinned: dict[VersionId, ChunkIndex] | None = None

    def add(self, chunk: ChunkRef) -> None:
        """Take in a chunk of the session's own packs."""
        self._index.add(chunk)

    def find(self, sha256: bytes) -> ChunkRef | None:
        """Where a chunk with this hash lies, if the session may refer to it."""
        return self.index.find(sha256)

    @property
    def index(self) -> ChunkIndex:
        """All that can be found now."""
        while self._parents:
            self._index.add_manifest(self._parents.pop())
        return self._index

    @property
    def has_candidates(self) -> bool:
        """Whether there are versions left that a sample could be looked up in."""
        if self._unpinned is None:
            self._unpinned = self._opened_candidates()
        return bool(self._unpinned)

    def probe(self, sample: Iterable[bytes]) -> bool:
        """Pin the candidates that hold any chunk of `sample`, and take in what they hold; whether there were any."""
        missing = [sha256 for sha256 in sample if self.find(sha256) is None]
        found = False
        if not missing or not self.has_candidates:
            return found
        assert self._unpinned is not None
        for version, index in list(self._unpinned.items()):
            if any(index.find(sha256) for sha256 in missing):
                del self._unpinned[version]
                if self._session.pin(version) is not None:
                    self._index.absorb(index)
                    found = True
        return found

    def _opened_candidates(self) -> dict[VersionId, ChunkIndex]:
        opened: dict[VersionId, ChunkIndex] = {}
        room = MOST_CANDIDATE_CHUNKS
        for version in self._candidates():
            if version in self._session.bases or version in opened or len(opened) == MOST_CANDIDATES:
                continue
            try:
                manifest = open_manifest(self._store, read_record(self._store, version))
                opened[version] = index = ChunkIndex()
                # What two candidates share is known of the likelier one: to find it there is enough.
                index.add_manifest(manifest, seen=self._seen, most=room)
                room -= len(index)
            except (NotFound, Corrupt):  # deleted meanwhile, or no help to anybody: a candidate less
                opened.pop(version, None)
        return opened
