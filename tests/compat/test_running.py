"""What runs elsewhere or by itself: the agent, pipelines, searches, schedules."""

import subprocess
import time
from pathlib import Path

from tests.compat.conftest import User
from tests.compat.quick import quickly
from tests.compat.test_agents import LOOKS_OFTEN
from tilth.testing.servers import RunningServer


def test_a_pipeline_of_functions(somebody: User) -> None:
    user = quickly(somebody)
    first, second = user.play("pipeline"), user.play("pipeline")
    assert (first["done"], first["result"]) == (True, 8)
    assert (second["result"], second["steps"]["s1"]) == (8, first["steps"]["s1"])


def test_a_pipeline_of_decorated_functions(somebody: User) -> None:
    assert quickly(somebody).play("decorated") == 50


def test_a_search_over_parameters(somebody: User) -> None:
    assert quickly(somebody).play("optimise") == {"scores": [1.4, 1.0]}


def test_a_schedule_and_triggers_look_at_the_server(somebody: User) -> None:
    script = (
        "import json, os\n"
        "from clearml import Task\n"
        "from clearml.automation import TaskScheduler, TriggerScheduler\n"
        "t = Task.create(project_name='compat/plan', task_name='job')\n"
        "s = TaskScheduler(sync_frequency_minutes=1); s.add_task(schedule_task_id=t.id, queue='default', minute=30, name='n')\n"
        "g = TriggerScheduler(pooling_frequency_minutes=0.01)\n"
        "g.add_task_trigger(schedule_task_id=t.id, schedule_queue='default', trigger_project='compat/plan', "
        "trigger_on_status=['completed'], name='w', single_instance=True)\n"
        "g._poll_triggers() if hasattr(g, '_poll_triggers') else None\n"
        "json.dump([len(s.get_scheduled_tasks()), len(g.get_triggers())], open(os.environ['FOUND'], 'w'))"
    )
    assert quickly(somebody).found("-c", script) == [1, 1]


def test_an_agent_runs_a_task_in_an_environment_of_its_own(somebody: User, tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text("import os\nprint('this ran', 6 * 7)\n")
    create = (
        "import json, os\n"
        "from clearml import Task\n"
        "t = Task.create(project_name='compat/agent', task_name='job', script='job.py', packages=[], add_task_init_call=False)\n"
        "Task.enqueue(t, queue_name='work')\n"
        "json.dump(t.id, open(os.environ['FOUND'], 'w'))"
    )
    server = somebody.server
    server.call("queues.create", name="work")
    task = somebody.found("-c", create)
    with (tmp_path / "agent.log").open("w") as log:
        agent = subprocess.Popen(
            [str(somebody.clients / "clearml-agent"), "daemon", "--foreground", "--queue", "work"],
            cwd=tmp_path,
            env=somebody.environment(CLEARML_WORKER_ID="tester:1", **LOOKS_OFTEN),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        found = server.call("tasks.get_by_id", task=task)["task"]
        for _ in range(1_200):
            if found["status"] in ("completed", "failed", "stopped"):
                break
            time.sleep(0.5)
            found = server.call("tasks.get_by_id", task=task)["task"]
        said = (tmp_path / "agent.log").read_text()
        assert found["status"] == "completed", said
        lines = server.call("events.get_task_log", task=task, batch_size=1_000)["events"]
        assert any("this ran 42" in line["msg"] for line in lines), said
        assert "tester:1" in workers(server)
    finally:
        agent.terminate()
        agent.wait(120)
    assert "tester:1" not in workers(server)


def workers(server: RunningServer) -> set[str]:
    return {worker["id"] for worker in server.call("workers.get_all")["workers"]}
