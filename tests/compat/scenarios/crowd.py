"""One of many processes that begin at the same moment: `crowd.py MOMENT PROJECT`."""

from pathlib import Path
import json
import os
import sys
import time

from clearml import Task

time.sleep(max(0.0, float(sys.argv[1]) - time.time()))
task = Task.init(project_name=sys.argv[2], task_name="one", reuse_last_task_id=False)
task.get_logger().report_scalar("a", "b", 1, 1)
task.close()
Path(os.environ["FOUND"]).write_text(json.dumps({"id": task.id, "project": task.project}))
