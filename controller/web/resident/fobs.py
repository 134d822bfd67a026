"""Let a resident block a lost fob in two taps; a paper pass comes in the same act."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from controller.domain.credentials import Carrier, EndReason
from controller.domain.moment import Moment
from controller.services.credentials import end_credential
from controller.storage.models import CredentialRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.identity import Resident
from controller.web.ids import IdText, raw_id
from controller.web.page import TheDesk, go, page
from controller.web.resident.own import carried, children_of, need_own
from mqtt.contract.ids import id_to_text

__all__ = ["router"]

router = APIRouter(prefix="/me/fob", include_in_schema=False)


@router.get("")
def show_fobs(request: Request, desk: TheDesk, resident: Resident) -> Response:
    """Show own fobs and those of own children, each with the way to block it."""
    moment = desk.clock()
    with desk.reading() as uow:
        own = _fobs(uow, resident.id, moment)
        children = [
            (child.name, _fobs(uow, child.id, moment))
            for child in children_of(uow, desk, resident.id, moment)
        ]
    return page(request, "resident/fobs.html", own=own, children=children)


@router.post("/{credential}/lost")
def lose(credential: IdText, desk: TheDesk, resident: Resident) -> Response:
    """Block a fob for good and show the paper pass that works instead of it."""
    moment = desk.clock()
    with desk.writing() as uow:
        row = need_own(uow, desk, resident, raw_id(credential), moment)
        paper = _paper_of(uow, row.holder_id, moment)
        ended = end_credential(
            uow,
            desk.site,
            resident,
            row.id,
            EndReason.LOST,
            moment=moment,
            with_replacement=paper is None,
        )
        uow.commit()
    desk.wire.changed()
    shown = ended.paper.credential if ended.paper is not None else paper
    return go("/me/fob" if shown is None else f"/me/papers/{id_to_text(shown)}?lost=1")


def _fobs(uow: UnitOfWork, holder: bytes, moment: Moment) -> list[tuple[str, str, int]]:
    """Return (id, last digits to tell fobs apart, given at) of somebody's fobs."""
    rows = carried(uow, holder, moment, Carrier.FOB)
    return [(id_to_text(row.id), _last_digits(row), row.created_at_ms) for row in rows]


def _last_digits(row: CredentialRow) -> str:
    return str(int(row.card_value or "0", 16))[-4:].rjust(4, "0")


def _paper_of(uow: UnitOfWork, holder: bytes, moment: Moment) -> bytes | None:
    papers = carried(uow, holder, moment, Carrier.PAPER)
    return papers[0].id if papers else None
