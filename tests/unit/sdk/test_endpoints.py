"""A run asks for ports that others may reach, and reads what a router says it gave."""

import threading
from typing import Any

import pytest

from tilth import Task
from tilth.base.errors import Invalid
from tilth.sdk.ports import mapped_port, own_address


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEARML_AGENT_HOST_IP", "10.0.0.7")


def runtime(task: Task) -> dict[str, Any]:
    task.flush(wait_for_uploads=True)
    found: dict[str, Any] = task._home.api.call("tasks.get_by_id", task=task.id)["task"]["runtime"]
    return found


def answer(task: Task, **said: str) -> None:
    """What a router does when it made something reachable."""
    task._home.api.call("tasks.edit_runtime", task=task.id, force=True, add_or_update=said)


def test_what_is_asked_for_is_there_when_a_router_says_so(task: Task) -> None:
    assert task.request_external_endpoint(8000, static_route="pets") is None
    asked = {"_SERVICE": "EXTERNAL", "_ADDRESS": "10.0.0.7", "_PORT": 8000}
    assert runtime(task) == asked | {"_ROUTER_ENDPOINT_MODE": "path", "_ROUTER_ENDPOINT_MODE_PARAM": "pets"}
    assert "external_service" in task.get_system_tags()
    assert task.list_external_endpoints() == []
    answer(task, endpoint="https://host/pets", browser_endpoint="https://web/pets")
    there = {"endpoint": "https://host/pets", "browser_endpoint": "https://web/pets", "port": 8000, "protocol": "http", "name": None}
    assert task.wait_for_external_endpoint() == there
    assert task.list_external_endpoints() == [there]


def test_several_endpoints_have_names_and_tcp_needs_no_router(task: Task) -> None:
    task.request_external_endpoint(8000)
    task.request_external_endpoint(8001)
    task.request_external_endpoint(8002, endpoint_name="metrics")
    found = task.request_external_endpoint(22, protocol="tcp", wait=True)
    tcp = {"endpoint": "10.0.0.7:22", "browser_endpoint": None, "port": 22, "protocol": "tcp", "name": None}
    assert found == tcp
    said = runtime(task)
    assert (said["_PORT"], said["_PORT__1"], said["_PORT__metrics"]) == (8000, 8001, 8002)
    answer(task, endpoint__metrics="https://host/metrics")
    (metrics, listed_tcp) = task.list_external_endpoints()
    assert (metrics["name"], metrics["endpoint"], metrics["port"], listed_tcp) == ("metrics", "https://host/metrics", 8002, tcp)
    assert task.list_external_endpoints(protocol="tcp") == [tcp]
    assert task.wait_for_external_endpoint(wait_timeout_seconds=0.0, protocol=None) == [tcp]


def test_an_endpoint_is_waited_for(draft: Task, capfd: pytest.CaptureFixture[str]) -> None:
    waiting: list[Any] = []
    draft.request_external_endpoint(8000)
    thread = threading.Thread(target=lambda: waiting.append(draft.wait_for_external_endpoint(0.01, 60.0)))
    thread.start()
    answer(draft, endpoint="https://host/late")
    thread.join(60)
    assert waiting[0]["endpoint"] == "https://host/late"
    assert draft.wait_for_external_endpoint(0.01, 0.02, endpoint_name="other") is None
    draft.request_external_endpoint(8001, endpoint_name="never")
    assert draft.wait_for_external_endpoint(0.01, 0.02, endpoint_name="never") is None
    said = capfd.readouterr().err
    assert "no http endpoint other was asked for" in said
    assert "the http endpoint never is not there after 0.02 seconds" in said


def test_what_can_be_no_endpoint_is_refused(draft: Task) -> None:
    for port in (0, 70_000, True, "80"):
        with pytest.raises(Invalid, match="is no port"):
            draft.request_external_endpoint(port)  # type: ignore[arg-type]
    with pytest.raises(Invalid, match="'udp' is no protocol of an endpoint; use http or tcp"):
        draft.request_external_endpoint(80, protocol="udp")
    with pytest.raises(Invalid, match="has a protocol"):
        draft.wait_for_external_endpoint(protocol=None, endpoint_name="a")


def test_a_port_of_a_container_is_that_of_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [mapped_port(port, "9000-9010:8000-8010,7022:22") for port in (8000, 8003, 22, 9000)] == [9000, 9003, 7022, 9000]
    assert mapped_port(22, "wrong:x") == 22
    monkeypatch.delenv("CLEARML_AGENT_HOST_IP")
    assert own_address().count(".") == 3
