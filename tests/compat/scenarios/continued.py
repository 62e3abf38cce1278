"""A run that goes on where another one stopped, in the same task."""

from pathlib import Path
import json
import os

from clearml import Task

PROJECT, NAME = "compat/continued", "run"


def run(**options):
    task = Task.init(project_name=PROJECT, task_name=NAME, **options)
    for iteration in range(3):
        task.get_logger().report_scalar("loss", "s", iteration, iteration)
    task.upload_artifact("state", {"n": 3}, wait_on_upload=True)
    task.close()
    return task.id


first = run()
second = run(continue_last_task=first)
scalars = Task.get_task(first).get_reported_scalars()["loss"]["s"]["x"]
found = {
    "same": first == second,
    "x": scalars,
    "artifacts": sorted(Task.get_task(first).artifacts),
}
Path(os.environ["FOUND"]).write_text(json.dumps(found))
