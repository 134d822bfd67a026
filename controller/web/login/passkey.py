"""Sign in with a passkey: one question, one answer, for whichever account made it here."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from controller.services.login.passkeys import ask_sign_in, sign_in_with
from controller.services.staff import session_actor
from controller.web.identity import set_cookie
from controller.web.login.shared import PasskeyAnswer, asked, home_of, place_of, went
from controller.web.page import TheDesk
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode

__all__ = ["router"]

router = APIRouter(prefix="/sign-in/passkey", include_in_schema=False)
_LIMIT = "passkey"


@router.post("/options")
def ask(request: Request, desk: TheDesk) -> Response:
    """Ask the browser for any passkey of this site."""
    with desk.writing() as uow:
        question = ask_sign_in(uow, place_of(request, desk), desk.clock())
        uow.commit()
    return asked(question)


@router.post("")
def take(request: Request, body: PasskeyAnswer, desk: TheDesk) -> Response:
    """Check the answer and sign in; a wrong one counts against this address."""
    moment = desk.clock()
    address = request.client.host if request.client else ""
    if not desk.limit.allows(_LIMIT, address, moment.mono_ms):
        raise RefusedError(ReasonCode.RATE_LIMITED, rule="WE-02")
    with desk.writing() as uow:
        try:
            place = place_of(request, desk)
            cookie = sign_in_with(uow, place, body.token, body.answer, moment)
        except RefusedError:
            desk.limit.failed(_LIMIT, address, moment.mono_ms)
            uow.commit()  # the question is used up
            raise
        actor = session_actor(uow, cookie, moment)
        uow.commit()
    response = went(home_of(actor.role if actor else None))
    set_cookie(response, desk, cookie)
    return response
