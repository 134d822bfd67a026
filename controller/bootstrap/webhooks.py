"""Post webhooks in a thread of its own, where the settings name an address."""

import base64
import binascii
import http.client
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine

from controller.domain.moment import Moment
from controller.services.webhooks import Endpoint, Poster, deliver, fill_outbox, forget_messages
from controller.settings import WebhookSettings
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.errors import ConfigError, EqualGateError
from mqtt.contract.reasons import ReasonCode

__all__ = ["UrlPoster", "WebhookCourier", "endpoint_of"]

_EVERY_S = 2.0
_TIMEOUT_S = 10.0
_LEAST_SECRET = 24
_log = logging.getLogger(__name__)


def endpoint_of(settings: WebhookSettings) -> Endpoint | None:
    """Return where to post, None if nothing is set. Raises ConfigError for an unusable secret."""
    if not settings.url:
        return None
    if settings.secret_file is None:
        raise ConfigError(ReasonCode.CONFIG_INVALID, "webhooks.secret_file")
    try:
        text = settings.secret_file.read_text("ascii").strip().removeprefix("whsec_")
        secret = base64.b64decode(text, validate=True)
    except (OSError, ValueError, binascii.Error) as error:
        raise ConfigError(ReasonCode.FILE_UNREADABLE, "webhooks.secret_file") from error
    if len(secret) < _LEAST_SECRET:
        detail = f"webhooks.secret_file: {_LEAST_SECRET} bytes or more"
        raise ConfigError(ReasonCode.CONFIG_INVALID, detail)
    return Endpoint(settings.url, secret)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:  # noqa: ANN401
        """Follow no redirect: the address in the settings is the one that was allowed."""


class UrlPoster:
    """Posts over HTTP, without redirects and without a proxy from the environment."""

    def __init__(self) -> None:
        self._opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> bool:
        """Post once; see `Poster`."""
        request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310  checked in settings
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                return bool(200 <= answer.status < 300)
        except (urllib.error.URLError, http.client.HTTPException, OSError):
            return False


class WebhookCourier:
    """Fills the outbox and delivers from it every two seconds."""

    def __init__(
        self, engine: Engine, endpoint: Endpoint, clock: Callable[[], Moment], poster: Poster
    ) -> None:
        self._engine = engine
        self._endpoint = endpoint
        self._clock = clock
        self._poster = poster
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """End after what it is doing."""
        self._stopping.set()
        self._thread.join(_TIMEOUT_S + 1)

    def step(self) -> int:
        """Do one round; return how many messages were taken. Raises StorageError."""
        moment = self._clock()
        with UnitOfWork(self._engine) as uow:
            fill_outbox(uow, moment)
            forget_messages(uow, moment)
            uow.commit()
        with UnitOfWork(self._engine) as uow:
            taken = deliver(uow, self._endpoint, self._poster, moment)
            uow.commit()
        return taken

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY_S):
            try:
                self.step()
            except EqualGateError as error:
                _log.warning("webhooks_wait", extra={"reason": error.code.value})
