"""Register gates, their openings and access points, and enrol or revoke a gate's own key."""

from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.cards import CardFormatBits, format_bits
from controller.domain.gates import PASSBACK_MODES, check_access_point, check_portal
from controller.domain.moment import Moment
from controller.domain.refusal import Refusal, raise_if
from controller.services.moving.gate_modes import is_shadow
from controller.services.site import Site
from controller.storage.models import AccessPointRow, FaceSettingsRow, GateRow, PortalRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.errors import ContractError
from mqtt.contract.events import Direction, Method
from mqtt.contract.ids import parse_name
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import AccessPointRecord, ConfigRecord, PortalRecord

__all__ = [
    "DEFAULT_CARD_FORMATS",
    "GateView",
    "access_point_names",
    "add_gate",
    "card_formats_at",
    "config_of",
    "enrol_gate_key",
    "gate_names",
    "point_record",
    "revoke_gate",
    "save_access_point",
    "save_portal",
]

DEFAULT_CARD_FORMATS = ("w26", "w34")
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class GateView:
    """A gate's settings as the records that it gets."""

    gate: ConfigRecord
    portals: dict[str, PortalRecord]
    access_points: dict[str, AccessPointRecord]


def add_gate(uow: UnitOfWork, name: str, moment: Moment, *, title: str = "") -> None:
    """Register a gate unit. Raises RefusedError(`bad_name`, `conflict`)."""
    _check_name(name)
    if uow.find(GateRow, name) is not None:
        raise Refusal(ReasonCode.CONFLICT, "GA-01", detail="gate exists").as_error()
    uow.session.add(GateRow(name=name, title=title or name, created_at_ms=moment.utc_ms))
    uow.session.flush()


def enrol_gate_key(uow: UnitOfWork, name: str, public_key: bytes) -> None:
    """Take the key that signs a gate's events and births (32 bytes).

    A gate that has a key keeps it: replaced hardware is revoked first (F15). Raises RefusedError.
    """
    row = uow.need(GateRow, name)
    if len(public_key) != _KEY_BYTES:
        raise Refusal(ReasonCode.CONFIG_INVALID, "GA-02", detail="public_key: 32 bytes").as_error()
    if row.public_key and row.public_key != public_key and row.revoked_at_ms is None:
        raise Refusal(ReasonCode.CONFLICT, "GA-02", detail="gate has a key").as_error()
    row.public_key, row.revoked_at_ms = public_key, None
    uow.session.flush()


def revoke_gate(uow: UnitOfWork, name: str, moment: Moment) -> None:
    """Stop believing a gate's key, for a stolen unit; nothing more is compiled for it."""
    uow.need(GateRow, name).revoked_at_ms = moment.utc_ms
    uow.session.flush()


def save_portal(
    uow: UnitOfWork, gate: str, name: str, portal: PortalRecord, title: str = ""
) -> None:
    """Make or change an opening. Raises RefusedError(`config_invalid`) for a limit of D01."""
    _check_name(name)
    raise_if(check_portal(portal))
    uow.need(GateRow, gate)
    row = uow.find(PortalRow, name)
    if row is None:
        row = PortalRow(name=name, gate=gate)
        uow.session.add(row)
    elif row.gate != gate:
        raise Refusal(ReasonCode.CONFLICT, "GA-01", detail="portal of another gate").as_error()
    row.title = title or row.title or name
    row.settings = codec.encode(portal)
    uow.session.flush()


def save_access_point(
    uow: UnitOfWork,
    name: str,
    point: AccessPointRecord,
    *,
    card_formats: tuple[str, ...] = DEFAULT_CARD_FORMATS,
    title: str = "",
) -> None:
    """Make or change an access point; face is fitted with `face_settings.enable_face` first.

    Raises RefusedError(`face_only`, `face_not_prepared`, `config_invalid`).
    """
    _check_name(name)
    raise_if(check_access_point(point, card_formats))
    if Method.FACE in point.methods and uow.find(FaceSettingsRow, name) is None:
        article = "Order 19 Art. 4, 5, 9; PIPL Art. 55"
        raise Refusal(ReasonCode.FACE_NOT_PREPARED, "NS-09", article, name).as_error()
    uow.need(PortalRow, point.portal)
    row = uow.find(AccessPointRow, name)
    if row is None:
        row = AccessPointRow(name=name)
        uow.session.add(row)
    row.portal, row.title = point.portal, title or row.title or name
    row.direction = point.direction.value
    row.methods = tuple(method.value for method in point.methods)
    row.card_formats = card_formats
    row.zone_from, row.zone_to = point.zone_from, point.zone_to
    row.entry_confirmed = point.entry_confirmed
    uow.session.flush()


def gate_names(uow: UnitOfWork) -> tuple[str, ...]:
    """Return the gates in use, in order."""
    found = select(GateRow.name).where(GateRow.revoked_at_ms.is_(None)).order_by(GateRow.name)
    return tuple(uow.session.scalars(found))


def access_point_names(uow: UnitOfWork) -> tuple[str, ...]:
    """Return all access points, in order."""
    return tuple(uow.session.scalars(select(AccessPointRow.name).order_by(AccessPointRow.name)))


def card_formats_at(uow: UnitOfWork, points: frozenset[str]) -> tuple[CardFormatBits, ...]:
    """Return the formats that the fob readers at these access points carry."""
    rows = uow.session.scalars(select(AccessPointRow).where(AccessPointRow.name.in_(points)))
    names = {name for row in rows if Method.FOB in row.methods for name in row.card_formats}
    found = (format_bits(name) for name in sorted(names))
    return tuple(each for each in found if each is not None)


def config_of(uow: UnitOfWork, site: Site, gate: str) -> GateView:
    """Return what the `config` document of a gate says. Raises RefusedError(`not_found`)."""
    row = uow.need(GateRow, gate)
    portals = {
        portal.name: codec.decode(portal.settings, PortalRecord)
        for portal in uow.session.scalars(select(PortalRow).where(PortalRow.gate == gate))
    }
    points = uow.session.scalars(
        select(AccessPointRow).where(AccessPointRow.portal.in_(list(portals)))
    )
    return GateView(
        ConfigRecord(
            zone=site.zone,
            passback=row.passback if row.passback in PASSBACK_MODES else "off",
            open_needs_own_key=row.open_needs_own_key,
            double_tap_hold=row.double_tap_hold,
            shadow=is_shadow(uow, gate),
        ),
        portals,
        {point.name: point_record(point, point.methods) for point in points},
    )


def point_record(row: AccessPointRow, methods: tuple[str, ...]) -> AccessPointRecord:
    """Return the record of an access point with these ways in."""
    return AccessPointRecord(
        portal=row.portal,
        direction=Direction(row.direction),
        methods=tuple(Method(method) for method in methods),
        zone_from=row.zone_from,
        zone_to=row.zone_to,
        entry_confirmed=row.entry_confirmed,
    )


def _check_name(name: str) -> None:
    try:
        parse_name(name)
    except ContractError as error:
        raise Refusal(error.code, "GA-00").as_error() from error
