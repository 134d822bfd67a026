"""What the pages of logging in share: the place for passkeys, answers of scripts, where to go."""

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from controller.services.login.passkeys import Asked, Place
from controller.web.desk import Desk
from mqtt.contract.records import Role

__all__ = ["PasskeyAnswer", "asked", "home_of", "place_of", "went"]


class PasskeyAnswer(BaseModel, extra="forbid"):
    """What the browser's authenticator said, as JSON text, and the token of the question."""

    token: str = Field(max_length=80)
    answer: str = Field(max_length=20_000, repr=False)
    label: str = Field("", max_length=80)


def place_of(request: Request, desk: Desk) -> Place:
    """Return the host and origin under which this browser sees the pages."""
    host = request.url.hostname or "localhost"
    return Place(host, f"{request.url.scheme}://{request.url.netloc}", desk.title)


def asked(question: Asked) -> Response:
    """Return a question for the script that speaks to the authenticator."""
    return JSONResponse({"options": question.options, "token": question.token})


def went(path: str) -> JSONResponse:
    """Tell the script where to go on."""
    return JSONResponse({"next": path})


def home_of(role: Role | None) -> str:
    """Return the first page of a role."""
    if role is Role.GUARD:
        return "/guard"
    return "/manager" if role in {Role.MANAGER, Role.INSTALLER} else "/"
