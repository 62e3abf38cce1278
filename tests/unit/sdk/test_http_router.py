"""What a run serves is reached through its proxy: forwarded, changed on the way, counted."""

import os
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import urllib3
from starlette.responses import PlainTextResponse, Response

from tilth import Task
from tilth.base.errors import Invalid, Unavailable
from tilth.sdk.endpoint_load import EndpointLoad
from tilth.sdk.http_proxy import HttpProxy, ProxyRoute
from tilth.testing.servers import free_port

NOBODY = "http://127.0.0.1:1"
"""An address at which nothing listens."""


class Handler(BaseHTTPRequestHandler):
    """Says what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/chunks"):
            self.send_response(200)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
            return
        said = f"{self.command} {self.path} {self.headers.get('x-word')}".encode()
        self.answer(404 if "missing" in self.path else 200, said)

    def do_POST(self) -> None:
        self.answer(201, self.rfile.read(int(self.headers["content-length"])))

    def answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.send_header("x-from", "below")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def below() -> Iterator[str]:
    """A server behind the proxy."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def routed(draft: Task) -> Iterator[Task]:
    draft.get_http_router().set_local_proxy_parameters(incoming_port=free_port())
    yield draft
    draft.get_http_router().close()


def ask(task: Task, path: str, method: str = "GET", **more: Any) -> urllib3.BaseHTTPResponse:
    proxy = task.get_http_router()._proxy
    assert proxy is not None
    return urllib3.request(method, f"http://127.0.0.1:{proxy.port}{path}", retries=False, timeout=120, **more)


def test_requests_go_where_the_longest_path_says(routed: Task, below: str) -> None:
    router = routed.get_http_router()
    router.create_local_route("/", f"{below}/all", endpoint_telemetry=False)
    router.create_local_route("/pets", f"{below}/cats/", endpoint_telemetry=False)
    found = ask(routed, "/pets/1?a=b%20c", headers={"x-word": "hello"})
    assert (found.status, found.data, found.headers["x-from"]) == (200, b"GET /cats/1?a=b%20c hello", "below")
    assert ask(routed, "/petsitter").data == b"GET /all/petsitter None"
    assert ask(routed, "/missing").status == 404
    assert (ask(routed, "/x", "POST", body=b"\x00" * 100_000).status, len(ask(routed, "/x", "POST", body=b"abc").data)) == (201, 3)
    assert ask(routed, "/x", "HEAD").data == b""
    router.remove_local_route("/")
    assert ask(routed, "/elsewhere").data == b"nothing is served at /elsewhere"


@pytest.mark.parametrize("streams", [True, False])
def test_answers_in_chunks_are_passed_on(draft: Task, below: str, streams: bool) -> None:
    router = draft.get_http_router()
    router.set_local_proxy_parameters(incoming_port=free_port(), default_target=below, enable_streaming=streams)
    router.start_local_proxy()
    found = ask(draft, "/chunks")
    assert found.data == b"onetwo"
    assert ("transfer-encoding" in found.headers) == streams
    router.close()


def test_the_script_sees_and_changes_what_comes_and_goes(routed: Task, below: str) -> None:
    def coming(request: Any, persistent_state: dict[str, Any]) -> None:
        persistent_state["seen"] = persistent_state.get("seen", 0) + 1

    async def going(response: Any, request: Any, persistent_state: dict[str, Any]) -> Any:
        if "change" in request.url.path:
            return Response(response.body.replace(b"GET", b"GOT") + f" {persistent_state['seen']}".encode())
        return None

    def failing(request: Any, error: Exception, persistent_state: dict[str, Any]) -> Any:
        return PlainTextResponse(f"{type(error).__name__} after {persistent_state.get('seen')}", status_code=503)

    router = routed.get_http_router()
    for source, target in (("/", below), ("/away", NOBODY)):
        router.create_local_route(source, target, coming, going, endpoint_telemetry=False, error_callback=failing)
    assert ask(routed, "/plain").data == b"GET /plain None"
    assert ask(routed, "/change").data == b"GOT /change None 2"
    away = ask(routed, "/away")
    assert (away.status, away.data) == (503, b"NewConnectionError after 1")
    router.create_local_route("/away", NOBODY, endpoint_telemetry=False)
    assert ask(routed, "/away").status == 502


def test_the_server_hears_how_many_requests_came(routed: Task, below: str) -> None:
    router = routed.get_http_router()
    name = f"pets of {routed.id}"
    router.create_local_route("/", below, endpoint_telemetry={"endpoint_name": name, "model_name": "net", "model_version": "3"})
    for _ in range(3):
        ask(routed, "/")
    proxy = router._proxy
    assert proxy is not None
    load = proxy._routes["/"].load
    assert load is not None
    load._report()
    (found,) = [one for one in routed._home.api.call("serving.get_endpoints")["endpoints"] if one["endpoint"] == name]
    assert (found["model"], found["requests"], found["instances"]) == ("net", 3, 1)
    assert found["requests_min"] > 0
    router.remove_local_route("/")
    assert [one for one in routed._home.api.call("serving.get_endpoints")["endpoints"] if one["endpoint"] == name] == []
    with pytest.raises(Invalid, match="no setting 'net'"):
        router.create_local_route("/", below, endpoint_telemetry={"net": "of pets"})


def test_others_are_let_in_by_a_router_in_front(routed: Task, below: str) -> None:
    router = routed.get_http_router()
    router.create_local_route("/", below, endpoint_telemetry=False)
    assert router.deploy() is None
    assert router._proxy is not None
    assert routed._fresh()["runtime"]["_PORT"] == router._proxy.port
    routed._home.api.call("tasks.edit_runtime", task=routed.id, force=True, add_or_update={"endpoint": "https://host/pets"})
    found = router.wait_for_external_endpoint()
    assert found is not None
    assert found["endpoint"] == "https://host/pets"
    assert router.list_external_endpoints() == [found]


def test_what_can_be_no_proxy_is_refused(routed: Task, below: str) -> None:
    router = routed.get_http_router()
    router.start_local_proxy()
    with pytest.raises(Invalid, match="runs already"):
        router.set_local_proxy_parameters()
    with pytest.raises(Invalid, match="no address to forward to"):
        router.create_local_route("/", "localhost:8000", endpoint_telemetry=False)
    assert router._proxy is not None
    other = Task.create("Team", "other").get_http_router()
    other.set_local_proxy_parameters(incoming_port=router._proxy.port)
    with pytest.raises(Unavailable, match="can't be listened on"):
        other.start_local_proxy()
    other.set_local_proxy_parameters(log_level="loud")
    with pytest.raises(Invalid, match="no level of a log"):
        other.start_local_proxy()


@pytest.mark.parametrize("access_log", [True, False])
def test_requests_are_logged_if_that_is_wanted(draft: Task, below: str, capfd: pytest.CaptureFixture[str], access_log: bool) -> None:
    router = draft.get_http_router()
    router.set_local_proxy_parameters(incoming_port=free_port(), default_target=below, access_log=access_log)
    router.start_local_proxy()
    ask(draft, "/logged")
    router.close()
    said = capfd.readouterr()
    assert ("GET /logged" in said.out + said.err) == access_log


def raw(task: Task, path: str) -> tuple[int, bytes]:
    """Ask for a path exactly as it stands."""
    proxy = task.get_http_router()._proxy
    assert proxy is not None
    connection = HTTPConnection("127.0.0.1", proxy.port, timeout=120)
    connection.putrequest("GET", path)
    connection.endheaders()
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_a_request_does_not_leave_the_path_that_it_is_forwarded_to(routed: Task, below: str) -> None:
    routed.get_http_router().create_local_route("/m", f"{below}/models/pets", endpoint_telemetry=False)
    up = ("/m/../../admin", "/m/%2e%2e/%2E%2e/admin", "/m/.%2e/x", "/m/..%2f..%2fadmin", "/m/%252e%252e/x", "/m/..%5cx", "/m/./x", "/m/..")
    assert {path: raw(routed, path)[0] for path in up} == dict.fromkeys(up, 400)
    assert raw(routed, "/m/a%2Fb/..c/...?up=../..") == (200, b"GET /models/pets/a%2Fb/..c/...?up=../.. None")
    assert raw(routed, "/%6D/x//y/") == (200, b"GET /models/pets/x//y/ None")
    assert raw(routed, "/m%2Fx")[0] == 404


def test_a_callback_may_choose_another_path_below_the_same_address(routed: Task, below: str) -> None:
    def coming(request: Any, persistent_state: dict[str, Any]) -> None:
        request.scope["path"] = request.scope["path"].replace("old", "new one").replace("up", "..")

    routed.get_http_router().create_local_route("/m", f"{below}/pets", coming, endpoint_telemetry=False)
    assert raw(routed, "/m/old/a") == (200, b"GET /pets/new%20one/a None")
    assert raw(routed, "/m/up/a")[0] == 502


def test_a_request_that_is_too_large_is_not_held_in_memory(routed: Task, below: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tilth.sdk.http_proxy._LARGEST_BODY", 100_000)
    routed.get_http_router().create_local_route("/", below, endpoint_telemetry=False)
    assert ask(routed, "/x", "POST", body=b"x" * 100_000).status == 201
    assert ask(routed, "/x", "POST", body=b"x" * 100_001).status == 413
    assert ask(routed, "/x", "POST", body=iter([b"x" * 60_000, b"x" * 60_000])).status == 413


def test_the_proxy_listens_where_it_is_told(draft: Task, below: str) -> None:
    router = draft.get_http_router()
    router.set_local_proxy_parameters(incoming_port=free_port(), default_target=below, host="127.0.0.1")
    router.start_local_proxy()
    proxy = router._proxy
    assert proxy is not None
    assert raw(draft, "/x")[0] == 200
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", proxy.port), timeout=60)
    router.close()


def endpoints(task: Task) -> int:
    found = task._home.api.call("serving.get_endpoints")["endpoints"]
    return len([one for one in found if one["endpoint"] == f"pets of {task.id}"])


def test_a_fork_that_ends_leaves_what_its_parent_serves(routed: Task, below: str) -> None:
    router = routed.get_http_router()
    router.create_local_route("/", below, endpoint_telemetry={"endpoint_name": f"pets of {routed.id}"})
    proxy = router._proxy
    assert proxy is not None
    load = proxy._routes["/"].load
    assert load is not None
    load._report()
    with load._lock:  # as a thread of the parent may hold it
        child = os.fork()
        if child == 0:
            load.count(1.0)
            router.close()
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert endpoints(routed) == 1
    assert ask(routed, "/x").status == 200
    router.close()
    assert endpoints(routed) == 0


class Stuck:
    """A server that takes calls and does not answer them before it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked: list[str] = []

    def call(self, name: str, **_: Any) -> None:
        self.asked.append(name)
        if name != "serving.register_container":
            self.go.wait()


def test_a_silent_server_is_waited_for_once_however_many_endpoints_there_are(below: str) -> None:
    server: Any = Stuck()
    proxy = HttpProxy(
        free_port(), default=None, log_level=None, access_log=False, streams=True, host="127.0.0.1", patience_s=0.1
    )  # fmt: skip
    proxy.start()
    loads = [EndpointLoad(server, "t", {"endpoint_name": f"e{n}", "report_statistics": n > 0}, url=below) for n in range(3)]
    for number, load in enumerate(loads):
        proxy.add(ProxyRoute(f"/{number}", below, load=load))
    proxy.close()
    assert not server.go.is_set()
    server.go.set()
    for load in loads:
        load._thread.join(120)
    assert server.asked.count("serving.unregister_container") == 3
    assert server.asked.count("serving.container_status_report") == 2
