"""Folders for what is being worked on."""

import socket
from pathlib import Path

import pytest

from tilth._wiring import open_home
from tilth.base.errors import DiskFull, Invalid, Unavailable
from tilth.sdk.tables.engine import engine_error
from tilth.sdk.tables.scratch import scratch_in


def test_a_folder_goes_with_its_work_and_what_nobody_holds_with_the_next() -> None:
    home = open_home()
    try:
        with scratch_in(home) as first:
            (first / "spilled").write_bytes(b"x")
            left = first.with_name(f"{socket.gethostname()}-left")
            elsewhere = first.with_name("another.machine-left")
            for folder in (left, elsewhere):
                (folder / "deep").mkdir(parents=True)
            with scratch_in(home) as second:
                assert set(first.parent.iterdir()) == {first, second, elsewhere}
                assert (first / "spilled").exists()
            assert set(first.parent.iterdir()) == {first, elsewhere}
        assert list(first.parent.iterdir()) == [elsewhere]
    finally:
        home.close()


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        ('IO Error: Could not write file "/s/duckdb_temp_1.tmp": Disk quota exceeded', DiskFull, "no space left in /s "),
        ('IO Error: Could not write file "/s/duckdb_temp_1.tmp": File too large', DiskFull, "no space left in /s "),
        (
            'IO Error: Could not write file "/s/duckdb_temp_1.tmp": Input/output error',
            Unavailable,
            "can't be kept in /s: Input/output error",
        ),
        ("Out of Memory Error: could not allocate block", Unavailable, "did not fit into memory"),
        ("Binder Error: no such column", Invalid, "no such column"),
    ],
)
def test_what_keeps_the_engine_from_its_folder_is_told(said: str, kind: type[Exception], told: str) -> None:
    error = engine_error(Exception(said), Path("/s"))
    assert isinstance(error, kind)
    assert told in error.message
