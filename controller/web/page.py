"""Make pages: the one environment of templates, and how this device wants them to look.

`?lang=en`, `?lang=zh`, `?size=elder` and `?size=normal` on any page are remembered by the device
(they are plain links, so they work without scripts). What a form has done is said on the next page.
"""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import segno
from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from controller.web.desk import Desk, desk_of
from controller.web.route_table import ROUTES
from controller.web.words import CHINESE, ENGLISH, Words

__all__ = [
    "LOOK_COOKIE",
    "STATIC",
    "Look",
    "TheDesk",
    "go",
    "look_of",
    "own_path",
    "page",
    "qr_svg",
    "remember",
    "render",
    "words_for",
]

LOOK_COOKIE = "equalgate-look"
"""How pages look on this device: `zh` or `en`, with `-elder` for large type. It names nobody."""

STATIC = Path(__file__).with_name("static")
_TEMPLATES = Path(__file__).with_name("templates")
_SAID_COOKIE = "equalgate-said"
_SAID_S = 60
_LOOK_S = 400 * 86_400
TheDesk = Annotated[Desk, Depends(desk_of)]


@dataclass(frozen=True, slots=True)
class Look:
    """Language and size of type, remembered for each device."""

    language: str = CHINESE
    is_elder: bool = False

    @property
    def cookie(self) -> str:
        """Return what the cookie holds."""
        return ("en" if self.language == ENGLISH else "zh") + ("-elder" if self.is_elder else "")


@dataclass(frozen=True, slots=True)
class Said:
    """What the last form did, and the own path that undoes it, or an empty text."""

    text: str = ""
    undo: str = ""


def look_of(request: Request) -> Look:
    """Return how this device wants its pages; the address counts before the cookie."""
    kept, _, kept_size = request.cookies.get(LOOK_COOKIE, "").partition("-")
    language = request.query_params.get("lang", "")[:8] or kept
    size = request.query_params.get("size", "")[:8] or kept_size
    return Look(ENGLISH if language.lower().startswith("en") else CHINESE, size == "elder")


def words_for(request: Request) -> Words:
    """Return the words of this request's language, as of now."""
    desk = desk_of(request)
    return Words(look_of(request).language, desk.site.zone, desk.clock().utc_ms)


def render(request: Request, template: str, **values: object) -> str:
    """Return a template with what every page needs: `w`, `look`, `compound`, `here`, `switch`."""
    desk, look = desk_of(request), look_of(request)
    state = request.app.state
    if not hasattr(state, "page_templates"):
        state.page_templates = _environment()
    environment: Environment = state.page_templates
    known = {
        "w": words_for(request),
        "look": look,
        "compound": desk.title,
        "here": request.url.path,
        "switch": _switch(request, look),
        "said": _said(request),
        "error": "",
    }
    return environment.get_template(template).render(known | values)


def page(request: Request, template: str, status: int = 200, /, **values: object) -> HTMLResponse:
    """Return a whole page; `error` among the values is shown at its top, in its error block."""
    response = HTMLResponse(render(request, template, **values), status)
    if {"lang", "size"} & request.query_params.keys():
        remember(response, look_of(request))
    if _SAID_COOKIE in request.cookies:
        response.delete_cookie(_SAID_COOKIE, path="/", httponly=True, samesite="lax")
    return response


def remember(response: Response, look: Look) -> None:
    """Keep language and size of type on the device."""
    response.set_cookie(LOOK_COOKIE, look.cookie, max_age=_LOOK_S, path="/", samesite="lax")


def go(path: str, said: str = "", undo: str = "") -> Response:
    """Send the browser on after a form, so that reloading sends nothing twice.

    `said` is shown once on the next page, with a button that posts to the own path `undo`.
    """
    response = RedirectResponse(path, 303)
    if said:
        kept = base64.urlsafe_b64encode(json.dumps([said, undo]).encode()).decode()
        response.set_cookie(
            _SAID_COOKIE, kept, max_age=_SAID_S, path="/", httponly=True, samesite="lax"
        )
    return response


def own_path(text: str) -> str:
    """Return a path of this site that a form named, or the front page for anything else."""
    if not text.startswith("/") or text.startswith("//") or "\\" in text or not text.isprintable():
        return "/"
    return quote(text, safe="/?=&-_.~")


def qr_svg(text: str, label: str) -> Markup:
    """Draw a QR code as SVG, black on white with its quiet zone of four modules."""
    code = segno.make(text, error="m", boost_error=False, micro=False)
    size = code.symbol_size(border=4)[0]
    drawn = code.svg_inline(border=4, omitsize=True, svgclass=None, lineclass=None, title=None)
    named = Markup('<svg class="qr" role="img" aria-label="{}" viewBox="0 0 {} {}"').format(
        label, size, size
    )
    body = drawn.partition(">")[2]
    return named + Markup(">") + Markup(body)  # noqa: S704  # drawn by segno from numbers only


def _switch(request: Request, look: Look) -> dict[str, str]:
    """Return the links that change language and size of type, to this page where it has a GET."""
    route = getattr(request.scope.get("route"), "path", "")
    is_here = request.method == "GET" or ("GET", route) in ROUTES
    path = request.url.path if is_here else "/"
    kept = request.url.include_query_params() if request.method == "GET" else request.url
    query = kept.remove_query_params(["lang", "size"]).query
    start = f"{path}?{query}&" if query and is_here else f"{path}?"
    return {
        "language": f"{start}lang={'zh' if look.language == ENGLISH else 'en'}",
        "size": f"{start}size={'normal' if look.is_elder else 'elder'}",
    }


def _said(request: Request) -> Said:
    kept = request.cookies.get(_SAID_COOKIE, "")
    if not kept:
        return Said()
    try:
        text, undo = json.loads(base64.urlsafe_b64decode(kept))
    except (ValueError, TypeError):
        return Said()
    return Said(str(text)[:300], own_path(str(undo)) if undo else "")


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
