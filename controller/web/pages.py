"""Serve the live page, its stream of ready-made HTML, and signing in with a plain form.

Everything works without scripts: the page is complete when it is loaded and reloads itself then.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Header, Query, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from controller.services.staff import end_session
from controller.web import lookup, sse
from controller.web.api.session import sign_in
from controller.web.desk import Desk, desk_of
from controller.web.follow import follow
from controller.web.identity import actor_of, clear_cookie, cookie_of, set_cookie
from controller.web.texts import Speaker, speaker_for
from mqtt.contract.errors import RefusedError

__all__ = ["STATIC", "router"]

STATIC = Path(__file__).with_name("static")
_TEMPLATES = Path(__file__).with_name("templates")
_EVENTS_SHOWN = 30
_ALARMS_SHOWN = 10

router = APIRouter(include_in_schema=False)
Language = Annotated[str, Query(max_length=8)]


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _render(request: Request, template: str, **values: object) -> str:
    state = request.app.state
    if not hasattr(state, "templates"):
        state.templates = _environment()
    environment: Environment = state.templates
    return environment.get_template(template).render(values)


def _speaker(desk: Desk, language: str) -> Speaker:
    today = desk.site.today(desk.clock())
    return speaker_for(language, today.isoformat(), (today - timedelta(days=1)).isoformat())


@router.get("/")
def live_page(
    request: Request, desk: Annotated[Desk, Depends(desk_of)], lang: Language = ""
) -> HTMLResponse:
    """Show gates and events as they are now; the script goes on from there."""
    say = _speaker(desk, lang)
    actor = actor_of(request)
    if actor is None:
        return HTMLResponse(_sign_in_page(request, desk, say, error=None))
    with desk.reading() as uow:
        page = _render(
            request,
            "live.html",
            say=say,
            title=desk.title,
            gates=lookup.gates(uow, desk.site.zone, desk.clock()),
            events=lookup.events_before(uow, desk.site.zone, limit=_EVENTS_SHOWN),
            alarms=lookup.alarms(uow, desk.site.zone, limit=_ALARMS_SHOWN),
        )
    return HTMLResponse(page)


@router.get("/live/stream")
async def live_stream(
    request: Request,
    desk: Annotated[Desk, Depends(desk_of)],
    lang: Language = "",
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Stream rows and cards as HTML for the live page's script."""
    since = sse.last_id(last_event_id)

    async def messages() -> AsyncIterator[str]:
        async for news in follow(desk, lambda: actor_of(request) is not None, since):
            if news is None:
                yield sse.COMMENT
                continue
            say = _speaker(desk, lang)
            for event in news.events[-_EVENTS_SHOWN:]:
                row = _render(request, "event.html", say=say, event=event)
                yield sse.message("event", row, event.id)
            if news.gates is not None:
                cards = _render(request, "gates.html", say=say, gates=news.gates)
                yield sse.message("gates", cards)

    return sse.stream(messages())


@router.post("/sign-in")
def sign_in_form(
    request: Request,
    desk: Annotated[Desk, Depends(desk_of)],
    login: Annotated[str, Form(max_length=40)] = "",
    password: Annotated[str, Form(max_length=200)] = "",
    lang: Language = "",
) -> Response:
    """Sign in and go to the live page; a refusal shows the form again."""
    say = _speaker(desk, lang)
    address = request.client.host if request.client else ""
    try:
        cookie, _ = sign_in(desk, login, password, address)
    except RefusedError as error:
        return HTMLResponse(_sign_in_page(request, desk, say, error=error), 403)
    response = RedirectResponse("/?lang=en" if say.is_english else "/", 303)
    set_cookie(response, desk, cookie)
    return response


@router.post("/sign-out")
def sign_out_form(
    request: Request, desk: Annotated[Desk, Depends(desk_of)], lang: Language = ""
) -> Response:
    """Sign out and go to the form."""
    with desk.writing() as uow:
        end_session(uow, cookie_of(request), desk.clock())
        uow.commit()
    response = RedirectResponse("/?lang=en" if _speaker(desk, lang).is_english else "/", 303)
    clear_cookie(response, desk)
    return response


def _sign_in_page(request: Request, desk: Desk, say: Speaker, *, error: RefusedError | None) -> str:
    said = "" if error is None else f"{error.text(say.language)} {error.cure(say.language)}"
    return _render(request, "sign_in.html", say=say, title=desk.title, error=said)
