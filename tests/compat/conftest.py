"""The official clients in an environment of their own, and a server for them."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from tests.compat.forks import Forked, Forks, running_forks
from tilth.testing.servers import RunningServer, running_server

ROOT = Path(__file__).parents[2]
VENV = ROOT / "build" / "compat-venv"
REQUIREMENTS = ROOT / "requirements" / "compat.txt"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
SETTINGS = "sdk { development { vcs_repo_detect_async: false } }\n"
"""Clients look for a repository before they start the process that reports. At the same time, one in ten would hang for minutes:
what they start to look for it waits for a pipe that the other process has inherited."""
OTHERS = "import attr, dateutil, furl, jsonschema, jwt, numpy, pandas, pathlib2, PIL.Image, psutil, pyparsing, requests, yaml"
"""What `import clearml` loads of others: three quarters of its time."""
THEMSELVES = "import inspect; import clearml.config; clearml.config.config.get('development'); inspect.stack()"
"""What every script and `clearml-data` begin with, for a user: the clients, and their configuration."""
_PATIENCE_S = 480
_KEPT = (
    "PATH",
    "LANG",
    "TMPDIR",
    "MPLCONFIGDIR",
    "PIP_INDEX_URL",
    "PIP_CERT",
    "PIP_CONFIG_FILE",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
)


@pytest.fixture(scope="session")
def clients() -> Path:
    """The folder with the official commands, installed when it is missing or its requirements changed."""
    VENV.parent.mkdir(exist_ok=True)
    with (VENV.parent / "compat.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark = VENV / "installed.txt"
        if not mark.exists() or mark.read_text() != REQUIREMENTS.read_text():
            subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
            uv = [str(Path(sys.executable).parent / "uv"), *(["--system-certs"] if CERTIFICATES.exists() else [])]
            install = ["pip", "install", "--quiet", "--python", str(VENV / "bin" / "python"), "--require-hashes", "-r", str(REQUIREMENTS)]
            subprocess.run([*uv, *install], check=True)
            mark.write_text(REQUIREMENTS.read_text())
    return VENV / "bin"


@pytest.fixture(scope="session")
def forks(clients: Path) -> Iterator[Forks]:
    """What begins the commands of the clients: a Python that has loaded what they load, and nothing of themselves."""
    with running_forks(clients / "python", OTHERS, _kept()) as found:
        yield found


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server for all tests of this folder, in which others may have left something."""
    home = tmp_path_factory.mktemp("server") / "home"
    with running_server(home) as found:
        yield found
        said = found.said()
    assert "Traceback" not in said, said


class User:
    """Somebody who uses the official clients: a home folder with a configuration, and nothing else from this machine's user."""

    def __init__(self, folder: Path, clients: Path, forks: Forks, server: RunningServer) -> None:
        self.folder = folder
        self.clients = clients
        self.forks = forks
        self.server = server
        self.configuration = folder / "clearml.conf"
        self.configuration.write_text(f"{configuration(server)}{SETTINGS}")
        self._loaded: tuple[object, ExitStack, Forks] | None = None

    def run(self, *words: str, given: str | None = None, check: bool = True, **environment: str) -> str:
        """What a command of the clients prints."""
        process = self.begin(*words, **environment)
        printed, errors = process.communicate(given, timeout=_PATIENCE_S)
        said = f"{' '.join(words)}\n{printed}\n{errors}\n--- server ---\n{self.server.said()[-3_000:]}"
        assert not check or process.returncode == 0, said
        return printed

    def begin(self, *words: str, **environment: str) -> Forked:
        """A command of the clients, or `python` with a script, that goes on while the test does something else."""
        its_own = self.environment(**environment)
        if words[0] == "python":
            return self._forks(environment).begin(words[1:], self.folder, its_own)
        forks = self._forks(environment) if words[0] == "clearml-data" else self.forks
        return forks.begin([str(self.clients / words[0]), *words[1:]], self.folder, its_own)

    def close(self) -> None:
        """End what begins the commands of this user."""
        if self._loaded:
            self._loaded[1].close()
            self._loaded = None

    def _forks(self, environment: dict[str, str]) -> Forks:
        """What has loaded the clients with the configuration as it is now."""
        given = {name: value for name, value in environment.items() if name != "FOUND"}
        known = (given, self.configuration.read_text())
        if not self._loaded or self._loaded[0] != known:
            self.close()
            stack = ExitStack()
            self._loaded = (known, stack, stack.enter_context(self.forks.loaded(THEMSELVES, self.folder, self.environment(**given))))
        return self._loaded[2]

    def play(self, scenario: str, *arguments: str, **environment: str) -> Any:
        """What a script of `scenarios` found out."""
        return self.found(self.script(scenario), *arguments, **environment)

    def found(self, *words: str, **environment: str) -> Any:
        """The JSON that a script put in the file that `FOUND` names. What it prints, threads of the clients print into."""
        file = self.folder / f"found-{uuid4().hex}.json"
        self.run("python", *words, check=True, given=None, FOUND=str(file), **environment)
        return msgspec.json.decode(file.read_bytes())

    def script(self, scenario: str) -> str:
        """The name of a copy of a script of `scenarios`, because clients read through the whole repository that a script lies in."""
        return Path(shutil.copy(Path(__file__).parent / "scenarios" / f"{scenario}.py", self.folder)).name

    def environment(self, **more: str) -> dict[str, str]:
        own = {
            "HOME": str(self.folder),
            "CLEARML_CONFIG_FILE": str(self.folder / "clearml.conf"),
            "PYTHONUNBUFFERED": "1",
            "PYTHONFAULTHANDLER": "1",
        }
        return _kept() | own | {"MPLBACKEND": "Agg", "CLEARML_CACHE_DIR": str(self.folder / "cache")} | more


def _kept() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


def configuration(server: RunningServer) -> str:
    """What the server tells people to paste."""
    names = ("web_server", "api_server", "files_server")
    addresses = "\n".join(f"  {name}: {server.credentials[name]}" for name in names)
    keys = "\n".join(f'    "{name}" = "{server.credentials[name]}"' for name in ("access_key", "secret_key"))
    return f"api {{\n{addresses}\n  credentials {{\n{keys}\n  }}\n}}\n"


@pytest.fixture
def somebody(tmp_path: Path, clients: Path, forks: Forks, server: RunningServer) -> Iterator[User]:
    """A user of the official clients."""
    with closing(User(tmp_path, clients, forks, server)) as user:
        yield user
