"""Register gate units, doors and access points, and show one gate."""

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from controller.domain.roles import Act
from controller.services.acts import need_act, need_reason, record_act
from controller.services.gates import (
    add_gate,
    enrol_gate_key,
    revoke_gate,
    save_access_point,
    save_portal,
)
from controller.services.managing.plans import keep_version
from controller.storage.models import GateRow, PortalRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.identity import Staff
from controller.web.manager.forms import Fields, TheFields, wrong
from controller.web.manager.overview import cards_of
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract import codec
from mqtt.contract.errors import RefusedError
from mqtt.contract.events import Direction, Method
from mqtt.contract.records import AccessPointRecord, PortalRecord

__all__ = ["router"]

router = APIRouter(prefix="/manager", include_in_schema=False)
_START = (Method.QR, Method.FOB, Method.GUARD)


@router.get("/setup")
def setup(request: Request) -> Response:
    """Ask for a new gate unit."""
    return page(request, "manager/setup.html", sent=Fields(()))


@router.post("/setup")
def make(request: Request, fields: TheFields, desk: TheDesk, staff: Staff) -> Response:
    """Register a gate unit with one door; QR, fob and guard are fitted from the start."""
    need_act(staff, Act.EDIT_GATES)
    moment, name = desk.clock(), fields.text("name")
    title = fields.text("title") or name
    try:
        with desk.writing() as uow:
            add_gate(uow, name, moment, title=title)
            _add_door(uow, name, title, has_exit=fields.has("exit"))
            key = fields.text("key")
            if key:
                enrol_gate_key(uow, name, _key(key))
            record_act(uow, moment, staff, Act.EDIT_GATES, staff.id, reason=f"gate {name}")
            keep_version(uow, staff, f"gate {name}", moment)
            uow.commit()
    except RefusedError as error:
        said = words_for(request).error(error)
        return page(request, "manager/setup.html", 422, sent=fields, error=said)
    desk.wire.changed()
    return go(
        f"/manager/gates/{name}", words_for(request)("门口机已登记", "The unit is registered")
    )


@router.get("/gates/{gate}")
def show(request: Request, gate: str, desk: TheDesk) -> Response:
    """Show one gate: its lamps, doors, access points, key."""
    with desk.reading() as uow:
        row = uow.need(GateRow, gate)
        cards = cards_of(uow, desk.site.zone, desk.clock())
        card = next(each for each in cards if each.gate.name == gate)
        doors = uow.session.scalars(select(PortalRow).where(PortalRow.gate == gate)).all()
        return page(
            request,
            "manager/gate.html",
            row=row,
            card=card,
            doors=[(door, codec.decode(door.settings, PortalRecord)) for door in doors],
        )


@router.post("/gates/{gate}/key")
def take_key(
    request: Request, gate: str, fields: TheFields, desk: TheDesk, staff: Staff
) -> Response:
    """Take the unit's public key, or withdraw the present one for a stolen or replaced unit."""
    need_act(staff, Act.EDIT_GATES)
    moment = desk.clock()
    with desk.writing() as uow:
        if fields.has("withdraw"):
            need_reason(fields.text("reason"))
            revoke_gate(uow, gate, moment)
            told = f"withdrawn {gate}: {fields.text('reason')}"
        else:
            enrol_gate_key(uow, gate, _key(fields.text("key")))
            told = f"key {gate}"
        record_act(uow, moment, staff, Act.EDIT_GATES, staff.id, reason=told)
        uow.commit()
    desk.wire.changed()
    return go(f"/manager/gates/{gate}", words_for(request)("已保存", "Saved"))


@router.post("/gates/{gate}/doors/{door}")
def save_door(
    request: Request, gate: str, door: str, *, fields: TheFields, desk: TheDesk, staff: Staff
) -> Response:
    """Save a door's times, the same for every way in (limits of D01)."""
    need_act(staff, Act.EDIT_GATES)
    moment = desk.clock()
    with desk.writing() as uow:
        row = uow.need(PortalRow, door)
        if row.gate != gate:
            raise wrong("door")
        old = codec.decode(row.settings, PortalRecord)
        new = PortalRecord(
            unlock_ms=fields.number("unlock_s", old.unlock_ms // 1000) * 1000,
            longer_unlock_ms=fields.number("longer_s", old.longer_unlock_ms // 1000) * 1000,
            held_warn_ms=fields.number("warn_s", old.held_warn_ms // 1000) * 1000,
            held_alarm_ms=fields.number("alarm_s", old.held_alarm_ms // 1000) * 1000,
            relock_on_close=fields.has("relock_on_close"),
            has_door_sensor=fields.has("has_door_sensor"),
            fail_safe=old.fail_safe,
            interlock_with=old.interlock_with,
            free_schedule=old.free_schedule,
            free_needs_first_person=old.free_needs_first_person,
            turnstile=fields.has("turnstile"),
        )
        save_portal(uow, gate, door, new, fields.text("title") or row.title)
        keep_version(uow, staff, f"door {door}", moment)
        record_act(uow, moment, staff, Act.EDIT_GATES, staff.id, reason=f"door {door}")
        uow.commit()
    desk.wire.changed()
    return go(f"/manager/gates/{gate}", words_for(request)("已保存", "Saved"))


@router.post("/gates/{gate}/points")
def add_point(
    request: Request, gate: str, fields: TheFields, desk: TheDesk, staff: Staff
) -> Response:
    """Add an access point at a door of this gate."""
    need_act(staff, Act.EDIT_GATES)
    moment, name = desk.clock(), fields.text("name")
    with desk.writing() as uow:
        door = uow.need(PortalRow, fields.text("door"))
        if door.gate != gate:
            raise wrong("door")
        direction = Direction.OUT if fields.text("direction") == "out" else Direction.IN
        record = AccessPointRecord(door.name, direction, _START)
        save_access_point(uow, name, record, title=fields.text("title") or name)
        keep_version(uow, staff, f"access point {name}", moment)
        record_act(uow, moment, staff, Act.EDIT_GATES, staff.id, reason=f"point {name}")
        uow.commit()
    desk.wire.changed()
    return go(f"/manager/points/{name}", words_for(request)("通行点已登记", "It is registered"))


def _add_door(uow: UnitOfWork, gate: str, title: str, *, has_exit: bool) -> None:
    side = gate.removeprefix("gate-")
    save_portal(uow, gate, f"{side}-door", PortalRecord(), title)
    directions = [(Direction.IN, "进")] + ([(Direction.OUT, "出")] if has_exit else [])
    for direction, word in directions:
        record = AccessPointRecord(f"{side}-door", direction, _START)
        save_access_point(uow, f"{side}-{direction.value}", record, title=f"{title}{word}")


def _key(text: str) -> bytes:
    try:
        return bytes.fromhex("".join(text.split()))
    except ValueError as error:
        raise wrong("key", "GA-02") from error
