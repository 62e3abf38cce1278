"""What the public surface looks like, written down: `make snapshots` writes the files that tests compare with."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tools import compatibility_page, settings_page, ui_calls

__all__ = ["SNAPSHOTS", "import_modules"]

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "snapshots"

_HELP = """
from contextlib import redirect_stdout, suppress
from tilth.cli.main import main
with suppress(SystemExit), redirect_stdout(None):
    main(["--help"])
"""


def import_modules() -> str:
    """What is loaded by `import tilth`, by asking for help, and by using the SDK: our modules, and the packages of others."""
    idle = _loaded("pass")
    parts = []
    for title, code in (("import tilth", "import tilth"), ("tilth --help", _HELP)):
        parts.append(f"[{title}]\n" + "".join(f"{name}\n" for name in sorted(_loaded(code) - idle)))
    for line in ("from tilth import Dataset", "from tilth import Task"):
        others = {name for name in _loaded(line) - idle if not name.startswith("tilth")}
        parts.append(f"[{line}: the packages of others]\n" + "".join(f"{name}\n" for name in sorted(others)))
    return "\n".join(parts)


SNAPSHOTS: dict[str, Callable[[], str]] = {"import_modules.txt": import_modules}


def _loaded(code: str) -> set[str]:
    """The modules of Tilth, and the top-level packages of others, that a new Python has loaded after `code`."""
    report = "import sys\nsys.stderr.write('\\n'.join(['', *sys.modules]))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True)
    names = done.stderr.split("\n")
    ours = {name for name in names if name == "tilth" or name.startswith("tilth.")}
    others = {name for name in names if name and "." not in name and not name.startswith("_")} - sys.stdlib_module_names
    return ours | others - {"cython_runtime"}  # which exists while a module of Cython does, in no file


def main() -> None:
    """Write every snapshot anew, and the page that is made out of the code."""
    for name, taken in SNAPSHOTS.items():
        (FOLDER / name).write_text(taken())
    settings_page.write()
    compatibility_page.write()
    ui_calls.write()


if __name__ == "__main__":
    main()
