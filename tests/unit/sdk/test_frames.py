"""A table comes back from its CSV as it was, and is a plain table to every other reader."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from tilth.sdk.frames import describe_frame, read_frame

TIMES = pd.to_datetime(["2020-01-01", "2020-06-01 12:00:00.123456789", None], format="ISO8601")
DAYS = pd.to_datetime(["2020-01-01", "2020-06-01", "2020-12-01"])
COLUMNS: dict[str, Any] = {
    "small": np.array([1, 2, 3], "int8"),
    "large": np.array([1, 2, 2**64 - 1], "uint64"),
    "float": [0.1, np.nan, np.inf],
    "single": np.array([0.1, 2, 3], "float32"),
    "truth": [True, False, True],
    "text": ["001", "NA", ""],
    "text or none": ["001", None, "x"],
    "empty or none": ["", None, "nan"],
    "string": pd.array(["x", None, "007"], dtype="string"),
    "time": TIMES,
    "seconds": DAYS.astype("datetime64[s]"),
    "time in a zone": DAYS.tz_localize("Europe/Berlin"),
    "time with an offset": pd.to_datetime(["2020-01-01T00:00+02:00"] * 3),
    "span": pd.to_timedelta([1, 2, None], unit="s"),
    "category": pd.Categorical(["a", "b", None], categories=["b", "a", "z"], ordered=True),
    "category of numbers": pd.Categorical([3, 1, 3], categories=[3, 2, 1]),
    "category of days": pd.Categorical(DAYS),
    "category of truths": pd.Categorical([True, False, True]),
    "number or none": pd.array([1, None, 2**60 + 1], dtype="Int64"),
    "float or none": pd.array([1.5, None, 2], dtype="Float64"),
    "truth or none": pd.array([True, None, False], dtype="boolean"),
    "nothing": [None, None, None],
}
TABLES: dict[str, pd.DataFrame] = {
    "columns of all types": pd.DataFrame(COLUMNS, index=pd.Index(["a", "b", "c"], name="key")),
    "an index of texts": pd.DataFrame({"a": [1.0, 2.0]}, index=pd.Index(["007", "NA"])),
    "an index that counts": pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(5, 9, 2, name="step")),
    "an index of times": pd.DataFrame({"a": [1, 2, 3]}, index=pd.date_range("2020", periods=3, freq="D", name="when", tz="UTC")),
    "an index of levels": pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", "01"), ("b", "2")], names=["x", None])),
    "columns of one name": pd.DataFrame([[1, "02"], [3, "04"]], columns=["a", "a"]),
    "columns with numbers for names": pd.DataFrame([[1, "02"], [3, "04"]], columns=pd.Index([0, 1], name="cols")),
    "no rows": pd.DataFrame({"a": pd.Series([], dtype="int64"), "t": pd.Series([], dtype="datetime64[ns]")}),
    "one column with gaps": pd.DataFrame({"a": ["", None, "x"]}),
    "floats to the last digit": pd.DataFrame({"a": np.random.default_rng(7).standard_normal(2_000) * 10.0 ** np.arange(-300, 300, 0.3)}),
    "texts that CSV quotes": pd.DataFrame({"a": ["a\nb", ' "q", ', "ü;\t"]}),
}


def written(table: pd.DataFrame, path: Path, *, index: bool) -> Path:
    table.to_csv(path, index=index)
    return path


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("what", TABLES)
def test_a_table_comes_back_with_its_types(tmp_path: Path, what: str, index: bool) -> None:
    table = TABLES[what]
    path = written(table, tmp_path / "table.csv.gz", index=index)
    assert_frame_equal(
        read_frame(path, describe_frame(table, index=index)), table if index else table.reset_index(drop=True), check_exact=True
    )


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame(index=[1, 2]),
        pd.DataFrame({("a", "b"): [1]}),
        pd.DataFrame({1.5: [1]}),
        pd.DataFrame({"a": ["carriage\rreturn"]}),
        pd.DataFrame({f"{number:050}": [1] for number in range(5_000)}),
    ],
    ids=["no columns", "columns of levels", "a name that is no text", "a carriage return", "too many columns"],
)
def test_what_can_not_be_described_is_a_plain_table(table: pd.DataFrame) -> None:
    assert describe_frame(table) is None


def test_a_column_of_many_types_is_read_as_before(tmp_path: Path) -> None:
    table = pd.DataFrame({"mixed": [1, "x", None], "n": np.array([1, 2, 3], "int8")})
    path = written(table, tmp_path / "table.csv", index=True)
    found = read_frame(path, describe_frame(table))
    assert found["mixed"].tolist()[:2] == ["1", "x"]
    assert found["n"].dtype == "int8"


@pytest.mark.parametrize(
    "spoilt",
    [
        {"version": 2, "columns": []},
        {"version": 1},
        [],
        {"version": 1, "columns": [{"name": "a", "kind": "plain", "dtype": "int64"}], "index": []},
        {"version": 1, "columns": [{"name": "a", "kind": "plain", "dtype": "no such"}] * 2},
    ],
)
def test_a_description_that_does_not_fit_is_refused(tmp_path: Path, spoilt: Any) -> None:
    path = written(pd.DataFrame({"a": ["x", "y"]}), tmp_path / "table.csv", index=True)
    with pytest.raises((ValueError, TypeError)):
        read_frame(path, spoilt)
