"""The tour, part six: a configuration in which only face opens is refused twice.

First by the controller, before it is saved. Then by the gate itself, from a controller whose check
was taken out: the document is signed with the compound's own key and is refused all the same.
"""

from collections.abc import Mapping

from msgspec import structs
from sqlalchemy import select

from controller.services.document_store import current
from controller.services.gates import save_access_point
from controller.services.keys import signer_for
from controller.storage.models import DocumentRecordRow
from controller.storage.unit_of_work import UnitOfWork
from equalgate.demo.compound import SITE, moment
from equalgate.demo.eavesdropper import Eavesdropper
from equalgate.demo.scene import Scene
from equalgate.demo.steps import Result, StepFailedError, Steps
from equalgate.demo.tour_entry import tap_fob
from equalgate.demo.tour_face import known_events, seen
from mqtt.contract import codec
from mqtt.contract.documents import DocumentHeader, chunks_of, digest_of, seal_header
from mqtt.contract.envelope import Signer
from mqtt.contract.errors import RefusedError
from mqtt.contract.events import Direction, Method
from mqtt.contract.ids import GateId
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import AccessPointRecord, KeyScope
from mqtt.contract.topics import DocumentName, TopicKind, build
from mqtt.contract.versions import READS

__all__ = ["refuse_face_only"]

_GATE = GateId("gate-north")
_POINT = "north-in"
_FACE_ONLY = AccessPointRecord("north-door", Direction.IN, (Method.FACE,))


def refuse_face_only(scene: Scene, steps: Steps, spy: Eavesdropper) -> None:
    """Try to make the north gate face-only, at the controller and behind its back."""
    with steps.step("face_only_refused_by_the_controller", "none") as result:
        _try_to_save(scene, result)
    with steps.step("face_only_refused_by_the_gate", "none") as result:
        known = known_events(scene, _GATE)
        scene.compound.web.stop()
        try:
            _send_signed(scene, spy)
            seen(scene, _GATE, ReasonCode.FACE_ONLY, known)
        finally:
            scene.compound.web.start()
        result.outcome, result.reason = "denied", "face_only"
    with steps.step("fob_opens_by_the_last_good_configuration", "fob") as result:
        tap_fob(scene.north, result, scene.seeded.person("owner").card)
        result.expect("granted", "granted")


def _try_to_save(scene: Scene, result: Result) -> None:
    with scene.compound.database() as engine, UnitOfWork(engine) as uow:
        try:
            save_access_point(uow, _POINT, _FACE_ONLY)
        except RefusedError as error:
            result.outcome, result.reason = "denied", error.code.value
            result.more |= {"rule": error.rule, "article": error.article}
            return
    raise StepFailedError("the controller would have saved a face-only gate")


def _send_signed(scene: Scene, spy: Eavesdropper) -> None:
    with scene.compound.database() as engine, UnitOfWork(engine, writes=False) as uow:
        held = next(each for each in current(uow, _GATE) if each.name is DocumentName.CONFIG)
        signer = signer_for(uow, scene.compound.site(), KeyScope.DOCUMENT, moment())
        found = select(DocumentRecordRow.record, DocumentRecordRow.body).where(
            DocumentRecordRow.gate == _GATE, DocumentRecordRow.name == DocumentName.CONFIG.value
        )
        records = {row.record: row.body for row in uow.session.execute(found)}
    key = f"ap:{_POINT}"
    fitted = codec.decode(records[key], AccessPointRecord)
    bad = records | {key: codec.encode(structs.replace(fitted, methods=(Method.FACE,)))}
    version = held.version + 1
    spy.drop()
    want = build(SITE, _GATE, TopicKind.WANT, DocumentName.CONFIG)
    spy.publish(want, _header(bad, version, signer))
    spy.wait_for(build(SITE, _GATE, TopicKind.GET, DocumentName.CONFIG))
    topic = build(SITE, _GATE, TopicKind.DOCUMENT, DocumentName.CONFIG)
    for chunk in chunks_of(DocumentName.CONFIG, version, 0, bad, ()):
        spy.publish(topic, chunk)


def _header(records: Mapping[str, bytes], version: int, signer: Signer) -> bytes:
    header = DocumentHeader(
        site=SITE,
        gate=_GATE,
        name=DocumentName.CONFIG,
        version=version,
        digest=digest_of(records),
        records=len(records),
        issued_at_ms=moment().utc_ms,
        reads=dict(READS),
    )
    return seal_header(header, signer)
