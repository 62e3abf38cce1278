"""What ClearML's client sees of a task that Tilth recorded: `reads_ours.py ID`."""

from pathlib import Path
import json
import os
import sys

from clearml import Task

task = Task.get_task(task_id=sys.argv[1])
scalars = task.get_reported_scalars()
Path(os.environ["FOUND"]).write_text(
    json.dumps(
        {
            "name": task.name,
            "project": task.get_project_name(),
            "status": task.get_status(),
            "tags": task.get_tags(),
            "parameters": task.get_parameters(cast=True),
            "loss": scalars["loss"]["train"]["y"][:3],
            "single": task.get_reported_single_values(),
            "numbers": task.artifacts["numbers"].get(),
            "text": task.artifacts["text"].get(),
            "rows": task.artifacts["rows"].get().to_dict("list"),
            "labels": task.get_labels_enumeration(),
            "layers": json.loads(task.get_model_config_text())["layers"],
            "console": any("said by ours" in text for text in task.get_reported_console_output(100)),
            "plots": len(task.get_reported_plots()),
        }
    )
)
