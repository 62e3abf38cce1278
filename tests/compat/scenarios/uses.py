"""A task that gets a dataset, and what ClearML's client sees of one that Tilth recorded: `uses.py VERSION TASK`."""

import json
import os
import sys
from pathlib import Path

from clearml import Dataset, Task

task = Task.init("Uses", "reads", reuse_last_task_id=False)
Dataset.get(dataset_id=sys.argv[1], alias="of tilth")
ours = Task.get_task(task_id=sys.argv[2])
version = Task.get_task(task_id=sys.argv[1])
plots = version.get_reported_plots()
samples = version.get_debug_samples("Images", "ours.png")
task.flush(wait_for_uploads=True)
Path(os.environ["FOUND"]).write_text(
    json.dumps(
        {
            "task": task.id,
            "ours": {"runtime": ours.data.runtime.get("datasets"), "parameters": ours.get_parameters()},
            "samples": [sample["url"] for sample in samples],
            "plots": sorted({(plot["metric"], plot["variant"]) for plot in plots}),
        }
    )
)
