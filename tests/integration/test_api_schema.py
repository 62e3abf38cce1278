"""The API against its own description: whatever is sent, no call fails in a way that nobody thought of."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from tilth.testing.servers import RunningServer, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("server") / "home") as found:
        yield found
        said = found.said()
    assert "nobody thought of" not in said, said


# These end the token that the test works with, or the account behind it; a batch of events is no JSON document.
LEFT_OUT = ("auth.logout", "login.logout", "auth.revoke_credentials", "users.delete", "auth.edit_user", "users.update", "events.add_batch")


def test_no_call_fails_in_a_way_that_nobody_thought_of(server: RunningServer) -> None:
    document = msgspec.json.decode(server.request("GET", "/openapi.json").data)
    assert document["openapi"] == "3.1.0"
    schema = schemathesis.openapi.from_dict(document)
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    operations = [operation for operation in found if operation.path.strip("/") not in LEFT_OUT]
    assert len(operations) > 200
    strategy = st.one_of([operation.as_strategy() for operation in operations])

    @seed(1)
    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=strategy)
    def ask(case: Any) -> None:
        name = case.operation.path.strip("/")
        body = case.body if isinstance(case.body, bytes) else msgspec.json.encode(case.body if isinstance(case.body, (dict, str)) else {})
        answer = server.request("POST", f"/api/{name}", body=body, headers={"content-type": "application/json"})
        assert answer.status < 500, (name, body[:500], answer.data[:500])
        if answer.headers["content-type"].startswith("application/json") and answer.data.startswith(b'{"meta"'):
            assert msgspec.json.decode(answer.data)["meta"]["result_code"] == answer.status

    ask()


def test_every_call_refuses_what_is_not_its_type(server: RunningServer) -> None:
    document = msgspec.json.decode(server.request("GET", "/openapi.json").data)
    for path in document["paths"]:
        name = path.strip("/")
        if name in LEFT_OUT:
            continue
        for body in (
            b"[]",
            b"5",
            b'"x"',
            b"{",
            b"\xff",
            b'{"task": 5, "id": 7, "model": [], "queue": {}, "project": 1, "version": 2}',
            b"{}",
        ):
            answer = server.request("POST", f"/api/{name}", body=body)
            assert answer.status < 500, (name, body, answer.data[:300])
            assert b"Traceback" not in answer.data
