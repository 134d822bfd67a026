"""Serve the stage on loopback: one page, its stream, and the acts as plain forms."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from controller.web import sse
from controller.web.page import STATIC, look_of, remember
from controller.web.shield import Shield
from controller.web.words import Words
from equalgate.demo.compound import TITLE, Compound, moment
from equalgate.demo.ledger import has_documents
from equalgate.demo.processes import wait_until
from equalgate.demo.stage.acts import ACTS, GATE, PLACE
from equalgate.demo.stage.stage import Stage

__all__ = ["make_app", "serving"]

_HERE = Path(__file__).parent
_PARTS = ("gate", "happened", "optional", "inspector")
_LOOK_S = 0.25
_START_S = 10.0
_DOCUMENTS_S = 60.0


class _Pages:
    """The routes of one stage."""

    def __init__(self, stage: Stage, compound: Compound) -> None:
        self._stage = stage
        self._compound = compound
        folders = [_HERE / "templates", STATIC.with_name("templates")]
        self._templates = Environment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> list[Route | Mount]:
        """Return what is served."""
        return [
            Route("/", self.page),
            Route("/stream", self.stream),
            Route("/picture", self.picture),
            Route("/evidence.zip", self.evidence),
            Route("/do/{name}", self.do, methods=["POST"]),
            Mount("/static", StaticFiles(directory=STATIC)),
            Mount("/stage", StaticFiles(directory=_HERE / "static")),
        ]

    def page(self, request: Request) -> Response:
        """Show everything as it is now."""
        look = look_of(request)
        response = HTMLResponse(self._render(request, "stage.html"))
        remember(response, look)
        return response

    async def stream(self, request: Request) -> Response:
        """Send each panel again when it changes."""

        async def messages() -> AsyncIterator[str]:
            before: dict[str, str] = {}
            while not await request.is_disconnected():
                for name in _PARTS:
                    drawn = await run_in_threadpool(self._render, request, f"stage_{name}.html")
                    if before.get(name) != drawn:
                        before[name] = drawn
                        yield sse.message(name, drawn)
                await asyncio.sleep(_LOOK_S)

        return sse.stream(messages())

    def picture(self, _request: Request) -> Response:
        """Show the file that the simulated camera was given; no camera is behind it."""
        file = self._stage.picture
        return Response(status_code=404) if file is None else FileResponse(file)

    def evidence(self, _request: Request) -> Response:
        """Hand out the bundle that was made last, to be checked on another machine."""
        file = self._stage.evidence
        if not file.exists():
            return Response(status_code=404)
        return FileResponse(file, media_type="application/zip", filename="evidence.zip")

    def do(self, request: Request) -> Response:
        """Do what a button says, for our own page only."""
        origin = urlsplit(request.headers.get("origin", "")).netloc
        if not origin or origin != request.headers.get("host"):
            return Response(status_code=403)
        self._stage.do(request.path_params["name"])
        return RedirectResponse("/", 303)

    def _render(self, request: Request, template: str) -> str:
        look, ports = look_of(request), self._compound.ports
        words = Words(look.language, "Asia/Shanghai", moment().utc_ms)
        screens = dict(zip(self._compound.gates, ports.screens, strict=False))
        return self._templates.get_template(template).render(
            w=words,
            look=look,
            compound=words(f"同行门禁演示 · {TITLE}", "EqualGate demo"),
            here="/",
            switch={
                "language": f"/?lang={'zh' if words.is_english else 'en'}",
                "size": f"/?size={'normal' if look.is_elder else 'elder'}",
            },
            said=_NOTHING_SAID,
            error="",
            acts=ACTS,
            p=self._stage.panels(),
            pages=f"http://127.0.0.1:{ports.http}/",
            screen=f"http://127.0.0.1:{screens.get(GATE, 0)}/{PLACE}",
        )


class _NothingSaid:
    text = ""
    undo = ""


_NOTHING_SAID = _NothingSaid()


def make_app(stage: Stage, compound: Compound) -> Starlette:
    """Return the stage's application; it starts nothing."""
    return Starlette(routes=_Pages(stage, compound).routes(), middleware=[Middleware(Shield)])


@contextmanager
def serving(compound: Compound) -> Iterator[Stage]:
    """Serve the stage at the compound's stage port while the block runs.

    It opens once both gates hold every list, so that the first act finds a gate that knows people.
    Raises UnavailableError(`timeout`) where a gate gets none.
    """
    for gate in compound.gates:
        wait_until(partial(has_documents, compound, gate), f"documents at {gate}", _DOCUMENTS_S)
    stage = Stage(compound)
    config = uvicorn.Config(
        make_app(stage, compound),
        host="127.0.0.1",
        port=compound.ports.stage,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="stage", daemon=True)
    thread.start()
    ends_s = time.monotonic() + _START_S
    while not server.started and thread.is_alive() and time.monotonic() < ends_s:
        time.sleep(0.02)
    try:
        stage.players.load_page()
        yield stage
    finally:
        server.should_exit = True
        thread.join(_START_S)
        stage.close()
