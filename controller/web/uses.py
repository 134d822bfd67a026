"""Learn from gates' events that a pass was used: old paper ends when its successor is first used.

Runs beside ingest, not in it, so that a flood of events is not held up. How far it came is in the
database.
"""

from sqlalchemy import select

from controller.domain.moment import Moment
from controller.services.passes import mark_use
from controller.storage.models import EventRow, SiteValueRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.errors import ContractError
from mqtt.contract.events import EventKind, Method, Outcome, Personal
from mqtt.contract.ids import id_from_text

__all__ = ["has_unlearned", "learn_uses"]

_CURSOR = "uses_cursor"
_MOST = 5_000
_NOTE = "pass="


def has_unlearned(uow: UnitOfWork) -> bool:
    """Tell whether there are events that `learn_uses` has not seen; only reads."""
    cursor = uow.find(SiteValueRow, _CURSOR)
    return _newest_after(uow, int(cursor.value) if cursor is not None else 0) is not None


def _newest_after(uow: UnitOfWork, after: int) -> int | None:
    found = select(EventRow.id).where(EventRow.id > after).order_by(EventRow.id.desc()).limit(1)
    return uow.session.scalar(found)


def learn_uses(uow: UnitOfWork, moment: Moment) -> int:
    """Take note of uses in the next events; return how many there were. The caller commits."""
    cursor = uow.find(SiteValueRow, _CURSOR)
    if cursor is None:
        cursor = SiteValueRow(name=_CURSOR, value=b"0")
        uow.session.add(cursor)
    after = int(cursor.value)
    newest = _newest_after(uow, after)
    if newest is None:
        return 0
    upto = min(newest, after + _MOST)
    used = uow.session.scalars(
        select(EventRow.personal)
        .where(
            EventRow.id > after,
            EventRow.id <= upto,
            EventRow.kind == EventKind.DECISION.value,
            EventRow.method == Method.QR.value,
            EventRow.outcome == Outcome.GRANTED.value,
            EventRow.personal.is_not(None),
        )
        .order_by(EventRow.id)
    ).all()
    for raw in used:
        _learn(uow, raw or b"", moment)
    cursor.value = str(upto).encode()
    return len(used)


def _learn(uow: UnitOfWork, raw: bytes, moment: Moment) -> None:
    person = codec.decode(raw, Personal)
    name, _, text = person.note.partition(" ")[0].partition("=")
    if f"{name}=" != _NOTE or not person.credential:
        return
    try:
        pass_id = id_from_text(text)
    except ContractError:
        return
    mark_use(uow, person.credential, pass_id, moment)
