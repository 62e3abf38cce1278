"""Models as a registry: made by tasks and by hand, found by everything that they hold, changed, and deleted."""

import json
import os
from pathlib import Path

from clearml import InputModel, Model, OutputModel, Task

PROJECT = "compat/registry"
task = Task.init(project_name=PROJECT, task_name="maker", reuse_last_task_id=False, output_uri=True)
Path("one.bin").write_bytes(b"1")
Path("two.bin").write_bytes(b"22")
Path("folder").mkdir(exist_ok=True)
Path("folder/a").write_text("a")
Path("folder/b").write_text("b")
best = OutputModel(task=task, name="best of (all) #1", framework="Custom", tags=["t1"], comment="said", config_text="layers: 3")
best.update_weights("one.bin", auto_delete_file=False, iteration=1)
best.update_weights("two.bin", auto_delete_file=False, iteration=2)
OutputModel.wait_for_uploads()  # which write what they knew of the model before
best.update_labels({"cat": 0})
best.set_all_metadata({"accuracy": {"type": "float", "value": "0.9"}, "k.x": {"type": "str", "value": "ü"}})
best.report_single_value("score", 0.5)
best.report_scalar("loss", "val", 1.5, 1)
best.report_table("table", "t", iteration=0, table_plot=[["a"], [1]])
package = OutputModel(task=task, name="package", framework="Custom")
package.update_weights_package(weights_path="folder", auto_delete_file=False)
outside = InputModel.import_model(weights_url="https://example.org/m.bin", name="outside", project=PROJECT, tags=["t2"], framework="Keras")
same = InputModel.import_model(weights_url="https://example.org/m.bin", name="again")
task.connect(outside, name="start")
design = task.connect(InputModel(model_id=best.id), name="design") and InputModel(model_id=best.id).config_text
task.close()

again = Model(best.id)


def names(**words):
    return sorted(model.name for model in Model.query_models(project_name=PROJECT, **words))


found = {
    "id": best.id,
    "weights": Path(again.get_local_copy()).read_bytes().decode(),
    "package": sorted(path.name for path in Path(Model(package.id).get_local_copy()).rglob("*")),
    "labels": again.labels,
    "metadata": {name: one["value"] for name, one in sorted(again.get_all_metadata().items())},
    "cast": again.get_metadata_casted("accuracy"),
    "comment": again.comment,
    "design": design,
    "same": same.id == outside.id,
    "outputs": [model.name for model in Task.get_task(task.id).models["output"]],
    "inputs": Task.get_task(task.id).models["input"].keys(),
    "all": names(),
    "by name": names(model_name="best of (all) #1"),
    "by tags": [names(tags=["t1"]), names(tags=["t1", "t2"]), names(tags=["-t1"])],
    "by metadata": [names(metadata={"accuracy": "0.9"}), names(metadata={"k.x": "no"})],
    "published only": names(only_published=True),
    "most": len(Model.query_models(project_name=PROJECT, max_results=1)),
}
found["inputs"] = sorted(found["inputs"])
again.tags = ["t3", *again.tags]
again.name = "renamed"
again.publish()
found["published only then"] = names(only_published=True)
again.archive()
found["archived"] = [names(), names(include_archived=True)]
again.unarchive()
found["unarchived"] = [Model(best.id).name, sorted(Model(best.id).tags), Model(best.id).published]
Model.remove(package.id, delete_weights_file=True)
found["left"] = names()
Path(os.environ["FOUND"]).write_text(json.dumps(found))
