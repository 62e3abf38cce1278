"""What one SDK keeps, the other reads: artifacts and models, in both directions."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.compat.conftest import User
from tilth import OutputModel, Task, _wiring
from tilth.config.settings import load_settings
from tilth.sdk._current import set_home
from tilth.sdk.home import Home
from tilth.testing.servers import RunningServer


@pytest.fixture
def home(server: RunningServer, tmp_path: Path) -> Iterator[Home]:
    """Where our SDK works: with the server that the others work with."""
    api = {"api.server": f"{server.web}/api", "api.token": server.token}
    opened = _wiring._open(load_settings({}, given={"home": str(tmp_path / "own home"), **api}))
    set_home(opened)
    yield opened
    set_home(None)
    opened.close()


def test_each_reads_what_the_other_keeps(somebody: User, home: Home, tmp_path: Path) -> None:
    (tmp_path / "in/deep").mkdir(parents=True)
    (tmp_path / "in/f.txt").write_text("f")
    (tmp_path / "in/deep/g.txt").write_text("g")
    (tmp_path / "net.pt").write_text("weights")
    task = Task.create(project_name="compat/exchange", task_name="ours")
    table = pd.DataFrame({"n": [1, 2], "s": ["a", "b"]})
    for name, thing in {
        "array": np.arange(3),
        "table": table,
        "picture": Image.new("RGB", (4, 2)),
        "list": [1, "b"],
        "text": "some text",
        "pickle": (1, 2),
        "file": tmp_path / "in/f.txt",
        "folder": tmp_path / "in",
    }.items():
        task.upload_artifact(name, thing)
    task.upload_artifact("dict", {"x": [1]}, metadata={"rows": 3})
    task.upload_artifact("yaml", {"y": 1}, extension_name=".yaml")
    OutputModel(task, name="net", label_enumeration={"cat": 1}).update_weights(str(tmp_path / "net.pt"))
    task.flush(wait_for_uploads=True)

    found = somebody.play("exchange", task.id)
    theirs = Task.get_task(found.pop("task"))
    assert found == {
        "array": [0, 1, 2],
        "table": {"n": [1, 2], "s": ["a", "b"]},
        "picture": [4, 2],
        "dict": {"x": [1]},
        "yaml": {"y": 1},
        "list": [1, "b"],
        "text": "some text",
        "pickle": [1, 2],
        "file": "f",
        "folder": ["f.txt", "g.txt"],
        "metadata": {"rows": "3"},
        "model": "weights",
        "labels": {"cat": 1},
    }

    got = {name: artifact.get() for name, artifact in theirs.artifacts.items()}
    assert got["array"].tolist() == [0, 1, 2]
    assert got["table"].equals(pd.DataFrame({"n": [1, 2]}))
    assert got["picture"].size == (4, 2)
    assert (got["dict"], got["text"], got["pickle"]) == ({"x": 1}, "some text", (1, 2))
    assert got["file"].read_text() == "a"
    assert [path.name for path in got["folder"].rglob("*") if path.is_file()] == ["b.txt"]
    (model,) = theirs.models["output"]
    assert (model.name, model.framework, model.config_dict) == ("their net", "PyTorch", {"layers": 3})
    assert Path(str(model.get_local_copy(raise_on_error=True))).read_text() == "their weights"
