"""What tasks report, and how it is read."""

from typing import Any

import msgspec
import pytest

from tilth.base.errors import EventsRefused, FieldInvalid, ScrollUnknown
from tilth.domain.event import SINGLE_VALUE, name_hash
from tilth.server.services import event_reading
from tilth.testing.catalogs import CatalogBench

SCALAR = "training_stats_scalar"


@pytest.fixture
def task(catalog: CatalogBench) -> str:
    id: str = catalog.ask("tasks.create", name="run", type="training")["id"]
    return id


def send(catalog: CatalogBench, *events: dict[str, Any] | bytes) -> dict[str, Any]:
    """Send a batch as clients do; what it raises is raised here."""
    lines = [event if isinstance(event, bytes) else msgspec.json.encode(event) for event in events]
    meta, data = catalog.answer("events.add_batch", b"\n".join(lines))
    if meta.result_code != 200:
        raise EventsRefused(meta.result_msg)
    return data


def scalar(task: str, iter: int, value: float, metric: str = "loss", variant: str = "train", **more: Any) -> dict[str, Any]:
    return {"type": SCALAR, "task": task, "iter": iter, "value": value, "metric": metric, "variant": variant, "timestamp": iter} | more


def line(task: str, timestamp: int, msg: str = "x") -> dict[str, Any]:
    return {"type": "log", "task": task, "timestamp": timestamp, "level": "INFO", "worker": "w", "msg": msg}


def image(task: str, iter: int, variant: str = "v") -> dict[str, Any]:
    return {"type": "training_debug_image", "task": task, "iter": iter, "metric": "img", "variant": variant, "url": f"u/{iter}/{variant}"}


def plot(task: str, iter: int, variant: str = "v", text: str = '{"data": []}') -> dict[str, Any]:
    return {"type": "plot", "task": task, "iter": iter, "metric": "plots", "variant": variant, "plot_str": text}


def test_a_batch_is_kept_and_summed_up_in_its_task(catalog: CatalogBench, task: str) -> None:
    points = [scalar(task, 0, 3.0), scalar(task, 2, 1.0), scalar(task, 1, 5.0), scalar(task, 90, 1.0, ":monitor:machine", "cpu")]
    assert send(catalog, *points) == {"added": 4, "errors": 0, "errors_info": {}}
    found = catalog.ask("tasks.get_by_id", task=task)["task"]
    assert found["last_iteration"] == 2
    assert found["last_metrics"][name_hash("loss")][name_hash("train")] == {
        "metric": "loss",
        "variant": "train",
        "value": 1.0,
        "min_value": 1.0,
        "min_value_iteration": 2,
        "max_value": 5.0,
        "max_value_iteration": 1,
        "first_value": 3.0,
        "first_value_iteration": 0,
        "mean_value": 3.0,
        "count": 3,
        "x_axis_label": "",
    }


def test_a_batch_that_arrives_twice_changes_nothing(catalog: CatalogBench, task: str) -> None:
    batch = [scalar(task, 0, 3.0), scalar(task, 1, 5.0), line(task, 5), line(task, 5), plot(task, 0), image(task, 0)]
    send(catalog, *batch)
    before = catalog.ask("tasks.get_by_id", task=task)["task"]["last_metrics"]
    send(catalog, *batch)
    assert catalog.ask("tasks.get_by_id", task=task)["task"]["last_metrics"] == before
    assert catalog.ask("events.get_task_log", task=task)["total"] == 2
    assert len(catalog.ask("events.get_task_plots", task=task)["plots"]) == 1


def test_a_point_that_is_reported_again_replaces_the_one_before(catalog: CatalogBench, task: str) -> None:
    send(catalog, scalar(task, 0, 3.0), scalar(task, 1, 4.0))
    send(catalog, scalar(task, 0, 7.0))
    assert catalog.ask("events.scalar_metrics_iter_histogram", task=task)["loss"]["train"]["y"] == [7.0, 4.0]


def test_lines_that_are_no_events_are_counted_and_the_others_kept(catalog: CatalogBench, task: str) -> None:
    answer = send(
        catalog, b"{", scalar(task, 0, 1.0), b'{"type": "dance", "task": "x"}', scalar("nothing", 0, 1.0), b'{"type": "log"}', b"5"
    )
    assert (answer["added"], answer["errors"]) == (1, 5)
    assert any("Invalid task id nothing" in reason for reason in answer["errors_info"])


def test_numbers_that_are_none_are_refused_and_not_stored(catalog: CatalogBench, task: str) -> None:
    text = f'{{"type": "{SCALAR}", "task": "{task}", "iter": 1, "metric": "m", "variant": "v", "value": NaN}}'
    answer = send(
        catalog, text.encode(), scalar(task, 0, 1.0), text.replace("NaN", "Infinity").encode(), text.replace("NaN", "1e400").encode()
    )
    assert (answer["added"], answer["errors"]) == (1, 3)


@pytest.mark.parametrize(("batch", "said"), [([], "no events"), ([b"{"], "no event was added")])
def test_a_batch_of_which_nothing_is_kept_is_an_error(catalog: CatalogBench, batch: list[bytes], said: str) -> None:
    with pytest.raises(EventsRefused, match=said):
        send(catalog, *batch)


def test_a_published_task_takes_events_only_if_they_say_so(catalog: CatalogBench, task: str) -> None:
    catalog.ask("tasks.publish", task=task, force=True)
    with pytest.raises(EventsRefused, match="is published"):
        send(catalog, scalar(task, 0, 1.0))
    assert send(catalog, scalar(task, 0, 1.0, allow_locked=True))["added"] == 1


def test_a_value_without_iteration_is_found_by_itself_and_in_no_curve(catalog: CatalogBench, task: str) -> None:
    send(catalog, scalar(task, SINGLE_VALUE, 0.9, "Summary", "accuracy"), scalar(task, 3, 1.0))
    (found,) = catalog.ask("events.get_task_single_value_metrics", tasks=[task])["tasks"]
    assert (found["task_name"], [(item["variant"], item["value"]) for item in found["values"]]) == ("run", [("accuracy", 0.9)])
    assert list(catalog.ask("events.scalar_metrics_iter_histogram", task=task)) == ["loss"]
    assert catalog.ask("tasks.get_by_id", task=task)["task"]["last_iteration"] == 3


def test_a_curve_of_many_points_keeps_its_spikes_and_its_ends(catalog: CatalogBench, task: str) -> None:
    values = {iter: float(iter % 7) for iter in range(5_000)} | {1_234: 99.0, 4_000: -99.0}
    send(catalog, *(scalar(task, iter, value) for iter, value in values.items()))
    curve = catalog.ask("events.scalar_metrics_iter_histogram", task=task, samples=100)["loss"]["train"]
    assert len(curve["x"]) <= 100
    assert curve["x"] == sorted(curve["x"])
    assert (curve["x"][0], curve["x"][-1], max(curve["y"]), min(curve["y"])) == (0, 4_999, 99.0, -99.0)
    assert all(values[x] == y for x, y in zip(curve["x"], curve["y"], strict=True))


def test_a_curve_with_bands_says_what_is_between_its_points(catalog: CatalogBench, task: str) -> None:
    values = {iter: float(iter % 10) for iter in range(5_000)} | {1_234: 99.0, 4_000: -99.0}
    send(catalog, *(scalar(task, iter, value) for iter, value in values.items()))
    curve = catalog.ask("events.scalar_metrics_iter_histogram", task=task, samples=100, bands=True)["loss"]["train"]
    assert (len(curve["x"]), curve["points"], curve["x"][0], curve["x"][-1]) == (100, 5_000, 0, 4_999)
    assert (curve["y"][0], curve["y_min"][0], curve["y_max"][0], curve["y"][-1]) == (0.0, 0.0, 0.0, 9.0)
    assert (max(curve["y_max"]), min(curve["y_min"])) == (99.0, -99.0)
    assert all(low <= mean <= high for low, mean, high in zip(curve["y_min"], curve["y"], curve["y_max"], strict=True))
    assert sum(4 < mean < 5 for mean in curve["y"]) > 90
    several = catalog.ask("events.multi_task_scalar_metrics_iter_histogram", tasks=[task], samples=100, bands=True)
    assert several["loss"]["train"][task] == curve | {"name": "run"}


def test_of_a_very_long_curve_the_band_is_exact_though_it_is_not_read(
    catalog: CatalogBench, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {iter: float(iter % 10) for iter in range(24_000)} | {5_234: 99.0, 8_000: -99.0}
    send(catalog, *(scalar(task, iter, value) for iter, value in values.items()))
    monkeypatch.setattr(event_reading, "_MOST_EXACT", 10_000)
    monkeypatch.setattr(event_reading, "_points_between", lambda *_: pytest.fail("every point is read"))
    curve = catalog.ask("events.scalar_metrics_iter_histogram", task=task, samples=40, bands=True)["loss"]["train"]
    assert (curve["points"], curve["x"][0], curve["x"][-1]) == (24_000, 0, 23_999)
    assert (max(curve["y_max"]), min(curve["y_min"])) == (99.0, -99.0)
    assert all(low <= middle <= high for low, middle, high in zip(curve["y_min"], curve["y"], curve["y_max"], strict=True))


def test_a_curve_that_is_whole_has_no_band(catalog: CatalogBench, task: str) -> None:
    send(catalog, scalar(task, 0, 1.0), scalar(task, 1, 3.0), scalar(task, SINGLE_VALUE, 9.0))
    curve = catalog.ask("events.scalar_metrics_iter_histogram", task=task, bands=True)["loss"]["train"]
    assert curve == {"name": "train", "x": [0, 1], "y": [1.0, 3.0], "points": 2}


def test_a_part_of_a_curve_is_whole_and_reaches_beyond_its_edges(catalog: CatalogBench, task: str) -> None:
    send(catalog, *(scalar(task, iter, float(iter), timestamp=iter * 1_000) for iter in range(0, 10_000, 2)))
    send(catalog, scalar(task, 4_001, -1.0, timestamp=4_001_000))  # loose, among what is sealed

    def part(low: float, high: float, **more: Any) -> dict[str, Any]:
        asked: dict[str, Any] = {"task": task, "samples": 100, "between": [low, high]} | more
        found: dict[str, Any] = catalog.ask("events.scalar_metrics_iter_histogram", **asked)["loss"]["train"]
        return found

    assert part(3_999.5, 4_003) == {"name": "train", "x": [3_998, 4_000, 4_001, 4_002, 4_004], "points": 5} | {
        "y": [3_998.0, 4_000.0, -1.0, 4_002.0, 4_004.0]
    }
    assert part(4_000_000, 4_002_000, key="timestamp")["x"] == [3_998_000, 4_000_000, 4_001_000, 4_002_000, 4_004_000]
    assert part(7_000.5, 7_001.5)["x"] == [7_000, 7_002]
    assert part(20_000, 30_000)["x"] == [9_998]
    assert part(-9, -5)["x"] == [0]
    assert (part(0, 9_998, bands=True)["points"], len(part(0, 9_998, bands=True)["y_min"])) == (5_001, 100)


def test_a_mean_of_the_largest_numbers_is_a_number(catalog: CatalogBench, task: str) -> None:
    send(catalog, *(scalar(task, iter, 1.7e308) for iter in range(100)))
    curve = catalog.ask("events.scalar_metrics_iter_histogram", task=task, samples=5, bands=True)["loss"]["train"]
    assert set(curve["y"]) == {1.7e308}


@pytest.mark.parametrize("between", [[2, 1], [1], [1, 2, 3], [-1e300, 0]])
def test_what_is_no_part_of_x_is_refused(catalog: CatalogBench, task: str, between: list[float]) -> None:
    with pytest.raises(FieldInvalid, match="between"):
        catalog.ask("events.scalar_metrics_iter_histogram", task=task, between=between)


def test_every_point_is_read_once_page_by_page(catalog: CatalogBench, task: str) -> None:
    send(catalog, *(scalar(task, iter, float(iter), variant=variant) for iter in range(3_000) for variant in ("a", "b")))
    scroll, found = None, []
    while True:
        more: dict[str, Any] = {"scroll_id": scroll} if scroll else {}
        page = catalog.ask("events.get_task_events", task=task, event_type=SCALAR, batch_size=700, **more)
        scroll = page["scroll_id"]
        found += [(event["variant"], event["iter"]) for event in page["events"]]
        if not page["events"]:
            break
    assert (page["total"], found) == (6_000, [(variant, iter) for variant in ("a", "b") for iter in range(3_000)])


def test_the_x_of_a_curve_may_be_time(catalog: CatalogBench, task: str) -> None:
    send(catalog, scalar(task, 1, 1.0, timestamp=1_000), scalar(task, 2, 2.0, timestamp=2_500))

    def x(key: str) -> list[Any]:
        found: list[Any] = catalog.ask("events.scalar_metrics_iter_histogram", task=task, key=key)["loss"]["train"]["x"]
        return found

    assert x("timestamp") == [1_000, 2_500]
    assert x("iso_time") == ["1970-01-01T00:00:01.000Z", "1970-01-01T00:00:02.500Z"]
    with pytest.raises(FieldInvalid, match="key: 'moon'"):
        x("moon")


def test_pages_of_the_console_lose_nothing_at_their_edges(catalog: CatalogBench, task: str) -> None:
    for start in range(0, 300, 30):
        send(catalog, *(line(task, (start + at) // 3, f"{start + at}") for at in range(30)))
    seen: list[str] = []
    before: int | None = None
    while True:
        more: dict[str, Any] = {} if before is None else {"from_timestamp": before}
        events = catalog.ask("events.get_task_log", task=task, batch_size=50, order="asc", **more)["events"]
        if not events:
            break
        seen = [event["msg"] for event in events] + seen
        before = events[0]["timestamp"]
    assert seen == [str(number) for number in range(300)]
    later = catalog.ask("events.get_task_log", task=task, batch_size=10, navigate_earlier=False, from_timestamp=49)["events"]
    assert [event["msg"] for event in later] == [str(number) for number in range(150, 162)]


def test_debug_images_are_each_seen_once_and_then_there_are_no_more(catalog: CatalogBench, task: str) -> None:
    send(catalog, *(image(task, iter, variant) for iter in range(5) for variant in ("a", "b")))
    seen, scroll = [], None
    for _ in range(4):
        more: dict[str, Any] = {"scroll_id": scroll} if scroll else {}
        answer = catalog.ask("events.debug_images", metrics=[{"task": task, "metric": "img"}], iters=2, **more)
        scroll = answer["scroll_id"]
        seen.append([iteration["iter"] for iteration in answer["metrics"][0]["iterations"]])
    assert seen == [[4, 3], [2, 1], [0], []]


def test_the_last_plots_of_each_metric_and_variant(catalog: CatalogBench, task: str) -> None:
    send(catalog, plot(task, 0, "a"), plot(task, 1, "a"), plot(task, 0, "b", "no json"))
    plots = catalog.ask("events.get_task_plots", task=task)["plots"]
    assert [(found["variant"], found["iter"], found["valid_plot"]) for found in plots] == [("a", 1, True), ("b", 0, False)]
    several = catalog.ask("events.get_multi_task_plots", tasks=[task])["plots"]["plots"]
    assert list(several["a"][task]) == ["1"]


def test_the_iterations_of_plots_are_told_without_the_plots(catalog: CatalogBench, task: str) -> None:
    other = catalog.ask("tasks.create", name="other", type="training")["id"]
    send(catalog, plot(task, 5, "a"), plot(task, 1, "a"), plot(task, 9, "b"), image(task, 3), plot(other, 2, "a"))
    assert catalog.ask("events.iterations", tasks=[task, other], metric="plots", variant="a")["tasks"] == [
        {"task": task, "iterations": [1, 5]},
        {"task": other, "iterations": [2]},
    ]
    assert catalog.ask("events.iterations", tasks=[task])["tasks"] == [{"task": task, "iterations": [1, 5, 9]}]
    images = catalog.ask("events.iterations", tasks=[other], event_type="training_debug_image")["tasks"]
    assert images == [{"task": other, "iterations": []}]


def test_a_viewer_goes_from_image_to_image(catalog: CatalogBench, task: str) -> None:
    send(catalog, *(image(task, iter) for iter in (1, 5, 9)))
    found = catalog.ask("events.get_debug_image_sample", task=task, metric="img", variant="v")
    assert (found["event"]["iter"], found["min_iteration"], found["max_iteration"]) == (9, 1, 9)
    earlier = catalog.ask("events.next_debug_image_sample", task=task, scroll_id=found["scroll_id"])
    assert earlier["event"]["iter"] == 5
    later = catalog.ask("events.next_debug_image_sample", task=task, scroll_id=earlier["scroll_id"], navigate_earlier=False)
    assert later["event"]["iter"] == 9


def test_events_of_a_model_are_its_own(catalog: CatalogBench) -> None:
    model = catalog.ask("models.create", uri="u", name="m")["id"]
    send(catalog, scalar(model, 3, 0.5, model_event=True))
    found = catalog.ask("models.get_by_id", model=model)["model"]
    assert (found["last_iteration"], found["last_metrics"][name_hash("loss")][name_hash("train")]["value"]) == (3, 0.5)


def test_names_of_all_that_was_reported(catalog: CatalogBench, task: str) -> None:
    send(catalog, scalar(task, 0, 1.0), plot(task, 0), image(task, 0))
    assert catalog.ask("events.get_task_metrics", tasks=[task])["metrics"] == [{"task": task, "metrics": ["img", "loss", "plots"]}]
    assert catalog.ask("events.get_multi_task_metrics", tasks=[task], event_type=SCALAR)["metrics"] == [
        {"metric": "loss", "variants": ["train"]}
    ]
    assert catalog.ask("events.get_scalar_metrics_and_variants", task=task)["metrics"] == {"loss": ["train"]}


def test_forgetting_events(catalog: CatalogBench, task: str) -> None:
    send(catalog, scalar(task, 0, 1.0), line(task, 1), plot(task, 0))
    assert catalog.ask("events.delete_for_task", task=task)["deleted"] is True
    assert catalog.ask("events.delete_for_task", task=task)["deleted"] is False
    assert catalog.ask("events.get_task_log", task=task)["events"] == []


def test_a_scroll_id_of_nobody_is_refused(catalog: CatalogBench, task: str) -> None:
    with pytest.raises(ScrollUnknown):
        catalog.ask("events.get_task_events", task=task, scroll_id="moon")


@pytest.mark.parametrize("fields", [{"samples": -1}, {"samples": 2**60}, {"metrics": [{"metric": 5}]}, {"metrics": [{}]}])
def test_odd_requests_end_in_words_or_in_data(catalog: CatalogBench, task: str, fields: dict[str, Any]) -> None:
    meta, _ = catalog.answer("events.scalar_metrics_iter_histogram", msgspec.json.encode({"task": task} | fields))
    assert meta.result_code in (200, 400)
    assert meta.result_code == 200 or meta.error_data.hint
