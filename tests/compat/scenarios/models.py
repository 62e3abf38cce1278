"""Models: made, found, published, described, archived, deleted twice."""

import json
import os
from pathlib import Path

from clearml import InputModel, Model, OutputModel, Task
from clearml.backend_api.session.client import APIClient

task = Task.init(project_name="compat/models", task_name="maker")
Path("m.bin").write_bytes(b"m")
output = OutputModel(task=task, name="my model", framework="PyTorch", tags=["good one"], label_enumeration={"cat": 1})
output.update_weights("m.bin", auto_delete_file=False)
output.set_metadata("exactness", "0.9", "float")
output.report_scalar("loss", "m", 0.5, 1)
taken = InputModel.import_model(weights_url="https://example.org/other.bin", name="other", project="compat/models")
task.connect(taken)
task.flush(wait_for_uploads=True)
task.close()

found = {
    "by name": [model.id == output.id for model in Model.query_models(project_name="compat/models", model_name="my model")],
    "by tag": len(Model.query_models(tags=["good one"])),
    "by metadata": len(Model.query_models(metadata={"exactness": "0.9"})),
    "only published": len(Model.query_models(project_name="compat/models", only_published=True)),
    "labels": Model(output.id).labels,
    "metadata": Model(output.id).get_metadata("exactness"),
    "task": Model(output.id).task == task.id,
    "inputs": [model.name for model in Task.get_task(task.id).models["input"]],
}
Model(output.id).publish()
found["published"] = Model(output.id).published
Model(output.id).archive()
found["archived"] = len(Model.query_models(model_name="my model"))
Model(output.id).unarchive()
found["removed"] = [Model.remove(taken.id, delete_weights_file=False, force=True)]
client = APIClient()
try:
    client.models.delete(model=taken.id)
except Exception as error:
    found["twice"] = [error.code, error.subcode]
Path(os.environ["FOUND"]).write_text(json.dumps(found))
