from datetime import date
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select

from controller.domain.credentials import EndReason
from controller.domain.moment import Moment
from controller.domain.roles import Actor
from controller.services import credentials, staff
from controller.services.compiling import compile_gates
from controller.services.documents import check_rules, compile_all
from controller.services.keys import key_records
from controller.services.ports import MemoryKeystore
from controller.services.seed import SeedResult, seed_compound
from controller.services.seed_gates import NORTH, SOUTH
from controller.services.seed_people import invent
from controller.services.site import Site
from controller.storage.models import CredentialRow, HolderRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec, entry_pass
from mqtt.contract.errors import RefusedError
from mqtt.contract.ids import SiteId, id_to_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import CredentialRecord, KeyRecord, LevelRecord, Role, ScheduleRecord
from mqtt.contract.topics import DocumentName
from tests.support.compound import NOW, later


def seeded(engine: Engine) -> tuple[Site, SeedResult]:
    site = Site(SiteId("tongxing"), "Asia/Shanghai", MemoryKeystore())
    with UnitOfWork(engine) as uow:
        made = seed_compound(uow, site, NOW, gate_keys={SOUTH: b"k" * 32})
        uow.commit()
    return site, made


def test_the_example_has_people_of_all_kinds(engine: Engine) -> None:
    site, made = seeded(engine)
    elder, child, lost = (made.person(key) for key in ("elder", "child", "lost"))
    assert elder.phone == b""
    assert elder.paper is not None
    assert elder.card is not None
    assert len({person.dwelling for person in made.people}) == 20
    assert 27 <= len(made.people) <= 60
    assert {each.role for each in made.staff} == set(Role)
    assert lost.paper is not None
    with UnitOfWork(engine, writes=False) as uow:
        known = {bytes.fromhex(kid): each for kid, each in key_records(uow, NOW).items()}
        for issued in (elder.paper, lost.paper, made.visitor, made.carer, made.courier):
            entry_pass.verify(issued.text, site.name, known, NOW.utc_ms)
        assert uow.need(HolderRow, elder.holder).longer_opening
        for guardian in ("owner", "father"):
            actor = Actor(made.person(guardian).holder)
            assert credentials.credentials_of(uow, site, actor, child.holder, NOW)
        for person in made.people:
            rows = uow.session.scalars(
                select(CredentialRow).where(
                    CredentialRow.holder_id == person.holder, CredentialRow.ended_at_ms.is_(None)
                )
            ).all()
            assert rows, "nobody is left without a credential"
    with UnitOfWork(engine) as uow:
        manager = made.with_role(Role.MANAGER)
        cookie = staff.open_session(uow, manager.login, manager.password, NOW)
        assert staff.session_actor(uow, cookie, NOW) == Actor(manager.id, Role.MANAGER)
        assert manager.password not in repr(manager)


def test_its_documents_pass_the_gates_own_check(engine: Engine) -> None:
    site, made = seeded(engine)
    with UnitOfWork(engine) as uow:
        compiled = compile_gates(uow, site, (SOUTH, NORTH), NOW)
        for each in compiled.values():
            check_rules(each)
        assert len(compile_all(uow, site, NOW)) == 2 * len(DocumentName)
    south = compiled[SOUTH]
    records = south[DocumentName.CREDENTIALS]
    elder = made.person("elder")
    fob = codec.decode(records[id_to_text(elder.fob)], CredentialRecord)
    assert elder.card is not None
    assert fob.card == (elder.card.value, elder.card.length)
    assert fob.longer_opening
    assert "calendar:2026" in south[DocumentName.POLICY]
    card = (made.lost_card.value, made.lost_card.length)
    lost = [key for key, raw in records.items() if codec.decode(raw, CredentialRecord).card == card]
    assert lost == list(south[DocumentName.REVOCATIONS])
    assert len(lost) == 1
    assert len(south[DocumentName.ROSTER]) == 5
    gates = [r.gate for r in key_records_of(engine).values() if r.gate]
    assert gates == [SOUTH]


def key_records_of(engine: Engine) -> dict[str, KeyRecord]:
    with UnitOfWork(engine, writes=False) as uow:
        return dict(key_records(uow, NOW))


def test_I09_a_courier_pass_works_in_its_hours_and_names_the_company(
    engine: Engine,
) -> None:
    site, made = seeded(engine)
    with UnitOfWork(engine) as uow:
        south = compile_gates(uow, site, (SOUTH,), NOW)[SOUTH]
        row = uow.need(CredentialRow, made.courier.credential)
        assert row.label == "顺路快递"
        raw = south[DocumentName.CREDENTIALS][id_to_text(row.id)]
        (level,) = codec.decode(raw, CredentialRecord).levels
        (grant,) = codec.decode(south[DocumentName.POLICY][f"level:{level}"], LevelRecord).grants
        plan = codec.decode(
            south[DocumentName.POLICY][f"schedule:{grant.schedule}"], ScheduleRecord
        )
        assert [(w.days, w.start_min, w.end_min) for w in plan.windows] == [
            ((0, 1, 2, 3, 4), 480, 1200)
        ]
        manager = Actor(made.with_role(Role.MANAGER).id, Role.MANAGER)
        credentials.end_credential(uow, site, manager, row.id, EndReason.MISUSE, moment=NOW)
        south = compile_gates(uow, site, (SOUTH,), NOW)[SOUTH]
        assert id_to_text(row.id) not in south[DocumentName.CREDENTIALS]
        assert id_to_text(row.id) in south[DocumentName.REVOCATIONS]


def test_a_compound_in_use_is_never_seeded(engine: Engine) -> None:
    site, _ = seeded(engine)
    with UnitOfWork(engine) as uow:
        with pytest.raises(RefusedError) as caught:
            seed_compound(uow, site, NOW)
        assert caught.value.code is ReasonCode.CONFLICT


def test_the_story_is_the_same_for_one_seed() -> None:
    today = date(2026, 11, 22)
    assert invent(1, today) == invent(1, today)
    assert invent(1, today) != invent(2, today)
    fobs = [person.fob_number for person in invent(3, today)]
    assert len(set(fobs)) == len(fobs)
    assert all(24 < number.bit_length() <= 32 for number in fobs)


def test_E02_the_compounds_zone_counts_and_not_the_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    site = Site(SiteId("tongxing"), "Asia/Shanghai", MemoryKeystore())
    late = Moment(1_795_363_199_000, 0)
    assert site.today(late) == date(2026, 11, 22)
    assert site.today(later(1_000, late)) == date(2026, 11, 23)
    assert ZoneInfo(site.zone).key == "Asia/Shanghai"
