"""Models that a script saves and loads with PyTorch."""

from tilth.capture.frameworks.saving import loading, saving
from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder

__all__ = ["patches"]


def patches(recorder: Recorder) -> list[Patch]:
    """`torch.save` and `torch.load`, and those of TorchScript, when a file is written or read."""
    return [
        Patch("torch.serialization", "save", saving(recorder, "PyTorch", at=1, name="f")),
        Patch("torch.serialization", "load", loading(recorder, "PyTorch", at=0, name="f")),
        Patch("torch.jit._serialization", "save", saving(recorder, "PyTorch", at=1, name="f")),
        Patch("torch.jit._serialization", "load", loading(recorder, "PyTorch", at=0, name="f")),
    ]
