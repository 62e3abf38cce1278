"""A training with Lightning is recorded, with a logger and without one."""

import pytest

from tests.frameworks.conftest import ALL, Run

pytestmark = pytest.mark.environment(ALL)


@pytest.mark.parametrize("package", ["lightning.pytorch", "pytorch_lightning"])
@pytest.mark.parametrize("logger", ["False", "CSVLogger('logs')", "TensorBoardLogger('logs')"])
def test_what_the_module_logs_is_recorded(run: Run, package: str, logger: str) -> None:
    script = f"""
    import torch, {package} as L
    from {package}.loggers import CSVLogger, TensorBoardLogger

    class Module(L.LightningModule):
        def __init__(self, lr=0.5):
            super().__init__()
            self.save_hyperparameters()
            self.net = torch.nn.Linear(2, 1)
        def training_step(self, batch, index):
            loss = self.net(batch[0]).sum() ** 2
            self.log("train/loss", loss)
            return loss
        def validation_step(self, batch, index):
            self.log("val_loss", self.net(batch[0]).sum() ** 2)
        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.01)

    rows = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(8, 2)), batch_size=4)
    trainer = L.Trainer(max_epochs=2, logger={logger}, log_every_n_steps=1, enable_progress_bar=False, enable_model_summary=False,
                        accelerator="cpu", enable_checkpointing=False)
    trainer.fit(Module(), rows, rows)
    trainer.save_checkpoint("last.ckpt")
    """
    calls = run(script)
    scalars = [args for name, args, _ in calls if name == "report_scalar"]
    points = [(title, series, step) for title, series, _, step in scalars]
    assert sorted(point for point in points if "loss" in point[1]) == [
        *(("train", "loss", step) for step in range(4)),
        *(("val_loss", "val_loss", step) for step in (1, 3)),
    ]
    assert len(points) == len(set(points))
    assert ["connect", [{"lr": 0.5}, "Lightning"], {}] in calls
    assert [name for name, *_ in calls if "weights" in name] == ["PyTorch last update_weights"]
