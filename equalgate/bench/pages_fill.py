"""Fill the example compound's database with events, as ingest stores them, for page benchmarks.

Written past ingest, whose own benchmark is another one: here only what pages read counts.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, insert

from controller.domain.moment import DAY_MS, Moment
from controller.services.keystore import KeystoreFolder
from controller.services.seed import SeedResult, seed_compound
from controller.services.seed_gates import NORTH, SOUTH
from controller.services.site import Site
from controller.storage.migrate import upgrade
from controller.storage.models import EventRow, PassageRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.events import AdapterKind, Direction, EventKind, Method, Outcome, Personal
from mqtt.contract.ids import SiteId
from mqtt.contract.reasons import ReasonCode

__all__ = ["fill"]

_POINTS = {SOUTH: "south-in", NORTH: "north-in"}
_WAYS = (Method.QR, Method.FOB, Method.FOB, Method.GUARD)
_ROWS = 10_000
_DAYS = 60
_PASSAGE_DAYS = 30


def fill(
    engine: Engine, keys: KeystoreFolder, zone: str, moment: Moment, events: int
) -> SeedResult:
    """Seed the compound and add `events` of the last 60 days; those of the last 30 are indexed."""
    upgrade(engine)
    with UnitOfWork(engine) as uow:
        seeded = seed_compound(uow, Site(SiteId("bench"), zone, keys), moment)
        uow.commit()
    holders = [person.holder for person in seeded.people]
    for first in range(1, events + 1, _ROWS):
        rows = list(_rows(range(first, min(first + _ROWS, events + 1)), events, holders, moment))
        passages = [
            {"event_id": row["id"], "holder_id": holders[row["id"] % len(holders)], "at_s": at_s}
            for row in rows
            if (at_s := row["at_s"]) > moment.utc_s - _PASSAGE_DAYS * DAY_MS // 1000
        ]
        with engine.begin() as connection:
            connection.execute(insert(EventRow), rows)
            if passages:
                connection.execute(insert(PassageRow), passages)
    return seeded


def _rows(
    ids: range, events: int, holders: list[bytes], moment: Moment
) -> Iterator[dict[str, Any]]:
    span_s = _DAYS * DAY_MS // 1000
    for id_ in ids:
        gate = (SOUTH, NORTH)[id_ % 2]
        at_s = moment.utc_s - span_s + span_s * id_ // events
        yield {
            "id": id_,
            "gate": gate,
            "epoch": 1,
            "seq": id_,
            "leaf": b"\x80",
            "leaf_hash": bytes(32),
            "kind": EventKind.DECISION.value,
            "access_point": _POINTS[gate],
            "method": _WAYS[id_ % 4].value,
            "outcome": Outcome.GRANTED.value,
            "reason": ReasonCode.GRANTED.value,
            "direction": Direction.IN.value,
            "adapter_kind": AdapterKind.SIMULATED.value,
            "at_s": at_s,
            "clock_level": 0,
            "intent_to_unlock_ms": 40,
            "cause_seq": 0,
            "received_at_ms": at_s * 1000,
            "salt": bytes(16),
            "personal": codec.encode(Personal(holders[id_ % len(holders)])),
        }
