"""A run with a very large configuration, very many values at once, a large artifact and a parallel crowd of its own tasks."""

import json
import os
from pathlib import Path

from clearml import Task

CONFIGURATION = "x" * 20_000_000
task = Task.init(project_name="compat/masses", task_name="masses", reuse_last_task_id=False)
task.set_configuration_object("large", config_text=CONFIGURATION)
logger = task.get_logger()
for step in range(30_000):
    logger.report_scalar("many", f"series {step % 10}", step, step)
blob = Path("blob.bin")
blob.write_bytes(bytes(range(256)) * 400_000)
task.upload_artifact("blob", blob, wait_on_upload=True)
task.close()
again = Task.get_task(task.id)
counts = {variant: len(points["y"]) for variant, points in again.get_all_reported_scalars()["many"].items()}
Path(os.environ["FOUND"]).write_text(
    json.dumps(
        {
            "id": task.id,
            "configuration": again.get_configuration_object("large") == CONFIGURATION,
            "counts": sorted(set(counts.values())),
            "series": len(counts),
            "blob": Path(again.artifacts["blob"].get_local_copy()).read_bytes() == blob.read_bytes(),
        }
    )
)
