"""Which states of a task end the run that is recorded."""

import pytest

from tilth.capture.life import _is_asked_to_stop


@pytest.mark.parametrize(
    ("task", "stops"),
    [
        ({"status": "in_progress"}, False),
        ({"status": "in_progress", "status_message": "stopping"}, True),
        ({"status": "stopped", "status_message": ""}, True),
        ({"status": "completed"}, True),
        ({"status": "completed", "system_tags": ["dataset"]}, False),
        ({"status": "published", "system_tags": ["dataset"]}, False),
        ({"status": "stopped", "system_tags": ["dataset"]}, True),
    ],
)
def test_a_run_ends_when_its_task_did_unless_it_became_a_final_version(task: dict[str, object], stops: bool) -> None:
    assert _is_asked_to_stop(task) is stops
