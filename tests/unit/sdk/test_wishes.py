"""What a script asks for before its task begins."""

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from tilth import Task
from tilth.base.errors import Invalid, PathNotFound
from tilth.capture.packages import Packages, required
from tilth.sdk.wishes import Load, Wishes, load_of, requirement, wishes


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = vars(wishes).copy()
    vars(wishes).update(vars(Wishes()))
    yield
    vars(wishes).update(before)


def lines() -> list[str]:
    return required(Packages(), wishes)["pip"].splitlines()[2:]


@pytest.mark.parametrize(
    ("version", "line"),
    [(None, f"msgspec=={metadata.version('msgspec')}"), ("", "msgspec"), ("2.4", "msgspec==2.4"), (">=2.4,<3", "msgspec>=2.4,<3")],
)
def test_a_version_is_the_installed_one_or_what_is_said(version: str | None, line: str) -> None:
    assert requirement("msgspec", version) == line
    assert requirement("no-such-package", None) == "no-such-package"
    Task.add_requirements("msgspec", version)
    assert [one for one in lines() if one.startswith("msgspec")] == [line]


def test_what_is_no_package_is_refused() -> None:
    with pytest.raises(Invalid, match="neither the name of a package nor a file"):
        Task.add_requirements("no/such/file.txt")


def test_requirements_of_a_file_are_added_and_others_ignored(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("# of ours\n-r other.txt\nOne_Thing>=1  # why\ntwo[extra]==2\n\ngit+https://host/three\n")
    Task.add_requirements(str(file))
    Task.ignore_requirements("Pytest")
    assert {"One_Thing>=1", "two[extra]==2"} <= set(lines())
    assert not any(line.startswith("pytest==") for line in lines())


def test_all_that_is_installed_or_a_file_may_be_required(tmp_path: Path) -> None:
    before = len(lines())
    Task.force_requirements_env_freeze()
    assert len(lines()) > before
    assert any(line.startswith("codespell==") for line in lines())  # a tool that no test imports
    file = tmp_path / "requirements.txt"
    file.write_text("one==1\n")
    Task.force_requirements_env_freeze(requirements_file=file)
    assert required(Packages(), wishes) == {"pip": "one==1\n"}
    Task.force_requirements_env_freeze(force=False)
    assert len(lines()) == before
    with pytest.raises(PathNotFound, match="is no file"):
        Task.force_requirements_env_freeze(requirements_file=tmp_path / "missing")


def test_how_the_load_is_reported_is_said_by_the_names_of_clearml() -> None:
    said = {"report_start_sec": 5, "report_frequency_sec": 2.5, "sample_frequency_per_sec": 4, "report_global_mem_used": False}
    assert load_of(said, Load()) == Load(first_s=5.0, every_s=2.5, samples_per_s=4.0, own_memory=True)
    Task.set_resource_monitor_iteration_timeout(1, 2, 3)
    assert wishes.load == Load(first_s=1.0, wait_s=2.0, most_s=3.0)
    with pytest.raises(Invalid, match="no setting 'first'; use first_report_sec"):
        load_of({"first": 1}, Load())
    for wrong in (-1, float("nan"), True, "1"):
        with pytest.raises(Invalid, match="seconds_from_start is"):
            load_of({"seconds_from_start": wrong}, Load())
    with pytest.raises(Invalid, match="report_frequency_sec is 0"):
        load_of({"report_frequency_sec": 0}, Load())
