"""A notebook in a real kernel of Jupyter is recorded: cells, figures, parameters, packages, and its end."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.docs.guide import Page, blocks_of
from tests.frameworks.conftest import LIGHT, ROOT, python_with

DRIVE = """
import json, sys
from jupyter_client.manager import KernelManager

cells, ending = json.loads(sys.argv[1]), sys.argv[2]
kernel = KernelManager(kernel_name="python3")
kernel.shutdown_wait_time = 240.0  # after half of it, a kernel that still ends is terminated
kernel.start_kernel()
client = kernel.client()
client.start_channels()
client.wait_for_ready(timeout=300)
shown = []
for cell in cells:
    def heard(message):
        shown.append(message["msg_type"])
    reply = client.execute_interactive(cell, timeout=300, output_hook=heard)
    assert reply["content"]["status"] == "ok", reply["content"]
client.stop_channels()
kernel.shutdown_kernel(now=ending == "killed")
print(json.dumps(shown))
"""

READ = """
import json, sys
from tilth import Task
task = Task.get_task(project_name="Pets", task_name="notebook")
plots = [[plot["metric"], plot["iter"]] for plot in task.get_reported_plots(max_iterations=9)]
console = task.get_reported_console_output(number_of_reports=99)
print(json.dumps({
    "status": task.get_status(), "parameters": task.get_parameters(), "plots": sorted(plots), "script": task.get_script(),
    "packages": (task.get_requirements() or {}).get("pip"), "console": "".join(console),
}))
"""

CELLS = [
    'from tilth import Task\ntask = Task.init(project_name="Pets", task_name="notebook")\nsettings = task.connect({"lr": 0.5})',
    "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.title('left at the end of a cell')",
    "plt.plot([3, 2, 1])\nplt.title('shown')\nplt.show()",
    "figure = plt.figure()\nfigure.suptitle('displayed')\nplt.plot([1])\ndisplay(figure)\nplt.close(figure)",
    "print('the last', 'cell')",
]


def run(python: str, home: Path, script: str, *arguments: str) -> Any:
    """What a script prints at last."""
    kept = {name: os.environ[name] for name in ("PATH", "MPLCONFIGDIR")}
    place = kept | {"PYTHONPATH": str(ROOT / "src"), "HOME": str(home), "TILTH_EXIT_WAIT": "60"}
    ran = subprocess.run([python, "-c", script, *arguments], cwd=home, env=place, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def notebook(home: Path, cells: list[str], ending: str) -> tuple[list[str], dict[str, Any]]:
    """What the notebook showed, and what its task has."""
    python = python_with(LIGHT)
    return run(python, home, DRIVE, json.dumps(cells), ending), run(python, home, READ)


@pytest.mark.parametrize("first", [[], ["import matplotlib.pyplot as plt\nplt.plot([1])"]], ids=["tilth first", "matplotlib first"])
def test_a_notebook_is_recorded_and_completes_with_its_kernel(tmp_path: Path, first: list[str]) -> None:
    shown, task = notebook(tmp_path, first + CELLS, "shut down")
    assert shown.count("display_data") == 3 + len(first)
    assert task["status"] == "completed"
    assert task["parameters"] == {"General/lr": "0.5"}
    assert task["plots"] == [["displayed", 0], ["left at the end of a cell", 0], ["shown", 0]]
    assert task["script"]["diff"] == "\n\n".join(first + CELLS) + "\n"
    assert task["script"]["entry_point"] == "notebook.py"
    assert "matplotlib==" in task["packages"]
    assert "the last cell" in task["console"]
    assert "no longer records" not in task["console"]


def test_a_notebook_that_closes_its_task_and_begins_another(tmp_path: Path) -> None:
    begin = 'task = Task.init(project_name="Pets", task_name="notebook", reuse_last_task_id=False)'
    again = f'task.close()\n{begin}\nplt.plot([5])\nplt.title("next")'
    _, task = notebook(tmp_path, [*CELLS, again], "shut down")
    assert (task["status"], task["plots"]) == ("completed", [["next", 0]])
    assert task["script"]["diff"].endswith(again + "\n")


def test_a_killed_kernel_leaves_the_cells_that_were_run(tmp_path: Path) -> None:
    wait = "import time\nwhile not task.flush(wait_for_uploads=True):\n    time.sleep(0.1)"
    _, task = notebook(tmp_path, [*CELLS, wait], "killed")
    assert task["status"] == "in_progress"
    assert task["script"]["diff"].startswith("\n\n".join(CELLS[:4]))


def test_the_page_about_notebooks_is_true(tmp_path: Path) -> None:
    python, blocks = python_with(LIGHT), list(blocks_of((ROOT / "docs" / "frameworks" / "notebooks.md").read_text()))
    cells = [block.text for block in blocks if not block.text.startswith(">>> ")]
    run(python, tmp_path, DRIVE, json.dumps(cells), "shut down")
    with Page(tmp_path, tmp_path, python=python) as page:
        for block in blocks[len(cells) :]:
            page.run(block)
    assert (len(cells), len(blocks)) == (2, 3)
