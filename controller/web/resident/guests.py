"""Let a household invite guests, couriers and carers, see who can still open, and end it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from controller.domain.credentials import EndReason
from controller.domain.people import HolderKind
from controller.domain.typed import typed_line
from controller.services.credentials import end_credential
from controller.services.holders import HolderDraft, add_holder
from controller.services.passes import VisitorDraft, issue_visitor, pass_text
from controller.storage.models import CredentialRow, GateRow, HolderRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.desk import Desk
from controller.web.identity import Resident
from controller.web.ids import IdText, raw_id
from controller.web.page import TheDesk, go, page, qr_svg, words_for
from controller.web.resident.guest_forms import HOURS, KINDS, LENGTHS, Guest, terms_of
from controller.web.resident.own import (
    home_of,
    household_passes,
    levels_of,
    need_guest,
    own_gates,
)
from controller.web.resident.passes import serial_of
from mqtt.contract.errors import RefusedError
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode

__all__ = ["router"]

router = APIRouter(prefix="/me/guests", include_in_schema=False)


@router.get("")
def list_guests(request: Request, desk: TheDesk, resident: Resident) -> Response:
    """Show who can still open for the own flat, and the three kinds of passes to give."""
    moment = desk.clock()
    with desk.reading() as uow:
        rows = household_passes(uow, desk, resident, moment)
        passes = [_shown(uow, row) for row in rows]
    return page(request, "resident/guests.html", passes=passes)


@router.get("/new/{kind}")
def ask(kind: str, request: Request, desk: TheDesk, resident: Resident) -> Response:
    """Show the form: two fields, and more behind a line for who wants it."""
    return _form(request, desk, resident, Guest(kind=_known(kind)))


@router.post("/new/{kind}")
def invite(
    kind: str,
    request: Request,
    desk: TheDesk,
    resident: Resident,
    guest: Annotated[Guest, Form()],
) -> Response:
    """Make the pass and show it; a refusal shows the form again with what was typed."""
    wanted = guest.model_copy(update={"kind": _known(kind)})
    try:
        made = _invite(desk, resident, wanted)
    except RefusedError as error:
        return _form(request, desk, resident, wanted, words_for(request).error(error))
    return go(f"/me/guests/{id_to_text(made)}")


@router.get("/{credential}")
def show(credential: IdText, request: Request, desk: TheDesk, resident: Resident) -> Response:
    """Show a guest's pass, to send as a picture or to print."""
    moment, w = desk.clock(), words_for(request)
    with desk.reading() as uow:
        row = need_guest(uow, desk, resident, raw_id(credential), moment)
        shown = _shown(uow, row)
        text = pass_text(uow, desk.site, row.id, moment)
    return page(
        request,
        "resident/guest.html",
        guest=shown,
        code=qr_svg(text, w("访客通行证的二维码", "QR code of the guest pass")),
        serial=serial_of(row),
    )


@router.post("/{credential}/end")
def end(credential: IdText, request: Request, desk: TheDesk, resident: Resident) -> Response:
    """End a pass of the household or of an own guest; it stops everywhere."""
    moment, w = desk.clock(), words_for(request)
    with desk.writing() as uow:
        row = need_guest(uow, desk, resident, raw_id(credential), moment)
        end_credential(uow, desk.site, resident, row.id, EndReason.HOUSEHOLD_WISH, moment=moment)
        uow.commit()
    desk.wire.changed()
    said = w("已停用，所有门一分钟内不再放行。", "Ended. All gates refuse it in a minute.")
    return go("/me/guests", said)


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise RefusedError(ReasonCode.NOT_FOUND, rule="PA-04")
    return kind


def _form(
    request: Request, desk: Desk, resident: Resident, guest: Guest, error: str = ""
) -> Response:
    w = words_for(request)
    with desk.reading() as uow:
        gates = own_gates(uow, resident.id, desk.clock())
    return page(
        request,
        "resident/guest_new.html",
        422 if error else 200,
        guest=guest,
        gates=gates,
        lengths=[(key, w(*LENGTHS[key].said)) for key in KINDS[guest.kind].lengths],
        hours=[(key, w(*each.said)) for key, each in HOURS.items()],
        error=error,
    )


def _invite(desk: Desk, resident: Resident, guest: Guest) -> bytes:
    moment, kind = desk.clock(), KINDS[guest.kind]
    with desk.writing() as uow:
        home = home_of(uow, resident.id, moment)
        typed = typed_line(guest.name)
        if home is None or not typed:
            raise RefusedError(ReasonCode.CONFIG_INVALID, rule="PA-04", detail="name")
        gates = own_gates(uow, resident.id, moment)
        terms, levels = terms_of(
            uow, guest, levels_of(uow, resident.id, moment), gates, (desk.site.zone, moment)
        )
        # A courier is a company and a time, not a person with a name.
        name = kind.said[0] if kind.is_nameless else typed
        holder = add_holder(uow, HolderDraft(name, HolderKind.VISITOR), moment)
        draft = VisitorDraft(
            holder,
            levels,
            terms,
            home,
            None if kind.is_households else resident.id,
            typed if kind.is_nameless else kind.said[0],
        )
        made = issue_visitor(uow, desk.site, resident, draft, moment)
        uow.commit()
    desk.wire.changed()
    return made.credential


def _shown(uow: UnitOfWork, row: CredentialRow) -> dict[str, object]:
    gate = uow.find(GateRow, row.home_gate) if row.home_gate else None
    return {
        "id": id_to_text(row.id),
        "name": uow.need(HolderRow, row.holder_id).name,
        "label": row.label,
        "is_mine": row.host_id is not None,
        "from_ms": row.valid_from_ms,
        "until_ms": row.valid_until_ms,
        "uses": row.uses,
        "gate": "" if gate is None else gate.title,
        "is_used": row.first_used_at_ms is not None,
        "is_planned": any(level.startswith("plan-") for level in row.levels),
    }
