"""The page knows the calls that the server has."""

from tools.ui_calls import FILE, calls


def test_the_file_is_up_to_date() -> None:
    assert FILE.read_text() == calls(), "if that is meant: `make snapshots`"
