"""When signed addresses end, as they say themselves; and addresses where a path is wanted."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tilth.base.addresses import refuse_address, signature_end
from tilth.base.errors import Invalid

END = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("query", "end"),
    [
        ("X-Amz-Date=20260504T020201Z&X-Amz-Expires=3600&X-Amz-Signature=a", END),
        ("X-Goog-Date=20260504T020201Z&X-Goog-Expires=3600&X-Goog-Signature=a", END),
        ("sv=2021&se=2026-05-04T03%3A02%3A01Z&sig=a", END),
        ("sv=2021&se=2026-05-04&sig=a", datetime(2026, 5, 4, tzinfo=UTC)),
        ("AWSAccessKeyId=a&Signature=b&Expires=1777863721", END),
        ("X-Amz-Date=yesterday&X-Amz-Expires=3600", None),
        ("X-Amz-Expires=3600", None),
        ("Signature=b&Expires=99999999999999999999", None),
        ("se=soon&sig=a", None),
        ("page=2", None),
        ("", None),
    ],
)
def test_when_a_signature_ends(query: str, end: datetime | None) -> None:
    assert signature_end(f"https://lake.example.org/a.csv?{query}") == end


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("s3://lake/raw", r"^s3://lake/raw is an address, where a path is wanted; give it with --links, in Python to `add"),
        ("HTTPS://me:word@host/a", "^https://host/a is an address"),
        ("file:///data/a%20b", "^file:///data/a%20b is an address, where a path is wanted; write /data/a b$"),
        ("s3:/lake/raw", "lacks a slash"),
    ],
)
def test_an_address_is_no_path(said: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        refuse_address(said)


@pytest.mark.parametrize("said", ["data", "./s3:/lake", "/data/s3:/lake", "what://ever"])
def test_a_path_is_a_path(said: str) -> None:
    refuse_address(said)
