"""How a run begins: without waiting for its server, with credentials out of the script, or as that of a task that is there already."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tilth.testing.servers import RunningServer, free_port, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("served") / "home") as started:
        yield started


class Desk:
    """A folder to run scripts in, with a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = os.environ | {"TILTH_HOME": str(folder / "home"), "CLEARML_CONFIG_FILE": str(folder / "clearml.conf")}
        self.environment |= {"TILTH_ANNOUNCE": "false", "TILTH_EXIT_WAIT": "60"}  # a busy machine may need long to send all

    def run(self, code: str, *words: str, **more: str) -> tuple[Any, str]:
        """What a script printed last, which is JSON, and what it complained of."""
        (self.folder / "run.py").write_text(code)
        said = subprocess.run(
            [sys.executable, "run.py", *words],
            cwd=self.folder,
            env=self.environment | more,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert said.returncode == 0, said.stderr
        return json.loads(said.stdout.splitlines()[-1]), said.stderr


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def with_keys(server: RunningServer) -> dict[str, str]:
    known = server.credentials
    keys = {"TILTH_API_ACCESS_KEY": known["access_key"], "TILTH_API_SECRET_KEY": known["secret_key"]}
    return {"TILTH_API_SERVER": known["api_server"], "TILTH_API_FILES_SERVER": known["files_server"], **keys}


DEFERRED = """
import argparse, json, multiprocessing
from tilth import Task

def work():
    Task.init("Team", "deferred").get_logger().report_scalar("child", "of", 1.0, 1)

if __name__ == "__main__":
    task = Task.init("Team", "deferred", deferred_init=True)
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=0.5)
    parser.parse_args()
    task.connect({"lr": 0.1})
    for how in ("fork", "spawn"):
        child = multiprocessing.get_context(how).Process(target=work)
        child.start()
        child.join()
    print(json.dumps([task.id, task.get_status(), task.get_parameters()]))
"""


def test_a_run_that_waits_for_nobody_is_whole(desk: Desk, server: RunningServer) -> None:
    (id, status, parameters), error = desk.run(DEFERRED, "--rate", "0.75", **with_keys(server))
    assert (status, parameters, error) == ("in_progress", {"Args/rate": "0.75", "General/lr": "0.1"}, "")
    task = server.call("tasks.get_by_id", task=id)["task"]
    assert (task["status"], task["name"], task["script"]["entry_point"]) == ("completed", "deferred", "run.py")
    assert [one["metric"] for series in task["last_metrics"].values() for one in series.values() if one["metric"] == "child"] == ["child"]


def test_a_run_that_waits_for_nobody_goes_on_without_its_server_and_says_so(desk: Desk) -> None:
    away = {"TILTH_API_SERVER": f"http://127.0.0.1:{free_port()}/api", "TILTH_API_TOKEN": "t", "TILTH_EXIT_WAIT": "1"}
    (id, _, _), error = desk.run(DEFERRED, **away)
    assert (desk.folder / "home" / "outbox" / id).is_dir()
    assert "the run goes on, and what it reports waits in" in error
    assert "`tilth sync` sends it" in error


CREDENTIALS = """
import json, os, subprocess, sys
from tilth import Task
known = json.loads(sys.argv[1])
Task.set_credentials(known["api_server"], known["web_server"], known["files_server"], known["access_key"], known["secret_key"],
                     store_conf_file=sys.argv[2] == "store")
task = Task.init("Team", "credentials", reuse_last_task_id=False)
child = "from tilth import Task; Task.init('Team', 'credentials').get_logger().report_single_value('of a child', 1.0)"
subprocess.run([sys.executable, "-c", child], check=True)
print(json.dumps(task.id))
"""


def test_credentials_may_stand_in_the_script(desk: Desk, server: RunningServer) -> None:
    id, error = desk.run(CREDENTIALS, json.dumps(server.credentials), "store")
    assert error == ""
    assert server.call("tasks.get_by_id", task=id)["task"]["status"] == "completed"
    stored = desk.folder / "home" / "tilth.toml"
    assert stored.stat().st_mode & 0o077 == 0
    found, _ = desk.run(f"import json\nfrom tilth import Task\nprint(json.dumps(Task.get_task({id!r}).get_reported_single_values()))")
    assert found == {"of a child": 1.0}
    before = stored.read_text()
    _, error = desk.run(CREDENTIALS, json.dumps(server.credentials | {"web_server": "http://other"}), "store")
    assert "names a server already; it stays as it is" in error
    assert stored.read_text() == before


def test_the_environment_stands_over_addresses_in_the_script(desk: Desk, server: RunningServer) -> None:
    wrong = server.credentials | {"api_server": f"http://127.0.0.1:{free_port()}/api"}
    id, _ = desk.run(CREDENTIALS, json.dumps(wrong), "no", TILTH_API_SERVER=server.credentials["api_server"])
    assert server.call("tasks.get_by_id", task=id)["task"]["status"] == "completed"
    assert not (desk.folder / "home" / "tilth.toml").exists()


SIMULATED = """
import json, sys
from tilth import InputModel, Task
Task.debug_simulate_remote_task(sys.argv[1], reset_task=sys.argv[2] == "reset")
task = Task.init("Other", "not this one")
values = task.connect({"lr": 0.1, "deep": {"er": 2}})
own = task.connect({"lr": 0.1}, name="own", ignore_remote_overrides=True)
model = InputModel(model_id=sys.argv[3])
model.connect(task, name="start")
kept = InputModel(model_id=sys.argv[3])
kept.connect(task, name="start of its own", ignore_remote_overrides=True)
assert task.execute_remotely("nowhere") is None
print(json.dumps([task.id, values, own, model.id, kept.id, Task.running_locally()]))
"""
PREPARED = """
import json
from tilth import InputModel, Task
task = Task.create("Team", "prepared")
task.set_parameters({"General/lr": 0.5, "General/deep/er": 7, "own/lr": 9})
models = [InputModel.import_model(f"https://host/{name}.pt", name=name).id for name in ("one", "two")]
InputModel(model_id=models[1]).connect(task, name="start")
InputModel(model_id=models[1]).connect(task, name="start of its own")
task.get_logger().report_single_value("before", 1.0)
task.flush(wait_for_uploads=True)
print(json.dumps([task.id, *models]))
"""


@pytest.mark.parametrize("kept", ["in a home", "by a server"])
def test_a_task_that_is_there_is_run_as_an_agent_would(desk: Desk, server: RunningServer, kept: str) -> None:
    if kept == "by a server":
        desk.environment |= with_keys(server)
    (id, one, two), _ = desk.run(PREPARED)
    found, error = desk.run(SIMULATED, id, "reset", one)
    assert error == ""
    assert found == [id, {"lr": 0.5, "deep": {"er": 7}}, {"lr": 0.1}, two, one, False]
    read = (
        "import json\nfrom tilth import Task\n"
        f"task = Task.get_task({id!r})\nstart = {{name: task.models['input'][name].id for name in task.models['input'].keys()}}\n"
        "print(json.dumps([task.get_status(), task.name, task.get_reported_single_values(), start]))"
    )
    assert desk.run(read)[0] == ["completed", "prepared", {}, {"start": two, "start of its own": one}]


OFFLINE = """
import json, pandas
from tilth import Task
Task.set_offline(True)
task = Task.init("Team", "offline")
frame = pandas.DataFrame({"step": [0]})
task.register_artifact("rows", frame)
frame.loc[1] = [1]
task.connect_label_enumeration({"cat": 0})
task.set_model_config(config_dict={"layers": [1]})
task.register_abort_callback(print)
task.request_external_endpoint(8000)
refused = []
asked = [("get_debug_samples", "a", "b"), ("create_function_task", print), ("update_task", {}), ("delete_artifacts", ["rows"])]
for name, *words in asked:
    try:
        getattr(task, name)(*words)
    except Exception as error:
        refused.append(f"{type(error).__name__} {error}")
print(json.dumps([task.id, str(task.get_offline_mode_folder()), refused, task.get_labels_enumeration(), task.last_worker]))
"""


def test_what_an_offline_run_says_arrives_when_it_is_imported(desk: Desk, server: RunningServer) -> None:
    (id, folder, refused, labels, worker), error = desk.run(OFFLINE)
    assert (labels, worker, error) == ({"cat": 0}, None, "")
    assert len(refused) == 4
    assert all(one.startswith(f"Unavailable task {id} is recorded offline") for one in refused)
    read = (
        "import json, sys\nfrom tilth import Task\ntask = Task.get_task(Task.import_offline_session(sys.argv[1]))\n"
        "rows = list(map(int, task.artifacts['rows'].get()['step']))\n"
        "found = [task.get_labels_enumeration(), task.get_model_config_dict(), task.data['runtime']['_PORT']]\n"
        "print(json.dumps([task.get_status(), rows, *found]))"
    )
    assert desk.run(read, folder, **with_keys(server))[0] == ["completed", [0, 1], {"cat": 0}, {"layers": [1]}, 8000]


SENT_AWAY = """
import json, sys
from pathlib import Path
from tilth import OutputModel, Task
import pandas
task = Task.init("Team", "away", output_uri=sys.argv[1], auto_connect_frameworks=False)
Path("weights.pt").write_bytes(b"weights")
model = OutputModel(name="net")
model.update_weights("weights.pt")
task.upload_artifact("numbers", {"a": 1})
task.register_artifact("rows", pandas.DataFrame({"a": [1, 2]}))
places = [model.url, task.artifacts["numbers"].url, task.artifacts["rows"].url]
assert task.artifacts["numbers"].get(force_download=True) == {"a": 1}
assert Path(model.get_local_copy()).read_bytes() == b"weights"
print(json.dumps([task.output_uri, *places]))
"""


def test_files_of_a_run_go_where_its_output_goes(desk: Desk, server: RunningServer, tmp_path: Path) -> None:
    away = tmp_path / "away"
    (output, *places), _ = desk.run(SENT_AWAY, str(away), **with_keys(server))
    assert output == str(away)
    assert [place.startswith(away.as_uri()) for place in places] == [True] * 3, places
    kept = sorted(path.name for path in away.rglob("*") if path.is_file())
    assert kept == ["numbers.json", "rows.csv.gz", "weights.pt"]


@pytest.mark.parametrize("said", ["ftp://host/x", "https://host.invalid/x", "s3://bucket-without-keys/x", "a-file/below"])
def test_a_destination_that_takes_nothing_is_refused_at_the_call(desk: Desk, said: str) -> None:
    (desk.folder / "a-file").touch()
    code = f"""
import json
from tilth import Task
from tilth.base.errors import Denied, Invalid
try:
    Task.init("Team", "nowhere", output_uri={said!r})
except (Denied, Invalid) as error:
    print(json.dumps(["refused", Task.current_task()]))
"""
    assert desk.run(code)[0] == ["refused", None]


OTHER = """
import json
from tilth import Task
from tilth.base.errors import Invalid
task = Task.init("Team", "one")
same = [Task.init(*names) is task for names in ((), ("Team", "one"), (None, "one"), ("Team", None))]
refused = []
for names in (("Team", "two"), ("Other", "one"), ("Other", None)):
    try:
        Task.init(*names)
    except Invalid as error:
        refused.append("task.close()" in str(error) and "Team/one" in str(error))
task.rename("renamed")
same.append(Task.init("Team", "one") is task)
task.close()
print(json.dumps([same, refused, Task.init("Team", "two").id != task.id]))
"""


def test_another_task_does_not_begin_while_one_runs(desk: Desk) -> None:
    assert desk.run(OTHER)[0] == [[True] * 5, [True] * 3, True]
