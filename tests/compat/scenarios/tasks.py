"""What can be done with tasks that exist: find, clone, change, finish, reset, delete."""

from pathlib import Path
import json
import os

from clearml import Task

made = []
for number in range(3):
    task = Task.create(project_name="compat/tasks", task_name=f"run {number} (a+b)", task_type="testing")
    task.add_tags([f"n{number}", "all"])
    task.set_parameters({"General/number": number})
    made.append(task)
for number, task in enumerate(made):
    task.mark_started()
    task.get_logger().report_scalar("score", "s", number * 10, 0)
    task.flush(wait_for_uploads=True)
    task.mark_completed() if number else task.mark_failed(status_message="it broke")

clone = Task.clone(made[1], name="the clone", parent=made[0].id)
clone.set_parent(made[2])
found = {
    "by name": Task.get_task(project_name="compat/tasks", task_name="run 1 (a+b)").id == made[1].id,
    "by tags": len(Task.get_tasks(project_name="compat/tasks", tags=["all"])),
    "by one tag": [task.name for task in Task.get_tasks(project_name="compat/tasks", tags=["n2"])],
    "without": sorted(task.name for task in Task.get_tasks(project_name="compat/tasks", tags=["all", "-n2"])),
    "by pattern": len(Task.get_tasks(task_name=r"^run \d", project_name="compat/tasks")),
    "by status": [task.name for task in Task.get_tasks(project_name="compat/tasks", task_filter={"status": ["failed"]})],
    "ids": len(Task.query_tasks(project_name="compat/tasks", tags=["all"])),
    "fields": sorted(Task.query_tasks(project_name="compat/tasks", additional_return_fields=["name"])[0]),
    "message": Task.get_task(made[0].id).data.status_message,
    "clone": [clone.status, clone.get_parameters()["General/number"], clone.parent == made[2].id],
    "projects": "compat/tasks" in Task.get_projects()[0].name or any(p.name == "compat/tasks" for p in Task.get_projects()),
}
made[0].reset()
found["reset"] = Task.get_task(made[0].id).status
made[1].publish()
found["published"] = Task.get_task(made[1].id).status
made[2].set_archived(True)
found["archived"] = [task.name for task in Task.get_tasks(project_name="compat/tasks", tags=["n2"])]
found["deleted"] = bool(clone.delete())
try:
    Task.get_task(clone.id)
    found["gone"] = False
except ValueError:
    found["gone"] = True
Path(os.environ["FOUND"]).write_text(json.dumps(found))
