"""A service that starts a task and a function by the clock."""

from pathlib import Path
import json
import os
import time
from threading import Thread

from clearml import Task
from clearml.automation import TaskScheduler

calls = []
template = Task.create(project_name="compat/clock", task_name="template")
service = TaskScheduler(sync_frequency_minutes=1)
service.add_task(schedule_task_id=template.id, queue="by the clock", name="task", minute=1, execute_immediately=True)
service.add_task(schedule_function=lambda: calls.append(1), name="function", minute=1, execute_immediately=True)
Thread(target=service.start, daemon=True).start()

started = []
for _ in range(4_000):
    started = Task.get_tasks(project_name="compat/clock", task_filter={"status": ["queued"]})
    if started and calls:
        break
    time.sleep(0.1)
Path(os.environ["FOUND"]).write_text(json.dumps({"calls": len(calls), "started": [task.parent == template.id for task in started]}))
os._exit(0)  # the service never ends
