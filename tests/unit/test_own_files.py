"""Addresses of a server's own files: kept without its name, shown with it."""

import pytest

from tilth.wire.own_files import address_of, localised, name_in, portable

URLS = ("http://host:8008/files", "http://host:8081")


@pytest.mark.parametrize("name", ["a/b.txt", "Team/ü n/x#1&y%20/+.png", "a?b", 'quote"'])
def test_a_name_comes_back_out_of_its_address(name: str) -> None:
    assert name_in(address_of(name)) == name
    assert name_in(address_of(name).replace("tilth://files", URLS[1]), URLS) == name


def test_other_addresses_mean_no_file_of_the_server() -> None:
    assert name_in("https://elsewhere.org/files/a", URLS) is None
    assert name_in("http://host:8008/filesystem/a", URLS) is None


def test_requests_and_answers_turn_addresses_around() -> None:
    stored = portable(b'{"uri":"http://host:8081/a%20b","other":"http://host:8008/files/c"}', URLS)
    assert stored == b'{"uri":"tilth://files/a%20b","other":"tilth://files/c"}'
    assert localised(stored, ("http://new/files",)) == b'{"uri":"http://new/files/a%20b","other":"http://new/files/c"}'
    assert localised(stored, ()) == stored
