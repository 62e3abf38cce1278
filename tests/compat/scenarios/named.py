"""A task, an artifact and a file under a name that was given, found and fetched again."""

import json
import os
import sys
from pathlib import Path

import numpy as np
from clearml import Task

name = sys.argv[1]
task = Task.init(project_name=f"compat/{name}", task_name=name, reuse_last_task_id=False)
task.upload_artifact(name, {"word": name})
path = Path("files") / f"{name[:100].replace('/', '_')}.txt"
path.parent.mkdir()
path.write_text(name)
task.upload_artifact("file", str(path))
task.get_logger().report_image(name, name, iteration=0, image=np.zeros((4, 4, 3), dtype=np.uint8))
task.close()

again = Task.get_task(project_name=f"compat/{name}", task_name=name)
found = {
    "id": again.id,
    "found": again.id == task.id,
    "artifact": again.artifacts[name].get(),
    "file": Path(again.artifacts["file"].get_local_copy()).read_text(),
    "sample": len(again.get_debug_samples(name, name)) == 1,
}
found["deleted"] = bool(again.delete())
Path(os.environ["FOUND"]).write_text(json.dumps(found))
