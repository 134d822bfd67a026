"""Show consents and erasures in numbers, draw whom to interview, read complaints of force."""

from typing import Annotated

from fastapi import Form, Request
from starlette.responses import Response

from controller.services.complaints import answer_complaint, complaints_for
from controller.services.face_views import LEAST_SHOWN, counts, signal_views
from controller.services.inspection.draw import MOST, Drawn, draw_consents
from controller.services.inspection.overview import is_simulated
from controller.web.desk import Desk
from controller.web.identity import Staff
from controller.web.inspector.looked import inspector_router
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import RefusedError

__all__ = ["router"]

router = inspector_router()


@router.get("/consents")
def consents(request: Request, desk: TheDesk) -> Response:
    """Show how many consented, ended, were erased; small numbers are not given."""
    return _consents(request, desk)


@router.post("/draw")
def draw(
    request: Request,
    desk: TheDesk,
    staff: Staff,
    dice: Annotated[str, Form(max_length=20)] = "",
    count: Annotated[int, Form(ge=1, le=MOST)] = 5,
) -> Response:
    """Draw consents by the inspector's dice; the draw is logged before it is shown."""
    try:
        with desk.writing() as uow:
            seed, drawn = draw_consents(
                uow, desk.site, staff, "".join(dice.split()), count, moment=desk.clock()
            )
            uow.commit()
    except RefusedError as error:
        return _consents(request, desk, error=words_for(request).error(error))
    return _consents(request, desk, seed=seed, drawn=drawn)


@router.get("/complaints")
def complaints(request: Request, desk: TheDesk, staff: Staff) -> Response:
    """Show complaints; those of force come first and are for inspectors alone."""
    with desk.reading() as uow:
        rows = complaints_for(uow, staff)
        ordered = sorted(
            rows, key=lambda row: (row.answered_at_ms is not None, row.topic != "forced")
        )
        return page(
            request,
            "inspector/complaints.html",
            complaints=ordered,
            now_ms=desk.clock().utc_ms,
            simulated=is_simulated(uow),
        )


@router.post("/complaints/{complaint}/answer")
def answer(
    request: Request,
    desk: TheDesk,
    staff: Staff,
    complaint: int,
    text: Annotated[str, Form(max_length=2_000)] = "",
) -> Response:
    """Answer a complaint; an answer is never changed."""
    with desk.writing() as uow:
        answer_complaint(uow, staff, complaint, text, desk.clock())
        uow.commit()
    return go("/inspector/complaints", words_for(request)("已答复", "Answered"))


def _consents(
    request: Request,
    desk: Desk,
    *,
    seed: str = "",
    drawn: tuple[Drawn, ...] = (),
    error: str = "",
) -> Response:
    with desk.reading() as uow:
        return page(
            request,
            "inspector/consents.html",
            counts=counts(uow, desk.clock()),
            signals=signal_views(uow, desk.site),
            least=LEAST_SHOWN,
            most=MOST,
            seed=seed,
            drawn=drawn,
            error=error,
            simulated=is_simulated(uow),
        )
