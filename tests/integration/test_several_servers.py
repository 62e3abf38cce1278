"""Several `tilth up` on one PostgreSQL and one store are one service."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from tilth.base.clock import SystemClock
from tilth.base.errors import Invalid
from tilth.base.ids import new_id
from tilth.server.db.engine import Connection
from tilth.server.db.postgres import PostgresDatabase
from tilth.server.stores.unit_of_work import Tx
from tilth.testing.servers import RunningServer, free_port, running_server


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds; fails the test if that takes long."""
    deadline = time.monotonic() + 180
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def database(postgres: str) -> str:
    name = f"several_{new_id()}"
    with psycopg.connect(postgres, autocommit=True) as raw:
        raw.execute(f"CREATE DATABASE {name}".encode())
    return postgres.replace("/postgres", f"/{name}")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[tuple[RunningServer, RunningServer]]:
    """Two servers that began at the same time, over nothing."""
    folder = tmp_path_factory.mktemp("several")
    options = ("--database", database, "--storage", str(folder / "store"))
    stop = threading.Event()
    ready: dict[int, RunningServer] = {}
    begun = threading.Barrier(3)
    ports = (free_port(0), free_port(1))

    def run(number: int) -> None:
        begun.wait()
        with running_server(folder / f"home{number}", *options, port=ports[number]) as server:
            ready[number] = server
            stop.wait()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    begun.wait()
    try:
        eventually(lambda: len(ready) == 2 or not all(thread.is_alive() for thread in threads))
        yield ready[0], ready[1]
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def changes(server: RunningServer, after: int, entity: str = "") -> list[dict[str, Any]]:
    """The next changes of a server's feed: up to the first one of `entity`, or one."""
    with server.http.request(
        "GET", f"{server.web}/live?after={after}", headers={"authorization": f"Bearer {server.token}"}, preload_content=False
    ) as answer:
        found: list[dict[str, Any]] = []
        for line in answer:
            if line.startswith(b"data: "):
                found.append(msgspec.json.decode(line.removeprefix(b"data: ")))
                if entity in ("", found[-1]["entity"]):
                    break
        return found


def end_of_feed(server: RunningServer) -> int:
    """The end of a server's feed: where a change is that was made just now."""
    task = server.call("tasks.create", name="mark", type="training")["id"]
    seq = 0
    while True:
        for change in changes(server, seq):
            seq = change["seq"]
            if change["entity"] == task:
                return int(seq)


def test_a_token_of_one_is_good_at_the_other_until_it_is_revoked_anywhere(servers: tuple[RunningServer, RunningServer]) -> None:
    first, second = servers
    keys = first.call("auth.create_credentials", label="both")["credentials"]
    token = second.login(keys["access_key"], keys["secret_key"])
    for server in servers:
        assert server.request("GET", "/api/users.get_current_user", token=token).status == 200
    first.call("auth.revoke_credentials", access_key=keys["access_key"])
    for server in servers:
        assert server.request("GET", "/api/users.get_current_user", token=token).status == 401


def test_what_changes_at_one_is_seen_at_the_other(servers: tuple[RunningServer, RunningServer]) -> None:
    first, second = servers
    task = first.call("tasks.create", name="not seen", type="training")["id"]
    followed = end_of_feed(first)
    with ThreadPoolExecutor(1) as pool:
        feed = pool.submit(changes, second, followed, task)  # what other tests left may change meanwhile
        first.call("tasks.edit", task=task, name="seen")
        assert feed.result(120)[-1]["entity"] == task
    assert second.call("tasks.get_by_id", task=task)["task"]["name"] == "seen"


def test_files_of_one_are_at_the_other(servers: tuple[RunningServer, RunningServer]) -> None:
    first, second = servers
    assert first.request("POST", "/files", fields={"a/b.txt": ("b.txt", b"content")}).status == 200
    assert second.request("GET", "/files/a/b.txt").data == b"content"
    assert second.request("DELETE", "/files/a/b.txt").status == 200
    assert first.request("GET", "/files/a/b.txt").status == 404


def test_workers_at_both_never_get_the_same_task(servers: tuple[RunningServer, RunningServer]) -> None:
    queue = servers[0].call("queues.create", name="shared")["id"]
    tasks = [servers[number % 2].call("tasks.create", name=f"t{number}", type="training")["id"] for number in range(40)]
    for number, task in enumerate(tasks):
        servers[number % 2].call("tasks.enqueue", task=task, queue=queue)

    def take(number: int) -> list[str]:
        found: list[str] = []
        while answer := servers[number % 2].call("queues.get_next_task", queue=queue):
            found.append(answer["entry"]["task"])
        return found

    with ThreadPoolExecutor(6) as pool:
        taken = [task for found in pool.map(take, range(6)) for task in found]
    assert sorted(taken) == sorted(tasks)


def test_what_deleted_tasks_owned_is_gone_at_both(servers: tuple[RunningServer, RunningServer], database: str) -> None:
    first, second = servers
    made = []
    for number in range(20):
        server = servers[number % 2]
        task = server.call("tasks.create", name=f"owner {number}", type="training")["id"]
        path = f"owned/{number}.bin"
        assert server.request("POST", "/files", fields={path: ("x", b"x" * 100)}).status == 200
        artifact = {"key": "x", "type": "custom", "uri": f"{server.web}/files/{path}", "mode": "output"}
        server.call("tasks.add_or_update_artifacts", task=task, artifacts=[artifact])
        server.call("events.add", type="training_stats_scalar", task=task, metric="m", variant="v", iter=1, value=1.0)
        made.append(task)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: servers[number % 2].call("tasks.delete", task=made[number], force=True), range(20)))

    def left() -> int:
        with psycopg.connect(database) as raw:
            query = "SELECT (SELECT count(*) FROM tilth.job) + (SELECT count(*) FROM tilth.file WHERE path LIKE 'owned/%')"
            return int((raw.execute(query).fetchone() or (0,))[0])

    eventually(lambda: left() == 0)
    assert {second.request("GET", f"/files/owned/{number}.bin").status for number in range(20)} == {404}
    assert [text for server in servers for text in server.said().splitlines() if "tried again" in text or "stumbled" in text] == []
    assert first.call("events.get_task_latest_scalar_values", task=first.call("tasks.create", name="n", type="training")["id"])


def test_each_job_is_taken_once(postgres: str) -> None:
    schema = f"jobs_{new_id()}"
    databases = [PostgresDatabase(postgres, schema=schema) for _ in range(4)]
    clock = SystemClock()

    def add(connection: Connection) -> None:
        for number in range(100):
            Tx(connection, clock).jobs.add("drop_files", {"number": number}, "2025")

    databases[0].run(add, writes=True)

    def take(database: PostgresDatabase) -> list[int]:
        found: list[int] = []
        while job := database.run(lambda raw: Tx(raw, clock).jobs.take(Tx(raw, clock).now, "9999"), writes=True):
            found.append(job.payload["number"])
        return found

    with ThreadPoolExecutor(4) as pool:
        taken = Counter(number for found in pool.map(take, databases) for number in found)
    for database in databases:
        database.close()
    assert taken == Counter(range(100))


def test_who_follows_changes_misses_none_that_others_write_at_the_same_time(postgres: str) -> None:
    schema = f"feed_{new_id()}"
    databases = [PostgresDatabase(postgres, schema=schema) for _ in range(5)]
    clock = SystemClock()
    done = threading.Event()
    seen: list[str] = []

    def write(number: int) -> None:
        for turn in range(60):
            names = [f"{number}.{turn}.{part}" for part in range(1 + turn % 3)]

            def work(raw: Any, names: list[str] = names) -> None:
                tx = Tx(raw, clock)
                for name in names:
                    tx.changed("task.updated", name)
                    tx.jobs.add("drop_files", {"name": name}, "2025")

            databases[number].run(work, writes=True)

    def follow() -> None:
        place = 0
        while True:
            last = done.is_set()
            found = databases[4].run(lambda raw: Tx(raw, clock).changes(place, 100), writes=False)  # noqa: B023 - runs right here
            seen.extend(change["entity"] for change in found)
            place = found[-1]["seq"] if found else place
            if last and not found:
                return

    follower = threading.Thread(target=follow)
    follower.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    done.set()
    follower.join()
    for database in databases:
        database.close()
    assert sorted(seen) == sorted(f"{n}.{turn}.{part}" for n in range(4) for turn in range(60) for part in range(1 + turn % 3))


def test_one_goes_on_when_the_other_is_killed(tmp_path: Path, database: str, servers: tuple[RunningServer, RunningServer]) -> None:
    with running_server(tmp_path / "third", "--database", database, "--storage", str(servers[0].home.parent / "store")) as third:
        task = third.call("tasks.create", name="survivor", type="training")["id"]
        third.stop(signal.SIGKILL)
    assert servers[1].call("tasks.get_by_id", task=task)["task"]["name"] == "survivor"
    servers[1].call("tasks.delete", task=task, force=True)


def test_a_database_without_room_for_all_letters_is_refused(postgres: str) -> None:
    name = f"latin_{new_id()}"
    with psycopg.connect(postgres, autocommit=True) as raw:
        raw.execute(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0".encode())
    with pytest.raises(Invalid, match="SQL_ASCII"):
        PostgresDatabase(postgres.replace("/postgres", f"/{name}"))
