"""A run that breaks."""

from clearml import Task

task = Task.init(project_name="compat/broken", task_name="broken", reuse_last_task_id=False)
task.get_logger().report_scalar("loss", "s", 1, 1)
print("before it broke")
raise ValueError("it broke")
