"""A folder goes into a new version with the browser: by dragging or choosing it, through a server that is away, on another day."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route

from tests.page.conftest import Look, at_rest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files in folders."""
    made = tmp_path / "folder"
    for path, content in {"a.txt": "first", "deep/<b>.txt": "second", "deep/er/c.csv": "x,y\n1,2\n"}.items():
        (made / path).parent.mkdir(parents=True, exist_ok=True)
        (made / path).write_text(content)
    return made


def _files(look: Look, version: str) -> dict[str, int]:
    found = look.site.server.call("contents.search", version=version, pattern="*", limit=100)["entries"]
    return {one["path"]: one["size_bytes"] for one in found}


def _begun(look: Look, name: str, **files: bytes) -> str:
    id = str(look.site.server.call("contents.begin", name=name, project="Team/Uploads")["version"]["id"])
    fields: dict[str, Any] = {f"{path}.txt": ("file", content) for path, content in files.items()}
    assert look.site.server.request("POST", f"/contents/{id}", fields=fields).status == 200
    return id


def _made(look: Look) -> str:
    look.page.get_by_role("tab", name="Contents", selected=True).wait_for()
    return look.page.url.partition("/datasets/")[2].partition("?")[0]


def test_a_folder_becomes_a_dataset_and_then_its_next_version(look: Look, folder: Path) -> None:
    page, name = look.open("/datasets/new"), f"chosen {look.page.viewport_size}"
    page.get_by_label("Name").fill(name)
    page.get_by_label("Project").fill("Team/Uploads")
    page.get_by_label("Choose a folder").set_input_files(folder)
    page.get_by_text("3 files").wait_for()
    page.get_by_role("button", name="Upload").click()
    first = _made(look)
    assert _files(look, first) == {"a.txt": 5, "deep/<b>.txt": 6, "deep/er/c.csv": 8}
    (folder / "a.txt").write_text("changed")
    page.get_by_role("link", name="New version").click()
    page.get_by_label("Choose a folder").set_input_files(folder)
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("heading", name=f"{name} 1.0.1").wait_for()
    second = look.site.server.call("versions.get", id=_made(look))
    assert (second["parents"], second["changes"]["modified"]["files"]) == ([first], 1)
    look.check()


def test_a_folder_is_dragged(look: Look, folder: Path) -> None:
    page = look.open("/datasets/new")
    page.get_by_label("Name").fill(f"dragged {look.page.viewport_size}")
    (box,) = at_rest(page, page.get_by_text("Drag a folder here"))
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": box["x"] + 5, "y": box["y"] + 5, "data": data})
    page.get_by_text("3 files").wait_for()
    page.get_by_role("button", name="Upload").click()
    assert _files(look, _made(look)) == {"a.txt": 5, "deep/<b>.txt": 6, "deep/er/c.csv": 8}
    look.check()


def test_what_does_not_arrive_is_sent_again(look: Look, folder: Path) -> None:
    tries: list[str] = []

    def flaky(route: Route) -> None:
        tries.append(route.request.method)
        if len(tries) == 1:
            route.abort()
        elif len(tries) == 2:
            route.fulfill(status=503)
        else:
            route.continue_()

    page = look.open("/datasets/new")
    page.get_by_label("Name").fill(f"retried {look.page.viewport_size}")
    page.get_by_label("Choose a folder").set_input_files(folder)
    page.route("**/contents/*", flaky)
    page.get_by_role("button", name="Upload").click()
    assert len(_files(look, _made(look))) == 3
    assert tries == ["POST"] * 3


def test_a_begun_version_goes_on_with_what_is_missing(look: Look, folder: Path) -> None:
    version = _begun(look, f"begun {look.page.viewport_size}", a=b"first")
    sent: list[bytes] = []

    def watch(route: Route) -> None:
        sent.append(route.request.post_data_buffer or b"")
        route.continue_()

    page = look.open(f"/datasets/{version}")
    page.get_by_role("link", name="Add files").click()
    page.route("**/contents/*", watch)
    page.get_by_label("Choose a folder").set_input_files(folder)
    page.get_by_role("button", name="Go on").click()
    assert _made(look) == version
    assert len(_files(look, version)) == 3
    assert b"c.csv" in sent[0]
    assert b"a.txt" not in b"".join(sent)
    look.check()


def test_after_a_tab_that_was_closed_in_the_middle_the_same_folder_goes_on(look: Look, folder: Path) -> None:
    page = look.open("/datasets/new")
    page.get_by_label("Name").fill(f"reloaded {look.page.viewport_size}")
    page.get_by_label("Choose a folder").set_input_files(folder)
    page.route("**/contents/*", lambda route: route.abort())  # the server is away
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url("**/datasets/new?draft=*")
    page.get_by_role("button", name="Stop").wait_for()
    address, begun = page.url, page.url.partition("draft=")[2]
    page = look.begin_anew()  # a tab that is gone, and all it knew
    page.goto(address)
    page.get_by_role("heading", name="Files for reloaded").wait_for()
    page.get_by_label("Choose a folder").set_input_files(folder)
    page.get_by_role("button", name="Go on").click()
    assert _made(look) == begun
    assert len(_files(look, begun)) == 3


def test_what_is_refused_says_why_and_what_has_arrived_stays(look: Look, folder: Path) -> None:
    page = look.open("/datasets/new")
    page.get_by_label("Name").fill("no/name")
    page.get_by_label("Choose a folder").set_input_files(folder)
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("alert").get_by_text("can't be the name of a dataset").wait_for()
    page.get_by_label("Name").fill(f"named {look.page.viewport_size}")
    page.get_by_role("button", name="Upload").click()
    assert len(_files(look, _made(look))) == 3
