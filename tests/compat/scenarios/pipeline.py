"""A pipeline of functions, run here; the second run takes a step from the cache."""

from pathlib import Path
import json
import os

from clearml import PipelineController, Task


def one(n):
    print("one", n)
    return n + 1


def two(x):
    print("two", x)
    return x * 2


if __name__ == "__main__":
    pipe = PipelineController(name="pipe", project="compat/pipes", version="1.0.0", pool_frequency=0.005)
    pipe.add_parameter("n", 3)
    step = {"function_kwargs": {"n": 3}, "function_return": ["x"]}
    pipe.add_function_step(name="s1", function=one, cache_executed_step=True, **step)
    pipe.add_function_step(name="s2", function=two, function_kwargs={"x": "${s1.x}"}, function_return=["y"])
    pipe.start_locally(run_pipeline_steps_locally=True)
    done = pipe.is_successful()
    steps = {name: node.executed for name, node in pipe.get_processed_nodes().items()} if hasattr(pipe, "get_processed_nodes") else {}
    result = int(Task.get_task(steps["s2"]).get_parameters()["return/y"])
    pipe.stop()
    Path(os.environ["FOUND"]).write_text(json.dumps({"done": done, "result": result, "steps": steps}))
