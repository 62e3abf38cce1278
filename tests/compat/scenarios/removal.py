"""Tasks that go away with everything that they stored, and one whose files stay."""

import json
import os
from pathlib import Path

import numpy as np
from clearml import Model, OutputModel, Task


def made(name):
    task = Task.init(project_name="compat/removal", task_name=name, reuse_last_task_id=False, output_uri=True)
    task.upload_artifact("data", {"a": 1}, wait_on_upload=True)
    folder = Path("folder")
    folder.mkdir(exist_ok=True)
    (folder / "one").write_text("1")
    task.upload_artifact("folder", str(folder), wait_on_upload=True)
    task.get_logger().report_image("image", "i", iteration=0, image=np.zeros((4, 4, 3), dtype=np.uint8))
    Path("weights.bin").write_bytes(b"w")
    model = OutputModel(task=task, name=f"{name} model")
    model.update_weights("weights.bin", auto_delete_file=False)
    task.close()
    addresses = [artifact.url for artifact in task.artifacts.values()] + [Model(model.id).url]
    return Task.get_task(task.id), model.id, addresses


gone, gone_model, gone_files = made("gone")
kept, kept_model, kept_files = made("kept")
child = Task.clone(gone, name="child")
found = {
    "files": [gone_files, kept_files],
    "samples": [sample["url"] for sample in gone.get_debug_samples("image", "i")],
    "deleted": bool(gone.delete(delete_artifacts_and_models=True, skip_models_used_by_other_tasks=True)),
    "unlinked": bool(kept.delete(delete_artifacts_and_models=False)),
    "ids": [gone.id, kept.id],
    "models": [gone_model, kept_model],
    "child": Task.get_task(child.id).status,
}
Path(os.environ["FOUND"]).write_text(json.dumps(found))
