"""Ranks that a launcher starts side by side, and processes that `multiprocessing` starts anew, record into one task."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LAUNCHER = """
import os, subprocess, sys
ranks = [
    subprocess.Popen([sys.executable, "train.py", *sys.argv[1:]], env=os.environ | {
        "TORCHELASTIC_RUN_ID": "none", "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "3", "LOCAL_WORLD_SIZE": "3"})
    for rank in (2, 1, 0)
]
sys.exit(max(rank.wait() for rank in ranks))
"""

RANK = """
import argparse, glob, os, sys, time
from tilth import Task
rank = int(os.environ["RANK"])
time.sleep(0.5 if rank == 0 else 0)
task = Task.init(project_name="Pets", task_name="ranks", reuse_last_task_id=False)
parser = argparse.ArgumentParser()
parser.add_argument("--fail", type=int, default=-1)
parser.add_argument("--late", action="store_true")
fail, late = parser.parse_args().fail, parser.parse_args().late
task.get_logger().report_scalar("own", f"rank {rank}", rank, 0)
print("hello of rank", rank, flush=True)
open(f"done-{rank}", "w").close()

def wait(happened):
    deadline = time.monotonic() + 240
    while not happened():
        if time.monotonic() > deadline:
            os.abort()
        time.sleep(0.01)

wait(lambda: all(os.path.exists(f"done-{other}") for other in range(3)))
if rank == fail and late:
    wait(lambda: glob.glob("home/ranks/*.ended"))
if rank == fail:
    raise ValueError("enough")
if rank == 0 and fail > 0 and not late:
    wait(lambda: glob.glob("home/ranks/*.failed"))
"""

SPAWNING = """
import multiprocessing, os, sys
from concurrent.futures import ProcessPoolExecutor
from tilth import Task

def work(number):
    task = Task.current_task()
    task.get_logger().report_scalar("child", f"of {number}", number, 0)
    print("child", number, flush=True)
    return task.id

if __name__ == "__main__":
    task = Task.init(project_name="Pets", task_name="spawned")
    way = multiprocessing.get_context(sys.argv[1])
    child = way.Process(target=work, args=(0,))
    child.start()
    child.join()
    assert child.exitcode == 0
    with ProcessPoolExecutor(1, mp_context=way) as pool:
        assert list(pool.map(work, [1])) == [task.id]
    task.close()
    child = way.Process(target=print, args=("after the end",))
    child.start()
    child.join()
    assert child.exitcode == 0
"""

IN_MAIN = """
import multiprocessing, sys
import tilth as clearml

class Worker(multiprocessing.Process):
    def __init__(self, number):
        super().__init__()
        self.number = number

    def run(self):
        print("worker", self.number, flush=True)
        sys.exit(clearml.Task.current_task() is None)

def work(number):
    print("child", number, flush=True)

def main():
    way = multiprocessing.get_context(sys.argv[1])
    before = way.Process(target=print, args=("before the task",))
    before.start()
    before.join()
    for name in ("first", "second"):
        task = clearml.Task.init(project_name="Pets", task_name=name)
        Worker._Popen = staticmethod(way.Process._Popen)
        for child in (way.Process(target=work, args=(name,)), Worker(name)):
            child.start()
            child.join()
            assert child.exitcode == 0
            assert "run" not in vars(child)
        task.close()

if __name__ == "__main__":
    main()
"""

READ = """
import json
from tilth import Task
tasks = []
for id in Task.query_tasks(project_name="Pets"):
    task = Task.get_task(task_id=id)
    series = {title: sorted(found) for title, found in task.get_reported_scalars().items() if not title.startswith(":")}
    console = "".join(task.get_reported_console_output(number_of_reports=1000))
    tasks.append([task.get_status(), task.data["status_reason"], task.get_parameters(), series, console])
print(json.dumps(tasks))
"""


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path
        kept = {name: value for name, value in os.environ.items() if name not in ("RANK", "LOCAL_RANK", "TORCHELASTIC_RUN_ID")}
        self.environment = kept | {"TILTH_HOME": str(path / "home"), "TILTH_EXIT_WAIT": "60"}  # a busy machine may need long to write all

    def run(self, *words: str, status: int = 0) -> str:
        ran = subprocess.run(
            [sys.executable, *words], cwd=self.path, env=self.environment, capture_output=True, text=True, check=False, timeout=600
        )
        assert ran.returncode == status, ran.stderr
        return ran.stdout

    def one_task(self) -> list[Any]:
        (found,) = json.loads(self.run("-c", READ).splitlines()[-1])
        assert isinstance(found, list)
        return found


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "launch.py").write_text(LAUNCHER)
    (tmp_path / "train.py").write_text(RANK)
    return Folder(tmp_path)


def test_ranks_without_a_recorded_launcher_make_one_task(folder: Folder) -> None:
    folder.run("launch.py")
    status, _, parameters, series, console = folder.one_task()
    assert (status, parameters, series) == ("completed", {"Args/fail": "-1", "Args/late": "False"}, {"own": ["rank 0", "rank 1", "rank 2"]})
    assert [console.count(f"hello of rank {rank}") for rank in range(3)] == [1, 1, 1]


@pytest.mark.parametrize("rank", [0, 2])
def test_a_rank_that_fails_fails_the_task(folder: Folder, rank: int) -> None:
    folder.run("launch.py", "--fail", str(rank), status=1)
    status, reason, _, _, console = folder.one_task()
    assert (status, "ValueError: enough" in reason, "ValueError: enough" in console) == ("failed", True, True)


def test_a_rank_that_fails_after_the_first_one_has_ended_fails_the_task(folder: Folder) -> None:
    folder.run("launch.py", "--fail", "2", "--late", status=1)
    status, reason, _, _, console = folder.one_task()
    assert (status, "ValueError: enough" in reason, "ValueError: enough" in console) == ("failed", True, True)


def test_a_training_that_begins_a_failed_task_anew_can_complete_it(folder: Folder) -> None:
    script = folder.path / "train.py"
    script.write_text(script.read_text().replace(", reuse_last_task_id=False", ""))
    folder.run("launch.py", "--fail", "2", status=1)
    for rank in range(3):
        (folder.path / f"done-{rank}").unlink()
    folder.run("launch.py")
    assert folder.one_task()[0] == "completed"


def test_two_trainings_of_one_home_are_two_tasks(folder: Folder) -> None:
    for _ in range(2):
        folder.run("launch.py")
    assert len(json.loads(folder.run("-c", READ).splitlines()[-1])) == 2


@pytest.mark.parametrize("way", ["spawn", "forkserver"])
def test_spawned_processes_take_part_without_a_call(folder: Folder, way: str) -> None:
    (folder.path / "train.py").write_text(SPAWNING)
    folder.run("train.py", way)
    status, _, _, series, console = folder.one_task()
    assert (status, series) == ("completed", {"child": ["of 0", "of 1"]})
    assert ("child 0" in console, "child 1" in console, "after the end" in console) == (True, True, False)


@pytest.mark.parametrize("way", ["spawn", "forkserver"])
def test_spawned_processes_take_part_however_they_say_what_to_do(folder: Folder, way: str) -> None:
    (folder.path / "train.py").write_text(IN_MAIN)
    folder.run("train.py", way)
    consoles = [console for *_, console in json.loads(folder.run("-c", READ).splitlines()[-1])]
    said = ["before", "child first", "worker first", "child second", "worker second"]
    found = sorted([text for text in said if text in console] for console in consoles)
    assert found == [["child first", "worker first"], ["child second", "worker second"]]
