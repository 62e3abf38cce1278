"""The load of the machine is sampled beside the run."""

import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from tilth.capture import resources
from tilth.capture.resources import GPU, MACHINE, Axis, GpuLoad, ResourceMonitor, read_gpus
from tilth.sdk.wishes import Load

Sample = tuple[str, str, float, int]


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the place of `nvidia-smi`, which prints what its file says."""
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncat '{tmp_path}/said'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "said"


def samples_of(monitor_words: dict[str, object], at_least: int) -> list[Sample]:
    seen: list[Sample] = []
    enough = threading.Event()

    def report(metric: str, variant: str, value: float, iteration: int) -> None:
        seen.append((metric, variant, value, iteration))
        if sum(variant == "cpu_usage" for _, variant, _, _ in seen) >= at_least:
            enough.set()

    load = Load(first_s=0.05, every_s=0.05, wait_s=0.0)
    monitor = ResourceMonitor(report, **{"load": load, **monitor_words})  # type: ignore[arg-type]
    monitor.start()
    assert enough.wait(60)
    monitor.stop()
    return seen


def test_values_are_those_of_this_machine() -> None:
    seen = samples_of({"iteration": lambda: 7}, at_least=2)
    values = {variant: value for metric, variant, value, _ in seen if metric == MACHINE}
    assert {"cpu_usage", "memory_used_gb", "memory_free_gb", "process_memory_gb", "disk_free_percent", "network_rx_mbs"} <= set(values)
    total = psutil.virtual_memory().total / 1024**3
    assert values["memory_used_gb"] + values["memory_free_gb"] == pytest.approx(total)
    assert 0 < values["process_memory_gb"] < total
    assert 0 <= values["disk_free_percent"] <= 100
    assert all(value >= 0 for value in values.values())
    assert {iteration for _, _, _, iteration in seen} == {7}


def test_without_iterations_the_seconds_count() -> None:
    assert {iteration for _, _, _, iteration in samples_of({}, at_least=1)} <= set(range(60))


def test_gpus_are_read_as_the_tool_writes_them(smi: Path) -> None:
    smi.write_text("0, 35, 2048, 8192, 61\n1, [N/A], 10, [N/A], 40\n")
    assert read_gpus() == [GpuLoad(0, 35.0, 2048.0, 8192.0, 61.0), GpuLoad(1, None, 10.0, None, 40.0)]
    values = {variant: value for metric, variant, value, _ in samples_of({}, at_least=2) if metric == GPU}
    assert values == {
        "gpu_0_utilization": 35.0,
        "gpu_0_temperature": 61.0,
        "gpu_0_mem_used_gb": 2.0,
        "gpu_0_mem_usage": 25.0,
        "gpu_0_mem_free_gb": 6.0,
        "gpu_1_temperature": 40.0,
        "gpu_1_mem_used_gb": 10 / 1024,
    }


def test_a_tool_that_fails_is_told_once_and_the_rest_goes_on(smi: Path, caplog: pytest.LogCaptureFixture) -> None:
    smi.write_text("NVIDIA-SMI has failed\n")
    seen = samples_of({}, at_least=3)
    assert {metric for metric, *_ in seen} == {MACHINE}
    assert len(caplog.records) == 1
    assert caplog.records[0].getMessage().startswith("Tilth no longer records the load of the GPUs, the run goes on: ")


def test_a_short_run_has_a_sample_when_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tilth.capture.resources._SHORTEST_S", 0.0)
    seen: list[str] = []
    monitor = ResourceMonitor(lambda metric, variant, value, iteration: seen.append(variant))
    monitor.start()
    monitor.stop()
    assert seen.count("cpu_usage") == 1


def test_iterations_are_waited_for_and_may_come_late() -> None:
    axis = Axis(Load(wait_s=180, most_s=1_800))
    assert [axis.place(30, None), axis.place(60, 5), axis.place(90, 7)] == [None, 5, 7]
    axis = Axis(Load(wait_s=180, most_s=1_800))
    assert [axis.place(150, None), axis.place(180, None), axis.place(210, None), axis.place(240, 3)] == [None, 180, 210, 3]
    axis = Axis(Load(wait_s=180, most_s=1_800))
    assert [axis.place(180, None), axis.place(1_830, 3)] == [180, 1_830]


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets so many seconds go by each time that the monitor looks at its clock, whatever else the machine does."""

    def tick(each_s: float) -> None:
        looks = count()
        monkeypatch.setattr(resources, "time", SimpleNamespace(monotonic=lambda: next(looks) * each_s))

    return tick


def test_samples_that_were_held_back_get_the_seconds_at_which_they_were_taken(ticking: Callable[[float], None]) -> None:
    ticking(0.05)
    seen = samples_of({"load": Load(first_s=0.05, every_s=0.5, wait_s=1.2)}, at_least=3)
    assert [place for _, variant, _, place in seen if variant == "cpu_usage"][:3] == [0, 0, 1]


def test_a_report_may_be_the_mean_of_several_samples_and_of_own_memory(
    monkeypatch: pytest.MonkeyPatch, ticking: Callable[[float], None]
) -> None:
    ticking(0.01)
    taken: list[float] = []

    def measured() -> float:
        taken.append(float(len(taken)))
        return taken[-1]

    monkeypatch.setattr(psutil, "cpu_percent", measured)
    seen = samples_of({"load": Load(first_s=0.2, every_s=0.2, wait_s=0.0, samples_per_s=100.0, own_memory=True)}, at_least=1)
    values = {variant: value for _, variant, value, _ in seen}
    assert len(taken) > 4
    assert 1.0 < values["cpu_usage"] < max(taken)
    assert values["memory_used_gb"] >= values["process_memory_gb"] * 0.9
