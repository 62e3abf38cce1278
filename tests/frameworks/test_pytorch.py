"""Models that PyTorch writes and reads are recorded."""

import pytest

from tests.frameworks.conftest import ALL, Run

pytestmark = pytest.mark.environment(ALL)


@pytest.mark.parametrize("before", ["", "import torch\nfrom torch import save\n"])
def test_models_are_outputs_and_inputs(run: Run, before: str) -> None:
    script = """
    import io, torch
    from torch import save
    net = torch.nn.Linear(2, 1)
    loss = net(torch.ones(1, 2)).sum()
    loss.backward()
    save(net.state_dict(), "net.pt")
    torch.save(net.state_dict(), "net.pt")
    with open("file.pt", "wb") as file:
        torch.save(net.state_dict(), f=file)
    torch.save(net, io.BytesIO())
    torch.load("net.pt")
    import shutil; shutil.copy("net.pt", "old.pt")
    net.load_state_dict(torch.load("old.pt"))
    torch.jit.save(torch.jit.script(net), "script.pt")
    try:
        torch.load("missing.pt")
    except FileNotFoundError:
        pass
    """
    calls = run(script, before=before)
    assert [name for name, _, _ in calls] == [
        "PyTorch net update_weights", "PyTorch net update_weights", "PyTorch file update_weights", "PyTorch old input connect",
        "PyTorch script update_weights",
    ]  # fmt: skip
    assert calls[0][2]["weights_filename"].endswith("/net.pt")
    assert calls[0][2]["auto_delete_file"] is False


def test_only_files_that_are_wanted_are_models(run: Run) -> None:
    script = """
    import torch
    for name in ("best.pt", "data.bin"):
        torch.save(torch.ones(1), name)
    """
    assert [name for name, *_ in run(script, wanted={"pytorch": "*.pt"})] == ["PyTorch best update_weights"]
    assert len(run(script, wanted={"pytorch": False})) == 1
