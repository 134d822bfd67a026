"""Serve the live page, its stream of ready-made HTML, and signing in with a plain form.

Everything works without scripts: the page is complete when it is loaded and reloads itself then.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Form, Header, Request
from starlette.responses import Response, StreamingResponse

from controller.services.staff import end_session, session_actor
from controller.web import lookup, sse
from controller.web.api.session import sign_in
from controller.web.follow import follow
from controller.web.identity import actor_of, clear_cookie, cookie_of, set_cookie
from controller.web.login.shared import home_of
from controller.web.page import TheDesk, go, page, render, words_for
from mqtt.contract.errors import RefusedError
from mqtt.contract.records import Role

__all__ = ["router"]

_EVENTS_SHOWN = 30
_ALARMS_SHOWN = 10

router = APIRouter(include_in_schema=False)


@router.get("/")
def live_page(request: Request, desk: TheDesk) -> Response:
    """Show gates and events as they are now; residents come home, others sign in first."""
    with desk.reading() as uow:
        actor = session_actor(uow, cookie_of(request), desk.clock())
        if actor is None:
            return page(request, "sign_in.html")
        if actor.role is None:
            return go("/me")
        return page(
            request,
            "live.html",
            own_home=home_of(actor.role),
            gates=lookup.gates(uow, desk.site.zone, desk.clock()),
            events=lookup.events_before(uow, desk.site.zone, limit=_EVENTS_SHOWN),
            alarms=lookup.alarms(uow, desk.site.zone, limit=_ALARMS_SHOWN),
        )


@router.get("/live/stream")
async def live_stream(
    request: Request,
    desk: TheDesk,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Stream rows and cards as HTML for the live page's script."""
    since = sse.last_id(last_event_id)

    async def messages() -> AsyncIterator[str]:
        async for news in follow(desk, lambda: actor_of(request) is not None, since):
            if news is None:
                yield sse.COMMENT
                continue
            for event in news.events[-_EVENTS_SHOWN:]:
                row = render(request, "event.html", event=event)
                yield sse.message("event", row, event.id)
            if news.gates is not None:
                cards = render(request, "gates.html", gates=news.gates)
                yield sse.message("gates", cards)

    return sse.stream(messages())


@router.post("/sign-in")
def sign_in_form(
    request: Request,
    desk: TheDesk,
    login: Annotated[str, Form(max_length=40)] = "",
    password: Annotated[str, Form(max_length=200)] = "",
    code: Annotated[str, Form(max_length=12)] = "",
) -> Response:
    """Sign in and go to the first page of the role; a refusal shows the form again."""
    address = request.client.host if request.client else ""
    try:
        cookie, view = sign_in(desk, login, password, address, code)
    except RefusedError as error:
        return page(request, "sign_in.html", 403, error=words_for(request).error(error))
    response = go(home_of(Role(view.role) if view.role else None))
    set_cookie(response, desk, cookie)
    return response


@router.post("/sign-out")
def sign_out_form(request: Request, desk: TheDesk) -> Response:
    """Sign out and go to the form."""
    with desk.writing() as uow:
        end_session(uow, cookie_of(request), desk.clock())
        uow.commit()
    response = go("/")
    clear_cookie(response, desk)
    return response
