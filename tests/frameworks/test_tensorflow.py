"""What TensorFlow writes, and Keras on TensorFlow."""

import pytest

from tests.frameworks.conftest import TENSORFLOW, Run

pytestmark = pytest.mark.environment(TENSORFLOW)


@pytest.mark.parametrize("before", ["", "import tensorflow\n"])
def test_every_kind_of_summary_is_recorded(run: Run, before: str) -> None:
    script = """
    import numpy as np, tensorflow as tf
    from tensorboard.plugins.hparams import api as hp
    writer = tf.summary.create_file_writer("logs/train")

    @tf.function
    def step(at, value):
        with writer.as_default():
            tf.summary.scalar("graph/loss", value * 2, step=at)

    with writer.as_default():
        for at in range(2):
            tf.summary.scalar("loss/train", 0.5 + at, step=at)
        tf.summary.histogram("weights", [0.0, 0.1, 0.1], step=4, buckets=5)
        tf.summary.image("picture", np.zeros((1, 8, 8, 3)), step=5)
        tf.summary.text("note", "hello *you*", step=6)
        tf.summary.audio("sound", np.zeros((1, 100, 1), np.float32), 8000, step=9)
        hp.hparams({"lr": 0.125, hp.HParam("name"): "a"})
    for at in range(2):
        step(tf.constant(at, tf.int64), tf.constant(0.25))
    with tf.summary.create_file_writer("logs/validation").as_default(step=3):
        tf.summary.scalar("loss/train", 0.75)
    """
    calls = run(script, before=before)
    points = [args for name, args, _ in calls if name == "report_scalar"]
    assert points == [
        ["loss", "train", 0.5, 0], ["loss", "train", 1.5, 1], ["graph", "loss", 0.5, 0], ["graph", "loss", 0.5, 1],
        ["loss", "train (validation)", 0.75, 3],
    ]  # fmt: skip
    assert [args for name, args, _ in calls if name == "connect"] == [[{"lr": 0.125, "name": "a"}, "TensorBoard"]]
    rest = {args[0]: (more["iteration"], more.get("file_extension")) for name, args, more in calls if "iteration" in more}
    assert rest == {"weights": (4, None), "picture": (5, ".png"), "note": (6, ".txt"), "sound": (9, ".wav")}
    assert sum(next(args[2] for name, args, _ in calls if name == "report_histogram")) == 3


@pytest.mark.parametrize("before", ["", "import tensorflow\n"])
def test_saved_models_are_models(run: Run, before: str) -> None:
    script = """
    import shutil, tensorflow as tf
    class Adder(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
        def add(self, x):
            return x + x
    tf.saved_model.save(Adder(), "adder")
    shutil.copytree("adder", "older")
    assert tf.saved_model.load("older").add(2.0) == 4.0
    """
    calls = run(script, before=before)
    assert [name for name, *_ in calls] == ["TensorFlow adder update_weights_package", "TensorFlow older input connect"]


@pytest.mark.parametrize("before", ["", "import tensorflow\n"])
def test_keras_on_tensorflow_with_its_tensorboard(run: Run, before: str) -> None:
    script = """
    import keras, numpy as np
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    rows, labels = np.ones((8, 2)), np.ones((8, 1))
    board = keras.callbacks.TensorBoard("logs", histogram_freq=1)
    model.fit(rows, labels, epochs=2, validation_data=(rows, labels), verbose=0, callbacks=[board])
    model.save("model.keras")
    model.export("exported", verbose=False)
    """
    calls = run(script, before=before)
    points = [(args[0], args[1], args[3]) for name, args, _ in calls if name == "report_scalar"]
    batches = [point for point in points if point[0].startswith("evaluation_")]
    losses = [("loss", series, epoch) for series in ("loss", "val_loss") for epoch in range(2)]
    assert sorted(set(points) - set(batches)) == sorted([*losses, *(("epoch_learning_rate", "epoch_learning_rate", at) for at in range(2))])
    assert len(points) == len(set(points))
    assert "report_histogram" in {name for name, *_ in calls}
    assert [name for name, *_ in calls if "weights" in name] == ["Keras model update_weights", "TensorFlow exported update_weights_package"]
