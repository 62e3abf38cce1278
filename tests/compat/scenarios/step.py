"""A task that a pipeline copies and runs with other values."""

from clearml import Task

task = Task.init(project_name="compat/pipes of tasks", task_name="step")
values = task.connect({"n": 1})
task.upload_artifact("made", {"n": values["n"]}, wait_on_upload=True)
