"""Models of scikit-learn are recorded when joblib keeps them."""

import pytest

from tests.frameworks.conftest import Run


@pytest.mark.parametrize("before", ["", "import joblib\n"])
def test_models_are_recorded_and_data_is_not(run: Run, before: str) -> None:
    script = """
    import joblib, shutil
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    joblib.dump(model, "model.joblib")
    joblib.dump({"rows": [1, 2]}, "data.joblib")
    shutil.copy("model.joblib", "older.joblib")
    assert joblib.load("older.joblib").predict([[3.0]]) == [1]
    assert joblib.load("data.joblib") == {"rows": [1, 2]}
    """
    calls = run(script, before=before)
    assert [name for name, *_ in calls] == ["ScikitLearn model update_weights", "ScikitLearn older input connect"]
