"""Build the web application from its parts; it starts nothing by itself."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import Engine
from starlette.staticfiles import StaticFiles

from controller.domain.moment import Moment
from controller.services.lodge.telephone import NoTelephone, Telephone
from controller.services.site import Site
from controller.web import pages
from controller.web.api import routers as api
from controller.web.counter import routers as counter
from controller.web.desk import Desk, Wire
from controller.web.follow import look
from controller.web.guard import routers as guard
from controller.web.identity import guard_route
from controller.web.inspector import routers as inspector
from controller.web.live import LiveFeed, News
from controller.web.login import routers as login
from controller.web.manager import routers as manager
from controller.web.office import routers as office
from controller.web.page import STATIC
from controller.web.problem_page import show_problem
from controller.web.problems import Problem, install
from controller.web.public import routers as public
from controller.web.resident import routers as resident
from controller.web.route_table import ROUTES
from controller.web.sheets import routers as sheets
from controller.web.shield import Shield
from controller.web.sign_in_limit import SignInLimit

__all__ = ["OPENAPI_PATH", "create_app", "served_routes"]

OPENAPI_PATH = "/api/v1/openapi.json"
_ROUTERS = (
    *api.ROUTERS,
    pages.router,
    *login.ROUTERS,
    *public.ROUTERS,
    *sheets.ROUTERS,
    *resident.ROUTERS,
    *guard.ROUTERS,
    *counter.ROUTERS,
    *manager.ROUTERS,
    *office.ROUTERS,
    *inspector.ROUTERS,
)
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": "a problem document (RFC 9457)"}
    for status in (400, 401, 403, 404, 409, 422, 503)
}


def create_app(
    engine: Engine,
    site: Site,
    wire: Wire,
    clock: Callable[[], Moment],
    *,
    title: str,
    is_https: bool = False,
    telephone: Telephone | None = None,
) -> FastAPI:
    """Return the application. `title` is the compound's name for people.

    Raises RuntimeError where a route and the table of routes do not agree.
    """

    def newer(after: int) -> News:
        return look(desk, after)

    desk = Desk(
        engine=engine,
        site=site,
        title=title,
        clock=clock,
        wire=wire,
        live=LiveFeed(newer),
        limit=SignInLimit(),
        is_https=is_https,
        telephone=telephone or NoTelephone(),
    )
    return _assemble(desk)


def _assemble(desk: Desk) -> FastAPI:
    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await desk.live.close()

    app = FastAPI(
        title="EqualGate controller",
        version="1",
        openapi_url=OPENAPI_PATH,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(guard_route)],
        lifespan=life,
        responses=_PROBLEMS,
    )
    app.state.desk = desk
    install(app, show_problem)
    for router in _ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(Shield, is_https=desk.is_https)
    _check_table()
    return app


def served_routes() -> set[tuple[str, str]]:
    """Return (method, path) of every route but static files."""
    ours = {
        (method, route.path)
        for router in _ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
        if method != "HEAD"
    }
    return ours | {("GET", OPENAPI_PATH)}


def _check_table() -> None:
    """Refuse to start where a route is not in the table, or a row names no route."""
    differ = served_routes() ^ set(ROUTES)
    if differ:
        raise RuntimeError(f"routes and table differ: {sorted(differ)}")
