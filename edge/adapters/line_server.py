"""Serve lines over a Unix socket in a thread of its own.

What waits on the other end may be slow, broken or hostile; it can cost this thread time, never the
door. Only the owner of the socket file (or its group, where asked for) gets in.
"""

import asyncio
import contextlib
import logging
import os
import socket
import stat
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode

__all__ = ["LineServer", "Serve", "socket_address"]

_log = logging.getLogger(__name__)
_STOP_S = 3.0

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """Yield an address for `path` that fits: Unix sockets take 107 bytes, folders may be longer.

    Raises UnavailableError where the folder is not there.
    """
    try:
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise UnavailableError(ReasonCode.FILE_UNREADABLE, path.parent.name) from error
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


class LineServer:
    """Listen on `path` and run `serve` for each connection, up to `most_links` at a time.

    `limit` is the longest line in bytes: a longer one makes `readline` raise ValueError.
    """

    def __init__(
        self, path: Path, serve: Serve, *, mode: int = 0o600, limit: int, most_links: int = 16
    ) -> None:
        self._path = path
        self._serve = serve
        self._mode = mode
        self._limit = limit
        self._most_links = most_links
        self._links = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Bind and begin to serve. Raises UnavailableError where that cannot be done."""
        listening = _bind(self._path, self._mode)
        is_up = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._main(listening, is_up)),
            name=f"socket-{self._path.stem}",
            daemon=True,
        )
        self._thread.start()
        is_up.wait(_STOP_S)

    def stop(self) -> None:
        """Hang up on everybody, end the thread, remove the socket file."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        stopping = self._stopping
        if stopping is not None:
            self.post(stopping.set)
        thread.join(_STOP_S)
        with contextlib.suppress(OSError):
            self._path.unlink()

    def post(self, call: Callable[[], object]) -> bool:
        """Run `call` on the server's thread soon; False where it has ended."""
        loop = self._loop
        if loop is None:
            return False
        try:
            loop.call_soon_threadsafe(call)
        except RuntimeError:
            return False
        return True

    def post_later(self, delay_s: float, call: Callable[[], object]) -> None:
        """Run `call` on the server's thread after `delay_s`, unless it has ended by then."""
        loop = self._loop
        if loop is not None:
            self.post(lambda: loop.call_later(delay_s, call))

    async def _main(self, listening: socket.socket, is_up: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        server = await asyncio.start_unix_server(self._accepted, sock=listening, limit=self._limit)
        is_up.set()
        try:
            await self._stopping.wait()
        finally:
            self._loop = None
            server.close()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._links += 1
        try:
            if self._links <= self._most_links:
                await self._serve(reader, writer)
            else:
                _log.warning("too_many_links", extra={"socket": self._path.name})
        except OSError:
            _log.info("link_lost", extra={"socket": self._path.name})
        except asyncio.CancelledError:
            # The server ends; asyncio would report a link cut short by that as an error.
            _log.debug("link_ended", extra={"socket": self._path.name})
        finally:
            self._links -= 1
            writer.close()


def _bind(path: Path, mode: int) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with socket_address(path) as address:
            _remove_stale(path, address)
            listening.bind(address)
        # Nobody can connect before `listen`, so the mode is right from the first moment.
        path.chmod(mode)
        listening.listen(16)
    except OSError as error:
        listening.close()
        raise UnavailableError(ReasonCode.FILE_UNREADABLE, path.name) from error
    except UnavailableError:
        listening.close()
        raise
    return listening


def _remove_stale(path: Path, address: str) -> None:
    """Remove the socket of a process that is gone; refuse to push aside one that answers."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise UnavailableError(ReasonCode.FILE_UNREADABLE, f"{path.name} is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        trial.settimeout(1.0)
        try:
            trial.connect(address)
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
    raise UnavailableError(ReasonCode.CONFLICT, f"{path.name}: another gate unit runs here")
