"""Keep what gates signed about their logs, so that they can be countersigned and held against them.

Of every five minutes the last birth and the last heartbeat of each gate are kept as received; a
believed one with another tree takes the countersignature of the one before away, because that was
given for another size. Who countersigns: `controller.services.logbook.witness`.
"""

from typing import Any

from sqlalchemy import Connection, Table

from controller.domain.moment import MINUTE_MS, Moment
from controller.ingest.books import upsert
from controller.ingest.intake import PresenceArrival
from controller.storage.models import GateHeadRow

__all__ = ["SLOT_MS", "save_head"]

SLOT_MS = 5 * MINUTE_MS
_KEYS = ("gate", "epoch", "kind", "slot")


def save_head(
    connection: Connection, arrival: PresenceArrival, said: dict[str, Any], moment: Moment
) -> None:
    """Keep a believed birth or heartbeat; `said` are the columns that follow from it."""
    table = GateHeadRow.__table__
    assert isinstance(table, Table)
    row = {
        "gate": arrival.gate,
        "epoch": said["epoch"],
        "kind": "birth" if arrival.is_birth else "hb",
        "slot": moment.utc_ms // SLOT_MS,
        "size": said["size"],
        "root": said["root"],
        "presence": arrival.payload,
        "heard_at_ms": moment.utc_ms,
        "note": "",
        "at_s": 0,
    }
    upsert(connection, table, [row], _KEYS)
