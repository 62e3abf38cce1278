"""A pipeline of decorated functions."""

from pathlib import Path
import json
import os

from clearml import PipelineDecorator


@PipelineDecorator.component(return_values=["x"], cache=False)
def first(n):
    return n + 1


@PipelineDecorator.component(return_values=["y"])
def second(x):
    return x * 10


@PipelineDecorator.pipeline(name="decorated", project="compat/pipes", version="2.0", pool_frequency=0.005)
def whole(n=4):
    return int(second(first(n)))


if __name__ == "__main__":
    PipelineDecorator.run_locally()
    Path(os.environ["FOUND"]).write_text(json.dumps(whole(4)))
