"""Wrap every answer: strict content policy, no sniffing, no framing; bodies of 64 KiB at most.

Files that staff upload may have 8 MiB; who asks is checked before the body is read.

Plain ASGI, so that streams are not buffered.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from controller.web.problems import answer, problem_of
from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode

__all__ = ["MAX_BODY_BYTES", "MAX_UPLOAD_BYTES", "POLICY", "Shield"]

MAX_BODY_BYTES = 64 * 1024
MAX_UPLOAD_BYTES = 8 * 1024 * 1024
_UPLOADS = ("/manager/", "/inspector/rules/")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # "no-referrer" would make browsers without Fetch Metadata send "Origin: null" with our forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_TRANSPORT = {"Strict-Transport-Security": "max-age=31536000"}


class _TooLargeError(Exception):
    """The body is longer than anything here needs."""


class Shield:
    """ASGI middleware; `is_https` adds the transport header."""

    def __init__(self, app: ASGIApp, *, is_https: bool = False) -> None:
        self._app = app
        self._headers = _HEADERS | (_TRANSPORT if is_https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        meter = _Meter(receive, _most(scope))
        started = False

        async def sent(message: Message) -> None:
            nonlocal started
            if meter.is_exceeded and not started:
                return  # what the application makes of half a body is of no interest
            if message["type"] == "http.response.start":
                started = True
                self._add_headers(MutableHeaders(scope=message))
            await send(message)

        try:
            await self._app(scope, meter.read, sent)
        except _TooLargeError:
            if started:
                raise
        if meter.is_exceeded and not started:
            meter.is_exceeded = False
            error = ContractError(ReasonCode.TOO_LARGE, f"{meter.most} bytes")
            await answer(problem_of(error))(scope, receive, sent)

    def _add_headers(self, headers: MutableHeaders) -> None:
        for name, value in self._headers.items():
            headers[name] = value
        if "cache-control" not in headers:
            headers["Cache-Control"] = "no-store"


def _most(scope: Scope) -> int:
    """Return how long a body may be: longer where a page takes files."""
    kind = Headers(scope=scope).get("content-type", "")
    is_upload = scope["path"].startswith(_UPLOADS) and kind.startswith("multipart/form-data")
    return MAX_UPLOAD_BYTES if is_upload else MAX_BODY_BYTES


class _Meter:
    """Counts the bytes of a request's body and stops whoever reads too many."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self.most = most
        self._taken = 0
        self.is_exceeded = False

    async def read(self) -> Message:
        """Return the next part. Raises _TooLargeError."""
        message = await self._receive()
        self._taken += len(message.get("body", b""))
        if self._taken > self.most:
            self.is_exceeded = True
            raise _TooLargeError
        return message
