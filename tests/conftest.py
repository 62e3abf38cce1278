"""What holds for every test: its tier, a home of its own, and how hard Hypothesis tries."""

import os
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parent
HOMES = count()
SETTINGS = ("TILTH_API_", "TILTH_SERVER_", "TILTH_CACHE", "TILTH_AUTHOR", "CLEARML_")

# No deadline: on a busy machine a slow example says nothing about the code.
settings.register_profile("tilth", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tilth")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with the tier whose folder it lies in."""
    for item in items:
        if item.path.is_relative_to(TESTS):
            item.add_marker(item.path.relative_to(TESTS).parts[0])


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every test, and the processes it starts, away from the home and cache of whoever runs it."""
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        monkeypatch.delenv(name)
    home = tmp_path_factory.getbasetemp() / f"home-{next(HOMES)}"
    monkeypatch.setenv("TILTH_HOME", str(home))
    monkeypatch.setenv("CLEARML_CONFIG_FILE", str(home / "no-clearml.conf"))
