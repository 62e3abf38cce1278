"""A script that starts here, sends itself to a queue, and goes on where an agent takes it from there."""

import time
from argparse import ArgumentParser
from pathlib import Path

from clearml import Task

parser = ArgumentParser()
parser.add_argument("--queue", default="none")
parser.add_argument("--rate", type=float, default=0.1)
parser.add_argument("--wait", type=int, default=0)

task = Task.init(project_name="compat/agents", task_name="remote", reuse_last_task_id=False)
arguments = parser.parse_args()
settings = task.connect({"layers": 3, "name": "net"}, name="Settings")
path = Path("configured.txt")
path.write_text("from here")
words = Path(task.connect_configuration(str(path), name="words")).read_text()
print(f"id={task.id}", flush=True)
if Task.running_locally():
    task.execute_remotely(queue_name=arguments.queue)

print(f"there: {arguments.rate} {settings['layers']} {settings['name']} {words}", flush=True)
task.get_logger().report_scalar("loss", "train", arguments.rate, 1)
task.upload_artifact("result", {"rate": arguments.rate})
for second in range(arguments.wait):
    time.sleep(1)
    print("second", second, flush=True)
