"""The files of a home without a server, under the names by which a server over this home serves them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tilth.base.clock import Clock
from tilth.base.errors import ObjectNotFound
from tilth.client.files import Counted, Told
from tilth.server.db.engine import Database
from tilth.server.services.files import clean_path, delete_files, find_file, keep_file
from tilth.server.stores.unit_of_work import Tx
from tilth.store.streams import Streams

__all__ = ["EmbeddedFiles"]

_PIECE = 1024 * 1024


class EmbeddedFiles:
    """Files by name over a home's own database and store. Many processes may use one home at once."""

    def __init__(self, streams: Streams, database: Database, clock: Clock) -> None:
        self._streams = streams
        self._database = database
        self._clock = clock

    def put(self, name: str, source: Path, *, content_type: str | None = None, told: Told | None = None) -> None:
        path = clean_path(name)
        writer = self._streams.create()
        try:
            with source.open("rb") as file:
                counted = Counted(file, told)
                while piece := counted.read(_PIECE):
                    writer.write(piece)
            writer.commit()
            self._database.run(
                lambda connection: keep_file(
                    Tx(connection, self._clock), path, key=writer.key, size_bytes=writer.size_bytes, content_type=content_type
                ),
                writes=True,
            )
        except BaseException:
            writer.abort()
            self._streams.delete([writer.key])
            raise

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        file = self._database.run(lambda connection: find_file(Tx(connection, self._clock), name), writes=False)
        with self._streams.open(file.key) as opened:
            yield opened

    def size(self, name: str) -> int | None:
        try:
            return self._database.run(lambda connection: find_file(Tx(connection, self._clock), name), writes=False).size_bytes
        except ObjectNotFound:
            return None

    def version(self, name: str) -> str | None:
        try:
            return self._database.run(lambda connection: find_file(Tx(connection, self._clock), name), writes=False).key
        except ObjectNotFound:
            return None

    def delete(self, name: str) -> bool:
        deleted, _ = self._database.run(lambda connection: delete_files(Tx(connection, self._clock), [name]), writes=True)
        return bool(deleted)
