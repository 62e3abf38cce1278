"""What a deleted run made goes with it, and nothing that somebody else needs."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tilth.testing.servers import RunningServer, running_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with running_server(tmp_path / "served") as started:
        yield started


def made(server: RunningServer, name: str) -> tuple[str, str, str]:
    """A task, a model that it made, and the address of the weights."""
    task = server.call("tasks.create", name=name, type="training")["id"]
    address = f"{server.credentials['files_server']}/{name}/weights.bin"
    assert server.request("PUT", f"/files/{name}/weights.bin", body=b"weights").status == 200
    model = server.call("models.create", uri=address, name=name, task=task, ready=False)["id"]
    server.call("tasks.add_or_update_model", task=task, name=name, model=model, type="output")
    return task, model, address


def status_of(server: RunningServer, name: str) -> int:
    return server.request("GET", f"/files/{name}/weights.bin").status


def gone(server: RunningServer, name: str) -> bool:
    """Whether the weights are deleted in the end; jobs take a moment."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        if status_of(server, name) == 404:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("how", ["in use", "kept by request"])
def test_weights_of_a_model_that_stays_are_not_deleted(server: RunningServer, how: str) -> None:
    task, model, address = made(server, "kept")
    if how == "in use":
        other = server.call("tasks.create", name="user", type="training")["id"]
        server.call("tasks.add_or_update_model", task=other, name="start", model=model, type="input")
    free, _, _ = made(server, "free")
    deleted = server.call("tasks.delete", task=task, force=True, delete_output_models=how == "in use", return_file_urls=True)
    assert deleted["urls"]["model_urls"] == []
    server.call("tasks.delete", task=free, force=True)
    assert gone(server, "free")  # jobs are done in order, so that of the first task is done, too
    assert status_of(server, "kept") == 200
    assert server.call("models.get_by_id", model=model)["model"]["uri"] == address
