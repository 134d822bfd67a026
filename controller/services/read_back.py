"""Publish nothing to a gate after a restore before it has told what it knows to have ended.

A restored database may lack endings: a fob lost yesterday would open again. Gates hold the list of
what has ended; each tells it on request, signed, and only then are its documents published
(DESIGN §9). A gate that never comes back is revoked, or let go by hand with a reason.
"""

from sqlalchemy import select, update

from controller.domain.moment import Moment
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, need_reason, record_act
from controller.services.gates import gate_names
from controller.services.ports import Publication
from controller.services.register import revoke
from controller.services.site import Site
from controller.storage.models import CredentialRow, RevocationRow, SiteValueRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.documents import Held
from mqtt.contract.ids import GateId
from mqtt.contract.revocation import read_revocations
from mqtt.contract.topics import TopicKind, build

__all__ = ["HOLD_KEY", "let_go", "questions", "take_held", "wait_for", "waits_for"]

HOLD_KEY = "read_back"
"""Site value: the gates that have not told yet, or `*` for every gate there is."""
_EVERY = "*"
_ASK_EXPIRY_S = 60
_BY_GATE = "read_back"


def waits_for(uow: UnitOfWork) -> frozenset[str]:
    """Return the gates to which nothing is published yet."""
    row = uow.find(SiteValueRow, HOLD_KEY)
    names = frozenset() if row is None else frozenset(row.value.decode().split())
    gates = frozenset(gate_names(uow))
    return gates if _EVERY in names else names & gates


def wait_for(uow: UnitOfWork, gate: str) -> None:
    """Note that a gate holds what this database never issued: it has to tell first."""
    _save(uow, waits_for(uow) | {gate})


def questions(uow: UnitOfWork, site: Site, nonce: bytes) -> tuple[Publication, ...]:
    """Return what to publish so that the gates tell; asked again every minute.

    `nonce` are 16 random bytes that a fresh answer repeats.
    """
    return tuple(
        Publication(build(site.name, GateId(gate), TopicKind.TELL), nonce, expiry_s=_ASK_EXPIRY_S)
        for gate in sorted(waits_for(uow))
    )


def take_held(uow: UnitOfWork, gate: str, held: Held, moment: Moment) -> int:
    """End what a gate knows to have ended, and stop waiting for it; return how many were new.

    Raises ContractError for a record that is none.
    """
    known = set(uow.session.scalars(select(RevocationRow.id)))
    fresh = {id_: end for id_, end in read_revocations(held.records).items() if id_ not in known}
    for id_, until_ms in fresh.items():
        revoke(uow, id_, until_ms, moment)
        uow.session.execute(
            update(CredentialRow)
            .where(CredentialRow.id == id_, CredentialRow.ended_at_ms.is_(None))
            .values(ended_at_ms=moment.utc_ms, end_reason=_BY_GATE)
        )
    _save(uow, waits_for(uow) - {gate})
    return len(fresh)


def let_go(uow: UnitOfWork, actor: Actor, gate: str, reason: str, moment: Moment) -> None:
    """Publish to a gate that cannot tell; what only it knew to have ended may open again.

    Raises RefusedError: `role_not_allowed`, `reason_required`.
    """
    need_act(actor, Act.KEEP_SYSTEM)
    need_reason(reason)
    _save(uow, waits_for(uow) - {gate})
    record_act(uow, moment, actor, Act.KEEP_SYSTEM, actor.id, reason=f"{gate}: {reason}")


def _save(uow: UnitOfWork, gates: frozenset[str]) -> None:
    row = uow.find(SiteValueRow, HOLD_KEY)
    if row is None and gates:
        row = SiteValueRow(name=HOLD_KEY, value=b"")
        uow.session.add(row)
    if row is not None and gates:
        row.value = " ".join(sorted(gates)).encode()
    elif row is not None:
        uow.session.delete(row)
    uow.session.flush()
