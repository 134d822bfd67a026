"""Sign each gate's first new `keys` document with a key that it still believes, and no other one.

Gates accept a `keys` document only from a key that they held before. During a hand-over that is the
bridge: the former document key, or the recovery key. It is destroyed as soon as every gate has the
new keys.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy import select

from controller.domain.moment import Moment
from controller.services.document_store import Current
from controller.services.gates import gate_names
from controller.services.keys import signer_for
from controller.services.site import Site
from controller.storage.models import DocumentRow, GatePresenceRow, HandoverRow, SiteValueRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.envelope import Signer
from mqtt.contract.records import KeyScope
from mqtt.contract.topics import DocumentName

__all__ = [
    "document_signers",
    "open_handover",
    "remember_versions",
    "settle_handover",
    "waiting_gates",
]

_VERSIONS = "handover_keys"
"""Site value: gate to the version of its `keys` document that first had the new keys only."""


def open_handover(uow: UnitOfWork) -> HandoverRow | None:
    """Return the hand-over that some gates have not followed yet."""
    found = select(HandoverRow).where(HandoverRow.finished_at_ms.is_(None))
    return uow.session.scalars(found.order_by(HandoverRow.id.desc())).first()


def document_signers(
    uow: UnitOfWork, site: Site, documents: Sequence[Current], moment: Moment
) -> list[Signer]:
    """Return who signs each document's header: the bridge where a gate needs it, else our key.

    Raises UnavailableError(`unknown_key`).
    """
    if not documents:
        return []
    ours, handover = signer_for(uow, site, KeyScope.DOCUMENT, moment), open_handover(uow)
    if handover is None:
        return [ours] * len(documents)
    bridge, waiting = site.keystore.signer(handover.bridge_kid), waiting_gates(uow)
    return [
        bridge if each.name is DocumentName.KEYS and each.gate in waiting else ours
        for each in documents
    ]


def remember_versions(uow: UnitOfWork) -> None:
    """Note the versions in which the gates get the new keys; call it once they are compiled."""
    rows = uow.session.scalars(
        select(DocumentRow).where(DocumentRow.name == DocumentName.KEYS.value)
    )
    versions = {row.gate: row.version for row in rows}
    uow.session.merge(SiteValueRow(name=_VERSIONS, value=msgspec.json.encode(versions)))
    uow.session.flush()


def waiting_gates(uow: UnitOfWork) -> frozenset[str]:
    """Return the gates in use that do not have the new keys yet, as far as we know."""
    row = uow.find(SiteValueRow, _VERSIONS)
    if row is None:
        return frozenset()
    versions = msgspec.json.decode(row.value, type=dict[str, int])
    gates = frozenset(gate_names(uow))
    return frozenset(
        gate
        for gate, version in versions.items()
        if gate in gates and _held_version(uow, gate) < version
    )


def settle_handover(uow: UnitOfWork, site: Site, moment: Moment) -> bool:
    """Finish the open hand-over once every gate has the new keys; runs every minute.

    The headers of the `keys` documents are then published again under the new key, and the bridge
    is destroyed. Returns whether it was finished now.
    """
    handover = open_handover(uow)
    if handover is None or waiting_gates(uow):
        return False
    for row in uow.session.scalars(
        select(DocumentRow).where(DocumentRow.name == DocumentName.KEYS.value)
    ):
        row.published_version = 0
    handover.finished_at_ms = moment.utc_ms
    uow.session.flush()
    site.keystore.remove(handover.bridge_kid)
    return True


def _held_version(uow: UnitOfWork, gate: str) -> int:
    presence = uow.find(GatePresenceRow, gate)
    held = presence.documents.get(DocumentName.KEYS.value) if presence is not None else None
    return int(held[0]) if held else 0
