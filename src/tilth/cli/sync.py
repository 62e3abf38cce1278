"""`tilth sync`: what runs recorded while nobody answered is sent."""

from tilth._wiring import open_home
from tilth.cli.options import Json
from tilth.cli.output import Output, count
from tilth.sdk.recording import send_outboxes

__all__ = ["sync_command"]


def sync_command(*, json: Json = False) -> None:
    """Send what runs recorded while the server was away, or were killed before it was sent. Safe to repeat.

    Runs that are still going send for themselves. Runs that were recorded with `Task.set_offline` wait for `Task.import_offline_session`.
    """
    sent, left = send_outboxes(open_home())
    said = f"{count(sent, 'run')} sent" + (f", {left} still being recorded" if left else "")
    Output(json=json).result({"sent": sent, "left": left}, [said if sent or left else "nothing waits to be sent"])
