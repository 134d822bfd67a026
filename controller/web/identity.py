"""Know who asks, by the session cookie, and refuse what the table of routes does not allow.

The session is looked up in the database at every request (B08). Requests that change something
must come from our own pages: Fetch Metadata where the browser sends it, else the Origin header
(OWASP, Cross-Site Request Forgery Prevention).
"""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from starlette.exceptions import HTTPException

from controller.domain.roles import Actor
from controller.services.staff import SESSION_MS, session_actor
from controller.web.desk import Desk, desk_of
from controller.web.route_rules import may_use
from controller.web.route_table import ROUTES
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "Resident",
    "Staff",
    "actor_of",
    "clear_cookie",
    "cookie_of",
    "guard_route",
    "set_cookie",
    "staff_of",
]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({"same-origin", "none"})


def _cookie_name(desk: Desk) -> str:
    return "__Host-equalgate" if desk.is_https else "equalgate"


def cookie_of(request: Request) -> str:
    """Return the session cookie, or an empty text."""
    return request.cookies.get(_cookie_name(desk_of(request)), "")


def set_cookie(response: Response, desk: Desk, cookie: str, length_ms: int = SESSION_MS) -> None:
    """Give the browser a session: out of reach for scripts and for other sites."""
    response.set_cookie(
        _cookie_name(desk),
        cookie,
        max_age=length_ms // 1000,
        path="/",
        secure=desk.is_https,
        httponly=True,
        samesite="lax",
    )


def clear_cookie(response: Response, desk: Desk) -> None:
    """Take the session from the browser."""
    response.delete_cookie(
        _cookie_name(desk), path="/", secure=desk.is_https, httponly=True, samesite="lax"
    )


def actor_of(request: Request) -> Actor | None:
    """Return the staff member who asks, or None; holders have pages of their own."""
    cookie = cookie_of(request)
    if not cookie:
        return None
    desk = desk_of(request)
    with desk.reading() as uow:
        actor = session_actor(uow, cookie, desk.clock())
    return actor if actor is not None and actor.role is not None else None


def guard_route(request: Request) -> None:
    """Let a request through if its route is for whoever asks; else 401 or 403."""
    if request.method not in _SAFE:
        _check_origin(request)
    rule = ROUTES.get((_method(request), _path(request)))
    if rule is None:
        raise HTTPException(404)
    if rule.for_residents:
        request.state.actor = _holder(request)
        return
    actor = None if rule.is_public else actor_of(request)
    request.state.actor = actor
    if may_use(rule, actor.role if actor else None):
        return
    raise HTTPException(401 if actor is None else 403)


def staff_of(request: Request) -> Actor:
    """Return who asks; on a route for anybody this is a programming error."""
    actor = request.state.actor
    if not isinstance(actor, Actor):
        raise TypeError("a public route asks who it is")
    return actor


Staff = Annotated[Actor, Depends(staff_of)]
Resident = Annotated[Actor, Depends(staff_of)]
"""Who asks on a route for residents: a holder, without a role."""


def _holder(request: Request) -> Actor:
    """Return the resident who asks; 401 for nobody, 403 for staff."""
    cookie, desk = cookie_of(request), desk_of(request)
    with desk.reading() as uow:
        actor = session_actor(uow, cookie, desk.clock()) if cookie else None
    if actor is None:
        raise HTTPException(401)
    if actor.role is not None:
        raise HTTPException(403)
    return actor


def _method(request: Request) -> str:
    return "GET" if request.method == "HEAD" else request.method


def _path(request: Request) -> str:
    route = request.scope.get("route")
    return getattr(route, "path", "")


def _check_origin(request: Request) -> None:
    fetched_from = request.headers.get("sec-fetch-site")
    if fetched_from is not None:
        if fetched_from in _OWN_SITES:
            return
    else:
        origin = urlsplit(request.headers.get("origin", ""))
        if origin.netloc and origin.netloc == request.headers.get("host"):
            return
    raise RefusedError(ReasonCode.NOT_ALLOWED, rule="WE-01", detail="Origin")
