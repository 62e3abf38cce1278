"""Models that a script saves and loads with TensorFlow itself; those of Keras are another capture's."""

from tilth.capture.frameworks.saving import folder_loading, folder_saving
from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder

__all__ = ["patches"]


def patches(recorder: Recorder) -> list[Patch]:
    """`tf.saved_model`, also when Keras exports by it: the folder is the model."""
    return [
        Patch("tensorflow.python.saved_model.save", "save", folder_saving(recorder, "TensorFlow", at=1, name="export_dir")),
        Patch("tensorflow.python.saved_model.load", "load", folder_loading(recorder, "TensorFlow", at=0, name="export_dir")),
    ]
