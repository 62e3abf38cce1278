"""Copies of versions on this machine."""

from collections.abc import Iterator

from tilth.datasets.packs import read_chunks
from tilth.domain.version import DatasetVersion
from tilth.sdk import contents, lifecycle
from tilth.sdk.home import Home
from tilth.store.api import Buffer

__all__ = ["read"]


def read(home: Home, version: DatasetVersion, path: str) -> Iterator[Buffer]:
    """The bytes of one file of a final version, each chunk checked before it is handed out."""
    entry = contents.entry_at(home, lifecycle.require_final(version), path)
    yield from read_chunks(home.repository.store, entry.chunks)
