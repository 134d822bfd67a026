"""Sign a device in by own fob at a gate: so many taps in a row, as a page has just asked for.

The page draws how often; whoever taps exactly so often at that gate within the time, and lives in
the flat that was named, is the one who asked. The number is new each time, and nobody else can
make a resident tap so.
"""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.credentials import Carrier
from controller.domain.moment import Moment
from controller.services.holders import residences_of
from controller.services.passes import open_phone
from controller.services.register import active_rows
from controller.services.slips import SignedIn
from controller.services.staff import open_holder_session
from controller.storage.models import DwellingRow, EventRow, HolderRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.events import EventKind, Method, Outcome, Personal

__all__ = ["QUIET_S", "TAPS_S", "Asked", "sign_in_tapper", "tapper"]

TAPS_S = 120
"""How long somebody has for the taps."""

QUIET_S = 4
"""Nothing more may be tapped for so long: four taps are no answer where three are asked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page has asked for, from a UTC second on."""

    dwelling: str
    access_point: str
    taps: int
    from_s: int

    def is_over(self, moment: Moment) -> bool:
        """Tell whether the time for the taps and for the answer is over."""
        return moment.utc_s > self.from_s + TAPS_S


def tapper(uow: UnitOfWork, asked: Asked, moment: Moment) -> bytes | None:
    """Return who tapped exactly so often there and lives in that flat, or None."""
    home = uow.session.scalar(select(DwellingRow.id).where(DwellingRow.label == asked.dwelling))
    found = select(EventRow.at_s, EventRow.personal).where(
        EventRow.at_s >= asked.from_s,
        EventRow.at_s <= asked.from_s + TAPS_S,
        EventRow.access_point == asked.access_point,
        EventRow.kind == EventKind.DECISION.value,
        EventRow.method == Method.FOB.value,
        EventRow.outcome == Outcome.GRANTED.value,
        EventRow.personal.is_not(None),
    )
    taps: dict[bytes, list[int]] = defaultdict(list)
    for at_s, personal in uow.session.execute(found):
        holder = codec.decode(personal or b"", Personal).holder
        if holder:
            taps[holder].append(at_s)
    for holder, times in taps.items():
        lives_there = any(
            each.dwelling == home and each.is_current(moment.utc_ms)
            for each in residences_of(uow, holder)
        )
        is_quiet = moment.utc_s - max(times) >= QUIET_S
        if lives_there and is_quiet and len(times) == asked.taps:
            return holder
    return None


def sign_in_tapper(uow: UnitOfWork, holder: bytes, moment: Moment) -> SignedIn:
    """Open a session for the device; the resident gets a phone pass if there is none yet."""
    held = [row for row in active_rows(uow, holder, moment) if row.dwelling_id is None]
    is_new = not any(row.carrier == Carrier.PHONE.value for row in held)
    if is_new:
        levels = tuple(sorted({level for row in held for level in row.levels}))
        open_phone(uow, holder, levels, moment)
    cookie = open_holder_session(uow, holder, moment)
    return SignedIn(holder, cookie, uow.need(HolderRow, holder).language, is_new_pass=is_new)
