"""Set up the two gates of the example compound, its levels, schedules and the holidays of 2026."""

from collections.abc import Mapping

from controller.domain.moment import Moment
from controller.services.access import save_level, save_schedule, set_day
from controller.services.gates import add_gate, enrol_gate_key, save_access_point, save_portal
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.events import Direction, Method
from mqtt.contract.records import (
    AccessPointRecord,
    DayKind,
    GrantRecord,
    PortalRecord,
    ScheduleRecord,
    WindowRecord,
)

__all__ = ["GATES", "IN_SOUTH", "NORTH", "RESIDENT_LEVELS", "SOUTH", "seed_gates"]

SOUTH, NORTH = "gate-south", "gate-north"
GATES = {SOUTH: "南门", NORTH: "北门"}
IN_SOUTH = ("south-in",)
RESIDENT_LEVELS = ("residents",)

_METHODS = (Method.QR, Method.FOB, Method.PIN, Method.GUARD)

# State Council, notice on the arrangement of holidays in 2026 (published 2025-11-04).
_HOLIDAYS_2026 = (
    ("01-01", "01-03"),
    ("02-15", "02-23"),
    ("04-04", "04-06"),
    ("05-01", "05-05"),
    ("06-19", "06-21"),
    ("09-25", "09-27"),
    ("10-01", "10-07"),
)
_WORKDAYS_2026 = ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10")


def seed_gates(uow: UnitOfWork, moment: Moment, gate_keys: Mapping[str, bytes]) -> None:
    """Add gates `gate-south` and `gate-north`, each with one door and a reader on either side."""
    for gate, title in GATES.items():
        side = gate.removeprefix("gate-")
        add_gate(uow, gate, moment, title=title)
        if gate in gate_keys:
            enrol_gate_key(uow, gate, gate_keys[gate])
        portal = f"{side}-door"
        save_portal(uow, gate, portal, PortalRecord(), title)
        for direction, word in ((Direction.IN, "进"), (Direction.OUT, "出")):
            point = AccessPointRecord(portal, direction, _METHODS)
            name = f"{side}-{direction.value}"
            save_access_point(uow, name, point, card_formats=("w34",), title=f"{title}{word}")
    points = tuple(f"{side}-{way}" for side in ("south", "north") for way in ("in", "out"))
    save_schedule(uow, "always", ScheduleRecord(always=True), "全天")
    office = WindowRecord((0, 1, 2, 3, 4), 9 * 60, 18 * 60, on_holidays=False)
    save_schedule(uow, "office-hours", ScheduleRecord((office,)), "工作时间")
    save_level(uow, RESIDENT_LEVELS[0], (GrantRecord(points, "always"),), "住户")
    save_level(uow, "staff", (GrantRecord(points, "office-hours"),), "工作人员")
    for first, last in _HOLIDAYS_2026:
        month, begin, end = first[:2], int(first[3:]), int(last[3:])
        for day in range(begin, end + 1):
            set_day(uow, f"2026-{month}-{day:02}", DayKind.HOLIDAY)
    for day_text in _WORKDAYS_2026:
        set_day(uow, f"2026-{day_text}", DayKind.WORKDAY)
