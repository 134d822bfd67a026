"""Use the controller's pages as a browser does: sign in, send, read."""

import json
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

from equalgate.demo.steps import StepFailedError

__all__ = ["PagesClient"]

_TIMEOUT_S = 60.0
_FORM = "application/x-www-form-urlencoded"


class PagesClient:
    """One browser session with the controller."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._opener: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()))

    def is_up(self) -> bool:
        """Tell whether the pages answer."""
        try:
            self._call("GET", "/healthz", None)
        except (StepFailedError, URLError, OSError):
            return False
        return True

    def sign_in(self, login: str, password: str) -> None:
        """Sign in. Raises StepFailedError."""
        self._call("POST", "/api/v1/session", {"login": login, "password": password})

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send JSON and return the JSON answer. Raises StepFailedError with the status."""
        return self._call("POST", path, body)

    def get(self, path: str) -> dict[str, Any]:
        """Return a JSON answer. Raises StepFailedError with the status."""
        return self._call("GET", path, None)

    def download(self, path: str) -> bytes:
        """Send an empty form and return the file that is answered. Raises StepFailedError."""
        return self._send("POST", path, b"", _FORM)

    def form(self, path: str, fields: dict[str, str | list[str]]) -> str:
        """Send a page's form; return the page that answers. Raises StepFailedError."""
        body = urlencode(fields, doseq=True).encode()
        return self._send("POST", path, body, _FORM).decode("utf-8")

    def page(self, path: str) -> str:
        """Return a page's text. Raises StepFailedError."""
        return self._send("GET", path, None, "text/html").decode("utf-8")

    def _call(self, verb: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        raw = self._send(verb, path, data, "application/json")
        answer: dict[str, Any] = json.loads(raw) if raw.startswith(b"{") else {}
        return answer

    def _send(self, verb: str, path: str, data: bytes | None, kind: str) -> bytes:
        headers = {"Origin": self._base, "Content-Type": kind}
        request = Request(self._base + path, data=data, headers=headers, method=verb)  # noqa: S310
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                return bytes(answer.read())
        except HTTPError as error:
            with error:
                said = error.read().decode("utf-8", "replace")[:200]
            raise StepFailedError(f"{verb} {path}: {error.code} {said}") from error
