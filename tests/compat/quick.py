"""Clients that end as soon as they are done.

By default a process of its own sends what a script reports, and it may be a quarter of a minute before it ends. Scenarios that
aren't about reporting let a thread do it, which is a setting of the clients.
"""

from tests.compat.conftest import User

__all__ = ["quickly"]


def quickly(user: User) -> User:
    """The same user, whose scripts report from a thread."""
    with (user.folder / "clearml.conf").open("a") as configuration:
        configuration.write("sdk { development { report_use_subprocess: false } }\n")
    return user
