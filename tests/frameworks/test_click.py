"""Arguments of Click and of Typer are recorded, and changed by the task."""

from pathlib import Path

import pytest

from tests.frameworks.conftest import Run

CLICK = """
import click
from pathlib import Path

@click.group()
@click.option("--seed", type=int, default=1)
def cli(seed):
    Path("seed").write_text(str(seed))

@cli.command()
@click.option("--lr", type=float, default=0.5)
@click.option("--data", type=Path, default=Path("rows"))
@click.option("--left-out", default="a key")
@click.option("--password", prompt=True, hide_input=True)
def fit(lr, data, left_out, password):
    Path("lr").write_text(f"{lr} {data!r} {left_out} {password}")

cli()
"""

TYPER = """
import typer
from pathlib import Path

def main(lr: float = 0.5, fast: bool = False):
    Path("lr").write_text(f"{lr} {fast}")

typer.run(main)
"""


@pytest.mark.parametrize("before", ["", "import click\n"])
def test_click(run: Run, tmp_path: Path, before: str) -> None:
    calls = run(CLICK, "fit", "--password", "secret", before=before, said={"seed": 7})
    assert calls == [
        ["connect", [{"seed": 1}, "Args"], {}],
        ["connect", [{"fit": {"lr": 0.5, "data": "rows"}}, "Args"], {}],
    ]
    assert (tmp_path / "seed").read_text() == "7"
    assert (tmp_path / "lr").read_text() == "0.5 PosixPath('rows') a key secret"


def test_typer(run: Run, tmp_path: Path) -> None:
    assert run(TYPER, "--fast", said={"lr": 0.25}) == [["connect", [{"lr": 0.5, "fast": True}, "Args"], {}]]
    assert (tmp_path / "lr").read_text() == "0.25 True"
