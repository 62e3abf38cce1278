"""What starts tasks by itself: triggers, schedules and pipelines; and runs that are brought in afterwards."""

from hashlib import md5

import pytest

from tests.compat.conftest import User
from tests.compat.quick import quickly
from tests.compat.test_agents import agent

PIPELINE = {
    "states": {"first": "completed", "second": "completed"},
    "family": {"first": "completed", "second": "completed", "third": "failed"},
    "total": 105,
    "seen": {"number": "5"},
    "controller": ["controller", "failed", "5"],
    "tags": [True],
    "n": "5",
    "monitored": ["made"],
}


def test_triggers_see_what_changes(somebody: User) -> None:
    somebody.server.call("queues.create", name="started")
    found = quickly(somebody).play("triggers")
    assert found == {"looking": True, "quiet": True, "started": True, "good": True, "model": True, "dataset": True}


def test_tasks_are_started_by_the_clock(somebody: User) -> None:
    queue = somebody.server.call("queues.create", name="by the clock")["id"]
    assert quickly(somebody).play("schedules") == {"calls": 1, "started": [True]}
    assert somebody.server.call("queues.get_num_entries", queue=queue)["num"] == 1


def test_tasks_are_found_by_the_range_of_a_scalar(somebody: User) -> None:
    server = somebody.server
    ids = [server.call("tasks.create", name=f"range {value}", type="training")["id"] for value in range(3)]
    for value, id in enumerate(ids):
        server.call("events.add", type="training_stats_scalar", task=id, metric="m", variant="v", iter=0, value=float(value))
    field = ".".join(["last_metrics", *(md5(name.encode()).hexdigest() for name in ("m", "v")), "max_value"])

    def found(low: float | None, high: float | None) -> list[int]:
        tasks = server.call("tasks.get_all", id=ids, **{field: [low, high]}, order_by=[field], only_fields=["id"])["tasks"]
        return [ids.index(task["id"]) for task in tasks]

    assert (found(1, None), found(None, 1), found(1, 1), found(None, None)) == ([1, 2], [0, 1], [1], [0, 1, 2])
    assert server.ask("tasks.get_all", **{field: ["much", None]})[0] == 400


def test_a_pipeline_of_tasks_and_functions_runs_here(somebody: User) -> None:
    somebody.script("step")
    assert quickly(somebody).play("pipes", "default", "here") == PIPELINE


@pytest.mark.slow
def test_a_pipeline_sends_its_steps_to_an_agent(somebody: User) -> None:
    somebody.server.call("queues.create", name="steps")
    somebody.script("step")
    with agent(quickly(somebody), "tester:steps", "steps"):
        assert somebody.play("pipes", "steps", "there") == PIPELINE


def test_a_run_without_a_server_is_brought_in_afterwards(somebody: User) -> None:
    assert quickly(somebody).play("offline") == {"status": "completed", "rate": "0.5", "loss": [0, 1, 2, 3, 4], "file": "kept"}
