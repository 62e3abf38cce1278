"""What is said of a framework that is none is told, with what may be meant."""

from tilth.capture.frameworks.registry import FRAMEWORKS, unknown_names


def test_names_that_are_known_are_not_spoken_of() -> None:
    known = dict.fromkeys(FRAMEWORKS, False)
    assert unknown_names(known | {"hydra": False, "tfdefines": True, "gradio": True}, {"stdout": True, "logging": False}) == []
    assert unknown_names(True, False) == []


def test_a_name_that_is_not_known_is_told_with_what_may_be_meant() -> None:
    told = unknown_names({"torch": False, "matplotlb": False, "XGBoost": True, "sklearn": True, "qwerty": True, 5: True}, {"stdot": True})
    assert [line.partition(", which")[0] for line in told] == [
        *(f"auto_connect_frameworks names {name}" for name in ("'torch'", "'matplotlb'", "'XGBoost'", "'sklearn'", "'qwerty'", "5")),
        "auto_connect_streams names 'stdot'",
    ]
    ends = [line.partition("not known: ")[2] for line in told]
    assert ends[:4] == [f"'{name}' may be meant" for name in ("pytorch", "matplotlib", "xgboost", "scikit")]
    assert ends[4].startswith("known are matplotlib, tensorboard, ")
    assert ends[-1] == "'stdout' may be meant"
