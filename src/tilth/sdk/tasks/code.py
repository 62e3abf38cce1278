"""Which code a task runs, and in which environment."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tilth.base.errors import PathNotFound
from tilth.sdk import describing
from tilth.sdk.tasks.record import TaskRecord
from tilth.sdk.wishes import plain, requirement, requirements_in, wishes

__all__ = ["Code"]


class Code(TaskRecord):
    """Script, packages and image of a task."""

    def get_script(self) -> Mapping[str, Any]:
        """Which code the task runs."""
        return dict(self._data.get("script") or {})

    def set_script(
        self,
        repository: str | None = None,
        branch: str | None = None,
        commit: str | None = None,
        diff: str | None = None,
        working_dir: str | None = None,
        entry_point: str | None = None,
        binary: str | None = None,
    ) -> None:
        """Say which code the task runs; what is not given stays."""
        given = {"repository": repository, "branch": branch, "version_num": commit, "diff": diff, "working_dir": working_dir}
        given |= {"entry_point": entry_point, "binary": binary}
        self._edit_part("script", {name: value for name, value in given.items() if value is not None})

    def set_repo(self, repo: str | None = None, branch: str | None = None, commit: str | None = None) -> None:
        """Say in which repository the code lies."""
        self.set_script(repository=repo, branch=branch, commit=commit)

    def set_packages(self, packages: str | Path | Sequence[str]) -> None:
        """Say which packages an agent installs: requirements, or a file of them."""
        self._edit_part("script", {"requirements": {"pip": describing.requirements_text(packages)}})

    def get_requirements(self) -> Mapping[str, Any]:
        """Which packages were recorded, or set."""
        return dict((self._fresh().get("script") or {}).get("requirements") or {})

    def set_base_docker(
        self,
        docker_cmd: str | None = None,
        docker_image: str | None = None,
        docker_arguments: str | Sequence[str] | None = None,
        docker_setup_bash_script: str | Sequence[str] | None = None,
    ) -> None:
        """Say in which image an agent runs the task."""
        self._edit(container=describing.container(docker_image or docker_cmd, docker_arguments, docker_setup_bash_script))

    @classmethod
    def add_requirements(cls, package_name: str, package_version: str | None = None) -> None:
        """List a package among those that tasks which begin from now on require, or all of a file of requirements.

        Without a version it is the one that is installed; an empty version is any; `2.4` is just that one; `>=2.4` is what it says.
        """
        file = Path(package_name)
        if file.is_file():
            wishes.added.update(requirements_in(file))
        else:
            wishes.added[plain(package_name)] = requirement(package_name, package_version)

    @classmethod
    def ignore_requirements(cls, package_name: str) -> None:
        """Leave a package out of the requirements that are found by themselves."""
        wishes.ignored.add(plain(package_name))

    @classmethod
    def force_requirements_env_freeze(cls, force: bool = True, requirements_file: str | Path | None = None) -> None:
        """Let tasks that begin from now on require all that is installed here, or what stands in a file, and not what they import."""
        if requirements_file is not None and not Path(requirements_file).is_file():
            raise PathNotFound(f"{requirements_file} is no file", hint="give a file of requirements")
        wishes.everything = force
        wishes.requirements = Path(requirements_file).read_text(encoding="utf-8") if force and requirements_file is not None else None

    @classmethod
    def force_store_standalone_script(cls, force: bool = True) -> None:
        """Let tasks that begin from now on record the text of the script, even if it lies in a repository."""
        wishes.standalone = force
