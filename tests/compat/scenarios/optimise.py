"""A search over parameters whose trials run in this process."""

from pathlib import Path
import json
import os

from clearml import Task
from clearml.automation import DiscreteParameterRange, GridSearch, HyperParameterOptimizer


def trial(task):
    rate = float(task.get_parameters_as_dict()["General"]["rate"])
    task.mark_started(force=True)
    task.get_logger().report_scalar("score", "s", rate * 2, 1)
    task.flush(wait_for_uploads=True)
    task.mark_completed(force=True)


if __name__ == "__main__":
    base = Task.create(project_name="compat/search", task_name="base")
    base.set_parameters({"General/rate": 0.1})
    for rate in (0.5, 0.7):
        clone = Task.clone(base, name=f"trial {rate}")
        clone.set_parameters({"General/rate": rate})
        trial(clone)
    controller = Task.init(project_name="compat/search", task_name="search", task_type=Task.TaskTypes.optimizer)
    search = HyperParameterOptimizer(
        base_task_id=base.id,
        hyper_parameters=[DiscreteParameterRange("General/rate", values=[0.5, 0.7])],
        objective_metric_title="score",
        objective_metric_series="s",
        objective_metric_sign="max_global",
        optimizer_class=GridSearch,
        execution_queue="default",
        max_number_of_concurrent_tasks=2,
        pool_period_min=0.02,
        total_max_jobs=2,
    )
    search.set_report_period(0.02)
    search.start()
    for _ in range(300):
        jobs = [
            task for task in Task.get_tasks(project_name="compat/search", task_filter={"parent": controller.id}) if task.status == "queued"
        ]
        for job in jobs:
            Task.dequeue(job)
            trial(job)
        if search.wait(timeout=0.05):
            break
    search.stop()
    best = search.get_top_experiments(top_k=2)
    scores = [task.get_last_scalar_metrics()["score"]["s"]["last"] for task in best]
    controller.close()
    Path(os.environ["FOUND"]).write_text(json.dumps({"scores": scores}))
