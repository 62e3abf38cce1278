"""Which answers travel compressed, and for whom."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from tilth.server.routes.packing import packed, takes_gzip

LONG = b'{"ids": [' + b"1, " * 1_000 + b"1]}"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], False),
        ([""], False),
        (["identity"], False),
        (["gzip"], True),
        (["gzip, deflate, br, zstd"], True),
        (["br;q=1.0, GZIP ; Q=0.2"], True),
        (["gzip;q=0"], False),
        (["gzip; q = 0.000, deflate"], False),
        (["gzip;q=0, *"], False),
        (["*"], True),
        (["*;q=0"], False),
        (["x-gzip"], True),
        (["gzip;q=much"], False),
        (["notgzip"], False),
        (["br", "gzip"], True),
        (["gzip;q=nan"], False),
    ],
)
def test_who_takes_gzip_is_told_by_names_and_weights(said: list[str], *, expected: bool) -> None:
    assert takes_gzip(Headers(raw=[(b"accept-encoding", one.encode()) for one in said])) is expected


def _answered(response: Response, said: str = "gzip") -> Response:
    request = Request({"type": "http", "headers": [(b"accept-encoding", said.encode())]})
    return asyncio.run(packed(request, response))


def test_long_json_is_compressed() -> None:
    answer = _answered(Response(LONG, 200, {"vary": "origin"}, "application/json"))
    assert gzip.decompress(bytes(answer.body)) == LONG
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["vary"] == "origin, accept-encoding"


def test_a_cache_is_told_also_of_what_was_not_compressed() -> None:
    answer = _answered(Response(LONG, media_type="application/json"), "gzip;q=0")
    assert (answer.body, answer.headers["vary"]) == (LONG, "accept-encoding")
    assert "content-encoding" not in answer.headers


async def _pieces() -> AsyncIterator[bytes]:
    yield LONG


@pytest.mark.parametrize(
    "response",
    [
        JSONResponse({"msg": "short"}),
        Response(LONG, media_type="application/octet-stream"),
        Response(LONG, 206, {"content-range": f"bytes 0-{len(LONG) - 1}/9999"}, "application/json"),
        Response(LONG, 200, {"content-encoding": "zstd"}, "application/json"),
        StreamingResponse(_pieces(), media_type="application/json"),
        StreamingResponse(_pieces(), media_type="text/event-stream"),
    ],
    ids=["short", "bytes", "range", "compressed", "stream", "events"],
)
def test_everything_else_stays_as_it_is(response: Response) -> None:
    before = list(response.raw_headers)
    body = getattr(response, "body", None)
    answer = _answered(response)
    assert answer is response
    assert (answer.raw_headers, getattr(answer, "body", None)) == (before, body)
