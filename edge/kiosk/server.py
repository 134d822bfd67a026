"""Serve the screens of one gate on loopback: standard library only, no login, no outside host.

A page is complete without scripts. A touch goes to the daemon's socket, which knows two verbs.
"""

import logging
import os
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from urllib.parse import parse_qs, urlsplit

import msgspec

from edge.kiosk.draw import fragment, page
from edge.kiosk.follow import Boards

__all__ = ["KioskServer"]

_log = logging.getLogger(__name__)
_TYPES = {"screen.css": "text/css; charset=utf-8", "screen.js": "text/javascript; charset=utf-8"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
)
_MOST_STREAMS = 8
_TOUCH_S = 2.0


class KioskServer(ThreadingHTTPServer):
    """The screens of one gate; `port` 0 takes a free one. A context manager."""

    daemon_threads = True

    def __init__(self, boards: Boards, port: int, language: str = "zh-CN") -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.boards = boards
        self.language = language
        self.streams = threading.BoundedSemaphore(_MOST_STREAMS)
        self.is_ending = threading.Event()

    @property
    def port(self) -> int:
        """Return the port on which it listens."""
        return int(self.server_address[1])

    def shutdown(self) -> None:
        """End the open streams, then the server."""
        self.is_ending.set()
        super().shutdown()

    def touch(self, verb: str, place: str) -> bool:
        """Tell the daemon of a touch; False where it does not answer."""
        line = msgspec.json.encode({"do": verb, "access_point": place}) + b"\n"
        try:
            return self._tell(line)
        except OSError as error:
            _log.warning("touch_unheard", extra={"code": type(error).__name__})
            return False

    def _tell(self, line: bytes) -> bool:
        folder = os.open(self.boards.folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
                link.settimeout(_TOUCH_S)
                # A socket's address takes 107 bytes; a name below an open folder always fits.
                link.connect(f"/proc/self/fd/{folder}/touch.sock")
                link.sendall(line)
                return link.recv(16).startswith(b"ok")
        finally:
            os.close(folder)


class _Handler(BaseHTTPRequestHandler):
    server: KioskServer
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Serve a page, its stream, or a static file."""
        asked = urlsplit(self.path)
        parts = [part for part in asked.path.split("/") if part]
        if len(parts) == 2 and parts[0] == "static" and parts[1] in _TYPES:
            self._static(parts[1])
            return
        places = self.server.boards.places()
        if not parts:
            self._go(f"/{places[0]}" if places else "/gate")
        elif len(parts) > 2 or (parts[0] not in places and parts[0] != "gate"):
            self._answer(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"404\n")
        elif parts[1:] == ["stream"]:
            self._stream(parts[0], self._is_english(asked.query))
        elif len(parts) == 1:
            self._page(parts[0], self._is_english(asked.query))
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"404\n")

    def do_POST(self) -> None:
        """Take a touch from our own page and show the screen again."""
        parts = [part for part in urlsplit(self.path).path.split("/") if part]
        host = self.headers.get("host", "")
        is_own = urlsplit(self.headers.get("origin", "")).netloc == host and host
        known = len(parts) == 2 and parts[1] in {"call", "no"}
        if not known or parts[0] not in self.server.boards.places():
            self._answer(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"404\n")
        elif not is_own:
            self._answer(HTTPStatus.FORBIDDEN, "text/plain; charset=utf-8", b"403\n")
        else:
            self.server.touch(parts[1], parts[0])
            self._go(f"/{parts[0]}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class
        """Log nothing: a screen is looked at all day."""

    def _is_english(self, query: str) -> bool:
        asked = parse_qs(query).get("lang", [self.server.language])[0]
        return asked.startswith("en")

    def _page(self, place: str, english_first: bool) -> None:
        view = self.server.boards.view(place)
        text = page(view, place, english_first=english_first)
        self._answer(HTTPStatus.OK, "text/html; charset=utf-8", text.encode())

    def _static(self, name: str) -> None:
        body = resources.files("edge.kiosk").joinpath("static", name).read_bytes()
        self._answer(HTTPStatus.OK, _TYPES[name], body)

    def _stream(self, place: str, english_first: bool) -> None:
        if not self.server.streams.acquire(blocking=False):
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", b"503\n")
            return
        try:
            self._head(HTTPStatus.OK, "text/event-stream", None)
            for view in self.server.boards.views(place, self.server.is_ending.is_set):
                if view is None:
                    self.wfile.write(b"event: alive\ndata: \n\n")
                    continue
                drawn = fragment(view, place, english_first=english_first)
                rows = "".join(f"data: {line}\n" for line in drawn.splitlines())
                self.wfile.write(f"event: screen\n{rows}\n".encode())
        except OSError:
            self.close_connection = True
        finally:
            self.server.streams.release()

    def _go(self, path: str) -> None:
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self._head(status, kind, len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: HTTPStatus, kind: str, length: int | None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "same-origin")
        self.send_header("Cache-Control", "no-store")
        if length is None:
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()
