"""A training with Ignite is recorded, without a handler of the script's own."""

import pytest

from tests.frameworks.conftest import ALL, Run

pytestmark = pytest.mark.environment(ALL)

SCRIPT = """
import torch
from ignite.engine import Engine, Events, create_supervised_evaluator, create_supervised_trainer
from ignite.handlers import Checkpoint, DiskSaver, ModelCheckpoint
from ignite.handlers.tensorboard_logger import TensorboardLogger
from ignite.metrics import Accuracy, ConfusionMatrix, Loss, MetricsLambda, Recall, RunningAverage

net = torch.nn.Linear(2, 2)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
loss = torch.nn.CrossEntropyLoss()
rows = [(torch.ones(4, 2), torch.tensor([0, 1, 0, 1]))] * 3
trainer = create_supervised_trainer(net, optimizer, loss)
RunningAverage(output_transform=lambda output: output).attach(trainer, "loss")
measured = {"accuracy": Accuracy(), "recall": Recall(), "confusion": ConfusionMatrix(2)}
evaluator = create_supervised_evaluator(net, metrics=measured)

@trainer.on(Events.EPOCH_COMPLETED)
def evaluate():
    evaluator.run(rows)
    evaluator.run(rows[:1])
"""


@pytest.mark.parametrize("before", ["", "import ignite.engine, ignite.handlers\n"])
def test_metrics_of_trainers_and_evaluators(run: Run, before: str) -> None:
    script = """
    trainer.run(rows, max_epochs=2)
    evaluator.run(rows)
    """
    calls = run(SCRIPT + "\n".join(line.strip() for line in script.splitlines()), before=before)
    points = [(args[0], args[1], args[3]) for name, args, _ in calls if name == "report_scalar"]
    evaluations = [(name, epoch) for epoch in (1, 2) for name in ("evaluation", "evaluation 2")] + [("single evaluation", 2)]
    assert sorted(points) == sorted(
        [("loss", "training", epoch) for epoch in (1, 2)]
        + [("accuracy", name, epoch) for name, epoch in evaluations]
        + [("recall", f"{name} {label}", epoch) for name, epoch in evaluations for label in (0, 1)]
    )
    tables = [(args[:2], more["iteration"]) for name, args, more in calls if name == "report_confusion_matrix"]
    assert tables == [(["confusion", name], epoch) for name, epoch in evaluations]


def test_metrics_that_a_handler_writes_for_tensorboard_are_reported_once(run: Run) -> None:
    script = """
board = TensorboardLogger(log_dir="logs")
board.attach_output_handler(evaluator, Events.COMPLETED, tag="val", metric_names=["accuracy"],
                            global_step_transform=lambda *_: trainer.state.epoch)
board.attach_output_handler(trainer, Events.ITERATION_COMPLETED, tag="train", metric_names="all")
trainer.run(rows, max_epochs=1)
board.close()
"""
    calls = run(SCRIPT + script)
    points = [(args[0], args[1], args[3]) for name, args, _ in calls if name == "report_scalar"]
    recalls = [("recall", f"{name} {label}", 1) for name in ("evaluation", "evaluation 2") for label in (0, 1)]
    assert sorted(points) == sorted(
        [("train", "loss", 1), ("train", "loss", 2), ("train", "loss", 3), *[("val", "accuracy", 1)] * 2, *recalls]
    )


def test_checkpoints_are_models(run: Run) -> None:
    script = """
trainer.add_event_handler(Events.EPOCH_COMPLETED, Checkpoint({"net": net}, DiskSaver("kept"), n_saved=1))
trainer.add_event_handler(Events.COMPLETED, ModelCheckpoint("last", "net"), {"part": net})
trainer.run(rows, max_epochs=2)
"""
    calls = run(SCRIPT + script)
    models = [(name.split()[1], args["weights_filename"].split("/")[-2:]) for name, _, args in calls if "update_weights" in name]
    assert models == [("net_3", ["kept", "net_3.pt"]), ("net_6", ["kept", "net_6.pt"]), ("net_part_6", ["last", "net_part_6.pt"])]
