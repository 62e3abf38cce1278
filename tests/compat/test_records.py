"""What a task holds in the end: plots, values that are hard to keep, runs that go on or break; and nothing once it is deleted."""

from tests.compat.conftest import User
from tests.compat.quick import quickly

PLOTS = [
    ["cloud", "s"],
    ["confusion", "c"],
    ["drawn", "curves"],
    ["histogram", "stacked"],
    ["line", ""],
    ["matrix", "m"],
    ["plotly", "own"],
    ["scatter", "s"],
    ["surface", "s"],
    ["table", "frame"],
    ["table", "rows"],
    ["vector", "v"],
]


def test_every_kind_of_report_is_read_back(somebody: User) -> None:
    server = somebody.server
    found = quickly(somebody).play("plots")
    id = found.pop("id")
    assert found == {
        "plots": PLOTS,
        "read": True,
        "scalars": {"a title / with : marks.and $": ["s.1 ü"], "odd": ["big", "late", "nan"]},
        "points": [0, 1, 2, 3],
        "single": 0.75,
        "iteration": 2**31 + 5,
        "samples": [1, 4],
        "console": [True, True],
    }
    images = server.call("events.debug_images", metrics=[{"task": id}], iters=10)["metrics"][0]["iterations"]
    shown = {(event["metric"], event["variant"]) for iteration in images for event in iteration["events"]}
    assert shown == {("image", "i/1"), ("media", "elsewhere"), ("drawn", "picture")}


def test_values_come_back_with_their_types(somebody: User) -> None:
    assert quickly(somebody).play("values") == {
        "hard": [1, [1, {"d": None}], True],
        "long": 100_000,
        "args": ["[1, 2]", True],
        "declared": 7,
        "plain": "ä",
        "one more": 2.5,
        "config": {"deep": {"list": [1, 2.5, None, "ü"]}},
        "labels": {"cat": 1, "dog": 2},
        "properties": ["somebody", "here"],
        "progress": 100,
        "docker": "image:1 -v /a:/b",
        "artifacts": ["array", "elsewhere", "files", "object", "registered", "table", "text"],
        "table": [[1, 2], {"rows": "2"}],
        "registered": [3],
        "text": "ü" * 10,
        "elsewhere": "https://example.org/x.bin",
        "object": [1, 2, 3],
        "file": True,
        "order": ["high", "middle", "low"],
        "exported": ["active_duration", "comment"],
        "imported": "7",
    }


def test_a_run_goes_on_where_it_stopped(somebody: User) -> None:
    assert quickly(somebody).play("continued") == {"same": True, "x": [0, 1, 2, 3, 4, 5], "artifacts": ["state"]}


def test_a_script_that_breaks_leaves_a_failed_task(somebody: User) -> None:
    server = somebody.server
    quickly(somebody).run("python", somebody.script("broken"), check=False)
    (task,) = server.call("tasks.get_all", name="^broken$")["tasks"]
    assert (task["status"], "it broke" in task["status_reason"]) == ("failed", True)
    log = "".join(event["msg"] for event in server.call("events.get_task_log", task=task["id"])["events"])
    assert "before it broke" in log
    assert "ValueError: it broke" in log


def test_a_task_is_deleted_with_its_files_or_without(somebody: User) -> None:
    server = somebody.server
    found = quickly(somebody).play("removal")
    assert (found["deleted"], found["unlinked"], found["child"]) == (True, True, "created")
    assert not server.call("tasks.get_all", id=found["ids"])["tasks"]
    assert server.ask("models.get_by_id", model=found["models"][0])[1]["meta"]["result_subcode"] == 201
    gone, kept = found["files"]

    def answers(addresses: list[str]) -> set[int]:
        return {server.request("HEAD", address.removeprefix(server.web)).status for address in addresses}

    assert (answers(gone + found["samples"]), answers(kept)) == ({404}, {200})
