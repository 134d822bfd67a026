"""Serve pages and API, with the process's own broker session."""

import logging
import signal
from pathlib import Path
from socket import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

from controller.bootstrap import clock
from controller.bootstrap.child import IngestChild
from controller.bootstrap.parts import make_site, open_database, session_spec
from controller.bootstrap.webhooks import UrlPoster, WebhookCourier, endpoint_of
from controller.settings import Settings
from controller.web.app import create_app
from controller.web.desk import Desk
from controller.web.link import WebLink, subscriptions
from mqtt.client.session import PahoSession

__all__ = ["run_serve"]

_GRACE_S = 3
_log = logging.getLogger(__name__)


class _Server(uvicorn.Server):
    """Ends open streams first, so that the end does not wait for them."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._desk: Desk = app.state.desk

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """End in order."""
        await self._desk.live.close()
        await super().shutdown(sockets)


def run_serve(settings: Settings, config_file: Path, *, with_ingest: bool = False) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status."""
    engine = open_database(settings)
    site = make_site(settings)
    link = WebLink(engine, site, clock.now)
    spec = session_spec(settings.broker, settings.broker.web, subscriptions(site.name))
    session = PahoSession(spec, link.emit)
    link.attach(session)
    is_https = settings.http.certificate is not None
    title = settings.site.title
    app = create_app(engine, site, link, clock.now, title=title, is_https=is_https)
    child = IngestChild(config_file) if with_ingest else None
    endpoint = endpoint_of(settings.webhooks)
    courier = WebhookCourier(engine, endpoint, clock.now, UrlPoster()) if endpoint else None
    session.start()
    link.start()
    if courier is not None:
        courier.start()
    if child is not None:
        child.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn ends in order and then raises the signal again; what follows is ours to end.
        signal.signal(number, _already_ending)
    try:
        _Server(_uvicorn_config(settings, app), app).run()
    finally:
        if child is not None:
            child.stop()
        if courier is not None:
            courier.stop()
        link.stop()
        session.stop()
        engine.dispose()
    return 0


def _already_ending(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the server has ended and the rest is on its way."""


def _uvicorn_config(settings: Settings, app: FastAPI) -> uvicorn.Config:
    http = settings.http
    scheme = "https" if http.certificate else "http"
    _log.info("serving", extra={"address": f"{scheme}://{http.host}:{http.port}/"})
    return uvicorn.Config(
        app,
        host=http.host,
        port=http.port,
        ssl_certfile=http.certificate,
        ssl_keyfile=str(http.key) if http.key else None,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
        proxy_headers=False,
    )
