"""A training with Keras is recorded."""

import pytest

from tests.frameworks.conftest import ALL, Run

pytestmark = pytest.mark.environment(ALL)


@pytest.mark.parametrize("before", ["", "import keras\n"])
def test_keras(run: Run, before: str) -> None:
    script = """
    import keras, numpy as np, shutil
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    rows, labels = np.ones((8, 2)), np.ones((8, 1))
    model.fit(rows, labels, epochs=2, validation_data=(rows, labels), verbose=0)
    model.save("model.keras")
    shutil.copy("model.keras", "older.keras")
    keras.models.load_model("older.keras")
    model.save_weights("only.weights.h5")
    """
    calls = run(script, before=before)
    points = [(*args[:2], args[3]) for name, args, _ in calls if name == "report_scalar"]
    assert sorted(points) == sorted(("loss", series, step) for series in ("loss", "val_loss") for step in range(2))
    assert [name for name, *_ in calls if name.startswith("Keras")] == [
        "Keras model update_weights", "Keras older input connect", "Keras only.weights update_weights",
    ]  # fmt: skip
