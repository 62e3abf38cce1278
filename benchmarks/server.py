"""What the server reaches: `python -m benchmarks.server [SCALE]` prints a table; ratios are against floors of the same run.

The client that asks runs on the same machine and takes its share of the cores.
"""

import json
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import md5
from http.client import HTTPConnection
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import urlsplit

from benchmarks.measure import let_python_compile
from tilth.base.clock import SystemClock
from tilth.domain.access import OWNER
from tilth.domain.event import Point
from tilth.server.db.sqlite import SqliteDatabase
from tilth.server.services.context import Call, Origin
from tilth.server.services.projects import ensure_project
from tilth.server.services.tasks import create_task
from tilth.server.stores.unit_of_work import Tx
from tilth.testing.servers import RunningServer, free_port, running_server

Row = tuple[str, str, str]
_CLIENTS = 200


def main(scale: float) -> None:
    folder = Path(mkdtemp(prefix="tilth-bench-"))
    try:
        rows = [*starting(folder / "start"), *reporting(folder / "events", scale), *crowd(folder / "crowd", scale)]
        rows += [*searching(folder / "search", scale), *files(folder / "files", scale)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("| what | reached | wanted |\n|---|---|---|")
    print("\n".join(f"| {what} | {reached} | {wanted} |" for what, reached, wanted in rows))


def starting(home: Path) -> list[Row]:
    begun = time.perf_counter()
    with running_server(home) as server:
        took = time.perf_counter() - begun
        time.sleep(2)
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        resident = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024
    return [("start of the process to the first answer", f"{took:.2f} s", "2 s"), ("memory when idle", f"{resident:.0f} MB", "200 MB")]


def reporting(home: Path, scale: float) -> list[Row]:
    batches = max(2, int(60 * scale))
    with running_server(home) as server:
        tasks = [str(server.call("tasks.create", name=f"t{number}", type="training")["id"]) for number in range(4)]
        prepared = [[_batch(task, number) for number in range(batches)] for task in tasks]

        def send(bodies: list[bytes]) -> None:
            connection = _connection(server)
            for body in bodies:
                _ask(connection, server, "events.add_batch", body)

        took = _at_once([lambda bodies=bodies: send(bodies) for bodies in prepared])  # type: ignore[misc]
        connection = _connection(server)
        poll = json.dumps({"id": [tasks[0]], "only_fields": ["status", "status_message", "id"], "search_hidden": False}).encode()
        polls = _rate(lambda: _ask(connection, server, "tasks.get_all", poll), scale)
        whole = _rate(lambda: _ask(connection, server, "tasks.get_by_id", json.dumps({"task": tasks[0]}).encode()), scale)
        pings = _rate(lambda: _ask(connection, server, "debug.ping", b"{}"), scale)
    return [
        ("scalars a second over HTTP, in batches of 1,000, by 4 clients", f"{4 * batches * 1_000 / took:,.0f}", "100,000"),
        ("polls of a task's status, one after the other", f"{polls:,.0f}/s, {polls / pings:.2f} of an empty call", ""),
        ("whole tasks with 10 metrics, one after the other", f"{whole:,.0f}/s, {whole / pings:.2f} of an empty call", ""),
    ]


def crowd(home: Path, scale: float) -> list[Row]:
    rounds = max(2, int(8 * scale))
    times: list[float] = []
    errors: list[str] = []
    with running_server(home) as server:
        tasks = [str(server.call("tasks.create", name=f"t{number}", type="training")["id"]) for number in range(_CLIENTS)]

        def client(task: str) -> None:
            connection = _connection(server)
            poll = json.dumps({"id": [task], "only_fields": ["status", "id"]}).encode()
            time.sleep(random.uniform(0, 2))
            for number in range(rounds):
                for name, body in (("events.add_batch", _batch(task, number, 20)), ("tasks.get_all", poll)):
                    begun = time.perf_counter()
                    try:
                        _ask(connection, server, name, body)
                    except (OSError, AssertionError) as error:
                        errors.append(repr(error))
                    times.append(time.perf_counter() - begun)
                time.sleep(2)

        _at_once([lambda task=task: client(task) for task in tasks])  # type: ignore[misc]
    worst = sorted(times)[int(len(times) * 0.99)]
    said = f"{worst * 1_000:.0f} ms, {len(errors)} errors in {len(times):,} calls"
    return [(f"99th percentile of {_CLIENTS} clients that report and poll every 2 s", said, "500 ms, none")]


def searching(home: Path, scale: float) -> list[Row]:
    count, points = max(1_000, int(100_000 * scale)), max(100_000, int(10_000_000 * scale))
    big, projects = _fill(home, count, points)
    best = f"-last_metrics.{md5(b'loss').hexdigest()}.{md5(b'train').hexdigest()}.max_value"
    with running_server(home) as server:
        query = {"project": [projects[3]], "status": ["completed"], "tags": ["a"], "order_by": [best], "page": 0, "page_size": 50}
        page = _best(lambda: server.call("tasks.get_all_ex", **query))
        curve = _best(lambda: server.call("events.scalar_metrics_iter_histogram", task=big, samples=2_000))
    return [
        (f"a page of 50 of {count:,} tasks, filtered, by a metric", f"{page * 1_000:.0f} ms", "100 ms"),
        (f"a curve of {points:,} points", f"{curve * 1_000:.0f} ms", "100 ms"),
    ]


def files(home: Path, scale: float) -> list[Row]:
    size = int((1 << 30) * scale)
    home.mkdir(parents=True)
    source = home / "source"
    with source.open("wb") as made:
        for _ in range(size >> 20):
            made.write(random.randbytes(1 << 20))
    with running_server(home / "home") as server, _nginx(home / "nginx") as floor:
        token = ("-H", f"Authorization: Bearer {server.token}")
        up = min(_curl("-F", f"big=@{source}", *token, f"{server.web}/files") for _ in range(3))
        up_floor = min(_curl("-T", str(source), f"{floor}/big{number}") for number in range(3))
        down = min(_curl(*token, f"{server.web}/files/big") for _ in range(3))
        down_floor = min(_curl(f"{floor}/big0") for _ in range(3))
    return [
        (f"{size >> 20:,} MB up by form", f"{size / up / 1e6:,.0f} MB/s, {up_floor / up:.2f} of nginx", "0.5"),
        (f"{size >> 20:,} MB down", f"{size / down / 1e6:,.0f} MB/s, {down_floor / down:.2f} of nginx", "0.5"),
    ]


def _fill(home: Path, count: int, points: int) -> tuple[str, list[str]]:
    home.mkdir(parents=True)
    database = SqliteDatabase(home / "tilth.db")
    with database.writing() as connection:
        tx = Tx(connection, SystemClock())
        call = Call(tx=tx, actor=OWNER, origin=Origin(), services={})
        projects = [ensure_project(tx, f"P/{number}").id for number in range(10)]
        for number in range(count):
            fields = {
                "name": f"task {number}",
                "type": "training",
                "project": projects[number % 10],
                "tags": ["a" if number % 20 < 10 else "b"],
            }
            task = create_task(call, fields)
            tx.scalars.append(task, {("loss", "train"): [Point(0, 1, random.random())]}, {})
        connection.execute("UPDATE task SET status = 'completed' WHERE rowid % 3 = 0")
        big = create_task(call, {"name": "big", "type": "training"})
    for start in range(0, points, 10_000):
        with database.writing() as connection:
            part = [Point(at, at, random.random()) for at in range(start, start + 10_000)]
            Tx(connection, SystemClock()).scalars.append(big, {("loss", "train"): part}, {})
    database.close()
    return big, projects


@contextmanager
def _nginx(folder: Path) -> Iterator[str]:
    """A bare nginx that takes files by PUT and gives them back."""
    port = free_port()
    for name in ("data", "tmp"):
        (folder / name).mkdir(parents=True)
    (folder / "nginx.conf").write_text(
        f"daemon off; user root; pid {folder}/pid; error_log {folder}/log; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/tmp; client_max_body_size 0;\n"
        f"server {{ listen 127.0.0.1:{port}; root {folder}/data; location / {{ dav_methods PUT; }} }} }}\n"
    )
    process = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    time.sleep(1)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _curl(*words: str) -> float:
    begun = time.perf_counter()
    subprocess.run(["curl", "-sf", "-o", "/dev/null", *words], check=True)
    return time.perf_counter() - begun


def _batch(task: str, number: int, size: int = 1_000) -> bytes:
    line = (
        '{"timestamp": %d, "type": "training_stats_scalar", "task": "%s", "iter": %d, "metric": "loss", "variant": "v%d",'
        ' "value": %f, "allow_locked": false, "model_event": false, "method": "get"}'
    )
    made = ((number * size + at) // 10 for at in range(size))
    return "\n".join(line % (1_700_000_000_000 + it, task, it, at % 10, random.random()) for at, it in enumerate(made)).encode()


def _connection(server: RunningServer) -> HTTPConnection:
    return HTTPConnection(urlsplit(server.web).netloc, timeout=60)


def _ask(connection: HTTPConnection, server: RunningServer, name: str, body: bytes) -> None:
    connection.request("POST", f"/api/{name}", body, {"authorization": f"Bearer {server.token}"})
    answer = connection.getresponse()
    said = answer.read()
    assert answer.status == 200, said


def _at_once(work: list[Callable[[], None]]) -> float:
    threads = [threading.Thread(target=one) for one in work]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begun


def _rate(work: Callable[[], None], scale: float) -> float:
    count = max(50, int(1_000 * scale))
    begun = time.perf_counter()
    for _ in range(count):
        work()
    return count / (time.perf_counter() - begun)


def _best(work: Callable[[], object], times: int = 5) -> float:
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return min(took)


if __name__ == "__main__":
    let_python_compile()
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
