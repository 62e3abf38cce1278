"""`tilth init`: by options, by the environment, by a block on standard input, and in a conversation on a terminal."""

import io
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tilth.cli.gathering import read_block
from tilth.cli.main import main
from tilth.testing.logins import ACCESS_KEY, SECRET_KEY, LoginServer, login_server

Run = Callable[..., str]


@pytest.fixture(scope="module")
def server() -> Iterator[LoginServer]:
    with login_server() as found:
        yield found


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `tilth` with words and what is on standard input; what it prints, or what it says if it is to fail."""

    def run(*words: str, given: str = "", status: int = 0) -> str:
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        with pytest.raises(SystemExit) as ended:
            main(words)
        out, err = capsys.readouterr()
        assert (ended.value.code or 0, bool(out)) == (status, not status), err
        return err if status else out + err

    return run


@pytest.fixture
def toml() -> Path:
    return Path(os.environ["TILTH_HOME"]) / "tilth.toml"


def expected(server: LoginServer) -> dict[str, Any]:
    keys = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
    return {"api": {"server": server.api, "web_server": server.web, "files_server": f"{server.web}/files"} | keys}


def test_a_block_on_standard_input(run: Run, server: LoginServer, toml: Path) -> None:
    said = run("init", given=server.block())
    assert said.splitlines()[:2] == [f"{server.api} knows the key {ACCESS_KEY}", f"written to {toml}, which only you can read"]
    assert SECRET_KEY not in said
    assert tomllib.loads(toml.read_text()) == expected(server)
    assert toml.stat().st_mode & 0o777 == 0o600


def test_options_say_all(run: Run, server: LoginServer, toml: Path) -> None:
    words = ("--api-server", f"{server.api}/", "--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY)
    document = json.loads(run("init", *words, "--json"))
    keys = expected(server)["api"]
    del keys["secret_key"]
    assert document == {"file": str(toml)} | keys
    assert tomllib.loads(toml.read_text()) == expected(server)


def test_the_environment_says_all(run: Run, server: LoginServer, toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("CLEARML_API_HOST", server.api), ("CLEARML_API_ACCESS_KEY", ACCESS_KEY), ("TILTH_API_SECRET_KEY", SECRET_KEY)):
        monkeypatch.setenv(name, value)
    run("init")
    assert tomllib.loads(toml.read_text()) == expected(server)


def test_options_stand_over_the_block_and_that_over_the_environment(
    run: Run, server: LoginServer, toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEARML_API_HOST", "http://elsewhere")
    monkeypatch.setenv("CLEARML_FILES_HOST", "http://elsewhere/files")
    said = run("init", "--secret-key", SECRET_KEY, given=server.block(secret_key="old"))
    assert tomllib.loads(toml.read_text()) == expected(server)
    assert said.splitlines()[3:] == [
        "warning: CLEARML_API_HOST is set and says something else of api.server; that counts as long as it is",
        "warning: CLEARML_FILES_HOST is set and says something else of api.files_server; that counts as long as it is",
    ]


def test_other_settings_stay_and_the_server_is_replaced(run: Run, server: LoginServer, toml: Path) -> None:
    toml.parent.mkdir()
    toml.write_text('author = "Ann"  # me\n\n[api]\nserver = "http://old"\n')
    toml.chmod(0o644)
    assert "; it named http://old before" in run("init", given=server.block())
    assert tomllib.loads(toml.read_text()) == {"author": "Ann"} | expected(server)
    assert toml.read_text().startswith('author = "Ann"  # me\n')
    assert toml.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("words", "given", "status", "said"),
    [
        (
            [],
            "",
            2,
            "the API server, the access key and the secret key are missing; say --api-server and --access-key and --secret-key, or pass",
        ),
        (
            ["--api-server", "http://h", "--access-key", "K"],
            "",
            2,
            "the secret key is missing for http://h; say --secret-key, or pass the block",
        ),
        (
            [],
            "api { api_server: http://h }",
            2,
            "the access key and the secret key are missing for http://h; say --access-key and --secret-key",
        ),
        ([], "hello", 2, "standard input can't be understood, at the latest in line 1; copy the whole block"),
        ([], "sdk { a: 1 }", 2, "standard input names neither a server nor a key; copy the whole block"),
        (["--api-server", "h", "--access-key", "K", "--secret-key", "S"], "", 2, "api.server is h (--api-server), which is no address"),
        (
            ["--api-server", "http://h", "--web-server", "http://h/", "--access-key", "K", "--secret-key", "S"],
            "",
            2,
            "api.server (--api-server) and api.web_server (--web-server) are both http://h; ",
        ),
    ],
)
def test_what_can_not_be_taken_is_told(run: Run, toml: Path, words: list[str], given: str, status: int, said: str) -> None:
    assert run("init", *words, given=given, status=status).startswith(f"error: {said}")
    assert not toml.exists()


def test_nothing_is_written_for_a_key_that_is_not_known(run: Run, server: LoginServer, toml: Path) -> None:
    told = run("init", given=server.block(secret_key="other"), status=6)
    assert told.startswith(f"error: {server.api} does not know the key {ACCESS_KEY} with this secret; ")
    assert not toml.exists()


def test_a_file_that_can_not_be_understood_is_told_first(run: Run, server: LoginServer, toml: Path) -> None:
    toml.parent.mkdir()
    toml.write_text('[api]\nsever = "x"')
    before = len(server.asked)
    assert "has a setting api.sever that means nothing here; api.server may be meant" in run("init", given=server.block(), status=2)
    assert len(server.asked) == before


def test_a_clearml_conf_is_not_taken_without_a_word(run: Run, server: LoginServer, toml: Path) -> None:
    conf = Path(os.environ["CLEARML_CONFIG_FILE"])
    conf.parent.mkdir()
    conf.write_text(server.block())
    assert f"; `tilth init < {conf}` takes over what ClearML uses" in run("init", status=2)
    assert not toml.exists()


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("\n\napi {\n  credentials {\n  }\n}\nmore\n", "api {\n  credentials {\n  }\n}\n"),
        ("api_server: http://h\n\nmore\n", "api_server: http://h\n"),
        ("http://h/api\nmore\n", "http://h/api\n"),
        ("api {\n\n}\nmore\n", "api {\n\n}\n"),
        ('api_server: http://h\ncredentials {"access_key"="K"}\nmore\n', 'api_server: http://h\ncredentials {"access_key"="K"}\n'),
        ("", ""),
    ],
)
def test_as_much_is_read_as_belongs_to_a_block(typed: str, taken: str) -> None:
    assert read_block(io.StringIO(typed)) == taken


OWN_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from tilth.cli.main import main; main(['init'])"
PASTE = "or type the address of its API:"


def on_a_terminal(*turns: tuple[str, str]) -> tuple[int, str]:
    """Run `tilth init` on a terminal of its own, and how it ends; each turn is what to wait for, and what is typed then."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-c", OWN_TERMINAL]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        shown, seen = "", 0
        for question, answer in turns:
            while question not in shown[seen:]:
                more = read(ours)
                assert more, f"{question} was never asked:\n{shown}"
                shown += more
            seen = shown.index(question, seen) + len(question)
            os.write(ours, answer.encode())
        while more := read(ours):
            shown += more
    os.close(ours)
    return process.returncode, shown.replace("\r\n", "\n")


def read(terminal: int) -> str:
    try:
        return os.read(terminal, 4096).decode()
    except OSError:  # which is how Linux says that nobody is left at the other side
        return ""


def test_a_block_is_pasted(server: LoginServer, toml: Path) -> None:
    status, shown = on_a_terminal((PASTE, f"\n{server.block()}"))
    assert (status, shown.splitlines()[-3]) == (0, f"{server.api} knows the key {ACCESS_KEY}")
    assert tomllib.loads(toml.read_text()) == expected(server)


def test_an_address_and_keys_are_typed(server: LoginServer, toml: Path) -> None:
    status, shown = on_a_terminal((PASTE, f"{server.api}\n"), ("Access key: ", f"\n{ACCESS_KEY}\n"), ("Secret key: ", f"{SECRET_KEY}\n"))
    assert (status, SECRET_KEY in shown) == (0, False)
    assert tomllib.loads(toml.read_text()) == expected(server)


def test_a_clearml_conf_is_offered(server: LoginServer, toml: Path) -> None:
    conf = Path(os.environ["CLEARML_CONFIG_FILE"])
    conf.parent.mkdir()
    conf.write_text(server.block())
    offer = f"{conf} names {server.api} with the key {ACCESS_KEY}. Take that over? [Y/n] "
    assert on_a_terminal((offer, "\n"))[0] == 0
    assert tomllib.loads(toml.read_text()) == expected(server)
    toml.unlink()
    status, shown = on_a_terminal((offer, "n\n"), (PASTE, server.block(secret_key="other")))
    assert (status, f"{server.api} does not know the key {ACCESS_KEY} with this secret" in shown) == (6, True)
    conf.write_text("api {")
    status, shown = on_a_terminal((f"warning: {conf} can't be understood", ""), (PASTE, server.block()))
    assert status == 0


def test_somebody_goes_away(toml: Path) -> None:
    status, shown = on_a_terminal((PASTE, "http://h\n"), ("Access key: ", "\x04"))
    assert (status, "error: nothing more was typed, and nothing was written; run `tilth init` again" in shown) == (2, True)
    assert not toml.exists()
