"""Rows of tables that can't be read are named by their lines wherever a table is previewed."""

from pathlib import Path
from typing import Any

import pytest

from tilth import Dataset
from tilth.cli.main import _run, app
from tilth.sdk.home import Home
from tilth.sdk.previews.malformed import malformed_rows
from tilth.sdk.previews.seen import MalformedRows

RAGGED = "a,b\n1,2\n3\n4,5,6\n7,8\n"
ONE, THREE = "it has 1 field and not 2", "it has 3 fields and not 2"


@pytest.mark.parametrize(
    ("text", "delimiter", "found"),
    [
        ("a,b\n1,2\n", ",", None),
        ("", ",", None),
        ("a,b\n\n1,2\n\n", ",", None),
        ('a,b\n"1\n\n1",2\n', ",", None),
        (RAGGED, ",", MalformedRows(2, 4, True, ((3, ONE), (4, THREE)))),
        (RAGGED.replace("\n", "\r\n"), ",", MalformedRows(2, 4, True, ((3, ONE), (4, THREE)))),
        (RAGGED.replace(",", ";"), ";", MalformedRows(2, 4, True, ((3, ONE), (4, THREE)))),
        ('a,b\n"1\n1",2\n\n3\n', ",", MalformedRows(1, 2, True, ((5, ONE),))),
        ('a,b\n1,"never\n2,3\n', ",", MalformedRows(1, 2, True, ((2, "a quote that opens here is never closed"),))),
    ],
)
def test_lines_are_counted_as_they_stand_in_the_file(text: str, delimiter: str, found: MalformedRows | None) -> None:
    assert malformed_rows("a.csv", text, delimiter, whole=True) == found


def test_where_the_beginning_ends_in_a_quote_no_row_is_judged() -> None:
    assert malformed_rows("a.csv", 'a,b\n1,"begins\nand goes on\n', ",", whole=False) is None
    found = malformed_rows("a.csv", 'a,b\n1\n1,"begins\nand goes on\n', ",", whole=False)
    assert found is not None
    assert (found.count, found.first) == (1, ((2, ONE),))


def test_of_many_the_first_ten_are_named_and_of_a_long_table_the_beginning_is_looked_at() -> None:
    found = malformed_rows("a.tsv", "a\tb\n" + "1\n" * 1_000, "\t", whole=True)
    assert found is not None
    assert (found.count, found.rows, [line for line, _ in found.first]) == (1_000, 1_000, list(range(2, 12)))
    assert str(found) == "1,000 of 1,000 rows can't be read"
    long = malformed_rows("a.csv", "a,b\n1\n" + "1,2\n" * 300_000 + "1,2,3\n", ",", whole=True)
    assert long is not None
    assert (long.count, long.is_all, long.rows < 100_000, long.first) == (1, False, True, ((2, ONE),))


def test_the_command_that_makes_a_preview_names_them(own: Home, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ragged.csv").write_text(RAGGED)
    made = Dataset.create("ragged", "Team/Previews")
    made.add_files(tmp_path / "ragged.csv")
    made.finalize(auto_upload=True)
    made.get_logger()
    capfd.readouterr()
    assert _run(app, ["data", "preview", "--id", made.id]) == 0
    said = capfd.readouterr()
    assert said.err.splitlines() == [f"warning: ragged.csv, line 3: {ONE}", f"warning: ragged.csv, line 4: {THREE}"]
    assert said.out.splitlines()[0] == "ragged.csv: 2 of 4 rows can't be read"
    assert made.get_logger().flush(wait=True)
    plots: list[dict[str, Any]] = own.api.call("events.get_task_plots", task=made.id, iters=1, no_scroll=True)["plots"]
    assert ("Malformed rows", "ragged.csv") in {(plot["metric"], plot["variant"]) for plot in plots}
