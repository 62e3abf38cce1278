"""SQLite and PostgreSQL answer alike: one long script of calls, in which every call comes, is played on both."""

import base64
import random
import secrets
import threading
import uuid
from collections.abc import Callable
from contextlib import closing
from hashlib import md5
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from tilth.server.app.adopting import Adopting
from tilth.server.app.background import Background
from tilth.server.app.serve import Options, make_site
from tilth.server.app.showing import Showing
from tilth.server.db.engine import Database
from tilth.server.db.sqlite import SqliteDatabase
from tilth.server.routes.rpc import REGISTRY, Caller, register_all
from tilth.server.services.context import Origin
from tilth.server.services.setup import prepare
from tilth.server.stores.unit_of_work import Tx
from tilth.testing.catalogs import TickingClock

FILES = "http://server/files"
CHANGES = {"added": {"files": 1, "size_bytes": 10}}
NOW = 1_735_689_600  # where the clock begins
Queries = list[dict[str, Any]]
Said = tuple[str, dict[str, Any], int, str, Any]


class Player:
    """Makes calls on one server and remembers what came of them."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.clock = TickingClock()
        self.database = database
        _, self.platform = make_site(Options(home=folder, preview=False), database, self.clock)
        home = self.platform.contents.home
        adopting, showing = Adopting(database, self.clock, self.platform.objects, home), Showing(database, self.clock)
        self.background = Background(database, self.clock, self.platform.objects, adopting, showing, home)
        self.said: list[Said] = []
        database.run(lambda raw: prepare(Tx(raw, self.clock)), writes=True)

    def __call__(self, name: str, /, authorization: str = "", body: bytes | None = None, **fields: Any) -> Any:
        """What a call answers with."""
        caller = Caller(origin=Origin(address="10.0.0.1", files_urls=(FILES,), web_url="http://server", authorization=authorization))
        request = msgspec.json.encode(fields) if body is None else body
        answer = self.platform.dispatcher.call(name, request, caller)
        if answer.content_type != "application/json":
            self.said.append((name, fields, answer.status, answer.content_type, answer.body))
            return answer.body
        envelope = msgspec.json.decode(answer.body)
        self.said.append((name, fields, answer.status, envelope["meta"]["result_msg"], envelope["data"]))
        return envelope["data"]

    def jobs(self) -> None:
        """Do what calls left to be done."""
        while self.background.work():
            pass

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.reading() as connection:
            return connection.all(query)


@pytest.fixture
def predictable(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Begins the random names and secrets of this thread anew, the same ones each time."""
    source = random.Random()
    here = threading.get_ident()

    def draw(module: ModuleType, name: str, drawn: Callable[..., Any]) -> None:
        usual = getattr(module, name)

        def chosen(*given: Any) -> Any:
            return drawn(*given) if threading.get_ident() == here else usual(*given)

        monkeypatch.setattr(module, name, chosen)

    draw(uuid, "uuid4", lambda: uuid.UUID(int=source.getrandbits(128), version=4))
    draw(secrets, "token_hex", lambda length=32: source.randbytes(length).hex())
    draw(secrets, "token_bytes", lambda length=32: source.randbytes(length))
    draw(secrets, "token_urlsafe", lambda length=32: source.randbytes(length).hex())
    draw(secrets, "choice", source.choice)
    return lambda: source.seed(7)


def test_every_call_is_answered_alike(tmp_path: Path, postgres_database: Database, predictable: Callable[[], None]) -> None:
    register_all()
    told: list[list[Said]] = []
    rows: list[dict[str, list[tuple[Any, ...]]]] = []
    for name, database in (("sqlite", SqliteDatabase(tmp_path / "tilth.db")), ("postgres", postgres_database)):
        predictable()
        with closing(database):
            player = Player(tmp_path / name, database)
            for part in PARTS:
                part(player)
            told.append(player.said)
            rows.append({table: sorted(player.rows(f"SELECT * FROM {table}"), key=repr) for table in TABLES})
    for ours, theirs in zip(*told, strict=True):
        if ours != theirs:  # what names the home differs by it, and by nothing else
            assert repr(ours).replace(str(tmp_path / "sqlite"), "") == repr(theirs).replace(str(tmp_path / "postgres"), "")
    for table in TABLES:
        assert rows[0][table] == rows[1][table], table
    assert {said[0] for said in told[0]} == set(REGISTRY)
    faults = [said for said in told[0] if said[2] >= 500]
    assert faults == []


TABLES = (
    *("project", "task", "version", "version_parent", "version_alias", "version_metadata", "change", "model", "series", "scalar"),
    *("scalar_block", "scalar_data", "log", "event", "queue", "queue_entry", "queue_sample", "worker", "worker_sample", "account"),
    *("credential", "project_role", "blocked_token", "login_link", "audit", "setting", "job", "file", "serving_container"),
)


def accounts(say: Player) -> None:
    ann = say("auth.create_user", name="Ann Ä", email="a@example.org", role="user", password="long enough")["id"]
    say("auth.create_user", name="ann ä")
    say("auth.create_user", name="Ann Ä")
    say("auth.edit_user", user=ann, role="viewer", active=True, password="another one")
    say("auth.edit_user", user="nobody")
    say("users.create", id="chosen", name="Chosen")
    say("users.create", id="chosen", name="Again")
    say("users.update", user=ann, name="Ann B")
    queries: Queries = [{}, {"id": [ann]}, {"name": "Ann"}, {"page": 1, "page_size": 1}]
    for wanted in queries:
        say("users.get_all", **wanted)
    say("users.get_all_ex")
    say("users.get_by_id", user=ann)
    say("users.get_by_id", user="' OR 1=1")
    say("users.get_current_user")
    say("users.set_preferences", preferences={"a.b": 1, "c": {"d": "%s ? %"}}, return_updated=True)
    say("users.get_preferences")
    keys = say("auth.create_credentials", label="for 100% of ?")["credentials"]
    basic = base64.b64encode(f"{keys['access_key']}:{keys['secret_key']}".encode()).decode()
    token = say("auth.login", authorization=f"Basic {basic}", expiration_sec=600)["token"]
    say("auth.login", authorization=f"Bearer {token}")
    say("auth.login", authorization="Basic eDp5")
    say("auth.validate_token", token=token)
    say("auth.get_token_for_user", user=ann)
    say("auth.edit_credentials", access_key=keys["access_key"], label="other")
    say("auth.get_credentials")
    say("auth.revoke_credentials", access_key=keys["access_key"])
    say("auth.validate_token", token=token)
    say("auth.logout")
    say("login.logout")
    say("login.supported_modes")
    say("auth.fixed_users_mode")
    say("users.delete", user="chosen")
    say("users.delete", user=say("users.get_current_user")["user"]["id"])


def projects(say: Player) -> None:
    top = say("projects.create", name="Team/Pictures/Cats", description="100% ? \\ ' \" %s", tags=["a", "b,c"])["id"]
    say("projects.create", name=" Team / Pictures ")
    other = say("projects.create", name="Ünï/漢字", system_tags=["x"])["id"]
    hidden = say("projects.create", name="Team/.hidden/inner")["id"]
    say("projects.create", name="team/pictures")
    queries: Queries = [
        {},
        {"name": "Team"},
        {"name": "^Team/"},
        {"name": "cats$"},
        {"search_hidden": True},
        {"id": [hidden]},
        {"shallow_search": True},
        {"order_by": ["-name"]},
        {"order_by": ["last_update"], "page": 1, "page_size": 2},
        {"parent": [say("projects.get_all")["projects"][0]["id"]]},
        {"tags": ["a"]},
        {"tags": ["-a"]},
        {"search_text": "PICT"},
        {"basename": "Cats"},
        {"_any_": {"pattern": "ünï", "fields": ["name"]}},
        {"only_fields": ["name", "basename"]},
        {"scroll_id": None, "size": 2},
        {"created": [">=2025-01-01"]},
        {"search_text": "漢"},
    ]
    for wanted in queries:
        say("projects.get_all", **wanted)
        say("projects.get_all_ex", include_stats=True, include_dataset_stats=True, **wanted)
    say("projects.get_all_ex", include_stats=True, stats_with_children=False, check_own_contents=True)
    say("projects.get_by_id", project=top)
    say("projects.get_by_id", project="none")
    say("projects.update", project=top, description="new", tags=["z"], name="Team/Pictures/Dogs", default_output_destination="s3://b/%41?")
    say("projects.update", project=top, name="Elsewhere/Dogs")
    say("projects.move", project=top, new_location="Archive/2024")
    say("projects.move", project=top, new_location="")
    say("projects.merge", project=other, destination_project=top)
    user = say("users.get_all")["users"][1]["id"]
    say("projects.set_role", project=top, user=user, role="admin")
    say("projects.set_role", project=top, user=user, role="viewer")
    say("projects.get_roles", project=top)
    say("projects.set_role", project=top, user=user)
    say("projects.make_public", ids=[top])
    say("projects.make_private", ids=[top])
    say("projects.validate_delete", project=top)
    say("projects.delete", project=hidden)
    say("projects.delete", project=say("projects.create", name="gone/below")["id"], force=True, delete_contents=True)


PATTERNS = (
    "train",
    "^train",
    "1$",
    r"^train\ 1$",
    r"train\ \d",
    r"^(train 1|train 2)$",
    r"TRAIN",
    r"\(x\)",
    r"^.*é$",
    r"[\w-]+\.py",
    r"\bmodel\b",
    "a.c",
    r"line\n",
    "(?i)TRAIN",
    "(?:train|test) [0-9]{1}",
    "",
    "(",
    r"\w+é",
    r"^\D+$",
    r"\s",
    "[^a-z]",
    "x*",
    "%",
    "_",
    "?",
    r"\\",
    r"\$5",
    "É",
    r"(?i)\bé\b",
    r"(?<=a )model",
    r"^(?!train)",
    r"(a)\1",
    "x{1,300}",
    "(" * 200,
    "[[:alpha:]]",
    r"\y\m",
    "***=a",
    "ß",
)


def tasks(say: Player) -> None:
    project = say("projects.get_all", name="^Dogs$")["projects"][0]["id"]
    names = [
        "train 1",
        "train 2",
        "Train (x)",
        "é",
        "a\nc",
        "abc",
        "run-1.py",
        "a model b",
        "remodel",
        "100% ? %s",
        "$5 \\ ' \"",
        "line\n",
        "tést É",
        "x\u0000y",
    ]
    made = [
        say(
            "tasks.create",
            name=name,
            type="training" if number % 2 else "testing",
            project=project if number % 3 else None,
            comment=f"comment {name}",
            tags=[f"t{number % 4}", "all", "b,c"],
            hyperparams={
                "Args": {
                    "lr": {"section": "Args", "name": "lr", "value": str(number / 10), "type": "float"},
                    "a.b": {"section": "Args", "name": "a.b", "value": name},
                }
            },
            configuration={"net": {"name": "net", "value": name, "type": "json"}},
            script={"repository": "git", "entry_point": f"{name}.py", "requirements": {"pip": "numpy"}},
            execution={"queue": None, "parameters": {"x": number, "flag": bool(number % 2), "f": number / 3}, "artifacts": []},
            runtime={"k": number, "text": "v", "none": None},
            container={"image": "i", "arguments": "-e A=?"},
        )["id"]
        for number, name in enumerate(names)
    ]
    say("tasks.create", name="", type="training")
    say("tasks.create", name="bad", type="none")
    say("tasks.create", name="child", type="training", parent=made[0])
    say("tasks.validate", name="n", type="training")
    say("tasks.edit", task=made[1], comment="edited", hyperparams={"Args": {"lr": {"section": "Args", "name": "lr", "value": "0.25"}}})
    say("tasks.update", task=made[2], name="Train (y)", comment=None, tags=["new"], created="2024-12-31T10:00:00+02:00")
    say("tasks.update_batch", tasks=[{"task": made[3], "comment": "one"}, {"task": made[4], "comment": "two"}])
    say("tasks.update_tags", ids=made[:3], add_tags=["more", "all"], remove_tags=["t1"])
    say("tasks.ping", task=made[0])
    say("tasks.clone", task=made[0], new_task_name="copy", new_task_tags=["c"], new_project_name="Team/New")
    say("tasks.move", ids=made[8:10], project_name="Team/New")
    searches(say, made, project)
    parts(say, made[0])
    states(say, made)


def searches(say: Player, made: list[str], project: str) -> None:
    for pattern in PATTERNS:
        say("tasks.get_all", name=pattern, only_fields=["name"], order_by=["name"])
        say(
            "tasks.get_all",
            _any_={"pattern": pattern, "fields": ["name", "comment", "hyperparams.Args.lr.value"]},
            only_fields=["name"],
            order_by=["-name"],
        )
        say("tasks.get_all", search_text=pattern, only_fields=["id"])
    queries: Queries = [
        {},
        {"id": made[:2]},
        {"id": made[0]},
        {"id": []},
        {"status": ["created", "queued"]},
        {"type": "testing"},
        {"type": ["-testing"]},
        {"project": [project]},
        {"project": ["__$not", project]},
        {"project": [None]},
        {"parent": made[0]},
        {"user": ["x"]},
        {"tags": ["all"]},
        {"tags": ["-t1"]},
        {"tags": ["__$all", "t1", "all"]},
        {"tags": ["__$any", "t1", "t2"]},
        {"tags": ["b,c"]},
        {"tags": ["__$and", "__$not", "t1", "all"]},
        {"tags": [None]},
        {"tags": []},
        {"tags": ["__$or", "t1", "__$not", None]},
        {"created": [">=2025-01-01T00:00:00", "<2025-02-01"]},
        {"started": None},
        {"started": [None]},
        {"last_update": ">2025-01-01T00:00:10Z"},
        {"hyperparams.Args.lr.value": "0.1"},
        {"hyperparams.Args.lr.value": ["0.1", "0.2"]},
        {"hyperparams.Args.lr.value": ["-0.1"]},
        {"execution.parameters.x": 3},
        {"execution.parameters.flag": True},
        {"execution.parameters.f": 0.5},
        {"execution.queue": [None]},
        {"runtime.k": [1, 2]},
        {"runtime.none": [None]},
        {"runtime.text": "v"},
        {"runtime.missing.below": "v"},
        {"runtime": "v"},
        {"order_by": ["hyperparams.Args.lr.value"]},
        {"order_by": ["-hyperparams.Args.lr.value", "-project.name", "last_metrics.x.y.value"], "page": 1, "page_size": 2},
        {"order_by": ["project.name", "-user.name"]},
        {"order_by": ["-last_metrics.x.y.value", "user.name", "runtime.k"]},
        {"order_by": ["hyperparams.Args.a%2Eb.value"]},
        {"_all_": [{"fields": ["hyperparams.Args.lr.value"], "range": [0.05, None]}, {"fields": ["name"], "pattern": "."}]},
        {"_all_": [{"fields": ["hyperparams.Args.lr.value"], "range": ["a", None]}]},
        {"order_by": ["-runtime.k"]},
        {"order_by": ["-runtime.missing", "name"]},
        {"order_by": ["started", "-name"]},
        {"order_by": ["-tags"]},
        {"order_by": ["comment"]},
        {"order_by": ["-execution.parameters.flag"]},
        {"order_by": ["last_metrics.x.y.value"]},
        {"order_by": ["none"]},
        {"order_by": "name"},
        {"active_duration": ">=0"},
        {"filters": {"tags": {"any": {"include": ["t1", "t2"]}, "all": {"exclude": ["all"]}, "op": "or"}}},
        {"filters": {"tags": {"all": {"include": [None]}}}},
        {"filters": {"status": {"any": {"include": ["created"], "exclude": ["queued"]}}}},
        {"_all_": {"datetime": [">=2025-01-01"], "fields": ["created", "started"]}},
        {"page": 1, "page_size": 3},
        {"page_size": 0},
        {"scroll_id": None, "size": 4},
        {"last_iteration": [">=0", "<5"]},
        {"comment": "^comment"},
        {"only_fields": ["name", "hyperparams.Args.lr", "last_metrics"]},
        {"only_fields": ["-hyperparams"]},
        {"search_hidden": True},
        {"name": ["train", "^é$"]},
        {"name": None},
        {"_any_": {"pattern": "é", "fields": ["name", "tags", "nothing"]}},
        {"_or_": {"fields": []}},
        {"_any_": {"pattern": "1", "fields": ["last_iteration", "created", "execution", "runtime.k", "container.image"]}},
        {"id": [f"{number}" for number in range(30_000)]},
        {"tags": [f"{number}" for number in range(3_000)]},
        {"tags": ["__$all", *(f"{number}" for number in range(3_000))]},
        {"runtime.text": ["__$not", "v", "w"]},
        {'runtime.a"b': "v"},
        {"runtime.a\\b.'": "v"},
        {"execution.artifacts.0": "v"},
        {"execution.parameters": {"x": 1}},
        {"execution.parameters.f": 1 / 3},
        {"execution.parameters.x": [[1]]},
        {"order_by": ["execution.parameters.f", "-runtime.text"]},
        {"order_by": ["-script.entry_point"], "page_size": 5},
        {"last_iteration": 10**30},
        {"last_iteration": "1e400"},
        {"page": 10**15, "page_size": 10},
    ]
    for query in queries:
        say("tasks.get_all", **query)
        say("organization.get_entities_count", tasks=query, projects={}, models={}, datasets={}, reports={}, pipelines={})
    scroll = say("tasks.get_all", scroll_id=None, size=4)["scroll_id"]
    say("tasks.get_all", scroll_id=scroll)
    say("tasks.get_all_ex", id=made)
    say("tasks.get_by_id_ex", id=made[:2], only_fields=["name", "project.name", "user.name"])
    say("tasks.get_by_id", task=made[0])
    say("tasks.get_by_id", task="nothing")
    say("tasks.get_types")
    say("tasks.get_types", projects=[project])
    say("projects.get_task_tags", include_system=True)
    say("projects.get_task_tags", projects=[project], filter={"system_tags": ["x"]})
    say("projects.get_project_tags", include_system=True)
    say("projects.get_hyper_parameters", project=project)
    say("projects.get_hyper_parameters", project=project, page=1, page_size=1, include_subprojects=False)
    say("projects.get_hyperparam_values", section="Args", name="lr")
    say("projects.get_hyperparam_values", section="Args", name="a.b", projects=[project], pattern="A")
    say("projects.get_task_parents", projects=[project])
    say("projects.get_task_parents", tasks_state="archived")
    say("projects.get_user_names", projects=[project])
    say("users.get_all_ex", active_in_projects=[project])
    say("organization.get_tags", include_system=True, filter={"system_tags": ["x"]})
    mapping = [{"field": "name", "name": "Name"}, {"field": "hyperparams.Args.lr.value", "name": "LR"}, {"field": "tags", "name": "Tags"}]
    prepared = say("organization.prepare_download_for_get_all", entity_type="task", field_mappings=mapping, order_by=["name"])
    say("organization.download_for_get_all", prepare_id=prepared["prepare_id"])


def parts(say: Player, task: str) -> None:
    say("tasks.set_requirements", task=task, requirements={"pip": "torch"})
    say(
        "tasks.edit_hyper_params",
        task=task,
        hyperparams=[{"section": "S", "name": "n.m", "value": "\u0000 ?"}],
        replace_hyperparams="section",
    )
    say("tasks.get_hyper_params", tasks=[task])
    queries: Queries = [{"hyperparams.S.x": "1"}, {"hyperparams.S.x.value": "1"}]
    for wanted in queries:
        say("tasks.get_all", **wanted)
    say("tasks.delete_hyper_params", task=task, hyperparams=[{"section": "S"}])
    say("tasks.edit_configuration", task=task, configuration=[{"name": "c", "value": "v"}, {"name": "d"}])
    say("tasks.get_configurations", tasks=[task], names=["c"])
    say("tasks.get_configuration_names", tasks=[task])
    say("tasks.get_configuration_names", tasks=[])
    say("tasks.delete_configuration", task=task, configuration=["c"])
    say("tasks.edit_runtime", task=task, add_or_update={"a": 1, "b": {"c": [1, None]}}, remove=["k"])
    say("tasks.add_or_update_artifacts", task=task, artifacts=[{"key": "k", "type": "t", "uri": f"{FILES}/a/b%20c", "mode": "output"}])
    say("tasks.delete_artifacts", task=task, artifacts=[{"key": "none"}])
    say("tasks.make_public", ids=[task])
    say("tasks.make_private", ids=task)
    say("tasks.share", tasks=[task])


def states(say: Player, made: list[str]) -> None:
    say("tasks.started", task=made[0], status_reason="r", status_message="m")
    say("tasks.stop", task=made[0])
    say("tasks.stopped", task=made[0])
    say("tasks.started", task=made[1])
    say("tasks.failed", task=made[1])
    say("tasks.started", task=made[2])
    say("tasks.completed", task=made[2], publish=True)
    say("tasks.completed", task=made[2])
    say("tasks.started", task=made[3])
    say("tasks.close", task=made[3])
    say("tasks.publish", task=made[1], force=True)
    say("tasks.publish_many", ids=[made[3], "none"])
    say("tasks.archive", tasks=[made[3]])
    say("tasks.archive_many", ids=[made[0], "none"])
    say("tasks.unarchive_many", ids=[made[0], made[3]])
    say("tasks.enqueue", task=made[4])
    say("tasks.dequeue", task=made[4], new_status="created")
    say("tasks.enqueue_many", ids=[made[4], made[5], "none"], verify_watched_queue=True)
    say("tasks.dequeue_many", ids=[made[4], "none"])
    say("tasks.stop_many", ids=[made[5], made[6]])
    say("tasks.reset", task=made[0], return_file_urls=True)
    say("tasks.reset_many", ids=[made[1], made[5]], force=True, clear_all=True)
    say("tasks.delete", task=made[6], return_file_urls=True, include_pipeline_steps=True)
    say("tasks.delete_many", ids=[made[7], "none"], force=True)
    say("tasks.get_all", id=made)
    say.jobs()


def models(say: Player) -> None:
    project = say("projects.get_all", name="^Dogs$")["projects"][0]["id"]
    task = say("tasks.create", name="maker", type="training", project=project)["id"]
    made = [
        say(
            "models.create",
            uri=f"s3://b/m{number}?%",
            name=f"m{number}",
            task=task,
            project=project,
            framework="torch" if number else None,
            labels={"cat": number},
            tags=["m"],
            ready=False,
        )["id"]
        for number in range(4)
    ]
    say("models.edit", model=made[0], comment="é", iteration=7, design={"a": [1]})
    say("models.update", model=made[1], name="renamed", created="2024-01-01")
    say("models.update_for_task", task=task, uri="s3://b/new", iteration=9)
    say("models.update_for_task", task=task, override_model_id=made[0])
    say("models.update_for_task", task=task)
    say("models.update_tags", ids=made[:2], add_tags=["x"], remove_tags=["m"])
    say("models.add_or_update_metadata", model=made[2], metadata=[{"key": "k", "type": "str", "value": "1"}, {"key": "l"}])
    say("models.delete_metadata", model=made[2], keys=["l"])
    say("projects.get_model_metadata_keys", project=project)
    say("projects.get_model_metadata_values", key="k")
    say("projects.get_model_tags", include_system=True)
    say("projects.get_user_names", entity="model")
    say("models.get_frameworks")
    say("models.get_frameworks", projects=[project])
    say("models.get_by_id", model=made[0])
    say("models.get_by_id_ex", id=made[:1])
    say("models.get_by_task_id", task=task)
    queries: Queries = [
        {},
        {"ready": True},
        {"ready": False},
        {"uri": ["s3://b/m1?%"]},
        {"labels.cat": 2},
        {"metadata.k.value": "1"},
        {"framework": [None]},
        {"name": "^m\\d$"},
    ]
    for wanted in queries:
        say("models.get_all", **wanted)
        say("models.get_all_ex", order_by=["-name"], **wanted)
    say("tasks.add_or_update_model", task=task, name="in", model=made[3], type="input", iteration=3)
    say("tasks.add_or_update_model", task=task, name="in", model=made[3], type="other")
    say("tasks.delete_models", task=task, models=[{"name": "in", "type": "input"}])
    say("models.set_ready", model=made[0], publish_task=True, force_publish_task=True)
    say("models.publish_many", ids=[made[1], "none"])
    say("models.archive_many", ids=[made[1], "none"])
    say("models.unarchive_many", ids=[made[1]])
    say("models.move", ids=made[:2], project_name="Team/Models")
    say("models.make_public", ids=made)
    say("models.make_private", ids=made)
    mapping = [{"field": "name", "name": "Name"}]
    prepared = say("organization.prepare_download_for_get_all", entity_type="model", field_mappings=mapping)
    say("organization.download_for_get_all", prepare_id=prepared["prepare_id"])
    say("models.delete", model=made[3])
    say("models.delete_many", ids=[made[2], "none"], force=True)
    say.jobs()


def events(say: Player) -> None:
    task, other = (say("tasks.create", name=name, type="training")["id"] for name in ("reports", "more"))
    model = say("models.create", uri="u", name="m")["id"]
    report(say, task, other, model)
    read_curves(say, task, other, model)
    read_others(say, task, other)
    say("events.clear_scroll", scroll_id="x")
    say("events.clear_task_log", task=task, threshold_sec=10)
    say("events.clear_task_log", task=task)
    say("events.delete_for_model", model=model)
    say("events.delete_for_task", task=other)
    say("tasks.delete", task=task, force=True, return_file_urls=True)
    say.jobs()


def report(say: Player, task: str, other: str, model: str) -> None:
    times: dict[str, Any] = {"timestamp": NOW * 1_000}
    scalar: dict[str, Any] = {"type": "training_stats_scalar", "task": task, "metric": "loss", "variant": "train"}
    say("events.add", **scalar, **times, iter=0, value=1.5)
    say("events.add", **scalar, **times, iter=1, value="text")
    log = {"type": "log", "task": task, "level": "info", "worker": "w"}
    plot = {"type": "plot", "task": task, "metric": "p", "plot_str": '{"data": []}', **times}
    image = {"type": "training_debug_image", "task": task, "metric": "i", "variant": "v", **times}
    vector = {"type": "training_stats_vector", "task": task, "metric": "h", "variant": "v", "values": [1.0, 2.0], **times}
    names = [(t, m, v) for t in (task, other) for m in ("acc%", ":monitor:gpu") for v in ("é", "b?")]
    lines = [log | {"timestamp": (NOW + n) * 1_000, "msg": f"line {n} % ? \u0000"} for n in range(50)]
    batches: list[list[dict[str, Any]]] = [
        [],
        [{**scalar, **times, "iter": n, "value": float((n * 37) % 1001), "x_axis_label": "x"} for n in range(5_000)],
        [{**scalar, **times, "iter": n, "value": -1.0} for n in range(1_000, 1_010)],
        [{**scalar, "variant": v, "metric": m, "task": t, "iter": n, "value": n * 2.5} for n in range(3) for t, m, v in names],
        [{**scalar, "variant": "single", "iter": -(2**31), "value": 0.1}, {**scalar, "task": "none", "value": 1.0}],
        [{**scalar, "task": None, "model": model, "model_event": True, "iter": 1, "value": 3.0}],
        lines,
        lines,
        [plot | {"iter": n, "variant": v} for n in range(4) for v in ("a", "B", "é")],
        [image | {"iter": n, "url": f"{FILES}/i{n}.png"} for n in range(4)],
        [vector | {"iter": n} for n in range(3)],
    ]
    for batch in batches:
        say("events.add_batch", body=b"\n".join(msgspec.json.encode(event) for event in batch))


def read_curves(say: Player, task: str, other: str, model: str) -> None:
    for samples in (10, 100, 100_000):
        say("events.scalar_metrics_iter_histogram", task=task, samples=samples)
    say("events.scalar_metrics_iter_histogram", task=task, key="iso_time", metrics=[{"metric": "acc%", "variants": ["é"]}])
    say("events.scalar_metrics_iter_histogram", task=model, model_events=True)
    say("events.multi_task_scalar_metrics_iter_histogram", tasks=[task, other], samples=20, key="timestamp")
    say("events.multi_task_scalar_metrics_iter_histogram", tasks=[])
    page = say("events.scalar_metrics_iter_raw", task=task, metric={"metric": "loss"}, batch_size=3_000, count_total=True)
    say("events.scalar_metrics_iter_raw", task=task, metric={"metric": "loss"}, batch_size=3_000, scroll_id=page["scroll_id"])
    say("events.get_scalar_metric_data", task=task, metric="loss", no_scroll=True)
    for name in ("get_task_single_value_metrics", "get_task_metrics", "get_multi_task_metrics", "get_multi_task_plots"):
        say(f"events.{name}", tasks=[task, other])
        say(f"events.{name}", tasks=[])
    say("events.get_task_metrics", tasks=[task], event_type="plot")
    say("events.iterations", tasks=[task, other])
    say("events.iterations", tasks=[task], metric="p", variant="v")
    say("projects.get_unique_metric_variants")
    say("projects.get_unique_metric_variants", ids=[task], model_metrics=False)
    say("projects.get_unique_metric_variants", model_metrics=True)
    sort_by_metrics(say)


def read_others(say: Player, task: str, other: str) -> None:
    for name in ("get_task_latest_scalar_values", "get_scalar_metrics_and_variants", "get_vector_metrics_and_variants", "get_task_plots"):
        say(f"events.{name}", task=task)
    say("events.vector_metrics_iter_histogram", task=task, metric="h", variant="v")
    for kind in ("training_stats_scalar", "plot", "training_debug_image", "log", "training_stats_vector", "none"):
        page = say("events.get_task_events", task=task, event_type=kind, batch_size=7)
        say("events.get_task_events", task=task, event_type=kind, batch_size=7, order="desc")
        say("events.get_task_events", task=task, event_type=kind, batch_size=7, scroll_id=page.get("scroll_id"))
    for name, metric in (("debug_images", "i"), ("plots", "p")):
        page = say(f"events.{name}", metrics=[{"task": task}, {"task": other}], iters=2)
        say(f"events.{name}", metrics=[{"task": task}], iters=2, scroll_id=page["scroll_id"])
        say(f"events.{name}", metrics=[{"task": task, "metric": metric, "variants": ["a"]}], navigate_earlier=False)
        say(f"events.{name}", metrics=[])
    page = say("events.get_debug_image_sample", task=task, metric="i", variant="v")
    say("events.next_debug_image_sample", task=task, scroll_id=page["scroll_id"])
    page = say("events.get_plot_sample", task=task, metric="p", iteration=2)
    say("events.next_plot_sample", task=task, scroll_id=page["scroll_id"], navigate_earlier=False)
    say("events.get_task_log", task=task, batch_size=10)
    say("events.get_task_log", task=task, batch_size=10, navigate_earlier=False, from_timestamp=(NOW + 20) * 1_000)
    say("events.get_log_lines", task=task)
    say("events.get_log_lines", task=task, first=1, limit=2)
    say("events.find_in_log", task=task, text="E")
    say("events.find_in_log", task=task, text="", exact_case=True)
    say("events.download_task_log", task=task)
    say("events.download_task_log", task=task, line_type="json")
    say(
        "reports.get_task_data",
        id=[task, other],
        plots={"iters": 2},
        debug_images={},
        scalar_metrics_iter_histogram={"samples": 5},
        single_value_metrics={},
    )


def sort_by_metrics(say: Player) -> None:
    by_loss = f"last_metrics.{_hash('loss')}.{_hash('train')}"
    queries: Queries = [
        {"order_by": [f"{by_loss}.value"]},
        {"order_by": [f"-{by_loss}.max_value", "name"], "page_size": 3},
        {f"{by_loss}.min_value": [None, 5]},
        {"order_by": ["name", f"{by_loss}.value"]},
        {"order_by": [f"{by_loss}.value"], "page": 2, "page_size": 2},
    ]
    for wanted in queries:
        say("tasks.get_all", only_fields=["name", "last_metrics"], search_hidden=True, **wanted)
        say("models.get_all", only_fields=["name", "last_metrics"], **wanted)


def _hash(name: str) -> str:
    return md5(name.encode()).hexdigest()


def queues(say: Player) -> None:
    first = say("queues.create", name="q é", display_name="Q", tags=["t"], metadata={"m": {"key": "m", "value": "1"}})["id"]
    second = say("queues.create", name="q2")["id"]
    say("queues.create", name="q2")
    say("queues.update", queue=first, name="q1", tags=["u"])
    say("queues.add_or_update_metadata", queue=first, metadata=[{"key": "k", "value": "v"}])
    say("queues.delete_metadata", queue=first, keys=["m"])
    tasks = [say("tasks.create", name=f"w{number}", type="training")["id"] for number in range(6)]
    for task in tasks:
        say("tasks.enqueue", task=task, queue=first, verify_watched_queue=True)
    say("tasks.enqueue", task=tasks[0], queue_name="q2")
    say("queues.move_task_forward", queue=first, task=tasks[3], count=2)
    say("queues.move_task_backward", queue=first, task=tasks[0])
    say("queues.move_task_to_front", queue=first, task=tasks[5])
    say("queues.move_task_to_back", queue=first, task=tasks[1])
    say("queues.get_by_id", queue=first, max_task_entries=2)
    say("queues.get_all", name="^q", max_task_entries=1)
    say("queues.get_all_ex", order_by=["-name"])
    say("queues.get_default")
    say("queues.peek_task", queue=first)
    say("queues.get_num_entries", queue=first)
    say("workers.register", worker="host:gpu 0", timeout=600, queues=[first, second], tags=["w"])
    say(
        "workers.status_report",
        worker="host:gpu 0",
        task=tasks[0],
        queue=first,
        queues=[first],
        machine_stats={"cpu_usage": [1, 2.5], "memory_used": 3},
    )
    say("workers.status_report", worker="new")
    say("workers.get_all", last_seen=0)
    say("workers.get_all", worker_pattern="^host", tags=["w"])
    say("workers.get_count")
    span: dict[str, Any] = {"from_date": NOW, "to_date": NOW + 10_000, "interval": 10}
    say("workers.get_stats", **span, items=[{"key": "cpu_usage", "category": "max"}, {"key": "memory_used"}], split_by_variant=True)
    say("workers.get_stats", **span, items=[{"key": "cpu_usage"}], worker_ids=["host:gpu 0"])
    say("workers.get_metric_keys")
    say("workers.get_activity_report", **span)
    say("queues.get_next_task", queue=first, get_task_info=True)
    say("queues.remove_task", queue=first, task=tasks[0], update_task_status=True)
    say("queues.remove_task", queue=first, task="none")
    say("queues.add_task", queue=second, task=tasks[0], update_execution_queue=True)
    say("queues.get_queue_metrics", **span, queue_ids=[first])
    say("queues.get_queue_metrics", **span)
    say("queues.clear_queue", queue=second)
    say("queues.delete", queue=first)
    say("queues.delete", queue=first, force=True)
    say("workers.unregister", worker="host:gpu 0")


def versions(say: Player) -> None:
    made: list[str] = []
    for number in (None, "2.0", "1.10", "old"):
        id = say("versions.create", name="cats", project="Data/Sets", version=number, parents=made[-1:], tags=["t%"], author="me")["id"]
        say(
            "versions.register", id=id, entries=3, size_bytes=2**40, root="roots/x", changes=CHANGES, finished="2025-06-01T00:00:00.000000Z"
        )
        made.append(id)
    say("versions.create", name="cats", project="Data/Sets", version="2.0")
    draft = say("versions.create", name="cats", project="Data/Sets", id="a" * 32)["id"]
    say("versions.create", name="cats", project="Data/Sets", id="a" * 32)
    say("versions.set_alias", id=made[0], alias="stable")
    say("versions.set_alias", id=made[1], alias="stable")
    say("versions.remove_alias", id=made[1], alias="stable")
    say("versions.set_alias", id=made[2], alias="best")
    for reference in ("Data/Sets/cats", "cats@2.0", "cats@best", "Data/Sets/cats@latest", made[0][:8], "dogs", "Data/Sets/cat"):
        say("versions.resolve", reference=reference)
    say("versions.resolve", name="cats", tags=["t%"], only_final=True)
    say("versions.get", id=made[0])
    queries: Queries = [
        {},
        {"name": "CAT"},
        {"project": "Data"},
        {"tags": ["t%"]},
        {"ids": made[:2]},
        {"only_final": False, "page": 1, "page_size": 2},
        {"recursive": False, "project": "Data"},
    ]
    for wanted in queries:
        say("versions.search", **wanted)
    say("versions.update", id=made[0], description="d", add_tags=["n"], remove_tags=["t%"])
    say("versions.set_metadata", id=made[0], name="m", value='{"a": 1}')
    say("versions.get_metadata", id=made[0], name="m")
    say("versions.publish", id=made[0])
    say("versions.archive", id=made[1])
    say("versions.unarchive", id=made[1])
    say("versions.lineage", id=made[3])
    say("versions.lineage", project="Data/Sets", name="cats")
    say("versions.lineage", id=made[0], whole=True)
    say("versions.newest", limit=5)
    say("versions.datasets", text="data", order="-name", page_size=5)
    for text in ("me", "t%", made[0][:6]):
        say("versions.datasets", text=text, archived=text == "me")
    uses(say, made)
    say("versions.rename", project="Data/Sets", name="cats", new_name="dogs")
    say("versions.move", project="Data/Sets", name="dogs", new_project="Elsewhere")
    say("versions.delete", id=made[3])
    say("versions.delete", id=draft)
    task = say(
        "tasks.create",
        name="uploaded",
        type="data_processing",
        project=say("projects.create", name="Up/.datasets/uploaded", system_tags=["hidden", "dataset"])["id"],
        system_tags=["dataset"],
        runtime={"version": "1.0"},
    )["id"]
    say("versions.adopt", id=task, entries=1, size_bytes=2, root="roots/y", changes=CHANGES)
    say("versions.get", id=task)
    browsed(say)
    say("projects.get_all_ex", include_stats=True, include_dataset_stats=True, search_hidden=True, children_type="dataset")


def browsed(say: Player) -> None:
    begun = say("contents.begin", name="browsed", project="Data")["version"]
    folder = say.platform.contents.home.folder / "upload"
    for name, text in (("a.csv", "x,y\n1,2\n"), ("b/c.txt", "text"), ("b/d.txt", "gone")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    say.platform.contents.take(begun["id"], folder)
    say("contents.remove", version=begun["id"], pattern="b/d.txt")
    say("contents.finish", version=begun["id"])
    say("contents.list", version=begun["id"])
    say("contents.search", version=begun["id"], pattern="*.txt")
    say("contents.statistics", version=begun["id"])
    say("contents.diff", version=begun["id"])
    say("contents.diff_folder", version=begun["id"], kinds=["added"], pattern="txt")
    say("contents.preview", version=begun["id"], path="a.csv")
    say("contents.compare", version=begun["id"], path="a.csv", other=begun["id"])
    second = say("contents.begin", name="browsed", project="Data", parents=[begun["id"]])["version"]
    say("contents.abort", version=second["id"])
    third = say("contents.begin", name="browsed", project="Data", parents=[begun["id"]])["version"]
    say("contents.known", version=third["id"], paths=["a.csv", "none.txt"])
    say("contents.delete", version=third["id"])


def uses(say: Player, made: list[str]) -> None:
    user = say("tasks.create", name="user", type="training", project_name="Runs")["id"]
    turned = say("tasks.create", name="run", type="training", project_name="Runs", system_tags=["development"], tags=["t"])["id"]
    say("versions.create", name="turned", project="Data/Sets", id=turned, use_task=True)
    say("tasks.started", task=turned)
    say("versions.create", name="turned", project="Data/Sets", id=turned, use_task=True, tags=["u"], description="d")
    say("tasks.get_by_id", task=turned)
    say("tasks.completed", task=turned)
    say("tasks.reset", task=turned, force=True)
    say("tasks.add_dataset", task=user, dataset=made[0], alias="data")
    say("tasks.add_dataset", task=user, dataset="b" * 32, project="P", name="gone", version="1.0.0")
    say("models.create", name="net", uri="x", task=user)
    for id in (made[0], made[1], "b" * 32):
        say("tasks.using_dataset", dataset=id)


def pages(say: Player) -> None:
    project = say("projects.create", name="Team/Reports")["id"]
    report = say("reports.create", name="report", project=project, report="# é ?", tags=["r"], report_assets=["a"])["id"]
    say("reports.update", task=report, report="changed", comment="c")
    say("reports.get_all_ex")
    say("reports.get_all_ex", _any_={"pattern": "CHANGED", "fields": ["report"]})
    say("reports.get_tags")
    say("reports.move", task=report, project_name="Team/Other")
    say("reports.publish", task=report)
    say("reports.update", task=report, name="late")
    say("reports.archive", task=report)
    say("reports.unarchive", task=report)
    say("reports.delete", task=report, force=True)
    pipeline = say(
        "tasks.create",
        name="pipe",
        type="controller",
        project=project,
        system_tags=["pipeline"],
        hyperparams={"Args": {"a": {"section": "Args", "name": "a", "value": "1"}}},
    )["id"]
    run = say("pipelines.start_pipeline", task=pipeline, args=[{"name": "a", "value": 2}], verify_watched_queue=True)["pipeline"]
    for asked in ({}, {"text": "REPORTS", "order": "name"}, {"order": "-runs", "archived": True}, {"order": "size"}):
        say("pipelines.find", **asked)
    say("pipelines.delete_runs", ids=[run, "none"], project=project)
    container: dict[str, Any] = {"container_id": "c1", "endpoint_name": "e", "model_name": "m", "endpoint_url": "http://e"}
    say("serving.register_container", **container, timeout=600)
    say("serving.get_loading_instances")
    say(
        "serving.container_status_report", **container, requests_num=5, requests_min=1.5, latency_ms=20, machine_stats={"cpu_usage": [1, 3]}
    )
    say("serving.get_endpoints")
    say("serving.get_endpoint_details", endpoint_url="http://e")
    say(
        "serving.get_endpoint_metrics_history",
        endpoint_url="http://e",
        from_date=NOW,
        to_date=NOW + 100_000,
        interval=60,
        metric_type="cpu_util",
    )
    say("serving.unregister_container", container_id="c1")
    say("organization.get_user_companies")
    say("organization.get_project_usages", projects=[project], from_date="2025-01-01", to_date="2026-01-01")
    say("storage.set_settings", aws={"key": "k", "secret": "s"})
    say("storage.get_settings")
    say("storage.reset_settings", keys=["aws"])
    say("files.sign", path="a/b é?.txt")
    say("files.list")
    say("files.list", folder="a", after="a/b", limit=2)
    say("files.list", folder="../a")
    for name in ("server.info", "server.endpoints", "server.report_stats_option", "server.get_stats", "server.audit_log", "debug.ping"):
        say(name)
    say("server.audit_log", before=5, limit=2)
    say("async.result", id="x")
    say.jobs()


PARTS: tuple[Callable[[Player], None], ...] = (accounts, projects, tasks, models, events, queues, versions, pages)
