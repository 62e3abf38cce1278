"""Every kind of plot, picture and text that a Logger can report, and values that are no numbers."""

from pathlib import Path
import json
import os
import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from clearml import Task

task = Task.init(project_name="compat/plots", task_name="plots", reuse_last_task_id=False)
logger = task.get_logger()
square = np.arange(9.0).reshape(3, 3)
figure = {"data": [{"type": "scatter", "x": [1, 2], "y": [float("nan"), 2]}], "layout": {"title": "own"}}
logger.report_plotly("plotly", "own", iteration=2, figure=figure)
logger.report_histogram("histogram", "stacked", iteration=0, values=square, labels=["a", "b", "c"], xlabels=["x", "y", "z"], mode="stack")
logger.report_vector("vector", "v", iteration=0, values=[1, math.inf, -math.inf])
logger.report_line_plot("line", series=[{"name": "s", "data": square[:, :2].tolist()}], iteration=0, xaxis="x", yaxis="y")
logger.report_scatter2d("scatter", "s", iteration=0, scatter=square[:, :2], labels=["1", "2", "3"], mode="markers")
logger.report_scatter3d("cloud", "s", iteration=0, scatter=square, mode="markers")
logger.report_confusion_matrix("confusion", "c", iteration=0, matrix=square, xlabels=["a", "b", "c"], yaxis_reversed=True)
logger.report_matrix("matrix", "m", iteration=0, matrix=square)
logger.report_surface("surface", "s", iteration=0, matrix=square)
logger.report_table("table", "frame", iteration=1, table_plot=pd.DataFrame({"ä": [1.5, None]}, index=["r 1", "r 2"]))
logger.report_table("table", "rows", iteration=1, table_plot=[["a", "b"], [1, 2]])
logger.report_matplotlib_figure("drawn", "picture", figure=plt.figure(), iteration=0, report_image=True)
logger.report_matplotlib_figure("drawn", "curves", figure=plt.figure(), iteration=0, report_interactive=True)
logger.report_media("media", "elsewhere", iteration=0, url="https://example.org/a.mp4")
for iteration in range(4):
    logger.report_image("image", "i/1", iteration=iteration, image=np.full((4, 4, 3), iteration * 60, dtype=np.uint8))
    logger.report_scalar("odd", "nan", math.nan, iteration)
    logger.report_scalar("odd", "big", 1e300, iteration)
    logger.report_scalar("a title / with : marks.and $", "s.1 ü", iteration, iteration)
logger.report_scalar("odd", "late", 1, 2**31 + 5)
logger.report_single_value("last value", 0.5)
logger.report_single_value("last value", 0.75)
logger.report_text("a line\nanother ü \x00 \x1b[31mred\x1b[0m", print_console=False)
print("printed 100%\r", end="")
print("end of it")
task.close()

again = Task.get_task(task.id)
plots = again.get_reported_plots()
console = "\n".join(again.get_reported_console_output(10))
found = {
    "id": task.id,
    "plots": sorted({(plot["metric"], plot["variant"]) for plot in plots}),
    "read": all(json.loads(plot["plot_str"]) for plot in plots),
    "scalars": {metric: sorted(series) for metric, series in again.get_reported_scalars().items() if not metric.startswith(":")},
    "points": again.get_all_reported_scalars()["a title / with : marks.and $"]["s.1 ü"]["y"],
    "single": again.get_reported_single_value("last value"),
    "iteration": again.get_last_iteration(),
    "samples": [len(again.get_debug_samples("image", "i/1", n_last_iterations=number)) for number in (1, 10)],
    "console": ["another ü" in console, "end of it" in console],
}
Path(os.environ["FOUND"]).write_text(json.dumps(found))
