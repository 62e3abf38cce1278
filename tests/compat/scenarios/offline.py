"""A run without any server, which is brought in afterwards."""

import json
import os
from pathlib import Path

from clearml import Task

Task.set_offline(offline_mode=True)
task = Task.init(project_name="compat/offline", task_name="offline", reuse_last_task_id=False)
task.connect({"rate": 0.5})
for step in range(5):
    task.get_logger().report_scalar("loss", "s", step, step)
Path("file.txt").write_text("kept")
task.upload_artifact("file", "file.txt")
task.close()
session = task.get_offline_mode_folder()
Task.set_offline(offline_mode=False)
again = Task.get_task(Task.import_offline_session(f"{session}.zip"))
Path(os.environ["FOUND"]).write_text(
    json.dumps(
        {
            "status": again.status,
            "rate": again.get_parameter("General/rate"),
            "loss": list(again.get_reported_scalars()["loss"]["s"]["y"]),
            "file": Path(again.artifacts["file"].get_local_copy()).read_text(),
        }
    )
)
