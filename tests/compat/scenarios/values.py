"""Everything that can be connected to a task, with names and values that are hard to keep, and how tasks are put in order."""

import json
import os
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from clearml import Task
from clearml.task_parameters import TaskParameters, param

task = Task.init(project_name="compat/values", task_name="values", reuse_last_task_id=False)


class Declared(TaskParameters):
    width = param(type=int, desc="how wide", default=7)


@dataclass
class Plain:
    word: str = "ä"


parser = ArgumentParser()
parser.add_argument("--many", nargs="*", type=int)
parser.add_argument("--switch", action="store_true")
parser.add_argument("--nothing")
parser.parse_args(["--many", "1", "2", "--switch"])
task.connect({"a.b": 1, "$c": [1, {"d": None}], "e/f": True, "long": "x" * 100_000, "": "empty"}, name="Hard / names")
task.connect(Declared(), name="Declared")
task.connect(Plain(), name="Plain")
task.connect_configuration({"deep": {"list": [1, 2.5, None, "ü"]}}, name="config $1.x")
task.connect_label_enumeration({"cat": 1, "dog": 2})
task.set_parameter("General/one more", 2.5)
task.set_user_properties({"name": "owner", "value": "somebody"}, place="here")
task.set_progress(42)
task.set_base_docker("image:1", docker_arguments="-v /a:/b")
task.upload_artifact("table", pd.DataFrame({"a": [1, 2]}), metadata={"rows": 2})
task.register_artifact("registered", pd.DataFrame({"b": [3]}))
task.upload_artifact("array", np.eye(2))
task.upload_artifact("text", "ü" * 10)
task.upload_artifact("elsewhere", "https://example.org/x.bin")
task.upload_artifact("object", {1, 2, 3}, auto_pickle=True)
task.upload_artifact("files", Path(__file__))
task.close()

scores = {}
for name, score in (("low", 1.0), ("high", 9.0), ("middle", 5.0)):
    other = Task.create(project_name="compat/values/scores", task_name=name)
    other.mark_started()
    other.get_logger().report_scalar("score", "s", score, 3)
    other.get_logger().report_scalar("score", "s", 0, 4)
    other.flush(wait_for_uploads=True)
    other.mark_completed()
    scores[name] = other.id
metric = Task.get_task(scores["low"]).data.last_metrics
(metric_hash,) = (key for key, series in metric.items() if next(iter(series.values()))["metric"] == "score")
(variant_hash,) = metric[metric_hash]
order = f"last_metrics.{metric_hash}.{variant_hash}.max_value"
best = Task.get_tasks(project_name="compat/values/scores", task_filter={"order_by": [f"-{order}"]})

again = Task.get_task(task.id)
values = again.get_parameters(cast=True)
artifacts = again.artifacts
found = {
    "hard": [values.get(f"Hard / names/{name}") for name in ("a.b", "$c", "e/f")],
    "long": len(values["Hard / names/long"]),
    "args": [values[f"Args/{name}"] for name in ("many", "switch")],
    "declared": values["Declared/width"],
    "plain": values["Plain/word"],
    "one more": values["General/one more"],
    "config": again.get_configuration_object_as_dict("config $1.x"),
    "labels": again.get_labels_enumeration(),
    "properties": [again.get_user_properties(value_only=True).get(name) for name in ("owner", "place")],
    "progress": again.get_progress(),
    "docker": again.get_base_docker(),
    "artifacts": sorted(artifacts),
    "table": [artifacts["table"].get()["a"].tolist(), artifacts["table"].metadata],
    "registered": artifacts["registered"].get()["b"].tolist(),
    "text": artifacts["text"].get(),
    "elsewhere": artifacts["elsewhere"].url,
    "object": sorted(artifacts["object"].get()),
    "file": Path(artifacts["files"].get_local_copy()).read_text() == Path(__file__).read_text(),
    "order": [other.name for other in best],
    "exported": sorted(again.export_task())[:2],
    "imported": Task.import_task(again.export_task()).get_parameters()["Declared/width"],
}
Path(os.environ["FOUND"]).write_text(json.dumps(found))
