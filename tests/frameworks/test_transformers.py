"""A training with a `Trainer` of Transformers is recorded, with TensorBoard and without."""

import pytest

from tests.frameworks.conftest import ALL, Run

pytestmark = pytest.mark.environment(ALL)

SCRIPT = """
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments
config = BertConfig(vocab_size=16, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, num_labels=2)
model = BertForSequenceClassification(config)
rows = [{{"input_ids": torch.tensor([1, 2, 3]), "labels": torch.tensor(at % 2)}} for at in range(8)]
arguments = TrainingArguments(output_dir="out", num_train_epochs=2, per_device_train_batch_size=4, logging_steps=1, report_to="{report_to}",
                              save_strategy="epoch", eval_strategy="epoch", learning_rate=0.25, use_cpu=True, disable_tqdm=True)
trainer = Trainer(model=model, args=arguments, train_dataset=rows, eval_dataset=rows)
trainer.train()
trainer.save_model("final")
model.save_pretrained("kept")
import shutil; shutil.copytree("kept", "older")
BertForSequenceClassification.from_pretrained("older")
"""


@pytest.mark.parametrize("report_to", ["none", "tensorboard"])
@pytest.mark.parametrize("before", ["", "from transformers import Trainer, BertForSequenceClassification\n"])
def test_metrics_arguments_and_models(run: Run, before: str, report_to: str) -> None:
    calls = run(SCRIPT.format(report_to=report_to), before=before)
    scalars = [(args[0], args[1], args[3]) for name, args, _ in calls if name == "report_scalar"]
    assert len(scalars) == len(set(scalars))
    assert {point for point in scalars if point[0] == "loss"} == {
        *(("loss", "train", step) for step in range(1, 5)),
        *(("loss", "eval", step) for step in (2, 4)),
    }
    assert {title for title, *_ in scalars} >= {"loss", "learning_rate", "grad_norm", "runtime"}
    assert {title for title, *_ in scalars if "/" in title or title in ("train", "eval", "epoch")} == set()
    assert {"train_loss", "train_runtime"} <= {args[0] for name, args, _ in calls if name == "report_single_value"}
    given = [args for name, args, _ in calls if name == "connect"]
    assert [(values["learning_rate"], values["num_train_epochs"], section) for values, section in given] == [(0.25, 2, "Transformers")]
    models = [name for name, *_ in calls if "update_weights" in name or "input" in name]
    assert models == [
        "Transformers checkpoint-2 update_weights_package", "Transformers checkpoint-4 update_weights_package",
        "Transformers final update_weights_package", "Transformers kept update_weights_package", "Transformers older input connect",
    ]  # fmt: skip
    final = next(more for name, _, more in calls if name.startswith("Transformers final"))
    assert {file.rpartition("/")[2] for file in final["weights_filenames"]} >= {"config.json", "model.safetensors"}
