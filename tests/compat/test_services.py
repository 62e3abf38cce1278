"""Services of the official clients that watch the server, and start tasks by the clock or when something changes."""

from hashlib import md5

from tests.compat.conftest import User
from tests.compat.quick import quickly


def test_triggers_see_what_changes(somebody: User) -> None:
    somebody.server.call("queues.create", name="started")
    found = quickly(somebody).play("triggers")
    assert found == {"quiet": True, "started": True, "good": True, "model": True, "dataset": True}


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
        tasks = server.call("tasks.get_all", **{field: [low, high]}, order_by=[field], only_fields=["id"])["tasks"]
        return [ids.index(task["id"]) for task in tasks]

    assert (found(1, None), found(None, 1), found(1, 1), found(None, None)) == ([1, 2], [0, 1], [1], [0, 1, 2])
    assert server.ask("tasks.get_all", **{field: ["much", None]})[0] == 400
