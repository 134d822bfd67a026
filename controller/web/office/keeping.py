"""Show what keeps the compound running: keys, software, restore, hand-over, and what waits."""

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from controller.services.attestations import attestations
from controller.services.handover.bridging import open_handover, waiting_gates
from controller.services.handover.recovery import recovery_rows
from controller.services.keys import believed_keys
from controller.services.read_back import let_go, waits_for
from controller.storage.models import GatePresenceRow, GateRow
from controller.web.desk import Desk
from controller.web.identity import Staff
from controller.web.manager.forms import TheFields
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import RefusedError
from mqtt.contract.versions import SOFTWARE

__all__ = ["router"]

router = APIRouter(prefix="/manager/keeping", include_in_schema=False)


@router.get("")
def show(request: Request, desk: TheDesk) -> Response:
    """Show whether keys last, what runs where, and what waits for a gate."""
    return _page(request, desk)


@router.post("/gates/{gate}/let-go")
def release(
    request: Request, desk: TheDesk, staff: Staff, fields: TheFields, gate: str
) -> Response:
    """Publish to a gate that cannot tell what it knows to have ended."""
    w = words_for(request)
    try:
        with desk.writing() as uow:
            let_go(uow, staff, gate, fields.text("reason"), desk.clock())
            uow.commit()
    except RefusedError as error:
        return _page(request, desk, 422, w.error(error))
    desk.wire.changed()
    return go("/manager/keeping", w("不再等这个门", "No longer waiting for that gate"))


def _page(request: Request, desk: Desk, status: int = 200, error: str = "") -> Response:
    moment = desk.clock()
    with desk.reading() as uow:
        gates = uow.session.scalars(
            select(GateRow).where(GateRow.revoked_at_ms.is_(None)).order_by(GateRow.name)
        ).all()
        recovery = recovery_rows(uow)
        return page(
            request,
            "office/keeping.html",
            status,
            keys=[key for key in believed_keys(uow, moment) if not key.is_recovery],
            recovery=recovery[0] if recovery else None,
            gates=[(gate, uow.find(GatePresenceRow, gate.name)) for gate in gates],
            software=SOFTWARE,
            restoring=waits_for(uow),
            handover=open_handover(uow),
            handover_waits=waiting_gates(uow),
            changes=[
                row
                for row in attestations(uow, "PR-03")
                if row.statement.startswith(("operator", "recovery"))
            ],
            is_connected=desk.wire.is_connected,
            error=error,
        )
