"""A recording that was carried here says what a run says, of itself and its models; anything else is refused before a line is sent."""

import ast
import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tilth.sdk
from tilth import Model, Task
from tilth.base.errors import Invalid, Unavailable
from tilth.base.ids import new_id
from tilth.client.api import Api
from tilth.client.http import HttpSession, HttpTransport
from tilth.sdk import carried
from tilth.sdk.home import Home
from tilth.sdk.offline import import_session

RECORDERS = {"_change", "call", "upload", "_set_runtime"}


class Recorded:
    """The folder of a run that was recorded without a server, as somebody else may have made it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id, self.model = new_id(), new_id()
        (folder / "files").mkdir(parents=True)
        self.own = f"Team/train.{self.id}"
        self.write("tasks.create", first=True, id=self.id, name="train", type="training", project_name="Team")
        self.write("tasks.started", first=True, task=self.id)
        self.write("models.create", id=self.model, name="net", uri="", task=self.id)

    def line(self, line: dict[str, Any], kind: str = "calls") -> None:
        with (self.folder / f"1-2-3.{kind}").open("ab") as file:
            file.write(json.dumps(line).encode() + b"\n")

    def write(self, call: str, *, first: bool = False, **fields: Any) -> None:
        self.line({"call": call, "fields": fields, "first": first})

    def upload(self, path: str, name: str) -> None:
        self.line({"upload": {"path": path, "name": name}})


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path / "session")


def refused(home: Home, place: Path, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        import_session(home, place, None, 0)


def test_what_a_run_says_is_sent(home: Home, recorded: Recorded) -> None:
    kept = new_id()
    (recorded.folder / "files" / kept).write_bytes(b"kept")
    recorded.upload(kept, f"{recorded.own}/artifacts/a/a.txt")
    recorded.write("tasks.update_tags", ids=[recorded.id], add_tags=["carried"])
    recorded.write("models.edit", model=recorded.model, comment="of a run")
    recorded.write("events.add", task=recorded.model, type="training_stats_scalar", metric="m", variant="v", value=1.0, model_event=True)
    recorded.line({"type": "training_stats_scalar", "task": recorded.id, "metric": "m", "variant": "v", "iter": 1, "value": 2.0}, "events")
    for _ in range(2):
        assert import_session(home, recorded.folder, None, 0) == recorded.id
    task = home.api.call("tasks.get_by_id", task=recorded.id)["task"]
    assert (task["tags"], task["last_iteration"]) == (["carried"], 1)
    assert home.api.call("models.get_by_id", model=recorded.model)["model"]["comment"] == "of a run"


@pytest.mark.parametrize("path", ["{secret}", "../../secret", "files", ""])
def test_a_file_that_lies_elsewhere_is_neither_uploaded_nor_deleted(home: Home, recorded: Recorded, tmp_path: Path, path: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")
    recorded.upload(path.format(secret=secret), f"{recorded.own}/a.txt")
    refused(home, recorded.folder, "lies elsewhere; nothing of it was sent")
    with zipfile.ZipFile(tmp_path / "run.zip", "w") as archive:
        archive.write(recorded.folder / "1-2-3.calls", "1-2-3.calls")
    refused(home, tmp_path / "run.zip", "lies elsewhere")
    assert secret.read_text() == "mine"
    assert home.api.call("tasks.get_all", id=[recorded.id])["tasks"] == []


@pytest.mark.parametrize("name", ["Team/other.0/a.txt", "../train.{id}/a.txt", "train.{id}", "/train.{id}/a.txt"])
def test_a_file_of_another_run_is_not_replaced(own: Home, recorded: Recorded, name: str) -> None:
    recorded.upload(new_id(), name.format(id=recorded.id))
    refused(own, recorded.folder, "which is none of its own")


def test_nothing_is_put_elsewhere_than_among_the_files_of_the_server(own: Home, recorded: Recorded, tmp_path: Path) -> None:
    away = {"upload": {"path": new_id(), "name": f"{recorded.own}/a.txt", "address": str(tmp_path / f"x.{recorded.id}/a.txt")}}
    recorded.line(away, "places")
    refused(own, recorded.folder, "wants to put files elsewhere")
    (recorded.folder / "1-2-3.places").unlink()
    recorded.line(away)
    refused(own, recorded.folder, "wants to put a file to")


@pytest.mark.parametrize("at", ["files", "files/{id}", "1-2-3.events", "1-2-3.calls.sent", "whole"])
def test_links_are_refused(own: Home, recorded: Recorded, tmp_path: Path, at: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    place = recorded.folder / at.format(id=new_id())
    if at == "files":
        place.rmdir()
    place.symlink_to(tmp_path / "elsewhere")
    refused(own, recorded.folder, "no plain file")
    assert (tmp_path / "elsewhere").is_dir()


FOREIGN: dict[str, Callable[[Recorded, str], None]] = {
    "another task's fields": lambda run, other: run.write("tasks.edit", task=other, comment="x"),
    "another task's tags": lambda run, other: run.write("tasks.update_tags", ids=[run.id, other], add_tags=["x"]),
    "a call that no run writes": lambda run, _: run.write("tasks.delete", task=run.id, force=True),
    "a call of another service": lambda run, _: run.write("auth.create_credentials"),
    "another task made": lambda run, other: run.write("tasks.create", id=other, name="x", type="training"),
    "another model's fields": lambda run, other: run.write("models.edit", model=other, comment="x"),
    "a model of another task": lambda run, other: run.write("models.create", id=new_id(), name="x", uri="", task=other),
    "another task's events": lambda run, other: run.line({"type": "log", "task": other, "msg": "x"}, "events"),
    "another task's event as a call": lambda run, other: run.write("events.add", type="log", task=other, msg="x"),
    "another task's event with a call": lambda run, other: run.line({"event": {"type": "log", "task": other, "msg": "x"}}),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_what_is_said_of_others_is_refused(own: Home, recorded: Recorded, what: str) -> None:
    other = Task.create("Team", "other")
    FOREIGN[what](recorded, other.id)
    refused(own, recorded.folder, "wants to")
    assert own.api.call("tasks.get_all", id=[recorded.id])["tasks"] == []


def test_a_model_of_another_run_is_not_taken_over(home: Home, recorded: Recorded) -> None:
    other = Task.create("Team", "other")
    home.api.call("models.create", id=recorded.model, name="net", uri="", task=other.id)
    refused(home, recorded.folder, "which another run made")


@pytest.mark.parametrize("by", ["the same user", "another user"])
def test_a_task_that_another_recording_made_is_not_taken_over(home: Home, recorded: Recorded, tmp_path: Path, by: str) -> None:
    if by == "another user":
        home.api.call("tasks.create", id=recorded.id, name="train", type="training", project_name="Team")
    else:
        import_session(home, recorded.folder, None, 0)
    forged = tmp_path / "forged"
    forged.mkdir()
    (forged / "1-2-4.calls").write_bytes((recorded.folder / "1-2-3.calls").read_bytes())
    (recorded.folder / "1-2-3.calls").rename(forged / "1-2-5.calls")
    before = home.api.call("tasks.get_by_id", task=recorded.id)["task"]
    refused(home, forged, f"claims to be task {recorded.id}, which is there already and was not imported from it; nothing of it was sent")
    assert home.api.call("tasks.get_by_id", task=recorded.id)["task"] == before


def test_an_import_that_broke_off_is_repeated(home: Home, recorded: Recorded) -> None:
    session = HttpSession("http://127.0.0.1:9/api", access_key="k", secret_key="s", patience_s=0.0)  # nobody answers
    away = replace(home, open_reporting=lambda: (Api(HttpTransport(session)), home.files))
    with pytest.raises(Unavailable):
        import_session(away, recorded.folder, None, 0)
    assert home.api.call("tasks.get_by_id", task=recorded.id)["task"]["status"] == "created"
    assert import_session(home, recorded.folder, None, 0) == recorded.id
    assert home.api.call("tasks.get_by_id", task=recorded.id)["task"]["status"] == "in_progress"


@pytest.mark.parametrize(
    ("address", "is_kept"),
    [
        ("tilth://files/{own}/artifacts/a/a.txt", True),
        ("s3://bucket/weights.pt", True),
        ("https://example.com/weights.pt", True),
        ("file:///shared/{own}/artifacts/a/a.txt", True),
        ("{secret}", False),
        ("file://{secret}", False),
        ("FILE://{secret}", False),
        ("file:///shared/{own}/../../../{secret}", False),
        ("file:///shared/{own}/%2e%2e/secret", False),
        ("tilth://files/Team/other.0/artifacts/a/a.txt", False),
        ("tilth://files/{own}/%2e%2e/other.0/a.txt", False),
    ],
)
def test_addresses_mean_no_files_of_this_machine_or_of_others(
    own: Home, recorded: Recorded, tmp_path: Path, capfd: pytest.CaptureFixture[str], address: str, is_kept: bool
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")
    address = address.format(own=recorded.own, secret=secret)
    recorded.write("models.edit", model=recorded.model, uri=address)
    artifacts = [{"key": "a", "type": "custom", "mode": "output", "uri": address}]
    recorded.write("tasks.add_or_update_artifacts", task=recorded.id, artifacts=artifacts)
    recorded.write("events.add", type="training_debug_image", task=recorded.id, metric="m", variant="v", iter=0, url=address)
    import_session(own, recorded.folder, None, 0)
    expected = address if is_kept else f"elsewhere://{address}"
    task = Task.get_task(recorded.id)
    assert own.api.call("models.get_by_id", model=recorded.model)["model"]["uri"] == expected
    assert [artifact.url for artifact in task.artifacts.values()] == [expected]
    assert ("3 addresses of the run mean no files here" in capfd.readouterr().err) is not is_kept
    if not is_kept:
        assert Model.remove(recorded.model, force=True) is False
        assert task.delete_artifacts(["a"], raise_on_errors=False) is False
        assert task.delete()
    assert secret.read_text() == "mine"


def test_a_mark_within_a_line_does_not_make_half_of_it_an_event(own: Home, recorded: Recorded) -> None:
    other = Task.create("Team", "other")
    inner = json.dumps({"type": "training_stats_scalar", "task": other.id, "metric": "m", "variant": "v", "iter": 9, "value": 2.0})
    line = f'{{"task": "{recorded.id}", "type": "log", "msg": "m", "x": {inner}}}\n'
    (recorded.folder / "1-2-3.events").write_text(line)
    mark = struct.pack("<QQ", line.index(inner), line.index(inner) + len(inner))
    (recorded.folder / "1-2-3.events.sent").write_bytes(mark)
    import_session(own, recorded.folder, None, 0)
    assert own.api.call("tasks.get_by_id", task=other.id)["task"].get("last_iteration", 0) == 0


def test_lines_that_can_not_be_read_are_left_out(own: Home, recorded: Recorded) -> None:
    for kind in ("calls", "events"):
        with (recorded.folder / f"1-2-3.{kind}").open("ab") as file:
            file.write(b'{"a":\xff}\n[1]\n')
    recorded.line({"type": "training_stats_scalar", "task": recorded.id, "metric": "m", "variant": "v", "iter": 4, "value": 2.0}, "events")
    recorded.write("tasks.edit", task=recorded.id, force=True, comment="after it")
    import_session(own, recorded.folder, None, 2)
    task = own.api.call("tasks.get_by_id", task=recorded.id)["task"]
    assert (task["comment"], task["last_iteration"]) == ("after it", 6)


def test_every_call_that_a_run_writes_down_can_be_imported() -> None:
    known = {"tasks.create", "models.create", "events.add"} | carried._OF_TASK | carried._OF_TASKS | carried._OF_MODEL | carried._OF_MODELS
    written: set[str] = set()
    for part in (Path(tilth.sdk.__path__[0]), Path(tilth.sdk.__path__[0]).parent / "capture"):
        for path in part.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in RECORDERS:
                    asks = ast.unparse(node.func.value).rpartition(".")[2] in ("api", "_api") or "_kept" in ast.unparse(node.func)
                    given = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "call")]
                    if not asks and "reporting[0]" not in ast.unparse(node.func) and "_asked" not in ast.unparse(node.func):
                        written |= {
                            leaf.value
                            for one in given
                            for leaf in ast.walk(one)
                            if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str) and leaf.value.count(".") == 1
                        }
    assert len(written) > 15
    assert {name for name in written if name.partition(".")[2]} <= known
