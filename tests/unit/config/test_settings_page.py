"""The page about settings says what the code does."""

from tools.settings_page import PAGE, page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "if that is meant: `make snapshots`"
