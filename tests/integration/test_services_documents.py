"""The other end is the gates' own `TrustedDocuments`: what it accepts is what counts."""

from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, select

from controller.domain.credentials import EndReason
from controller.domain.moment import DAY_MS, Moment
from controller.services import credentials, passes
from controller.services.access import save_level, set_day
from controller.services.compiling import compile_gates
from controller.services.credentials import FobDraft
from controller.services.documents import (
    PolicyError,
    answer_get,
    check_rules,
    heard_birth,
    sync,
)
from controller.services.keys import ensure_keys, signer_for, trust_anchor, withdraw_key
from controller.services.ports import MemoryPublisher, Publication
from controller.services.site import Site
from controller.storage.models import AlarmRow, CredentialRow, DocumentRow, HolderRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.documents import Chunk, Get, Held, Wanted
from mqtt.contract.envelope import key_id
from mqtt.contract.errors import UnavailableError
from mqtt.contract.events import AdapterKind
from mqtt.contract.ids import GateId, id_to_text
from mqtt.contract.presence import Birth
from mqtt.contract.records import CredentialRecord, DayKind, GrantRecord, KeyScope
from mqtt.contract.topics import DocumentName, Topic, TopicKind, parse
from mqtt.contract.trusted import TrustedDocuments
from tests.support.compound import (
    NOW,
    RESIDENTS,
    Compound,
    add_resident,
    build_compound,
    later,
)

SOUTH = GateId("gate-south")


@dataclass(slots=True)
class Rig:
    """A compound, its publisher, and the document half of one gate."""

    engine: Engine
    home: Compound
    publisher: MemoryPublisher
    gate: TrustedDocuments
    name: GateId
    received: int = 0

    @property
    def site(self) -> Site:
        return self.home.site

    def held(self, name: DocumentName) -> Held:
        return self.gate.held(name)

    def sync(self, moment: Moment = NOW) -> list[DocumentName]:
        """Publish, and let the gate take what came and ask for what it lacks."""
        published = sync(self.engine, self.site, self.publisher, moment)
        self.deliver(moment)
        return [each.name for each in published if each.gate == self.name]

    def deliver(self, moment: Moment = NOW) -> None:
        """Hand the gate everything published, and answer what it asks."""
        while sent := list(self.publisher.take()):
            for each in sent:
                topic = parse(each.topic)
                assert topic.document is not None
                if topic.gate == self.name:
                    self._hear(each, topic, topic.document, moment)

    def _hear(self, sent: Publication, topic: Topic, name: DocumentName, moment: Moment) -> None:
        assert sent.retain is (topic.kind is TopicKind.WANT)
        hear = self.gate.hear_header if sent.retain else self.gate.hear_chunk
        progress = hear(name, sent.payload, moment.utc_ms)
        assert not progress.refused, progress.refused
        self.received += 0 if sent.retain else len(sent.payload)
        for ask in progress.asks:
            get = codec.decode(ask.message(), Get)
            self.ask(ask.name, get, moment)

    def ask(self, name: DocumentName, get: Get, moment: Moment = NOW) -> bool:
        args = (self.engine, self.site, self.publisher, self.name, name)
        return answer_get(*args, get=get, moment=moment)

    def birth(self) -> Birth:
        held = {name.value: self.gate.held(name) for name in DocumentName}
        return Birth(
            site=self.site.name,
            gate=self.name,
            boot_id=b"b" * 16,
            boot_counter=1,
            mono_ms=1,
            at_ms=NOW.utc_ms,
            clock_level=0,
            epoch=1,
            size=0,
            root=b"",
            acked=0,
            documents={name: (each.version, each.digest) for name, each in held.items()},
            reads={},
            adapter_kind=AdapterKind.SIMULATED,
            software="1",
        )


def rig(engine: Engine, gate: str = SOUTH) -> Rig:
    home = build_compound(engine)
    with UnitOfWork(engine, writes=False) as uow:
        trusted = TrustedDocuments(home.site.name, gate, trust_anchor(uow, NOW))
    return Rig(engine, home, MemoryPublisher(), trusted, GateId(gate))


def mark_day(engine: Engine, day: str, kind: DayKind | None = DayKind.HOLIDAY) -> None:
    with UnitOfWork(engine) as uow:
        set_day(uow, day, kind)
        uow.commit()


def test_a_new_gate_takes_everything_and_nothing_is_sent_twice(
    engine: Engine,
) -> None:
    south = rig(engine)
    assert len(south.sync()) == len(DocumentName)
    assert all(south.held(name).version == 1 for name in DocumentName)
    assert south.held(DocumentName.LEASES).records == {}
    assert sync(engine, south.site, south.publisher, later(60_000)) == ()
    assert south.publisher.sent == []


def test_a_new_fob_travels_as_a_delta_and_an_end_as_a_revocation(
    engine: Engine,
) -> None:
    south = rig(engine)
    manager, site = south.home.manager, south.site
    with UnitOfWork(engine) as uow:
        for number in range(300):
            draft = FobDraft(add_resident(uow, f"住户{number}"), number + 1, RESIDENTS)
            credentials.enrol_fob(uow, manager, draft, NOW)
        uow.commit()
    south.sync()
    full = south.received
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, "新住户")
        fob = credentials.enrol_fob(uow, manager, FobDraft(holder, 999, RESIDENTS), NOW)
        passes.issue_paper(uow, site, manager, holder, levels=RESIDENTS, moment=NOW)
        uow.commit()
    assert south.sync() == [DocumentName.CREDENTIALS]
    assert south.received - full < full / 50
    raw = south.held(DocumentName.CREDENTIALS).records[id_to_text(fob)]
    record = codec.decode(raw, CredentialRecord)
    assert (record.card, record.holder, record.levels) == ((999, 32), holder, RESIDENTS)
    with UnitOfWork(engine) as uow:
        credentials.end_credential(uow, site, manager, fob, EndReason.RETURNED, moment=NOW)
        uow.commit()
    assert south.sync()[0] is DocumentName.REVOCATIONS
    assert id_to_text(fob) in south.held(DocumentName.REVOCATIONS).records
    assert id_to_text(fob) in south.held(DocumentName.CREDENTIALS).records
    south.sync(later(30 * DAY_MS))
    assert id_to_text(fob) not in south.held(DocumentName.CREDENTIALS).records


def test_a_gate_is_answered_with_a_delta_or_a_full_copy(engine: Engine) -> None:
    south = rig(engine)
    south.sync()
    first = south.held(DocumentName.POLICY)
    mark_day(engine, "2026-10-01")
    south.sync()
    held = south.held(DocumentName.POLICY)
    assert "calendar:2026" in held.records
    policy = DocumentName.POLICY
    assert not south.ask(policy, Get(held.version, held.digest, Wanted.DELTA))
    assert not south.ask(policy, Get(99, b"", Wanted.FULL))

    def base_versions(get: Get) -> set[int]:
        assert south.ask(policy, get)
        chunks = [each.payload for each in south.publisher.take() if not each.retain]
        return {codec.decode(chunk, Chunk).base_version for chunk in chunks}

    assert base_versions(Get(first.version, first.digest, Wanted.DELTA)) == {1}
    assert base_versions(Get(first.version, first.digest, Wanted.FULL)) == {0}
    assert base_versions(Get(first.version, b"x" * 32, Wanted.DELTA)) == {0}
    assert base_versions(Get(0, b"", Wanted.DELTA)) == {0}


def test_what_the_broker_did_not_take_is_published_later(engine: Engine) -> None:
    south = rig(engine)
    south.publisher.is_away = True
    with pytest.raises(UnavailableError):
        south.sync()
    south.publisher.is_away = False
    assert len(south.sync()) == len(DocumentName)
    assert south.held(DocumentName.CONFIG).version == 1


def test_after_a_restore_versions_go_on_above_what_gates_hold(
    engine: Engine,
) -> None:
    south = rig(engine)
    for day in range(1, 6):
        mark_day(engine, f"2026-10-0{day}")
        south.sync()
    assert south.held(DocumentName.POLICY).version == 5
    with UnitOfWork(engine) as uow:
        row = uow.need(DocumentRow, (SOUTH, "policy"))
        row.version, row.digest, row.published_version = 2, b"old" * 8, 2
        set_day(uow, "2026-10-05", None)
        uow.commit()
    args = (engine, south.site, south.publisher)
    lacking = heard_birth(*args, south.birth(), NOW)
    assert [each.name for each in lacking] == [DocumentName.POLICY]
    south.deliver()
    assert south.held(DocumentName.POLICY).version == 6
    assert b"2026-10-05" not in south.held(DocumentName.POLICY).records["calendar:2026"]
    assert heard_birth(*args, south.birth(), NOW) == ()
    with UnitOfWork(engine, writes=False) as uow:
        alarms = uow.session.scalars(select(AlarmRow)).all()
        assert [(row.reason, row.detail) for row in alarms] == [("rollback", "document policy")]


def test_new_document_keys_reach_gates_before_they_sign(engine: Engine) -> None:
    south = rig(engine)
    south.sync()
    for days in (77, 91, 168, 182, 400):
        moment = later(days * DAY_MS)
        with UnitOfWork(engine) as uow:
            ensure_keys(uow, south.site, moment)
            uow.commit()
        mark_day(engine, f"2026-10-{days % 28 + 1:02}")
        south.sync(moment)
        assert south.held(DocumentName.POLICY).version > 1
    assert south.held(DocumentName.POLICY).version == 6
    assert south.held(DocumentName.KEYS).version >= 4


def test_a_stolen_document_key_is_replaced_by_one_that_gates_know(
    engine: Engine,
) -> None:
    south = rig(engine)
    south.sync()
    with UnitOfWork(engine) as uow:
        stolen = key_id(signer_for(uow, south.site, KeyScope.DOCUMENT, NOW).public_key)
        withdraw_key(uow, south.site, stolen, later(DAY_MS))
    mark_day(engine, "2026-10-01")
    south.sync(later(DAY_MS))
    assert stolen.hex() not in south.held(DocumentName.KEYS).records
    assert south.held(DocumentName.POLICY).version == 2


def test_gates_get_only_what_leads_through_them(engine: Engine) -> None:
    north = rig(engine, "gate-north")
    with UnitOfWork(engine) as uow:
        draft = FobDraft(add_resident(uow, "张三"), 7, ("south-only",))
        fob = credentials.enrol_fob(uow, north.home.manager, draft, NOW)
        uow.commit()
    north.sync()
    assert id_to_text(fob) not in north.held(DocumentName.CREDENTIALS).records
    policy = north.held(DocumentName.POLICY).records
    assert "level:south-only" not in policy
    assert b"door-south" not in b"".join(policy.values())


def test_documents_hold_no_personal_data(engine: Engine) -> None:
    south = rig(engine)
    marks = ("张三丰标记", "13800009999", "9-9-909", "经理甲")
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, marks[0], marks[2])
        uow.need(HolderRow, holder).phone = marks[1]
        draft = FobDraft(holder, 7, RESIDENTS)
        fob = credentials.enrol_fob(uow, south.home.manager, draft, NOW)
        uow.need(CredentialRow, fob).label = marks[0]
        save_level(uow, "residents", (GrantRecord(("door-south-in",), "always"),), marks[2])
        uow.commit()
    sync(engine, south.site, south.publisher, NOW)
    for name in DocumentName:
        south.ask(name, Get(0, b"", Wanted.FULL))
    sent = b"".join(each.topic.encode() + each.payload for each in south.publisher.sent)
    assert holder in sent, "the search itself must be able to find something"
    assert not [mark for mark in marks if mark.encode() in sent]


def test_a_policy_that_a_gate_would_refuse_is_not_saved(engine: Engine) -> None:
    south = rig(engine)
    with UnitOfWork(engine, writes=False) as uow:
        compiled = compile_gates(uow, south.site, (SOUTH,), NOW)[SOUTH]
    check_rules(compiled)
    compiled[DocumentName.CONFIG]["portal:door-south"] = codec.encode_plain({"unlock_ms": 1})
    with pytest.raises(PolicyError) as caught:
        check_rules(compiled)
    assert "unlock_ms" in str(caught.value)
