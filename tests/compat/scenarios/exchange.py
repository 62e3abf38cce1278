"""What a task of somebody else keeps, read; and a task whose artifacts somebody else will read."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from clearml import Model, OutputModel, Task
from PIL import Image

theirs = Task.get_task(sys.argv[1])
got = {name: artifact.get() for name, artifact in theirs.artifacts.items()}
found = {
    "array": got["array"].tolist(),
    "table": got["table"].to_dict("list"),
    "picture": list(got["picture"].size),
    "dict": got["dict"],
    "yaml": got["yaml"],
    "list": got["list"],
    "text": got["text"],
    "pickle": list(got["pickle"]),
    "file": Path(got["file"]).read_text(),
    "folder": sorted(path.name for path in Path(got["folder"]).rglob("*") if path.is_file()),
    "metadata": theirs.artifacts["dict"].metadata,
    "model": Path(Model(theirs.models["output"][-1].id).get_local_copy()).read_text(),
    "labels": theirs.models["output"]["net"].labels,
}
task = Task.init(project_name="compat/exchange", task_name="own", output_uri=True, auto_connect_frameworks=False)
Path("a.txt").write_text("a")
Path("data").mkdir()
Path("data/b.txt").write_text("b")
objects = {
    "array": np.arange(3),
    "table": pd.DataFrame({"n": [1, 2]}),
    "picture": Image.new("RGB", (4, 2)),
    "dict": {"x": 1},
    "text": "some text",
    "pickle": (1, 2),
    "file": "a.txt",
    "folder": "data",
}
for name, thing in objects.items():
    task.upload_artifact(name, thing, wait_on_upload=True)
Path("net.pt").write_text("their weights")
model = OutputModel(task=task, name="their net", config_dict={"layers": 3})
model.update_weights("net.pt", async_enable=False)
task.close()
Path(os.environ["FOUND"]).write_text(json.dumps(found | {"task": task.id}))
