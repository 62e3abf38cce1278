"""A fork uses the database of its parent, whatever the parent's threads were doing with it."""

import os
import signal
import threading
from pathlib import Path

import pytest

from tilth.server.db.engine import Connection
from tilth.server.db.sqlite import SqliteDatabase


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_fork_writes_although_its_parent_was_in_the_middle_of_writing(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "tilth.db")
    database.run(lambda connection: connection.execute("CREATE TABLE seen (number INTEGER)"), writes=True)
    stop, begun, written = threading.Event(), threading.Event(), []

    def write() -> None:
        while not stop.is_set():
            with database.writing() as connection:
                connection.execute("INSERT INTO seen VALUES (1)")
                begun.set()
                stop.wait(0.02)
            written.append(1)
            stop.wait(0.01)  # whoever wants to write in between may

    writer = threading.Thread(target=write)
    writer.start()
    assert begun.wait(60)
    children = []
    for _ in range(10):
        child = os.fork()
        if child == 0:
            signal.alarm(30)  # less than SQLite waits for a lock
            status = 1
            try:
                database.run(lambda connection: connection.execute("INSERT INTO seen VALUES (2)"), writes=True)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    ended = [os.waitpid(child, 0)[1] for child in children]
    stop.set()
    writer.join()

    def count(connection: Connection) -> list[tuple[int, ...]]:
        return connection.all("SELECT number, COUNT(*) FROM seen GROUP BY number ORDER BY number")

    assert ended == [0] * 10
    assert database.run(count, writes=False) == [(1, len(written)), (2, 10)]
    database.close()
