"""Arguments are recorded when they are parsed."""

from tests.frameworks.conftest import Run


def test_the_whole_call_is_recorded_once(run: Run) -> None:
    script = """
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("fit").add_argument("--epochs", type=int, default=3)
    assert parser.parse_args().epochs == 5
    try:
        parser.parse_args(["--nonsense"])
    except SystemExit as end:
        assert end.code == 2
    """
    told = {"lr": 0.5, "command": "fit", "epochs": 5}
    calls = run(script, "--lr", "0.5", "fit", "--epochs", "5")
    assert calls[0] == ["connect_arguments", [], told]
