"""Put into a bundle what else was signed: configurations, keys, and the note that explains it."""

from collections.abc import Iterator, Mapping
from functools import partial

from sqlalchemy import select

from controller.domain.moment import Moment
from controller.services.document_store import Current, current, records_of
from controller.services.documents import sealed_header
from controller.services.keys import every_key
from controller.services.proofs import access_classes
from controller.services.site import Site
from controller.storage.models import GateRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.bundle import frame
from mqtt.contract.containment_proof import prove
from mqtt.contract.documents import Held
from mqtt.contract.envelope import Signer
from mqtt.contract.findings import PolicyError
from mqtt.contract.policy import CompiledPolicy, check_document
from mqtt.contract.topics import DocumentName

__all__ = [
    "VERIFY_TEXT",
    "containment_findings",
    "document_parts",
    "keys_table",
    "papers_of",
    "proof_table",
]

_SHOWN = (DocumentName.CONFIG, DocumentName.KEYS, DocumentName.POLICY)
"""What says where and when anything opens, and who may say so; no list of people."""

VERIFY_TEXT = """\
核对本证据包 / How to check this bundle

1. 在办公电脑上用浏览器打开 verify.html（向检查机构索取，或从任一安装取得），把本文件拖进去。
   Open verify.html in a browser on an office PC and drop this file onto it.
2. 或运行 / or run:  python3 verify_evidence.py BUNDLE.zip
3. 结论只有三种 / there are three answers: INTACT 记录完整, ALTERED 被改动, INCOMPLETE 不完整。
   请把屏幕上的密钥指纹与安装记录核对。 Compare the key fingerprints with the installation record.

本证据包不含任何住户的身份。 This bundle holds nobody's identity.
"""


def papers_of(uow: UnitOfWork, gate: str) -> tuple[Current, ...]:
    """Return the documents of a gate that go into a bundle, in order of name."""
    return tuple(each for each in current(uow, gate) if each.name in _SHOWN)


def document_parts(
    uow: UnitOfWork, site: Site, document: Current, signer: Signer
) -> Iterator[bytes]:
    """Yield a document: its signed header, then every record id and record."""
    yield frame(sealed_header(site, document, signer))
    records = records_of(uow, document.gate, document.name)
    for key in sorted(records):
        yield frame(key.encode("utf-8")) + frame(records[key])


def containment_findings(uow: UnitOfWork, gate: str) -> list[str]:
    """Return every place where something could open for a face only, from what is published."""
    config, policy = (
        Held(1, b"", records_of(uow, gate, name))
        for name in (DocumentName.CONFIG, DocumentName.POLICY)
    )
    found: set[str] = set()
    for check in (
        partial(check_document, DocumentName.CONFIG, config),
        partial(check_document, DocumentName.POLICY, policy),
        partial(CompiledPolicy.from_records, config, policy),
    ):
        try:
            check()
        except PolicyError as error:
            found |= {f"{each.rule} {gate} {each.record}" for each in error.findings if each.rule}
    return sorted(found)


def proof_table(uow: UnitOfWork, gates: tuple[str, ...], moment: Moment) -> dict[str, object]:
    """Return the classes of equal access, and each gate's comparison of intervals for them.

    Classes say what people may hold, never who or how many; a verifier compares again.
    """
    classes = access_classes(uow, moment)
    proofs: dict[str, object] = {}
    for gate in gates:
        config, policy = (
            _decoded(records_of(uow, gate, name))
            for name in (DocumentName.CONFIG, DocumentName.POLICY)
        )
        proof = prove(config, policy, classes)
        proofs[gate] = {name: proof[name] for name in ("points", "beyond", "witnesses")}
    return {"classes": [each.plain() for each in classes], "proofs": proofs}


def _decoded(records: Mapping[str, bytes]) -> dict[str, dict[str, object]]:
    found = {key: codec.decode_plain(body) for key, body in records.items()}
    return {key: value for key, value in found.items() if isinstance(value, dict)}


def keys_table(uow: UnitOfWork, moment: Moment) -> dict[str, object]:
    """Return every public key: each gate's, and the controller's by scope, older ones included."""
    gates = uow.session.scalars(
        select(GateRow).where(GateRow.public_key != b"").order_by(GateRow.name)
    )
    keys = [
        {"scope": scope.value, "public_key": key.public_key.hex()}
        for key in every_key(uow)
        for scope in key.scopes
    ]
    return {
        "gates": [
            {"gate": row.name, "public_key": row.public_key.hex()}
            for row in gates
            if row.revoked_at_ms is None or row.revoked_at_ms > moment.utc_ms
        ],
        "controller": sorted(keys, key=lambda key: (key["scope"], key["public_key"])),
    }
