"""Make and keep the containment proof of every published configuration (rules NS-03, EQ-06)."""

import hashlib

from sqlalchemy import select

from controller.domain.credentials import Carrier, method_of
from controller.domain.moment import Moment
from controller.services.gates import gate_names
from controller.services.logbook.control import append
from controller.storage.models import (
    ContainmentRow,
    CredentialRow,
    DocumentRecordRow,
    DocumentRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.containment_proof import AccessClass, prove
from mqtt.contract.control_log import ControlKind
from mqtt.contract.topics import DocumentName

__all__ = ["access_classes", "config_hash", "keep_proofs", "present_proof"]

_OWN = frozenset({Carrier.FOB, Carrier.PHONE, Carrier.PAPER})
"""What residents hold for long; slips and visitors' passes carry no face."""


def access_classes(uow: UnitOfWork, moment: Moment) -> tuple[AccessClass, ...]:
    """Return the classes of equal access among everybody who could opt in.

    Face would name one of a person's own credentials and reach as far as that one: each of them is
    tried, so that whoever opts in tomorrow is covered by today's proof.
    """
    rows = uow.session.scalars(
        select(CredentialRow).where(
            CredentialRow.ended_at_ms.is_(None),
            CredentialRow.valid_until_ms > moment.utc_ms,
            CredentialRow.dwelling_id.is_(None),
            CredentialRow.carrier.in_([carrier.value for carrier in _OWN]),
        )
    )
    by_holder: dict[bytes, list[CredentialRow]] = {}
    for row in rows:
        by_holder.setdefault(row.holder_id, []).append(row)
    found = set()
    for held in by_holder.values():
        for named in held:
            lasting = {
                (method_of(Carrier(each.carrier)).value, tuple(sorted(each.levels)))
                for each in held
                if each.valid_until_ms >= named.valid_until_ms
                and each.valid_from_ms <= named.valid_from_ms
            }
            found.add(AccessClass(tuple(sorted(named.levels)), tuple(sorted(lasting))))
    return tuple(sorted(found))


def config_hash(config: bytes, policy: bytes, classes: tuple[AccessClass, ...]) -> bytes:
    """Return SHA-256 over both documents' digests and the classes: what a proof is about."""
    said = codec.encode_plain([config, policy, [one.plain() for one in classes]])
    return hashlib.sha256(said).digest()


def keep_proofs(uow: UnitOfWork, moment: Moment) -> int:
    """Prove every gate's present configuration where that is not done; return how many were new.

    The proof, its hash and the configuration's hash enter the controller's log.
    """
    classes, made = access_classes(uow, moment), 0
    for gate in gate_names(uow):
        config = uow.find(DocumentRow, (gate, DocumentName.CONFIG.value))
        policy = uow.find(DocumentRow, (gate, DocumentName.POLICY.value))
        if config is None or policy is None or not config.version or not policy.version:
            continue
        hashed = config_hash(config.digest, policy.digest, classes)
        if uow.find(ContainmentRow, (gate, hashed)) is not None:
            continue
        _prove(uow, gate, hashed, (config, policy), classes, moment=moment)
        made += 1
    return made


def present_proof(uow: UnitOfWork, gate: str) -> ContainmentRow | None:
    """Return the newest proof of a gate, or None."""
    found = select(ContainmentRow).where(ContainmentRow.gate == gate)
    return uow.session.scalar(found.order_by(ContainmentRow.made_at_ms.desc()).limit(1))


def _prove(
    uow: UnitOfWork,
    gate: str,
    hashed: bytes,
    documents: tuple[DocumentRow, DocumentRow],
    classes: tuple[AccessClass, ...],
    *,
    moment: Moment,
) -> None:
    config, policy = documents
    proof = prove(_records(uow, config), _records(uow, policy), classes)
    raw = codec.encode_plain(proof)
    row = ContainmentRow(
        gate=gate,
        config_hash=hashed,
        config_version=config.version,
        policy_version=policy.version,
        proof=raw,
        proof_hash=hashlib.sha256(raw).digest(),
        classes=len(classes),
        beyond=proof["beyond"],
        made_at_ms=moment.utc_ms,
    )
    uow.session.add(row)
    uow.session.flush()
    append(
        uow,
        moment,
        ControlKind.CONTAINMENT,
        gate=gate,
        config_hash=hashed,
        proof_hash=row.proof_hash,
        beyond=row.beyond,
    )


def _records(uow: UnitOfWork, document: DocumentRow) -> dict[str, dict[str, object]]:
    rows = uow.session.execute(
        select(DocumentRecordRow.record, DocumentRecordRow.body).where(
            DocumentRecordRow.gate == document.gate, DocumentRecordRow.name == document.name
        )
    )
    found = {}
    for key, body in rows:
        value = codec.decode_plain(body)
        if isinstance(value, dict):
            found[key] = value
    return found
