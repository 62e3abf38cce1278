"""`tilth` and `tilth-data`: which commands there are, and how every one of them ends."""

import gc
import shlex
import sys
from collections.abc import Sequence
from typing import Literal

from cyclopts import App, CycloptsError, MissingArgumentError, Parameter, UnusedCliTokensError

from tilth import __version__
from tilth.base.errors import TilthError

__all__ = ["app", "main", "main_data"]

_INTERRUPTED = 130
_MISUSED = 2
_HELP = {"--help", "-h"}
_NEW_OBJECTS = 10_000
"""After so many, what is not needed any more is looked for: a command that only just loads its libraries makes many, and all stay."""
_INIT = """Work with a server: check an address and a key, and write them down.

What options and environment do not say is asked for on a terminal: paste the block that the server's web page or `tilth up` shows.
Elsewhere that block is read from standard input: `tilth init < block`. All is written to tilth.toml in the home.
"""

app = App(
    name="tilth",
    help="Versioned data and recorded experiments, on your own machine. Everything lies under TILTH_HOME (default ~/.tilth).",
    version=__version__,
    default_parameter=Parameter(negative=()),
    suppress_keyboard_interrupt=False,
)
app.command("tilth.cli.data:app", name="data", help="Versions of datasets: make, look at, get, merge, compare, delete.")
app.command("tilth.cli.cache:app", name="cache", help="The cache of local copies: what lies there, what stays, what goes.")
app.command("tilth.cli.init:init_command", name="init", help=_INIT)
app.command("tilth.cli.config:config_command", name="config", help="Show every setting in force, and where it comes from.")
app.command("tilth.cli.sync:sync_command", name="sync", help="Send what runs recorded while the server was away.")
app.command("tilth.cli.server:up_command", name="up", help="Serve a home: the API, files, live changes and the web page.")
app.command("tilth.cli.server:link_command", name="link", help="Print a link that signs a browser in once.")
app.command("tilth.cli.server:user", name="user", help="Accounts of the server: who may sign in, and what they may do.")
app.command("tilth.cli.backup:backup_command", name="backup", help="Keep a server in one file, while it runs.")
app.command("tilth.cli.backup:restore_command", name="restore", help="Make a home out of what `tilth backup` wrote.")


@app.command
def completion(shell: Literal["bash", "zsh", "fish"], /) -> None:
    """Print the completion script of a shell: `source <(tilth completion bash)`."""
    print(app.generate_completion(shell=shell))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `tilth`; exits with what became of it."""
    gc.set_threshold(_NEW_OBJECTS)
    sys.exit(_run(app, arguments))


def main_data(arguments: Sequence[str] | None = None) -> None:
    """Run `tilth-data`, which is `tilth data`."""
    gc.set_threshold(_NEW_OBJECTS)
    sys.exit(_run(app, ["data", *(sys.argv[1:] if arguments is None else arguments)]))


def _run(command: App, arguments: Sequence[str] | None) -> int:
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["data"] and not set(words[1:]) - _HELP:
        _import_commands(app["data"])
    try:
        result = command(words, exit_on_error=False, print_error=False, result_action="return_value")
        return result if isinstance(result, int) else 0
    except CycloptsError as error:
        known = " ".join(["tilth", *(error.command_chain or ())])
        print(f"error: {_said(error)}; `{known} --help` shows how it is used", file=sys.stderr)
        return _MISUSED
    except TilthError as error:
        several = "\n" in error.message and error.hint
        print(f"error: {error.message}\n{error.hint}" if several else f"error: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("\ninterrupted; run the same command again to go on where it was", file=sys.stderr)
        return _INTERRUPTED


def _import_commands(group: App) -> None:
    """Import the commands that are about to be listed, so that the list says what each one does."""
    for name in group:
        group.__getitem__(name)


def _said(error: CycloptsError) -> str:
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        return f"{shlex.join(error.unused_tokens[:3])} is more than this command takes"
    text = str(error).strip()
    if isinstance(error, MissingArgumentError) and error.argument and "Did you mean" not in text:
        return f"{error.keyword} needs a value" if error.keyword else f"{error.argument.name} is missing"
    return text if text.endswith("...") else text.removesuffix(".")


if __name__ == "__main__":
    main()
