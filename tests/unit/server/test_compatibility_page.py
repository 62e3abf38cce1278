"""The page about ClearML's protocol says what the code does, and no call is both there and refused."""

from tilth.server.routes.rpc import REGISTRY, register_all
from tilth.wire.refused import REFUSED, why_refused
from tools.compatibility_page import PAGE, page


def test_the_page_is_what_the_registry_says() -> None:
    assert PAGE.read_text() == page(), "run `make snapshots`"


def test_no_call_is_there_and_refused() -> None:
    register_all()
    assert not [name for name in REGISTRY if why_refused(name)]
    assert all(why_refused(name.replace("*", "anything")) for name in REFUSED)


def test_every_call_says_what_it_does() -> None:
    register_all()
    assert not [name for name, found in REGISTRY.items() if not found.summary.endswith(".")]
