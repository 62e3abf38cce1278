"""What scripts for ClearML read of a task."""

import copy
import json
import pickle

import pytest

import tilth
from tilth import Task
from tilth.sdk.home import Home


def test_fields_of_a_task_are_attributes_as_well(home: Home) -> None:
    made = Task.create(project_name="Team", task_name="train", repo="https://example.org/a.git", script="train.py")
    made.set_parameters({"Args/lr": 0.5})
    data = Task.get_task(made.id).data
    assert (data.status, data["status"]) == ("created", "created")
    assert (data.script.repository, data.script.entry_point) == ("https://example.org/a.git", "train.py")
    assert data.hyperparams["Args"]["lr"].value == "0.5"
    assert data.completed is None
    assert json.loads(json.dumps(data))["name"] == "train"
    assert copy.deepcopy(data) == pickle.loads(pickle.dumps(data)) == data
    with pytest.raises(AttributeError, match="there is no 'condition' here; there are"):
        _ = data.condition


def test_models_of_a_task_are_attributes_as_well(home: Home) -> None:
    models = Task.create(project_name="Team", task_name="train").models
    assert (models.input, models.output, models["output"]) == ([], [], [])


def test_what_is_not_here_yet_says_so() -> None:
    with pytest.raises(AttributeError, match="ClearML's own PipelineController works with a server of Tilth"):
        _ = tilth.PipelineController  # type: ignore[attr-defined]
