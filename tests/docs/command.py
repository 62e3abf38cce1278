"""The `tilth` of a page: asks the process that forks for one that runs the command, and ends as that does.

It begins anew with each command, and so it needs nothing that takes long to load. `FORKS` is the number of the open socket on which
it asks.
"""

import json
import os
import signal
import socket
import sys
from types import FrameType

__all__: list[str] = []


def main() -> None:
    """Run the command, pass signals on, and end with its status."""
    passed_on = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, passed_on)
    environment = dict(os.environ)
    asks = socket.socket(fileno=int(environment.pop("FORKS")))
    words = ["-m", "tilth.cli.main", *sys.argv[1:]]
    asked = json.dumps({"words": words, "env": environment, "cwd": os.getcwd(), "bounded": False})
    reads, writes = os.pipe()
    socket.send_fds(asks, [asked.encode("utf-8", "surrogateescape")], [1, 2, writes, 0])
    asks.detach()
    os.close(writes)
    with os.fdopen(reads) as said:
        pid = int(said.readline())

        def pass_on(number: int, _: FrameType | None) -> None:
            os.kill(pid, number)

        for number in passed_on:
            signal.signal(number, pass_on)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on)
        status = int(said.readline())
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


if __name__ == "__main__":
    main()
