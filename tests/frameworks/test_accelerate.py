"""What is logged with Accelerate is recorded, with any tracker or none."""

import pytest

from tests.frameworks.conftest import ALL, Run

pytestmark = pytest.mark.environment(ALL)


@pytest.mark.parametrize("tracker", ["None", "'tensorboard'"])
@pytest.mark.parametrize("before", ["", "from accelerate import Accelerator\n"])
def test_log_configuration_and_models(run: Run, before: str, tracker: str) -> None:
    script = f"""
    import torch
    from accelerate import Accelerator
    accelerator = Accelerator(log_with={tracker}, project_dir="logs", cpu=True)
    accelerator.init_trackers("pets", config={{"lr": 0.25}})
    net = torch.nn.Linear(2, 1)
    net, optimizer = accelerator.prepare(net, torch.optim.SGD(net.parameters(), lr=0.25))
    for step in range(2):
        loss = (net(torch.ones(4, 2)) ** 2).mean()
        accelerator.backward(loss)
        optimizer.step()
        accelerator.log({{"train/loss": loss.item(), "note": "text"}}, step=step)
    accelerator.log({{"accuracy": {{"cats": 0.5, "dogs": 0.25}}}}, step=7)
    accelerator.log({{"unstepped": 1.0}})
    accelerator.log({{"unstepped": 2.0}})
    accelerator.save(net.state_dict(), "net.pt")
    accelerator.save_model(net, "whole")
    accelerator.save_state("state")
    accelerator.end_training()
    """
    calls = run(script, before=before)
    points = [(args[0], args[1], args[3]) for name, args, _ in calls if name == "report_scalar"]
    assert points == [
        ("train", "loss", 0), ("train", "loss", 1), ("accuracy", "cats", 7), ("accuracy", "dogs", 7),
        ("unstepped", "unstepped", 0), ("unstepped", "unstepped", 1),
    ]  # fmt: skip
    assert [args for name, args, _ in calls if name == "connect"] == [[{"lr": 0.25}, "Accelerate"]]
    assert [name for name, *_ in calls if "weights" in name] == [
        "PyTorch net update_weights", "PyTorch whole update_weights_package", "PyTorch state update_weights_package",
    ]  # fmt: skip
