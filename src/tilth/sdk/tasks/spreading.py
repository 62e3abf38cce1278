"""How a run goes on in other processes that agents start: a function of it, or the whole script on several machines."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Self

from tilth.base.errors import Invalid, Unavailable
from tilth.sdk import beginning, finishing, parameters
from tilth.sdk._current import running
from tilth.sdk.ports import own_address
from tilth.sdk.recording import warn
from tilth.sdk.tasks.finding import Finding
from tilth.sdk.tasks.identity import Identity
from tilth.sdk.tasks.kinds import TaskStatusEnum
from tilth.sdk.tasks.parameters import Parameters
from tilth.sdk.tasks.states import States

__all__ = ["Spreading"]

_FUNCTION, _WHICH, _IS_FUNCTION = "Function", "__func_readonly__", "func"
"""The section of a function's arguments, the parameter that names the function, and the system tag of its task."""
_NODES, _IS_NODE = "launch_multi_node", "multi_node_instance"
"""The section and the prefix of runtime properties that tell nodes of each other, and their system tag."""
_MASTER = "CLEARML_MULTI_NODE_MASTER"
_BASIC = (bool, int, float, str, type(None))
_CHECK_S = 2.0


class Spreading(Finding, Identity, Parameters, States):
    """Functions and nodes of a run, as tasks of their own."""

    def create_function_task(
        self, func: Callable[..., Any], func_name: str | None = None, task_name: str | None = None, **kwargs: Any
    ) -> Self | None:
        """A task, not put into a queue yet, that runs this script up to this call, calls `func` with these arguments, and ends.

        Arguments that are numbers, texts, lists or dictionaries stand in its section `Function`, where they may be changed. In the process
        that runs it this call does not return, and the calls for other functions return None.
        """
        if running() is not self or not finishing.is_owner():
            raise Invalid("this process does not run the task", hint="call it on what Task.init returned")
        if not callable(func):
            raise Invalid(f"{func!r:.100} can't be called", hint="give a function")
        name = str(func_name or getattr(func, "__name__", "")).strip()
        if not name or name in self._functions:
            raise Invalid(f"{name!r:.100} is no name, or that of a function that has a task already", hint="give another func_name")
        self._functions.add(name)
        arguments = {key: value for key, value in kwargs.items() if _is_basic(value)}
        which = self.get_parameter(f"{_FUNCTION}/{_WHICH}") if beginning.is_remote() else None
        if which is None:
            made: Self = self._function_task(name, task_name or f"{self.name} <{name}>", arguments)
            return made
        if which == name:
            said = self.connect(arguments | {_WHICH: name}, name=_FUNCTION)
            func(**kwargs | {key: value for key, value in said.items() if key != _WHICH})
            sys.exit(0)
        return None

    def _function_task(self, name: str, title: str, arguments: Mapping[str, Any]) -> Self:
        task = self.clone(self, name=title, parent=self.id)
        task.set_system_tags([*task.get_system_tags(), _IS_FUNCTION])
        values = dict(parameters.flatten({**arguments, _WHICH: name}))
        items = [parameters.parameter(_FUNCTION, key, value) for key, value in values.items()]
        task._change("tasks.edit_hyper_params", task=task.id, force=True, hyperparams=items, replace_hyperparams="section")
        task._fresh()
        return task

    def launch_multi_node(
        self,
        total_num_nodes: int,
        port: int | None = 29500,
        queue: str | None = None,
        wait: bool = False,
        addr: str | None = None,
        devices: int | Sequence[int] | None = None,
        hide_children: bool = False,
    ) -> dict[str, Any]:
        """Let agents run this script on more machines, as tasks of their own, and tell each where the first one is.

        The process that an agent runs first has rank 0 and puts the others into `queue`, or into its own. In each `MASTER_ADDR`,
        `MASTER_PORT`, `RANK`, `NODE_RANK` and `WORLD_SIZE` are set as `torch.distributed` reads them; of `devices`, a number or a list of
        them or -1 for all GPUs, each node has as many ranks. Returns what stands in them with `total_num_nodes`, `queue` and `wait`.
        Outside of an agent nothing is started.
        """
        if total_num_nodes < 1:
            raise Invalid(f"total_num_nodes is {total_num_nodes}", hint="use 1 or more")
        said = self.connect({"total_num_nodes": total_num_nodes, "queue": queue}, name=_NODES)
        conf: dict[str, Any] = {
            "master_addr": os.environ.get("CLEARML_MULTI_NODE_MASTER_DEF_ADDR") or os.environ.get("MASTER_ADDR") or addr or own_address(),
            "master_port": int(os.environ.get("CLEARML_MULTI_NODE_MASTER_DEF_PORT") or os.environ.get("MASTER_PORT") or port or 0),
            "node_rank": 0,
            "wait": wait,
            "devices": devices,
            **said,
        }
        if not beginning.is_remote():
            return conf
        known = self._fresh().get("runtime") or {}
        told = {name: known.get(f"{_NODES}/{name}") for name in conf}
        rank = int(told["node_rank"] or 0)
        if rank:
            conf |= {name: value for name, value in told.items() if value is not None} | said | {"node_rank": rank}
        elif os.environ.get(_MASTER) is None:
            self._launch_nodes(conf, hide=hide_children)
            os.environ[_MASTER] = "1"
        ranks = _ranks(devices)
        os.environ |= {
            "MASTER_ADDR": str(conf["master_addr"]),
            "MASTER_PORT": str(conf["master_port"]),
            "NODE_RANK": str(conf["node_rank"]),
            "RANK": str(conf["node_rank"] * ranks + int(os.environ.get("LOCAL_RANK") or 0)),
            "WORLD_SIZE": str(int(conf["total_num_nodes"]) * ranks),
        }
        return conf

    def _launch_nodes(self, conf: Mapping[str, Any], *, hide: bool) -> None:
        own_queue = (self._data.get("execution") or {}).get("queue")
        if not conf["queue"] and not own_queue:
            raise Invalid("the task came from no queue", hint="give the queue that its nodes go to")
        self._set_runtime(_told(conf))
        nodes = []
        for rank in range(1, int(conf["total_num_nodes"])):
            node = self.clone(self, parent=self.id)
            node._set_runtime(_told({**conf, "node_rank": rank}))
            node.set_system_tags([*node.get_system_tags(), _IS_NODE, *(["hidden"] if hide else [])])
            self.enqueue(node, queue_name=conf["queue"], queue_id=None if conf["queue"] else own_queue)
            nodes.append(node)
        for rank, node in enumerate(nodes, 1):
            if conf["wait"]:
                warn(f"waiting for node {rank}, which is task {node.id}")
                begun = [status for status in TaskStatusEnum if status not in (TaskStatusEnum.created, TaskStatusEnum.queued)]
                node.wait_for_status(begun, raise_on_status=None, check_interval_sec=_CHECK_S)


def _told(conf: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{_NODES}/{name}": value for name, value in conf.items() if value is not None}


def _is_basic(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_basic(one) for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return all(_is_basic(one) for one in value)
    return isinstance(value, _BASIC)


def _ranks(devices: int | Sequence[int] | None) -> int:
    if devices is None:
        return 1
    if not isinstance(devices, int):
        return len(devices)
    if devices >= 0:
        return devices
    try:
        return int(import_module("torch").cuda.device_count())
    except ModuleNotFoundError as error:
        raise Unavailable("torch is needed to count the GPUs, and it is not installed", hint="give devices as a number") from error
