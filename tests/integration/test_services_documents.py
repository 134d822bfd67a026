"""The other end is the gates' own `TrustedDocuments`: what it accepts is what counts."""

import pytest
from sqlalchemy import Engine

from controller.domain.credentials import EndReason
from controller.domain.moment import Moment
from controller.services import credentials, documents, passes
from controller.services.access import save_level, set_day
from controller.services.compiling import compile_gates
from controller.services.credentials import FobDraft
from controller.services.documents import answer_get, heard_birth, sync
from controller.services.keys import ensure_keys, trust_anchor
from controller.services.ports import MemoryPublisher
from controller.services.site import Site
from controller.storage.models import CredentialRow, DocumentRow, GatePresenceRow, HolderRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.documents import Get, Wanted
from mqtt.contract.errors import UnavailableError
from mqtt.contract.events import AdapterKind
from mqtt.contract.ids import GateId, id_to_text
from mqtt.contract.presence import Birth
from mqtt.contract.records import CredentialRecord, DayKind, GrantRecord
from mqtt.contract.topics import DocumentName, TopicKind, parse
from mqtt.contract.trusted import TrustedDocuments
from tests.support.compound import NOW, RESIDENTS, add_resident, build_compound, later
from tests.support.databases import database_url, engine, postgres_server  # noqa: F401

SOUTH = GateId("gate-south")


def new_gate(engine: Engine, site: Site, gate: str = SOUTH) -> TrustedDocuments:  # noqa: F811
    with UnitOfWork(engine, writes=False) as uow:
        return TrustedDocuments(site.name, gate, trust_anchor(uow, NOW))


def deliver(
    publisher: MemoryPublisher, gate: TrustedDocuments, name: str = SOUTH, now: Moment = NOW
) -> int:
    """Hand everything published to the gate; return the bytes of its chunks."""
    size = 0
    for sent in publisher.take():
        topic = parse(sent.topic)
        assert topic.document is not None
        if topic.gate != name:
            continue
        hear = gate.hear_header if topic.kind is TopicKind.WANT else gate.hear_chunk
        assert sent.retain is (topic.kind is TopicKind.WANT)
        progress = hear(topic.document, sent.payload, now.utc_ms)
        assert not progress.refused, progress.refused
        size += len(sent.payload) if topic.kind is TopicKind.DOCUMENT else 0
    return size


def birth_of(site: Site, gate: TrustedDocuments) -> Birth:
    held = {name: gate.held(name) for name in DocumentName}
    versions = {name.value: (each.version, each.digest) for name, each in held.items()}
    return Birth(
        site=site.name,
        gate=SOUTH,
        boot_id=b"b" * 16,
        boot_counter=1,
        mono_ms=1,
        at_ms=NOW.utc_ms,
        clock_level=0,
        epoch=1,
        size=0,
        root=b"",
        acked=0,
        documents=versions,
        reads={},
        adapter_kind=AdapterKind.SIMULATED,
        software="1",
    )


def test_a_new_gate_takes_everything_and_nothing_is_sent_twice(
    engine: Engine,  # noqa: F811
) -> None:
    home = build_compound(engine)
    publisher, gate = MemoryPublisher(), new_gate(engine, home.site)
    published = sync(engine, home.site, publisher, NOW)
    assert len(published) == 2 * len(DocumentName)
    deliver(publisher, gate)
    assert all(gate.held(name).version == 1 for name in DocumentName)
    assert gate.held(DocumentName.LEASES).records == {}
    assert sync(engine, home.site, publisher, later(60_000)) == ()
    assert publisher.sent == []


def test_a_new_fob_travels_as_a_delta_and_an_end_as_a_revocation(
    engine: Engine,  # noqa: F811
) -> None:
    home = build_compound(engine)
    publisher, gate = MemoryPublisher(), new_gate(engine, home.site)
    with UnitOfWork(engine) as uow:
        for number in range(300):
            draft = FobDraft(add_resident(uow, f"住户{number}"), number + 1, RESIDENTS)
            credentials.enrol_fob(uow, home.manager, draft, NOW)
        uow.commit()
    sync(engine, home.site, publisher, NOW)
    full = deliver(publisher, gate)
    remember(engine, home.site, gate)
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, "新住户")
        fob = credentials.enrol_fob(uow, home.manager, FobDraft(holder, 999, RESIDENTS), NOW)
        passes.issue_paper(uow, home.site, home.manager, holder, levels=RESIDENTS, moment=NOW)
        uow.commit()
    assert {each.name for each in sync(engine, home.site, publisher, NOW)} == {
        DocumentName.CREDENTIALS
    }
    assert deliver(publisher, gate) < full / 50
    raw = gate.held(DocumentName.CREDENTIALS).records[id_to_text(fob)]
    record = codec.decode(raw, CredentialRecord)
    assert (record.card, record.holder, record.levels) == ((999, 32), holder, RESIDENTS)
    remember(engine, home.site, gate)
    with UnitOfWork(engine) as uow:
        credentials.end_credential(
            uow, home.site, home.manager, fob, EndReason.RETURNED, moment=NOW
        )
        uow.commit()
    order = [each.name for each in sync(engine, home.site, publisher, NOW)]
    assert order[0] is DocumentName.REVOCATIONS
    deliver(publisher, gate)
    assert id_to_text(fob) not in gate.held(DocumentName.CREDENTIALS).records
    assert id_to_text(fob) in gate.held(DocumentName.REVOCATIONS).records


def remember(engine: Engine, site: Site, gate: TrustedDocuments) -> None:  # noqa: F811
    """Store what the gate reported, as ingest does."""
    birth = birth_of(site, gate)
    with UnitOfWork(engine) as uow:
        uow.session.merge(
            GatePresenceRow(
                gate=SOUTH,
                boot_id=birth.boot_id,
                boot_counter=1,
                mono_ms=1,
                heard_at_ms=NOW.utc_ms,
                heard_mono_ms=NOW.mono_ms,
                online=True,
                clock_level=0,
                epoch=1,
                size=0,
                root=b"",
                adapter_kind="simulated",
                reads={},
                documents={k: [v, d.hex()] for k, (v, d) in birth.documents.items()},
                doors={},
                methods={},
            )
        )
        uow.commit()


def test_a_gate_asks_and_is_answered_with_a_delta_or_a_full_copy(
    engine: Engine,  # noqa: F811
) -> None:
    home = build_compound(engine)
    publisher, gate = MemoryPublisher(), new_gate(engine, home.site)
    sync(engine, home.site, publisher, NOW)
    deliver(publisher, gate)
    with UnitOfWork(engine) as uow:
        set_day(uow, "2026-10-01", DayKind.HOLIDAY)
        uow.commit()
    sync(engine, home.site, publisher, NOW)
    publisher.take()
    held = gate.held(DocumentName.POLICY)
    ask = Get(held.version, held.digest, Wanted.DELTA)
    args = (engine, home.site, publisher, SOUTH, DocumentName.POLICY)
    assert answer_get(*args, get=ask, moment=NOW)
    deliver(publisher, gate)
    assert "calendar:2026" in gate.held(DocumentName.POLICY).records
    held = gate.held(DocumentName.POLICY)
    assert not answer_get(*args, get=Get(held.version, held.digest, Wanted.DELTA), moment=NOW)
    assert answer_get(*args, get=Get(held.version, held.digest, Wanted.FULL), moment=NOW)
    late = new_gate(engine, home.site)
    deliver(publisher, late)
    assert late.held(DocumentName.POLICY).records == held.records
    lying = Get(1, b"x" * 32, Wanted.DELTA)
    assert answer_get(*args, get=lying, moment=NOW)
    deliver(publisher, new_gate(engine, home.site))
    assert not answer_get(*args, get=Get(99, b"", Wanted.FULL), moment=NOW)


def test_what_the_broker_did_not_take_is_published_later(engine: Engine) -> None:  # noqa: F811
    home = build_compound(engine)
    publisher, gate = MemoryPublisher(is_away=True), new_gate(engine, home.site)
    with pytest.raises(UnavailableError):
        sync(engine, home.site, publisher, NOW)
    publisher.is_away = False
    assert len(sync(engine, home.site, publisher, NOW)) == 2 * len(DocumentName)
    deliver(publisher, gate)
    assert gate.held(DocumentName.CONFIG).version == 1


def test_after_a_restore_versions_go_on_above_what_gates_hold(
    engine: Engine,  # noqa: F811
) -> None:
    home = build_compound(engine)
    publisher, gate = MemoryPublisher(), new_gate(engine, home.site)
    for day in range(1, 6):
        with UnitOfWork(engine) as uow:
            set_day(uow, f"2026-10-0{day}", DayKind.HOLIDAY)
            uow.commit()
        sync(engine, home.site, publisher, NOW)
        deliver(publisher, gate)
    held = gate.held(DocumentName.POLICY)
    assert held.version == 5
    with UnitOfWork(engine) as uow:
        row = uow.need(DocumentRow, (SOUTH, "policy"))
        row.version, row.digest, row.published_version = 2, b"old" * 8, 2
        set_day(uow, "2026-10-05", None)
        uow.commit()
    lacking = heard_birth(engine, home.site, publisher, birth_of(home.site, gate), NOW)
    assert {each.name for each in lacking} == {DocumentName.POLICY}
    deliver(publisher, gate)
    assert gate.held(DocumentName.POLICY).version == 6
    assert b"2026-10-05" not in gate.held(DocumentName.POLICY).records["calendar:2026"]
    assert heard_birth(engine, home.site, publisher, birth_of(home.site, gate), NOW) == ()


def test_new_document_keys_reach_gates_before_they_sign(engine: Engine) -> None:  # noqa: F811
    home = build_compound(engine)
    publisher, gate = MemoryPublisher(), new_gate(engine, home.site)
    sync(engine, home.site, publisher, NOW)
    deliver(publisher, gate)
    day = 86_400_000
    for days in (77, 91, 168, 182):
        moment = later(days * day)
        with UnitOfWork(engine) as uow:
            ensure_keys(uow, home.site, moment)
            set_day(uow, f"2026-10-{days % 28 + 1:02}", DayKind.HOLIDAY)
            uow.commit()
        sync(engine, home.site, publisher, moment)
        deliver(publisher, gate, now=moment)
    assert gate.held(DocumentName.POLICY).version == 5
    assert gate.held(DocumentName.KEYS).version >= 3


def test_gates_get_only_what_leads_through_them(engine: Engine) -> None:  # noqa: F811
    home = build_compound(engine)
    publisher, north = MemoryPublisher(), new_gate(engine, home.site, "gate-north")
    with UnitOfWork(engine) as uow:
        draft = FobDraft(add_resident(uow, "张三"), 7, ("south-only",))
        fob = credentials.enrol_fob(uow, home.manager, draft, NOW)
        uow.commit()
    sync(engine, home.site, publisher, NOW)
    deliver(publisher, north, "gate-north")
    assert id_to_text(fob) not in north.held(DocumentName.CREDENTIALS).records
    policy = north.held(DocumentName.POLICY).records
    assert "level:south-only" not in policy
    assert b"door-south" not in b"".join(policy.values())


def test_documents_hold_no_personal_data(engine: Engine) -> None:  # noqa: F811
    home = build_compound(engine)
    publisher = MemoryPublisher()
    marks = ("张三丰标记", "13800009999", "9-9-909", "经理甲")
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, marks[0], marks[2])
        uow.need(HolderRow, holder).phone = marks[1]
        fob = credentials.enrol_fob(uow, home.manager, FobDraft(holder, 7, RESIDENTS), NOW)
        uow.need(CredentialRow, fob).label = marks[0]
        save_level(uow, "residents", (GrantRecord(("door-south-in",), "always"),), marks[2])
        uow.commit()
    sync(engine, home.site, publisher, NOW)
    sent = b"".join(each.topic.encode() + each.payload for each in publisher.sent)
    assert holder in sent, "the search itself must be able to find something"
    assert not [mark for mark in marks if mark.encode() in sent]


def test_a_policy_that_a_gate_would_refuse_is_not_saved(engine: Engine) -> None:  # noqa: F811
    home = build_compound(engine)
    publisher = MemoryPublisher()
    sync(engine, home.site, publisher, NOW)
    with UnitOfWork(engine, writes=False) as uow:
        compiled = compile_gates(uow, home.site, (SOUTH,), NOW)[SOUTH]
    documents.check_records(compiled)
    compiled[DocumentName.CONFIG]["portal:door-south"] = codec.encode_plain({"unlock_ms": 1})
    with pytest.raises(documents.PolicyError) as caught:
        documents.check_records(compiled)
    assert "unlock_ms" in str(caught.value)
