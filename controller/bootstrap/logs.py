"""Write logs to stderr: one line an event, its name first, then what belongs to it."""

import logging
import sys
from typing import ClassVar

__all__ = ["configure_logs"]


class _Line(logging.Formatter):
    """`2026-11-22T08:12:05+0800 warning ingest_waits reason=disk_full`."""

    _PLAIN: ClassVar[frozenset[str]] = frozenset(
        set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
    )

    def format(self, record: logging.LogRecord) -> str:
        at = self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z")
        more = [f"{key}={value}" for key, value in vars(record).items() if key not in self._PLAIN]
        head = f"{at} {record.levelname.lower()} {record.getMessage()}"
        text = " ".join((head, *more))
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def configure_logs(level: int = logging.INFO) -> None:
    """Send the logs of this process to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("alembic").setLevel(logging.WARNING)
