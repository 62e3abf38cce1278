"""Figures are recorded when they are shown or saved."""

import json
from pathlib import Path

import pytest

from tests.frameworks.conftest import Run

SCRIPT = """
import matplotlib.pyplot as plt
for epoch in range(2):
    plt.figure()
    plt.plot([1, 2, 3])
    plt.title("loss")
    plt.{shows}
    plt.close()
{after}
"""


@pytest.mark.parametrize("shows", ["show()", "savefig('figure.png')", "gcf().savefig('figure.svg')"])
@pytest.mark.parametrize("before", ["", "import matplotlib.pyplot\n"])
def test_every_way_to_show_is_recorded(run: Run, shows: str, before: str) -> None:
    # Agg can't show, and says so: that is the script's own warning.
    calls = run(SCRIPT.format(shows=shows, after=""), before=before)
    assert calls == [["report_matplotlib_figure", ["loss", "loss", "Figure"], {"iteration": at}] for at in range(2)]


def test_a_figure_keeps_its_data(run: Run, tmp_path: Path) -> None:
    run(SCRIPT.format(shows="savefig('figure.png')", after=""))
    lines = [json.loads(line) for file in (tmp_path / "outbox").glob("*.events") for line in file.read_text().splitlines()]
    assert [(line["metric"], line["iter"], json.loads(line["plot_str"])["data"][0]["y"]) for line in lines] == [
        ("loss", 0, [1, 2, 3]),
        ("loss", 1, [1, 2, 3]),
    ]


def test_figures_without_a_title_and_the_end_of_recording(run: Run) -> None:
    after = "plt.figure(7); plt.plot([1]); plt.show(); patches.undo_all(); plt.savefig('late.png'); plt.show()"
    calls = run(SCRIPT.format(shows="title('')", after=after))
    assert calls == [["report_matplotlib_figure", ["figure 7", "figure 7", "Figure"], {"iteration": 0}]]


@pytest.mark.parametrize("plot", ["plot([1, 2, 3])", "figtext(0.5, 0.5, 'is drawn as a picture')"])
def test_a_figure_that_is_shown_and_saved_is_reported_once(run: Run, plot: str) -> None:
    script = f"""
    import matplotlib.pyplot as plt
    figure = plt.figure(layout="constrained")
    plt.title("loss")
    plt.{plot}
    plt.show()
    plt.savefig("figure.png")
    figure.savefig("figure.pdf")
    plt.plot([3, 2, 1])
    plt.savefig("figure.png")
    plt.show()
    """
    assert [more["iteration"] for _, _, more in run(script)] == [0, 1]


def test_the_script_keeps_its_current_figure(run: Run) -> None:
    script = """
    import matplotlib.pyplot as plt
    for number in (1, 3, 2):
        plt.figure(number)
        plt.plot([1, 2, 3])
    plt.figure(1)
    plt.show()
    assert plt.gcf().number == 1
    plt.figure(2).savefig("figure.png")
    plt.figure(1).savefig("figure.png")
    assert plt.gcf().number == 1
    """
    assert [place[0] for _, place, _ in run(script)] == ["figure 1", "figure 2", "figure 3"]
