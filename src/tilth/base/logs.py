"""How long-running processes say what happens: one line each, for people or as JSON."""

import json as json_text
import logging
import sys
from datetime import UTC, datetime

__all__ = ["configure_logging"]

_OWN = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}


class _Format(logging.Formatter):
    def __init__(self, *, json: bool) -> None:
        super().__init__()
        self._json = json

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        extra = {name: value for name, value in vars(record).items() if name not in _OWN}
        trace = self.formatException(record.exc_info) if record.exc_info else ""
        if self._json:
            fields = {"at": at, "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage()} | extra
            return json_text.dumps(fields | ({"trace": trace} if trace else {}), default=str)
        said = "".join(f" {name}={value}" for name, value in extra.items())
        return f"{at} {record.levelname.lower()} {record.getMessage()}{said}" + (f"\n{trace}" if trace else "")


def configure_logging(*, json: bool, level: int) -> None:
    """Write the log of this process to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Format(json=json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
