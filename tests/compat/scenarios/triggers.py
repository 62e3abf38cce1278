"""A service that watches tasks, models and datasets, and starts something whenever one of them changes as it waits for."""

import json
import os
import time
from pathlib import Path
from threading import Thread

from clearml import Dataset, OutputModel, Task
from clearml.automation import TriggerScheduler

PROJECT = "compat/watched"
QUEUE = "started"
seen: dict[str, list[str]] = {"good": [], "model": [], "dataset": []}


def recorder(name):
    def record(id):
        seen[name].append(id)

    return record


def tasks():
    return Task.get_tasks(project_name="compat/started", task_filter={"status": ["queued"]})


def wait(condition):
    for _ in range(3_000):
        if condition():
            return True
        time.sleep(0.1)
    return False


template = Task.create(project_name="compat/started", task_name="template")
template.set_parameters({"General/about": "nothing"})
bad, good = (Task.create(project_name=PROJECT, task_name=name) for name in ("bad", "good"))
model = OutputModel(task=bad, name="watched")
Path("weights.bin").write_bytes(b"w")
model.update_weights("weights.bin", auto_delete_file=False)
dataset = Dataset.create(dataset_project=PROJECT, dataset_name="set")

service = TriggerScheduler(pooling_frequency_minutes=0.005)
service.add_task_trigger(
    name="completed",
    schedule_task_id=template.id,
    schedule_queue=QUEUE,
    trigger_project=PROJECT,
    trigger_name="bad",
    trigger_on_status=["completed"],
    task_parameters={"General/about": "${task.id}"},
)
service.add_task_trigger(
    name="good",
    schedule_function=recorder("good"),
    trigger_project=PROJECT,
    trigger_on_metric="score",
    trigger_on_variant="s",
    trigger_on_threshold=0.5,
    trigger_on_sign="max",
)
service.add_model_trigger(name="model", schedule_function=recorder("model"), trigger_project=PROJECT, trigger_on_publish=True)
service.add_dataset_trigger(name="dataset", schedule_function=recorder("dataset"), trigger_project=PROJECT, trigger_on_publish=True)
Thread(target=service.start, daemon=True).start()
# What changed before a trigger looked for the first time is none of its business.
looking = wait(lambda: all(trigger.last_update for trigger in service.get_triggers()))
quiet = not tasks() and not any(seen.values())

for task, score in ((bad, 0.1), (good, 0.9)):
    task.mark_started()
    task.get_logger().report_scalar("score", "s", score, 0)
    task.flush(wait_for_uploads=True)
    task.mark_completed()
model.publish()
dataset.add_files("weights.bin")
dataset.upload(show_progress=False)
dataset.finalize()
dataset.publish()

found = {
    "looking": looking,
    "quiet": quiet,
    "started": wait(lambda: [task.get_parameter("General/about") for task in tasks()] == [bad.id]),
    "good": wait(lambda: seen["good"] == [good.id]),
    "model": wait(lambda: seen["model"] == [model.id]),
    "dataset": wait(lambda: seen["dataset"] == [dataset.id]),
}
Path(os.environ["FOUND"]).write_text(json.dumps(found))
os._exit(0)  # the service never ends
