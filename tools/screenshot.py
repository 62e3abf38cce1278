"""The picture in the README: what `make demo` prints, as an SVG of a terminal. `make picture` takes it anew."""

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

__all__: list[str] = []

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "images" / "demo.svg"
WIDTH = 112
SHOWN = ("1", "2", "3", "6")  # the steps that fit into one picture

# A picture in a repository asks no other host for anything, such as a font.
FOREIGN = re.compile(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", re.DOTALL)


def main() -> None:
    """Run the demo and draw its output."""
    done = subprocess.run([sys.executable, "-m", "tools.demo"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    console = Console(width=WIDTH, record=True, file=io.StringIO())
    for line in ["$ make demo", "", *chosen(done.stdout.splitlines())]:
        console.print(coloured(line), overflow="ellipsis", no_wrap=True)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(FOREIGN.sub("", console.export_svg(title="make demo", theme=SVG_EXPORT_THEME, unique_id="demo")))


def chosen(lines: list[str]) -> list[str]:
    """The lines of the steps that are shown, and the last words."""
    steps: list[list[str]] = []
    for line in lines:
        if re.match(r"\d\. ", line):
            steps.append([])
        if steps:
            steps[-1].append(line)
    last = [line for line in lines if line.startswith("All of it took")]
    return [line for step in steps if step[0].startswith(SHOWN) for line in step] + last


def coloured(line: str) -> Text:
    """Commands, headings and changes as a terminal would show them."""
    styles = {
        r"\d\. |   and |All of it": "bold",
        r"\$ ": "bold cyan",
        r"  added": "green",
        r"  removed": "red",
        r"  modified|  moved": "yellow",
    }
    return Text(line, style=next((style for pattern, style in styles.items() if re.match(pattern, line)), ""))


if __name__ == "__main__":
    main()
