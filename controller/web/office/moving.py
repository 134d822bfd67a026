"""Show how far the move from an old system is, and take its gates and terminals along."""

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from controller.services.moving.claims import claim_figures, settle_claims
from controller.services.moving.gate_modes import gate_steps, set_shadow, shadows
from controller.services.moving.shadow import shadow_report
from controller.services.moving.terminals import list_terminal, retire_terminal, terminals
from controller.storage.models import FobListRow, GateRow
from controller.web.identity import Staff
from controller.web.ids import raw_id
from controller.web.manager.forms import TheFields
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import RefusedError
from mqtt.contract.ids import id_to_text

__all__ = ["router"]

router = APIRouter(prefix="/manager/moving", include_in_schema=False)


@router.get("")
def show(request: Request, desk: TheDesk) -> Response:
    """Show the steps of the move and where each stands."""
    with desk.writing() as uow:
        settle_claims(uow, desk.clock())
        uow.commit()
    return _page(request, desk)


@router.get("/gates/{gate}")
def show_gate(request: Request, desk: TheDesk, gate: str) -> Response:
    """Show what a gate in shadow would have refused, and its history."""
    return _gate(request, desk, gate)


@router.post("/gates/{gate}")
def change_gate(
    request: Request, desk: TheDesk, staff: Staff, fields: TheFields, gate: str
) -> Response:
    """Begin to listen, cut over to this system, or return to the old one."""
    w = words_for(request)
    on = fields.text("to") == "shadow"
    try:
        with desk.writing() as uow:
            reason = fields.text("reason")
            set_shadow(uow, staff, gate, on=on, reason=reason, moment=desk.clock())
            uow.commit()
    except RefusedError as error:
        return _gate(request, desk, gate, 422, w.error(error))
    desk.wire.changed()
    said = (
        w("已转为旁听，门由旧系统控制", "It listens now; the old system works the door")
        if on
        else w("已切换，门由本系统控制", "It is cut over; this system works the door")
    )
    return go(f"/manager/moving/gates/{gate}", said)


@router.post("/terminals")
def add_terminal(request: Request, desk: TheDesk, staff: Staff, fields: TheFields) -> Response:
    """List an old terminal that holds faces."""
    w = words_for(request)
    try:
        with desk.writing() as uow:
            list_terminal(
                uow,
                staff,
                fields.text("place"),
                fields.text("maker"),
                fields.text("serial"),
                people=fields.number("people"),
                moment=desk.clock(),
            )
            uow.commit()
    except RefusedError as error:
        return _page(request, desk, 422, w.error(error))
    return go("/manager/moving", w("已登记旧终端", "The old terminal is listed"))


@router.post("/terminals/{terminal}/retired")
def retire(
    request: Request, desk: TheDesk, staff: Staff, fields: TheFields, terminal: str
) -> Response:
    """Attest that an old terminal is wiped, with a witness and a photo."""
    w = words_for(request)
    try:
        with desk.writing() as uow:
            retire_terminal(
                uow,
                staff,
                raw_id(terminal),
                fields.text("how"),
                fields.text("witness"),
                photo_hash=fields.photo_hash("photo"),
                moment=desk.clock(),
            )
            uow.commit()
    except RefusedError as error:
        return _page(request, desk, 422, w.error(error))
    return go("/manager/moving", w("已记录清除", "The wiping is on record"))


def _page(request: Request, desk: TheDesk, status: int = 200, error: str = "") -> Response:
    with desk.reading() as uow:
        now = shadows(uow)
        gates = uow.session.scalars(
            select(GateRow).where(GateRow.revoked_at_ms.is_(None)).order_by(GateRow.name)
        ).all()
        reports = {name: shadow_report(uow, name, since_ms) for name, since_ms in now.items()}
        lists = uow.session.scalars(select(FobListRow).order_by(FobListRow.made_at_ms.desc()))
        return page(
            request,
            "office/moving.html",
            status,
            gates=gates,
            shadow=now,
            reports=reports,
            lists=lists.all(),
            figures=claim_figures(uow),
            terminals=terminals(uow),
            id_text=id_to_text,
            error=error,
        )


def _gate(
    request: Request, desk: TheDesk, gate: str, status: int = 200, error: str = ""
) -> Response:
    with desk.reading() as uow:
        row = uow.need(GateRow, gate)
        since_ms = shadows(uow).get(gate)
        report = None if since_ms is None else shadow_report(uow, gate, since_ms)
        return page(
            request,
            "office/moving_gate.html",
            status,
            gate=row,
            since_ms=since_ms,
            report=report,
            steps=gate_steps(uow, gate),
            error=error,
        )
