"""Queues: order, and that of all who ask one gets a task, on any number of servers."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from tilth.base.clock import SystemClock
from tilth.base.errors import AlreadyExists, NotQueued, QueueNotEmpty, QueueNotFound
from tilth.server.routes.rpc import Dispatcher
from tilth.testing.catalogs import CatalogBench


@pytest.fixture
def work(catalog: CatalogBench) -> str:
    id: str = catalog.ask("queues.create", name="work")["id"]
    return id


def waiting(catalog: CatalogBench, queue: str, count: int) -> list[str]:
    made = [catalog.ask("tasks.create", name=f"t{number}", type="training")["id"] for number in range(count)]
    for task in made:
        catalog.ask("tasks.enqueue", task=task, queue=queue)
    return made


def order(catalog: CatalogBench, queue: str) -> list[str]:
    return [entry["task"] for entry in catalog.ask("queues.get_by_id", queue=queue)["queue"]["entries"]]


def test_tasks_are_moved_within_their_queue(catalog: CatalogBench, work: str) -> None:
    a, b, c, d = waiting(catalog, work, 4)
    assert catalog.ask("queues.move_task_to_front", queue=work, task=c)["position"] == 0
    assert order(catalog, work) == [c, a, b, d]
    assert catalog.ask("queues.move_task_to_back", queue=work, task=a)["position"] == 3
    assert order(catalog, work) == [c, b, d, a]
    assert catalog.ask("queues.move_task_forward", queue=work, task=d, count=2)["position"] == 0
    assert catalog.ask("queues.move_task_backward", queue=work, task=d, count=99)["position"] == 3
    assert order(catalog, work) == [c, b, a, d]
    assert catalog.ask("queues.peek_task", queue=work)["task"] == c
    taken = [catalog.ask("queues.get_next_task", queue=work)["entry"]["task"] for _ in range(4)]
    assert (taken, catalog.ask("queues.get_next_task", queue=work)) == ([c, b, a, d], {})


def test_of_all_who_ask_at_once_one_gets_each_task(catalog: CatalogBench, work: str) -> None:
    tasks = waiting(catalog, work, 60)
    servers = [Dispatcher(catalog.database, SystemClock()) for _ in range(2)]
    body = msgspec.json.encode({"queue": work})

    def take(number: int) -> list[str]:
        found: list[str] = []
        while True:
            answer = msgspec.json.decode(servers[number % 2].call("queues.get_next_task", body).body)
            assert answer["meta"]["result_code"] == 200, answer
            if not answer["data"]:
                return found
            found.append(answer["data"]["entry"]["task"])

    with ThreadPoolExecutor(8) as pool:
        taken = [task for found in pool.map(take, range(8)) for task in found]
    assert sorted(taken) == sorted(tasks)


def test_of_all_who_make_a_project_at_once_all_get_the_same(catalog: CatalogBench) -> None:
    servers = [Dispatcher(catalog.database, SystemClock()) for _ in range(2)]
    body = msgspec.json.encode({"name": "A/B/C"})

    def make(number: int) -> str:
        answer = msgspec.json.decode(servers[number % 2].call("projects.create", body).body)
        assert answer["meta"]["result_code"] == 200, answer
        return str(answer["data"]["id"])

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(make, range(16)))) == 1
    assert [project["name"] for project in catalog.ask("projects.get_all")["projects"]] == ["A", "A/B", "A/B/C"]


def test_names_are_no_ids(catalog: CatalogBench, work: str) -> None:
    with pytest.raises(QueueNotFound):
        catalog.ask("queues.get_by_id", queue="work")
    assert [found["id"] for found in catalog.ask("queues.get_all", name="^work$")["queues"]] == [work]
    with pytest.raises(AlreadyExists):
        catalog.ask("queues.create", name="work")


def test_a_queue_in_which_tasks_wait_is_deleted_by_force_only(catalog: CatalogBench, work: str) -> None:
    (task,) = waiting(catalog, work, 1)
    with pytest.raises(QueueNotEmpty, match="1 tasks wait"):
        catalog.ask("queues.delete", queue=work)
    catalog.ask("queues.delete", queue=work, force=True)
    assert catalog.ask("tasks.get_by_id", task=task)["task"]["status"] == "created"
    with pytest.raises(QueueNotFound):
        catalog.ask("queues.get_num_entries", queue=work)


def test_what_does_not_wait_can_not_be_taken_out(catalog: CatalogBench, work: str) -> None:
    with pytest.raises(NotQueued):
        catalog.ask("queues.remove_task", queue=work, task="nothing")


def test_how_long_tasks_waited_is_remembered(catalog: CatalogBench, work: str) -> None:
    waiting(catalog, work, 2)
    catalog.ask("queues.get_next_task", queue=work)
    (found,) = catalog.ask("queues.get_queue_metrics", from_date=0, to_date=4_000_000_000, interval=60, queue_ids=[work])["queues"]
    assert (len(found["dates"]), found["queue_lengths"]) == (1, [1])
    assert found["avg_waiting_times"][0] > 0
