"""A pipeline of tasks and functions whose steps are sent to a queue: what one step made goes into the next one."""

from pathlib import Path
import json
import os
import sys

from clearml import PipelineController, Task

QUEUE, HERE = sys.argv[1], sys.argv[2] == "here"
PROJECT = "compat/pipes of tasks"


def add(number, base):
    from clearml import Task  # noqa: PLC0415 - a step is a script of its own

    Task.current_task().upload_artifact("seen", {"number": number})
    Task.current_task().get_logger().report_scalar("sum", "s", int(number) + int(base), 0)
    return int(number) + int(base)


def breaks():
    raise ValueError("this step breaks")


base = Task.create(
    project_name=PROJECT,
    task_name="base",
    script="step.py",
    packages=["clearml==2.1.12"],
    add_task_init_call=False,
)
base.set_parameters({"General/n": 1})

if __name__ == "__main__":
    pipe = PipelineController(
        name="pipes", project=PROJECT, version="1.0", add_pipeline_tags=True, abort_on_failure=False, pool_frequency=0.005
    )
    pipe.set_default_execution_queue(QUEUE)
    pipe.add_parameter("n", 5)
    pipe.add_step(name="first", base_task_id=base.id, parameter_override={"General/n": "${pipeline.n}"}, monitor_artifacts=["made"])
    pipe.add_function_step(
        name="second",
        function=add,
        function_kwargs={"number": "${first.parameters.General/n}", "base": 100},
        function_return=["total"],
        packages=["clearml==2.1.12"],
        parents=["first"],
    )
    pipe.add_function_step(name="third", function=breaks, parents=["second"], packages=["clearml==2.1.12"])
    pipe.add_function_step(
        name="after", function=add, function_kwargs={"number": 1, "base": 1}, function_return=["total"], parents=["third"]
    )
    pipe.start_locally(run_pipeline_steps_locally=HERE)
    nodes = {name: node.executed for name, node in pipe.get_processed_nodes().items()}
    states = {name: Task.get_task(id).status if id else None for name, id in nodes.items()}
    second = Task.get_task(nodes["second"])
    controller = Task.get_task(second.parent)
    family = Task.get_tasks(task_filter={"parent": controller.id, "order_by": ["created"]})
    found = {
        "states": states,
        "family": {task.name: str(task.status) for task in family},
        "total": second.get_parameter("return/total", cast=True),
        "seen": second.artifacts["seen"].get(),
        "controller": [str(controller.task_type), controller.status, controller.get_parameter("Args/n")],
        "tags": [tag.startswith("pipe: ") for tag in second.get_tags()],
        "n": Task.get_task(nodes["first"]).get_parameter("General/n"),
        "monitored": sorted(controller.artifacts),
    }
    Path(os.environ["FOUND"]).write_text(json.dumps(found))
