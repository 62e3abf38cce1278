"""What is reported of a version of a dataset lies with its task, before and after it is final, and goes with it."""

import io
from pathlib import Path

import pytest

from tilth import Dataset, Task, _wiring
from tilth.client.outbox import outboxes_in
from tilth.config.settings import load_settings
from tilth.sdk._current import set_home
from tilth.sdk.home import Home
from tilth.testing.servers import running_server


def _made(folder: Path, name: str) -> Dataset:
    (folder / "a.txt").write_text("a")
    made = Dataset.create(name, "Team/Pets")
    made.add_files(folder / "a.txt")
    return made


def test_a_version_takes_every_kind_of_report(home: Home, tmp_path: Path) -> None:
    made = _made(tmp_path, "all-kinds")
    logger = made.get_logger()
    logger.report_scalar("count", "files", 3, 1)
    logger.report_single_value("score", 0.5)
    logger.report_table("rows", "few", table_plot=[["a"], [1]])
    logger.report_histogram("sizes", "bytes", [1, 2, 3])
    logger.report_image("sample", "one", matrix=[[0, 255], [255, 0]])
    logger.report_media("sound", "one", stream=io.BytesIO(b"RIFF"), file_extension="wav")
    logger.report_text("looked at by hand", print_console=False)
    made.finalize(auto_upload=True)
    made.get_logger().report_text("looked at again", print_console=False)
    assert made.get_logger().flush(wait=True)
    task = Task.get_task(made.id)
    assert task.get_reported_scalars()["count"]["files"]["y"] == [3]
    assert task.get_reported_single_values() == {"score": 0.5}
    assert {("rows", "few"), ("sizes", "bytes")} <= {(plot["metric"], plot["variant"]) for plot in task.get_reported_plots()}
    assert [line.strip() for line in task.get_reported_console_output(10)] == ["looked at by hand", "looked at again"]
    urls = {event["metric"]: event["url"] for event in _images(home, made.id)}
    assert set(urls) >= {"sample", "sound"}
    name = urls["sound"].partition("/files/")[2]
    with home.files.open(name) as file:
        assert file.read() == b"RIFF"


def test_what_was_reported_before_publishing_is_there(home: Home, tmp_path: Path) -> None:
    made = _made(tmp_path, "published")
    made.finalize(auto_upload=True)
    made.get_logger().report_single_value("score", 1)
    assert made.publish()
    assert Task.get_task(made.id).get_reported_single_values() == {"score": 1}


def test_what_a_server_that_is_gone_did_not_take_is_kept(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with running_server(tmp_path / "server") as server:
        api = {"api.server": f"{server.web}/api", "api.token": server.token}
        home = _wiring._open(load_settings({}, given={"home": str(tmp_path / "home"), **api}))
        set_home(home)
        try:
            made = [_made(tmp_path, name) for name in ("one", "two")]
            server.stop()
            for version in made:
                version.get_logger().report_text("said to nobody", print_console=False)
            assert not home.reports.close(0.1)
        finally:
            set_home(None)
            home.close()
    assert "not all reports of 2 versions were sent" in capfd.readouterr().err
    assert sorted(folder.name for folder in outboxes_in(home.folder)) == sorted(version.id for version in made)


def test_two_objects_of_one_version_report_through_one_logger(home: Home, tmp_path: Path) -> None:
    made = _made(tmp_path, "one-logger")
    assert Dataset.get(made.id).get_logger() is made.get_logger()


def test_reports_of_a_deleted_version_are_deleted_with_its_own_files_alone(own: Home, tmp_path: Path) -> None:
    made = _made(tmp_path, "deleted")
    (tmp_path / "other").write_text("of somebody else")
    own.files.put("elsewhere/other.png", tmp_path / "other")
    made.get_logger().report_image("sample", "one", matrix=[[0, 255]])
    made.get_logger().report_image("sample", "other", url="tilth://files/elsewhere/other.png")
    assert made.get_logger().flush(wait=True)
    Dataset.delete(made.id)
    jobs = own.api._transport.database.run(  # type: ignore[attr-defined]
        lambda connection: connection.all("SELECT kind, payload FROM job WHERE kind IN ('drop_events', 'drop_files') ORDER BY kind", ()),
        writes=False,
    )
    assert [kind for kind, _ in jobs] == ["drop_events", "drop_files"]
    assert made.id in jobs[0][1]
    assert f".{made.id}/metrics/sample/one" in jobs[1][1]
    assert "elsewhere" not in jobs[1][1]


def _images(home: Home, id: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = home.api.call("events.get_task_events", task=id, event_type="training_debug_image", batch_size=100)[
        "events"
    ]
    return found
