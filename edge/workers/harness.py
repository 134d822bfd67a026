"""Run a worker process: reach the daemon, exchange messages, end cleanly or end at once.

Crash-only: a worker repairs nothing in itself. An error that nobody expected ends the process with
exit status 1 and the supervisor starts a new one, while the daemon goes on opening the door for
every other way. A daemon that restarts is expected: the worker waits for its socket and says hello
again, and what it saw meanwhile is gone, because a pass shown then is answered by nobody.
"""

import contextlib
import json
import logging
import select
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from edge.worker_wire import MAX_LINE_BYTES, WIRE_VERSION, Hello, Message, Welcome, WireError
from edge.worker_wire import decode as decode_line
from edge.worker_wire import encode as encode_line
from edge.workers.heart import Heart

__all__ = ["JsonLines", "LineBuffer", "Link", "LinkLost", "Waker", "connect", "run_worker"]

_log = logging.getLogger(__name__)
_SEND_LIMIT_S = 2.0
_WELCOME_LIMIT_S = 5.0
_FIRST_WAIT_S = 0.02
_LONGEST_WAIT_S = 0.5


class LinkLost(Exception):  # noqa: N818 - a state of the line, not a fault of ours
    """Report that the daemon is gone or does not answer."""


class LineBuffer:
    """Cut a byte stream into lines, holding at most one unfinished line in memory."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that ``chunk`` completes; raise ``WireError`` when one is too long."""
        *lines, self._held = (self._held + chunk).split(b"\n")
        if max(map(len, [self._held, *lines])) >= MAX_LINE_BYTES:
            self._held = b""
            raise WireError("line_too_long")
        return lines


class Waker:
    """Let other threads and signals wake the main loop; a stop signal also sets ``is_stopping``."""

    def __init__(self) -> None:
        self.is_stopping = False
        self._heart = Heart()
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def wake(self) -> None:
        """Wake the main loop; safe from any thread and from a signal handler."""
        # A full pipe means that the loop is being woken already, a closed one that it has ended.
        with contextlib.suppress(OSError):
            self._writer.send(b"\0")

    def stop(self) -> None:
        """Ask the main loop to end."""
        self.is_stopping = True
        self.wake()

    def wait(self, timeout_s: float, *others: socket.socket) -> None:
        """Sleep until woken, until one of ``others`` can be read, or for ``timeout_s``."""
        self._heart.beat()
        bounded_s = self._heart.bounded(timeout_s)
        ready, _, _ = select.select([self._reader, *others], [], [], bounded_s)
        if self._reader in ready:
            with contextlib.suppress(BlockingIOError):
                self._reader.recv(4096)

    def close(self) -> None:
        """Let go of the pipe: the loop has ended."""
        self._reader.close()
        self._writer.close()


class JsonLines(logging.Formatter):
    """Write a log record as one line of JSON: the event's name and its fields, nothing else."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of ``record``."""
        known = logging.makeLogRecord({}).__dict__.keys() | {"message", "asctime"}
        fields = {key: value for key, value in record.__dict__.items() if key not in known}
        head = {"event": record.getMessage(), "level": record.levelname.lower()}
        return json.dumps(head | fields, ensure_ascii=False, default=str)


class Link:
    """Exchange messages with the daemon over a connected Unix stream socket."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self._lines = LineBuffer()

    def send(self, *messages: Message) -> None:
        """Send ``messages``; raises ``LinkLost`` when the daemon does not take them in 2 s."""
        self.socket.settimeout(_SEND_LIMIT_S)
        try:
            self.socket.sendall(b"".join(encode_line(message) for message in messages))
        except OSError:
            raise LinkLost("the daemon does not read") from None

    def receive(self) -> list[Message]:
        """Return what has arrived, without waiting; raises ``LinkLost`` or ``WireError``."""
        self.socket.setblocking(False)
        try:
            chunk = self.socket.recv(65536)
        except BlockingIOError:
            return []
        except OSError:
            raise LinkLost("the daemon is gone") from None
        if not chunk:
            raise LinkLost("the daemon is gone")
        return [decode_line(line) for line in self._lines.feed(chunk)]

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


def connect(path: Path, hello: Hello, waker: Waker) -> tuple[Link, list[Message]] | None:
    """Return a link whose hello was welcomed, with what came after; None when asked to stop.

    Tries for as long as it takes: the daemon may start after its workers. Raises ``WireError`` when
    the daemon speaks another version.
    """
    wait_s = _FIRST_WAIT_S
    while not waker.is_stopping:
        link = _dial(path)
        if link is not None:
            try:
                link.send(hello)
                return link, _await_welcome(link, waker)
            except LinkLost:
                link.close()
            except WireError:
                link.close()
                raise
        waker.wait(wait_s)
        wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
    return None


def run_worker(name: str, body: Callable[[Waker], None]) -> int:
    """Run ``body`` until it returns; 0 for a clean end, 1 for an error that nobody expected."""
    waker = Waker()
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        waker.stop()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    try:
        body(waker)
    except Exception as error:  # noqa: BLE001 - the shell of a crash-only process
        # The error's text may repeat an address with its password or the content of a code.
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = "" if trace is None else f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}"
        detail = {"worker": name, "error": type(error).__name__, "place": place}
        _log.critical("worker_crashed", extra=detail)
        return 1
    finally:
        waker.close()
    return 0


def _dial(path: Path) -> Link | None:
    dialled = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        dialled.connect(str(path))
    except OSError:
        dialled.close()
        return None
    return Link(dialled)


def _await_welcome(link: Link, waker: Waker) -> list[Message]:
    waker.wait(_WELCOME_LIMIT_S, link.socket)
    messages = link.receive()
    if not messages or not isinstance(messages[0], Welcome):
        raise LinkLost("no welcome")
    if messages[0].version != WIRE_VERSION:
        raise WireError("unknown_version")
    return messages[1:]
