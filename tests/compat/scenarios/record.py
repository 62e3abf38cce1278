"""A training script that reports everything that can be reported, and reads it back."""

import json
import os
import sys
from argparse import ArgumentParser
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from clearml import OutputModel, Task

parser = ArgumentParser()
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--name", default="net")

task = Task.init(project_name="compat/record", task_name="everything", tags=["first", "ä"])
arguments = parser.parse_args()
settings = task.connect({"rate": 0.1, "deep": {"layers": [1, 2]}, "a.b$c": "x"}, name="Settings")
task.connect_configuration({"optimizer": "sgd"}, name="Optimizer")
task.set_user_properties(owner="somebody")
task.set_comment("a run for the record")

logger = task.get_logger()
for step in range(30):
    logger.report_scalar("loss", "train", 1 / (step + 1), step)
    logger.report_scalar("loss", "test", 2 / (step + 1), step)
logger.report_single_value("accuracy", 0.93)
logger.report_text("words on the console")
logger.report_table("table", "frame", iteration=0, table_plot=pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
logger.report_histogram("histogram", "h", iteration=0, values=[1, 2, 3])
logger.report_scatter2d("scatter", "s", iteration=0, scatter=np.array([[1, 2], [3, 4]]))
logger.report_confusion_matrix("confusion", "c", iteration=0, matrix=np.eye(2))
logger.report_surface("surface", "z", iteration=0, matrix=np.eye(3))
for step in range(3):
    logger.report_image("picture", "random", iteration=step, image=(np.random.rand(8, 8, 3) * 255).astype(np.uint8))
page = Path("page.html")
page.write_text("<b>hello</b>")
logger.report_media("media", "page", iteration=0, local_path=str(page))
plt.plot([1, 2, 3])
plt.title("drawn")
plt.show()

task.upload_artifact("words", {"a": 1})
task.upload_artifact("numbers", np.arange(4))
task.upload_artifact("frame", pd.DataFrame({"a": [1]}))
task.upload_artifact("file", str(page))
weights = Path("weights.bin")
weights.write_bytes(b"w" * 1000)
model = OutputModel(task=task, name="weights", framework="Custom")
model.update_weights(str(weights), auto_delete_file=False)
task.flush(wait_for_uploads=True)
task.close()

again = Task.get_task(task_id=task.id)
found = {
    "id": task.id,
    "status": again.status,
    "epochs": arguments.epochs,
    "parameters": again.get_parameters(),
    "configuration": again.get_configuration_object_as_dict("Optimizer"),
    "scalars": {variant: series["x"][-1] for variant, series in again.get_reported_scalars()["loss"].items()},
    "single": again.get_reported_single_values(),
    "last": again.get_last_scalar_metrics()["loss"]["train"],
    "iteration": again.get_last_iteration(),
    "plots": sorted({plot["metric"] for plot in again.get_reported_plots()}),
    "console": any("words on the console" in line for line in again.get_reported_console_output(50)),
    "images": len(again.get_debug_samples("picture", "random")),
    "artifacts": sorted(again.artifacts),
    "words": again.artifacts["words"].get(),
    "numbers": again.artifacts["numbers"].get().tolist(),
    "frame": again.artifacts["frame"].get()["a"].tolist(),
    "models": [item.name for item in again.models["output"]],
    "weights": Path(again.models["output"][0].get_local_copy()).stat().st_size,
    "tags": sorted(again.get_tags()),
    "comment": again.comment,
    "properties": again.get_user_properties()["owner"]["value"],
    "packages": "clearml" in (again.data.script.requirements or {}).get("pip", ""),
}
Path(os.environ["FOUND"]).write_text(json.dumps(found))
sys.stdout.flush()
