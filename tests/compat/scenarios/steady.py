"""A run that reports for some seconds whatever becomes of the server, and says when it begins."""

from pathlib import Path
import json
import os
import sys
import time

from clearml import Task

seconds = float(sys.argv[1])
task = Task.init(project_name="compat/steady", task_name="steady", reuse_last_task_id=False)
task.get_logger().set_flush_period(0.2)
print(f"id={task.id}", flush=True)
began = time.monotonic()
step = 0
while time.monotonic() - began < seconds:
    task.get_logger().report_scalar("loss", "s", step, step)
    task.get_logger().report_text(f"line {step}", print_console=False)
    step += 1
    time.sleep(0.01)
task.upload_artifact("end", {"steps": step}, wait_on_upload=True)
task.close()
Path(os.environ["FOUND"]).write_text(json.dumps({"id": task.id, "steps": step}))
