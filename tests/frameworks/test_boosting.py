"""Trainings of XGBoost and LightGBM are recorded."""

import pytest

from tests.frameworks.conftest import Run

XGBOOST = """
import numpy as np, shutil, xgboost
rows, labels = np.arange(40.0).reshape(20, 2), np.array([0, 1] * 10)
data = xgboost.DMatrix(rows, label=labels)
{train}
shutil.copy("model.json", "older.json")
xgboost.Booster().load_model("older.json")
"""

LIGHTGBM = """
import numpy as np, shutil, lightgbm
rows, labels = np.random.default_rng(0).random((200, 4)), np.array([0, 1] * 100)
{train}
shutil.copy("model.txt", "older.txt")
assert lightgbm.Booster(model_file="older.txt").num_trees() == 3
"""


XGBOOST_TRAINS = {
    "all": """
booster = xgboost.train({"max_depth": 2, "eval_metric": "rmse"}, data, 3, evals=[(data, "all")], verbose_eval=False)
booster.save_model("model.json")
""",
    "validation_0": """
model = xgboost.XGBRegressor(max_depth=2, n_estimators=3, eval_metric="rmse")
model.fit(rows, labels, eval_set=[(rows, labels)], verbose=False)
model.save_model("model.json")
""",
}

LIGHTGBM_TRAINS = [
    """
data = lightgbm.Dataset(rows, labels)
model = lightgbm.train({"num_leaves": 3, "metric": "l2", "verbose": -1}, data, 3, valid_sets=[data], valid_names=["all"])
model.save_model("model.txt")
""",
    """
model = lightgbm.LGBMRegressor(num_leaves=3, n_estimators=3, verbose=-1)
model.fit(rows, labels, eval_set=[(rows, labels)], eval_names=["all"])
model.booster_.save_model("model.txt")
""",
]


@pytest.mark.parametrize("before", ["", "import xgboost\n"])
@pytest.mark.parametrize("data", XGBOOST_TRAINS)
def test_xgboost(run: Run, data: str, before: str) -> None:
    calls = run(XGBOOST.format(train=XGBOOST_TRAINS[data]), before=before)
    assert [(*args[:2], args[3]) for name, args, _ in calls if name == "report_scalar"] == [("rmse", data, step) for step in range(3)]
    parameters = [args for name, args, _ in calls if name == "connect"]
    assert [(values["max_depth"], section) for values, section in parameters] == [(2, "XGBoost")]
    assert [name for name, *_ in calls if name.startswith("XGBoost")] == ["XGBoost model update_weights", "XGBoost older input connect"]


@pytest.mark.parametrize("before", ["", "import lightgbm\n"])
@pytest.mark.parametrize("train", LIGHTGBM_TRAINS)
def test_lightgbm(run: Run, train: str, before: str) -> None:
    calls = run(LIGHTGBM.format(train=train), before=before)
    assert [(*args[:2], args[3]) for name, args, _ in calls if name == "report_scalar"] == [("l2", "all", step) for step in range(3)]
    assert [(args[0]["num_leaves"], args[1]) for name, args, _ in calls if name == "connect"] == [(3, "LightGBM")]
    assert [name for name, *_ in calls if name.startswith("LightGBM")] == ["LightGBM model update_weights", "LightGBM older input connect"]


@pytest.mark.parametrize("before", ["", "import catboost\n"])
def test_catboost(run: Run, before: str) -> None:
    script = """
    import catboost, numpy as np, shutil
    rows, labels = np.random.default_rng(0).random((50, 3)), np.arange(50.0)
    model = catboost.CatBoostRegressor(iterations=3, depth=2, verbose=False, allow_writing_files=False)
    model.fit(rows, labels, eval_set=(rows, labels))
    model.save_model("model.cbm")
    shutil.copy("model.cbm", "older.cbm")
    catboost.CatBoostRegressor().load_model("older.cbm")
    """
    calls = run(script, before=before)
    points = [(*args[:2], args[3]) for name, args, _ in calls if name == "report_scalar"]
    assert points == [("RMSE", data, step) for data in ("learn", "validation") for step in range(3)]
    assert [(args[0]["depth"], args[1]) for name, args, _ in calls if name == "connect"] == [(2, "CatBoost")]
    assert [name for name, *_ in calls if name.startswith("CatBoost")] == ["CatBoost model update_weights", "CatBoost older input connect"]
