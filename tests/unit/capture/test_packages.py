"""What was imported is known as what was installed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tilth.capture.packages import Packages, conda_lines


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed distributions."""
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    return site


def install(site: Path, name: str, *files: str, origin: object = None, top_level: str = "") -> None:
    info = site / f"{name.replace('-', '_')}-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files) + f"{info.name}/METADATA,,\n")
    if top_level:
        (info / "top_level.txt").write_text(top_level)
    if origin is not None:
        (info / "direct_url.json").write_text(json.dumps(origin))


def lines(packages: Packages, *modules: str) -> list[str]:
    return packages.requirements(modules)["pip"].splitlines()[2:]


def test_only_what_was_imported_is_listed(site: Path) -> None:
    install(site, "Zeta-Tools", "zeta/__init__.py", "zeta/deep.py")
    install(site, "alpha", "alpha_core.cpython-311-x86_64-linux-gnu.so", top_level="alpha_core\n")
    install(site, "unused", "unused.py")
    packages = Packages()
    assert lines(packages, "zeta.deep", "alpha_core", "os", "json.decoder", "own_module") == ["alpha==1.5", "Zeta-Tools==1.5"]
    text = packages.requirements(["zeta"])["pip"]
    assert text == f"# Python {'.'.join(map(str, sys.version_info[:3]))}\n\nZeta-Tools==1.5\n"


def test_distributions_that_share_a_name_are_told_apart(site: Path) -> None:
    install(site, "shared-one", "shared/one/__init__.py")
    install(site, "shared-two", "shared/two.py")
    assert lines(Packages(), "shared", "shared.two") == ["shared-two==1.5"]


def test_where_it_came_from_is_kept_without_secrets(site: Path, tmp_path: Path) -> None:
    install(site, "a-git", "a_git.py", origin={"url": "https://me:pw@h/a.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}})
    install(site, "b-url", "b_url.py", origin={"url": "https://h/b-1.5.zip", "archive_info": {}})
    install(site, "c-file", "c_file.py", origin={"url": "file:///build/c", "dir_info": {}})
    install(site, "d-here", "_d.pth", origin={"url": tmp_path.as_uri(), "dir_info": {"editable": True}}, top_level="d_here")
    assert lines(Packages(), "a_git", "b_url", "c_file", "d_here") == [
        "a-git @ git+https://h/a.git@c0ffee",
        "b-url @ https://h/b-1.5.zip",
        "c-file==1.5",
        f"# d-here==1.5 is installed as editable from {tmp_path.as_uri()}",
    ]


def test_what_is_installed_later_is_seen(site: Path) -> None:
    packages = Packages()
    assert lines(packages, "late") == []
    install(site, "late", "late.py")
    assert lines(packages, "late") == ["late==1.5"]


def test_this_very_environment_is_described_as_pip_describes_it() -> None:
    code = "import msgspec, pytest, tilth, json\nfrom tilth.capture.packages import Packages\nprint(Packages().requirements()['pip'])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    frozen = subprocess.run(
        [sys.executable, "-m", "pip", "freeze", "--all"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    listed = [line for line in said.splitlines() if "==" in line and not line.startswith("#")]
    assert set(listed) <= set(frozen)
    assert {line.partition("==")[0] for line in listed} >= {"msgspec", "pytest", "pluggy"}
    assert "# tilth==" in said


def test_conda_packages_are_named_as_conda_names_them(tmp_path: Path) -> None:
    meta = tmp_path / "conda-meta"
    meta.mkdir()
    for name in ("numpy-base-1.26.4-py311_0", "Ruamel_yaml-0.18-h1_2", "openssl-3.0-h_1"):
        (meta / f"{name}.json").write_text("{}")
    (meta / "history").write_text("")
    assert conda_lines(tmp_path, {"numpy-base", "ruamel-yaml"}) == ["Ruamel_yaml==0.18", "numpy-base==1.26.4"]
    assert conda_lines(tmp_path / "other", {"numpy"}) == []
