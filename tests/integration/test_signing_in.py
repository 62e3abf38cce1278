"""Who may come in, and what each may do."""

import base64
from collections.abc import Iterator
from pathlib import Path

import jwt
import msgspec
import pytest

from tilth._wiring import _open
from tilth.config.settings import load_settings
from tilth.sdk.lifecycle import create
from tilth.testing.servers import RunningServer, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("server") / "home") as found:
        yield found


def account(server: RunningServer, name: str, role: str, **more: str) -> tuple[str, str]:
    """An account's id and a token for it."""
    id: str = server.call("auth.create_user", name=name, role=role, **more)["id"]
    return id, str(server.call("auth.get_token_for_user", user=id)["token"])


def ask(server: RunningServer, token: str | None, call: str, /, **fields: object) -> tuple[int, dict[str, object]]:
    answer = server.request("POST", f"/api/{call}", token=token, body=msgspec.json.encode(fields))
    return answer.status, msgspec.json.decode(answer.data)


@pytest.mark.parametrize("value", ["Basic !!", "Basic " + base64.b64encode(b"a:b").decode(), "Bearer x.y.z", "Bearer ", "Moon x", ""])
def test_wrong_credentials_are_refused(server: RunningServer, value: str) -> None:
    answer = server.request("GET", "/api/auth.login", token=None, headers={"authorization": value} if value else {})
    assert (answer.status, msgspec.json.decode(answer.data)["meta"]["result_code"]) == (401, 401)


def test_a_token_says_what_clients_want_to_know(server: RunningServer) -> None:
    claims = jwt.decode(server.token, options={"verify_signature": False})
    assert claims["api_version"] == "2.34"
    assert all(part.isdigit() for part in claims["server_version"].split("."))
    assert claims["feature_set"] == "basic"
    assert {"user", "company", "role", "user_name"} <= set(claims["identity"])


def test_forged_tokens_are_refused(server: RunningServer) -> None:
    claims = jwt.decode(server.token, options={"verify_signature": False})
    said, _, signature = server.token.rpartition(".")
    changed = f"{said}.{'b' if signature[0] == 'a' else 'a'}{signature[1:]}"
    for forged in (jwt.encode(claims, "x" * 32, algorithm="HS256"), jwt.encode(claims, "", algorithm="none"), changed):
        assert ask(server, forged, "tasks.get_all")[0] == 401


def test_a_token_is_renewed_by_itself_and_runs_out(server: RunningServer) -> None:
    renewed = msgspec.json.decode(server.request("GET", "/api/auth.login?expiration_sec=60").data)["data"]["token"]
    claims = jwt.decode(renewed, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 60
    assert ask(server, renewed, "users.get_current_user")[0] == 200


def test_a_key_that_is_revoked_is_useless_at_once(server: RunningServer) -> None:
    made = server.call("auth.create_credentials", label="mine")["credentials"]
    token = server.login(made["access_key"], made["secret_key"])
    assert ask(server, token, "tasks.get_all")[0] == 200
    assert made["secret_key"] not in str(server.call("auth.get_credentials"))
    server.call("auth.revoke_credentials", access_key=made["access_key"])
    assert ask(server, token, "tasks.get_all")[0] == 401
    assert server.ask("auth.revoke_credentials", access_key=made["access_key"])[1]["meta"]["result_subcode"] == 75


def test_signing_out_ends_the_token(server: RunningServer) -> None:
    _, token = account(server, "leaver", "member")
    assert ask(server, token, "auth.logout")[0] == 200
    assert ask(server, token, "tasks.get_all")[0] == 401


def test_a_viewer_looks_a_member_works_and_an_administrator_rules(server: RunningServer) -> None:
    tokens = {role: account(server, f"the {role}", role)[1] for role in ("viewer", "member", "admin")}
    made = {"name": "t", "type": "training"}
    for role, (looks, works, rules) in {"viewer": (200, 403, 403), "member": (200, 200, 403), "admin": (200, 200, 200)}.items():
        assert ask(server, tokens[role], "tasks.get_all")[0] == looks
        assert ask(server, tokens[role], "tasks.create", **made)[0] == works
        assert ask(server, tokens[role], "server.audit_log")[0] == rules


def test_a_role_in_a_project_counts_there_and_below(server: RunningServer) -> None:
    viewer, token = account(server, "guest", "viewer")
    above = server.call("projects.create", name="Guests")["id"]
    below = server.call("projects.create", name="Guests/Deep")["id"]
    other = server.call("projects.create", name="Others")["id"]
    server.call("projects.set_role", project=above, user=viewer, role="member")
    made = {"name": "t", "type": "training"}
    assert ask(server, token, "tasks.create", project=below, **made)[0] == 200
    assert ask(server, token, "tasks.create", project=other, **made)[0] == 403
    server.call("projects.set_role", project=below, user=viewer, role="viewer")
    assert ask(server, token, "tasks.create", project=below, **made)[0] == 403


def test_a_closed_project_is_not_seen(server: RunningServer) -> None:
    member, token = account(server, "outsider", "member")
    project = server.call("projects.create", name="Secret/Inner")["id"]
    top = server.call("projects.get_by_id", project=project)["project"]["parent"]
    task = server.call("tasks.create", name="hidden one", type="training", project=project)["id"]
    server.call("projects.set_role", project=top, user=member, role="none")
    assert ask(server, token, "tasks.get_by_id", task=task)[0] == 403
    assert ask(server, token, "projects.get_by_id", project=project)[0] == 403
    assert ask(server, token, "events.get_task_log", task=task)[0] == 403
    assert "hidden one" not in str(ask(server, token, "tasks.get_all", search_hidden=True))
    assert "Secret" not in str(ask(server, token, "projects.get_all"))
    assert "hidden one" in str(server.call("tasks.get_all"))


def test_a_browser_signs_in_by_a_link_once_and_has_to_say_that_it_is_this_page(server: RunningServer) -> None:
    link = next(line.split()[1] for line in server.said().splitlines() if line.strip().startswith("open "))
    path = link.removeprefix(server.web)
    first = server.request("GET", path, token=None, redirect=False)
    cookie = first.headers["set-cookie"].partition(";")[0]
    assert first.status == 303
    assert {"HttpOnly", "SameSite=lax"} <= set(first.headers["set-cookie"].split("; "))
    again = server.request("GET", path, token=None, redirect=False)
    assert "set-cookie" not in again.headers
    call = "/api/users.get_current_user"
    assert server.request("POST", call, token=None, headers={"cookie": cookie}).status == 403
    own = server.request("POST", call, token=None, headers={"cookie": cookie, "x-tilth-csrf": "1"})
    assert msgspec.json.decode(own.data)["data"]["user"]["name"] == "admin"


def test_signing_in_by_password_is_slowed_down_when_it_fails(server: RunningServer) -> None:
    account(server, "typist", "member", password="correct horse")
    headers = {"x-tilth-csrf": "1", "x-forwarded-for": "10.9.8.7"}  # nobody from there is heard for a while

    def sign_in(password: str) -> int:
        body = msgspec.json.encode({"name": "typist", "password": password})
        return server.request("POST", "/login", token=None, body=body, headers=headers).status

    assert sign_in("correct horse") == 200
    tries = [sign_in("wrong") for _ in range(11)]
    assert (tries[0], tries[-1], set(tries)) == (401, 429, {401, 429})
    assert sign_in("correct horse") == 429


def test_people_say_themselves_what_they_are_called(server: RunningServer) -> None:
    id, token = account(server, "nobody much", "viewer")
    other, _ = account(server, "taken", "member")

    def change(**said: str) -> tuple[int, str]:
        status, answer = ask(server, token, "users.update", user=id, **said)
        return status, answer["meta"]["result_msg"]  # type: ignore[index]

    assert change(name=" Some Body ", email="some.body@example.org")[0] == 200
    me = ask(server, token, "users.get_current_user")[1]["data"]["user"]  # type: ignore[index]
    assert (me["name"], me["email"]) == ("Some Body", "some.body@example.org")
    for said, hint in (
        ({"name": "taken"}, "an account taken already"),
        ({"name": " "}, "1 to 200 characters"),
        ({"name": "x" * 201}, "1 to 200 characters"),
        ({"email": "nothing"}, "is no address"),
        ({"email": f"{'x' * 250}@example.org"}, "is no address"),
    ):
        status, message = change(**said)
        assert (status, hint in message) == (400, True), message
    assert change(email="")[0] == 200
    assert ask(server, token, "users.get_current_user")[1]["data"]["user"]["email"] is None  # type: ignore[index]
    assert ask(server, token, "users.update", user=other, name="theirs")[0] == 403


def test_people_change_their_own_password_and_nothing_else(tmp_path: Path) -> None:
    # A server of its own: the others hear nobody from here for a while after so many wrong passwords.
    with running_server(tmp_path / "home") as server:
        id, token = account(server, "forgetful", "member", password="the first one")
        other, _ = account(server, "careful", "member", password="the only one")
        assert ask(server, token, "auth.edit_user", user=id, password="the second one")[0] == 200
        assert ask(server, token, "auth.edit_user", user=other, password="the second one")[0] == 403
        assert ask(server, token, "auth.edit_user", user=id, role="admin")[0] == 403
        assert ask(server, token, "auth.edit_user", user=id, active=True)[0] == 403
        signing = {"x-tilth-csrf": "1"}
        for password, status in (("the second one", 200), ("the first one", 401)):
            body = msgspec.json.encode({"name": "forgetful", "password": password})
            assert server.request("POST", "/login", token=None, body=body, headers=signing).status == status


def test_the_author_of_a_version_is_the_account_that_makes_it(server: RunningServer, tmp_path: Path) -> None:
    _, token = account(server, "Ann Author", "member")
    given = {"home": str(tmp_path), "api.server": f"{server.web}/api", "api.token": token}
    for said, author in (({}, "Ann Author"), ({"author": "the lab"}, "the lab")):
        home = _open(load_settings({}, given=given | said))
        made = create(home, name=f"signed by {author}", project="Signed")
        assert made.author == author


def test_who_changed_what_is_written_down(server: RunningServer) -> None:
    id, _ = account(server, "noted", "member")
    server.call("users.delete", user=id)
    said = [(entry["actor"], entry["action"], entry["entity"]) for entry in server.call("server.audit_log")["entries"]]
    assert ("admin", "user.created", "noted") in said
    assert ("admin", "user.deleted", "noted") in said


def test_the_only_administrator_stays(server: RunningServer) -> None:
    for user in server.call("users.get_all")["users"]:
        if user["role"] == "admin" and user["name"] != "admin":
            server.call("users.delete", user=user["id"])
    status, answer = server.ask("users.delete", user="admin")
    assert (status, "only administrator" in answer["meta"]["result_msg"]) == (400, True)


@pytest.mark.parametrize(
    "path", ["/api/tasks.get_all", "/files/x", "/live", "/contents/" + "0" * 32 + "/x", "/api/objects?prefix=versions/"]
)
def test_nothing_is_open_to_nobody(server: RunningServer, path: str) -> None:
    assert server.request("GET", path, token=None).status == 401


def test_only_the_owner_of_the_home_can_read_its_secrets(server: RunningServer) -> None:
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in server.home.iterdir() if path.is_file()}
    assert modes == dict.fromkeys(("credentials.json", "server.lock", "tilth.db", "tilth.db-shm", "tilth.db-wal"), "0o600")
