"""Roles in single projects: what is closed to an account is found in no answer, and nothing changes where it may only look."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from tilth.domain.access import Permission
from tilth.server.routes.rpc import REGISTRY, register_all
from tilth.testing.servers import RunningServer, running_server

MARK = "Zebrafish"
ENDING = ("auth.logout", "login.logout")
"""Calls that would end the token that the test works with."""
OTHERS = {"projects.create", "queues.create", "users.update", "workers.register", "workers.unregister"}
"""Calls that change something with the same words, and nothing that is closed."""


class Closed(Struct, frozen=True, kw_only=True):
    """What lies in the closed project."""

    top: str
    project: str
    task: str
    child: str
    model: str
    report: str
    queue: str
    version: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    register_all()
    with running_server(tmp_path_factory.mktemp("server") / "home") as found:
        yield found


@pytest.fixture(scope="module")
def closed(server: RunningServer) -> Closed:
    return close(server)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[RunningServer, Closed]]:
    """A server for one test, since others would find what an account makes for itself with the names of what is closed."""
    register_all()
    with running_server(tmp_path / "home") as found:
        yield found, close(found)


def close(server: RunningServer) -> Closed:
    """Make a project with something of everything."""
    project = server.call("projects.create", name=f"{MARK}/Inner", description=MARK, tags=[MARK])["id"]
    queue = server.call("queues.create", name="open queue")["id"]
    values = {f"{MARK}S": {f"{MARK}N": {"section": f"{MARK}S", "name": f"{MARK}N", "value": f"{MARK}V"}}}
    configuration = {"c": {"name": "c", "value": MARK}}
    task = server.call(
        "tasks.create",
        name=f"{MARK} task",
        type="training",
        project=project,
        tags=[MARK],
        hyperparams=values,
        configuration=configuration,
        comment=MARK,
    )["id"]
    events: list[dict[str, Any]] = [
        {"type": "training_stats_scalar", "metric": f"{MARK}m", "variant": f"{MARK}v", "iter": 1, "value": 1.0},
        {"type": "log", "msg": f"{MARK} line", "timestamp": 1_700_000_000_000},
        {"type": "plot", "metric": f"{MARK}p", "variant": "v", "iter": 1, "plot_str": f'{{"x": "{MARK}"}}'},
        {"type": "training_debug_image", "metric": f"{MARK}i", "variant": "v", "iter": 1, "url": f"http://x/{MARK}.png"},
    ]
    for event in events:
        server.call("events.add", task=task, **event)
    model = server.call("models.create", name=MARK, uri=f"s3://{MARK}/m", project=project, task=task, tags=[MARK], framework=MARK)["id"]
    server.call("models.add_or_update_metadata", model=model, metadata=[{"key": MARK, "value": MARK}])
    child = server.call("tasks.create", name="open child", type="training", parent=task)["id"]
    report = server.call("reports.create", name=f"{MARK} report", project=project, report=MARK, tags=[MARK])["id"]
    server.call("tasks.create", name=f"{MARK} pipe", type="controller", project=project, system_tags=["pipeline"])
    version = server.call("contents.begin", name=f"{MARK}set", project=f"{MARK}/Data", tags=[MARK])["version"]["id"]
    assert server.request("POST", f"/contents/{version}", fields={f"{MARK}.csv": ("x", b"Zebrafish,1\n")}).status == 200
    server.call("contents.finish", version=version)
    server.call("tasks.enqueue", task=task, queue=queue)
    server.call("workers.register", worker="w", queues=[queue])
    server.call("workers.status_report", worker="w", task=task, queue=queue, queues=[queue])
    for path in (f"{MARK}/Inner/a.txt", f"elsewhere/name.{task}/a.txt"):
        assert server.request("POST", "/files", fields={path: ("x", MARK.encode())}).status == 200
    top = server.call("projects.get_by_id", project=project)["project"]["parent"]
    return Closed(top=top, project=project, task=task, child=child, model=model, report=report, queue=queue, version=version)


def account(server: RunningServer, name: str, roles: dict[str, str], role: str = "member") -> str:
    """A token of a new account with roles in projects."""
    id = server.call("auth.create_user", name=name, role=role)["id"]
    for project, given in roles.items():
        server.call("projects.set_role", project=project, user=id, role=given)
    return str(server.call("auth.get_token_for_user", user=id)["token"])


def ask(server: RunningServer, token: str, call: str, fields: dict[str, Any]) -> tuple[int, str]:
    answer = server.request("POST", f"/api/{call}", token=token, body=msgspec.json.encode(fields))
    return answer.status, answer.data.decode(errors="replace")


def requests(closed: Closed, call: str) -> list[dict[str, Any]]:
    """What somebody might ask who knows all ids and looks for more."""
    c = closed
    known: dict[str, Any] = {
        "task": c.task,
        "tasks": [c.task],
        "ids": [c.task],
        "project": c.project,
        "projects": [c.project],
        "model": c.model,
        "models": [c.model],
        "queue": c.queue,
        "version": c.version,
        "reference": f"{MARK}set",
        "name": f"{MARK}set",
        "metric": f"{MARK}m",
        "variant": f"{MARK}v",
        "metrics": [{"task": c.task}],
        "section": f"{MARK}S",
        "event_type": "log",
        "path": f"{MARK}/Inner/a.txt" if call == "files.sign" else f"{MARK}.csv",
        "pattern": "*",
        "entity_type": "task",
        "alias": "x",
        "names": ["c"],
        "worker": "w",
        "field_mappings": [{"field": "name", "name": "n"}],
        "from_date": 0,
        "to_date": 4_000_000_000,
        "interval": 3_600,
    }
    taken = {name: known[name] for name in REGISTRY[call].request.__struct_fields__ if name in known}
    return [
        {},
        taken,
        {name: value for name, value in taken.items() if name != "name"},
        *({**taken, "id": id} for id in (c.task, c.version, c.model, [c.task], [c.version], [c.model])),
        *({"id": [id]} for id in (c.project, c.report, c.child)),
        {"ids": [c.model]},
        {"ids": [c.report]},
        {**taken, "tasks": [c.model], "task": c.model, "model_events": True},
        {"project": [c.project], "search_hidden": True},
        {"name": MARK, "search_hidden": True},
        {"search_text": MARK},
        {"search_hidden": True, "include_stats": True, "include_dataset_stats": True},
        {"_any_": {"pattern": MARK, "fields": ["name"]}},
        {"section": f"{MARK}S", "name": f"{MARK}N"},
        {"include_system": True},
        {"model_metrics": True},
        {"project": f"{MARK}/Data", "name": f"{MARK}set", "new_name": "taken", "new_project": "Mine"},
        {"project": f"{MARK}/Data", "name": "another"},
        {"name": f"{MARK}/Another"},
        {"project_name": f"{MARK}/Another", "ids": [c.child], "task": c.child, "new_project_name": f"{MARK}/Another"},
        {"only_fields": ["name", "project.name", "parent.name", "models", "last_metrics", "hyperparams"], "search_hidden": True},
    ]


def test_what_is_closed_is_found_in_no_answer(server: RunningServer, closed: Closed) -> None:
    token = account(server, "outsider", {closed.top: "none"})
    found = []
    for call, procedure in REGISTRY.items():
        if procedure.needs > Permission.READ or call in ENDING or call in OTHERS:
            continue
        for fields in requests(closed, call):
            status, said = ask(server, token, call, fields)
            assert status < 500, (call, fields, said)
            if status == 200 and MARK.lower() in said.lower():
                found.append((call, fields, said[max(0, said.lower().find(MARK.lower()) - 100) :][:300]))
    assert found == [], "\n".join(map(str, found))
    for path in (f"/files/{MARK}/Inner/a.txt", f"/files/elsewhere/name.{closed.task}/a.txt", f"/contents/{closed.version}/{MARK}.csv"):
        assert server.request("GET", path, token=token).status == 403
        assert server.request("GET", path).status == 200
    assert server.request("POST", "/files", token=token, fields={f"{MARK}/new.txt": ("x", b"x")}).status == 403
    for path in (f"{MARK}/Inner/a.txt", "elsewhere", f"elsewhere/name.{closed.task}"):
        assert server.request("DELETE", f"/files/{path}", token=token).status == 403


def test_nobody_deletes_files_by_calling_them_artifacts(server: RunningServer, closed: Closed) -> None:
    token = account(server, "thief", {closed.top: "none"})
    own = msgspec.json.decode(ask(server, token, "tasks.create", {"name": "mine", "type": "training"})[1])["data"]["id"]
    assert server.request("POST", "/files", token=token, fields={f"mine.{own}/a.txt": ("x", b"x")}).status == 200
    paths = (f"{MARK}/Inner/a.txt", "elsewhere", f"mine.{own}/a.txt")
    artifacts = [{"key": path, "type": "custom", "uri": f"{server.web}/files/{path}", "mode": "output"} for path in paths]
    assert ask(server, token, "tasks.add_or_update_artifacts", {"task": own, "artifacts": artifacts})[0] == 200
    assert ask(server, token, "tasks.delete", {"task": own, "force": True})[0] == 200
    deadline = time.monotonic() + 180
    while server.request("GET", f"/files/mine.{own}/a.txt").status != 404:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for path in (f"{MARK}/Inner/a.txt", f"elsewhere/name.{closed.task}/a.txt"):
        assert server.request("GET", f"/files/{path}").status == 200


@pytest.mark.parametrize("roles", [("member", "none"), ("viewer", "viewer")])
def test_nothing_is_changed_where_an_account_may_not(own: tuple[RunningServer, Closed], roles: tuple[str, str]) -> None:
    """The second account may look, and may change things in another project."""
    (server, closed), (base, here) = own, roles
    other = server.call("projects.create", name=f"Own {base}")["id"]
    token = account(server, f"changer {base}", {closed.top: here, other: "member"}, role=base)
    before = state(server, closed)
    for call, procedure in REGISTRY.items():
        if procedure.needs is not Permission.WRITE or call in ENDING or call.startswith(("queues.", "workers.")):
            continue
        for fields in requests(closed, call):
            status, said = ask(server, token, call, fields)
            assert status < 500, (call, fields, said)
        assert state(server, closed) == before, call


def test_a_project_can_be_opened_again_below_a_closed_one(server: RunningServer, closed: Closed) -> None:
    token = account(server, "half", {closed.top: "none", closed.project: "viewer"})
    tasks = msgspec.json.decode(ask(server, token, "tasks.get_all", {"name": f"{MARK} task"})[1])["data"]["tasks"]
    assert [task["id"] for task in tasks] == [closed.task]
    assert ask(server, token, "tasks.get_by_id", {"task": closed.task})[0] == 200
    assert ask(server, token, "versions.get", {"id": closed.version})[0] == 403
    assert ask(server, token, "tasks.edit", {"task": closed.task, "name": "n"})[0] == 403


def test_the_feed_says_nothing_of_what_is_closed_and_ends_with_the_token(server: RunningServer, closed: Closed) -> None:
    token = account(server, "follower", {closed.top: "none"})
    headers = {"authorization": f"Bearer {token}"}
    with server.http.request("GET", f"{server.web}/live?after=0", headers=headers, preload_content=False) as answer:
        told = server.call("tasks.create", name="told", type="training")["id"]
        said = b""
        for line in answer:
            said += line
            if told.encode() in line:
                break
        assert closed.project.encode() not in said
        assert server.request("POST", "/api/auth.logout", token=token).status == 200
        assert MARK.encode() not in b"".join(answer)


def state(server: RunningServer, closed: Closed) -> list[Any]:
    """All that lies in the closed project, as its owner sees it."""
    there: dict[str, Any] = {"project": [closed.project], "search_hidden": True, "order_by": ["name"]}
    return [
        server.call("tasks.get_all", id=[closed.task, closed.report], order_by=["name"]),
        server.call("tasks.get_all", **there, only_fields=["name"]),
        server.call("models.get_all", **there),
        server.call("versions.search", project=MARK, only_final=False),
        server.call("projects.get_all", name=f"^{MARK}(/|$)", search_hidden=True, only_fields=["name", "description", "tags"]),
        server.call("events.get_task_log", task=closed.task),
        server.call("contents.list", version=closed.version),
    ]
