"""Tasks of the official SDK."""

from pathlib import Path

from tests.compat.conftest import User, configuration
from tests.compat.quick import quickly


def test_everything_that_a_script_reports_is_there(somebody: User) -> None:
    found = somebody.play("record", "--epochs", "7")
    task = somebody.server.call("tasks.get_by_id", task=found.pop("id"))["task"]
    plots = found.pop("plots")
    assert found.pop("parameters").items() >= {"Args/epochs": "7", "Settings/rate": "0.1", "Settings/a.b$c": "x"}.items()
    assert found == {
        "status": "completed",
        "epochs": 7,
        "configuration": {"optimizer": "sgd"},
        "scalars": {"train": 29, "test": 29},
        "single": {"accuracy": 0.93},
        "last": {"last": 1 / 30, "min": 1 / 30, "max": 1.0},
        "iteration": 29,
        "console": True,
        "images": 3,
        "artifacts": ["file", "frame", "numbers", "words"],
        "words": {"a": 1},
        "numbers": [0, 1, 2, 3],
        "frame": [1],
        "models": ["weights"],
        "weights": 1000,
        "tags": ["first", "ä"],
        "comment": "a run for the record",
        "properties": "somebody",
        "packages": True,
    }
    assert {"table", "histogram", "scatter", "confusion", "surface"} <= set(plots)
    assert task["script"]["entry_point"]


def test_tasks_are_found_cloned_finished_and_deleted(somebody: User) -> None:
    found = quickly(somebody).play("tasks")
    assert found == {
        "by name": True,
        "by tags": 4,
        "by one tag": ["run 2 (a+b)"],
        "without": ["run 0 (a+b)", "run 1 (a+b)", "the clone"],
        "by pattern": 3,
        "by status": ["run 0 (a+b)"],
        "ids": 4,
        "fields": ["id", "name"],
        "message": "it broke",
        "clone": ["created", "1", True],
        "projects": True,
        "reset": "created",
        "published": "published",
        "archived": ["run 2 (a+b)"],
        "deleted": True,
        "gone": True,
    }


def test_a_script_that_is_run_again_uses_its_task_again_until_it_is_published(somebody: User) -> None:
    user = quickly(somebody)
    first, second = user.play("reuse"), user.play("reuse", "publish")
    assert first == second
    assert user.play("reuse") != first


def test_models_are_kept_found_and_published(somebody: User) -> None:
    found = quickly(somebody).play("models")
    assert found == {
        "by name": [True],
        "by tag": 1,
        "by metadata": 1,
        "only published": 0,
        "labels": {"cat": 1},
        "metadata": "0.9",
        "task": True,
        "inputs": ["other"],
        "published": True,
        "archived": 0,
        "removed": [True],
        "twice": [400, 201],
    }


def test_clearml_init_takes_what_the_server_prints(somebody: User, tmp_path: Path) -> None:
    block = configuration(somebody.server)
    written = tmp_path / "made.conf"
    somebody.run("clearml-init", given=f"{block}\n\n\n", CLEARML_CONFIG_FILE=str(written))
    assert somebody.server.credentials["api_server"] in written.read_text()


def test_clearml_task_makes_a_task_out_of_a_script(somebody: User, tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text("print('hello')\n")
    words = [
        "clearml-task",
        "--project",
        "compat/made",
        "--name",
        "out of a script",
        "--script",
        "job.py",
        "--skip-task-init",
        "--packages",
        "pip",
    ]
    somebody.run(*words)
    (task,) = somebody.server.call("tasks.get_all", name="^out of a script$")["tasks"]
    assert task["script"]["diff"].strip().endswith("print('hello')")
