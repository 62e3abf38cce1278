"""Trials of Optuna are recorded."""

import pytest

from tests.frameworks.conftest import Run


@pytest.mark.parametrize("before", ["", "import optuna\n"])
def test_trials_are_points(run: Run, before: str) -> None:
    script = """
    import optuna
    def objective(trial):
        x = trial.suggest_float("x", 1, 1)
        if trial.number == 1:
            raise optuna.TrialPruned
        return x + trial.number
    study = optuna.create_study()
    study.optimize(objective, n_trials=3)
    study.tell(study.ask(), 9.0)
    """
    points = [args for _, args, _ in run(script, before=before)]
    assert points == [
        ["Optuna", "objective", 1.0, 0], ["Optuna parameters", "x", 1.0, 0], ["Optuna", "objective", 3.0, 2],
        ["Optuna parameters", "x", 1.0, 2], ["Optuna", "objective", 9.0, 3],
    ]  # fmt: skip
