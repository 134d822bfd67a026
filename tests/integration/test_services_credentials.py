from datetime import date

import pytest
from sqlalchemy import Engine, select

from controller.domain.credentials import EndReason
from controller.domain.moment import DAY_MS
from controller.domain.passes import VisitorTerms
from controller.domain.people import HolderKind, Relation
from controller.domain.roles import Actor
from controller.services import credentials, leaving, passes, staff
from controller.services.access import ensure_plan
from controller.services.credentials import FobDraft
from controller.services.holders import (
    HolderDraft,
    add_dwelling,
    add_guardian,
    add_holder,
    add_residence,
)
from controller.services.passes import VisitorDraft
from controller.storage.models import CredentialRow, GateRow, RevocationRow, StaffActRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import WindowRecord
from tests.support.compound import NOW, RESIDENTS, add_resident, build_compound, later


def works(uow: UnitOfWork, credential: bytes) -> bool:
    return uow.need(CredentialRow, credential).ended_at_ms is None


def test_B02_a_fob_of_another_flat_is_refused_masked_and_moves_with_a_reason(
    engine: Engine,
) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        first = add_resident(uow, "张三", "3-1-301")
        second = add_resident(uow, "李四", "5-2-502")
        old = credentials.enrol_fob(uow, home.manager, FobDraft(first, 777, RESIDENTS), NOW)
        draft = FobDraft(second, 777, RESIDENTS)
        with pytest.raises(RefusedError) as caught:
            credentials.enrol_fob(uow, home.manager, draft, NOW)
        assert caught.value.code is ReasonCode.ALREADY_ASSIGNED
        assert caught.value.detail == "3-*-***"
        assert "301" not in str(caught.value)
        with pytest.raises(RefusedError) as caught:
            credentials.move_fob(uow, home.site, home.manager, draft, reason=" ", moment=NOW)
        assert caught.value.code is ReasonCode.REASON_REQUIRED
        with pytest.raises(RefusedError) as caught:
            credentials.move_fob(uow, home.site, home.manager, draft, reason="卖房", moment=NOW)
        assert caught.value.code is ReasonCode.LAST_CREDENTIAL
        passes.issue_paper(uow, home.site, home.manager, first, levels=RESIDENTS, moment=NOW)
        new = credentials.move_fob(uow, home.site, home.manager, draft, reason="卖房", moment=NOW)
        uow.commit()
        assert not works(uow, old)
        assert works(uow, new)
        assert uow.find(RevocationRow, old) is not None
        assert "卖房" in uow.session.scalars(select(StaffActRow.reason)).all()


def test_A09_a_number_too_long_for_a_w26_gate_is_refused_and_fits_w34(
    engine: Engine,
) -> None:
    home = build_compound(engine, card_formats=("w26",))
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, "张三")
        draft = FobDraft(holder, 388_575_490, RESIDENTS)
        with pytest.raises(RefusedError) as caught:
            credentials.enrol_fob(uow, home.manager, draft, NOW)
        assert caught.value.code is ReasonCode.DOES_NOT_FIT
        assert caught.value.detail == "does not fit 26 bits"


def test_B04_a_full_gate_is_named_and_nothing_is_half_written(
    engine: Engine,
) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, "张三")
        uow.need(GateRow, "gate-south").credential_capacity = 1
        credentials.enrol_fob(uow, home.manager, FobDraft(holder, 1, RESIDENTS), NOW)
        with pytest.raises(RefusedError) as caught:
            credentials.enrol_fob(uow, home.manager, FobDraft(holder, 2, RESIDENTS), NOW)
        assert (caught.value.code, caught.value.detail) == (ReasonCode.CAPACITY, "gate-south")
        uow.commit()
        assert len(uow.session.scalars(select(CredentialRow)).all()) == 1


def test_reporting_the_last_one_lost_issues_a_standing_pass_in_the_same_act(
    engine: Engine,
) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, "王奶奶")
        fob = credentials.enrol_fob(uow, home.manager, FobDraft(holder, 5, RESIDENTS), NOW)
        ended = credentials.report_lost(uow, home.site, Actor(holder), fob, NOW)
        assert ended.paper is not None
        assert ended.paper.text.startswith("AC1:")
        assert ended.paper.text not in repr(ended)
        assert not works(uow, fob)
        again = credentials.report_lost(uow, home.site, Actor(holder), fob, NOW)
        assert again.paper is None
        mine = credentials.credentials_of(uow, home.site, Actor(holder), holder, NOW)
        assert [row.carrier for row in mine] == ["paper"]


def test_staff_end_nothing_for_arrears_and_nothing_that_is_the_last(
    engine: Engine,
) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, "张三")
        fob = credentials.enrol_fob(uow, home.manager, FobDraft(holder, 5, RESIDENTS), NOW)
        for reason, code in (
            (EndReason.ARREARS, ReasonCode.ARREARS),
            (EndReason.MISUSE, ReasonCode.LAST_CREDENTIAL),
            (EndReason.ORDER, ReasonCode.REASON_REQUIRED),
        ):
            with pytest.raises(RefusedError) as caught:
                credentials.end_credential(uow, home.site, home.manager, fob, reason, moment=NOW)
            assert caught.value.code is code
            assert works(uow, fob)
        ended = credentials.end_credential(
            uow,
            home.site,
            home.manager,
            fob,
            EndReason.MISUSE,
            moment=NOW,
            with_replacement=True,
        )
        assert ended.paper is not None
        assert works(uow, ended.paper.credential)


def test_no_adult_sees_or_ends_another_adults_access(
    engine: Engine,
) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        owner = add_resident(uow, "业主", "3-1-301")
        tenant = add_resident(uow, "租客", "3-1-301", relation=Relation.TENANT)
        fob = credentials.enrol_fob(uow, home.manager, FobDraft(tenant, 5, RESIDENTS), NOW)
        with pytest.raises(RefusedError) as caught:
            credentials.credentials_of(uow, home.site, Actor(owner), tenant, NOW)
        assert caught.value.code is ReasonCode.NOT_ALLOWED
        with pytest.raises(RefusedError) as caught:
            credentials.report_lost(uow, home.site, Actor(owner), fob, NOW)
        assert caught.value.code is ReasonCode.NOT_ALLOWED


def test_either_guardian_blocks_a_childs_fob(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        today = home.site.today(NOW)
        mother, father = add_resident(uow, "母"), add_resident(uow, "父")
        child = add_holder(uow, HolderDraft("孩子", adult_from=date(2034, 5, 1)), NOW)
        add_residence(uow, child, add_dwelling(uow, "3-2-502"), Relation.OCCUPANT, NOW)
        for guardian in (mother, father):
            add_guardian(uow, child, guardian, today)
        with pytest.raises(RefusedError):
            add_guardian(uow, mother, father, today)
        for number, guardian in ((1, mother), (2, father)):
            draft = FobDraft(child, number, RESIDENTS)
            fob = credentials.enrol_fob(uow, home.manager, draft, NOW)
            credentials.end_credential(
                uow, home.site, Actor(guardian), fob, EndReason.GUARDIAN_WISH, moment=NOW
            )
            assert not works(uow, fob)
        seen = credentials.credentials_of(uow, home.site, Actor(father), child, NOW)
        assert seen == ()
        grown = later(9 * 365 * DAY_MS)
        with pytest.raises(RefusedError):
            credentials.credentials_of(uow, home.site, Actor(father), child, grown)


def test_I11_a_carer_pass_ends_by_the_household_and_with_it(
    engine: Engine,
) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        owner = add_resident(uow, "业主", "3-1-301")
        flat = add_dwelling(uow, "3-1-301")
        carer = add_holder(uow, HolderDraft("护工", HolderKind.VISITOR), NOW)
        plan = ensure_plan(uow, (WindowRecord((0, 2, 4), 480, 720),), ("door-south-in",))
        assert plan == ensure_plan(uow, (WindowRecord((0, 2, 4), 480, 720),), ("door-south-in",))
        terms = VisitorTerms(NOW.utc_s, NOW.utc_s + 90 * 86_400, uses=0)
        draft = VisitorDraft(carer, (plan,), terms, flat, None, "照护")
        own = passes.open_phone(uow, owner, RESIDENTS, NOW)
        one, two = (
            passes.issue_visitor(uow, home.site, Actor(owner), draft, NOW).credential
            for _ in range(2)
        )
        credentials.end_credential(
            uow, home.site, Actor(owner), one, EndReason.HOUSEHOLD_WISH, moment=NOW
        )
        assert not works(uow, one)
        assert works(uow, two)
        cookie = staff.open_holder_session(uow, owner, NOW)
        assert staff.session_actor(uow, cookie, NOW) == Actor(owner)
        fob = credentials.enrol_fob(uow, home.manager, FobDraft(owner, 9, RESIDENTS), NOW)
        left = leaving.move_out(uow, home.site, home.manager, owner, dwelling=flat, moment=NOW)
        uow.commit()
        assert set(left.credentials) == {two, fob, own}
        assert left.sessions == 1
        assert staff.session_actor(uow, cookie, NOW) is None
        with pytest.raises(RefusedError):
            leaving.move_out(uow, home.site, home.manager, owner, dwelling=flat, moment=NOW)


def test_a_tenancy_ends_by_its_date_and_everything_with_it(
    engine: Engine,
) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        tenant = add_resident(uow, "租客", days=10)
        stays = add_resident(uow, "同屋")
        fob = credentials.enrol_fob(uow, home.manager, FobDraft(tenant, 3, RESIDENTS), NOW)
        kept = credentials.enrol_fob(uow, home.manager, FobDraft(stays, 4, RESIDENTS), NOW)
        assert uow.need(CredentialRow, fob).valid_until_ms == NOW.utc_ms + 10 * DAY_MS
        system = Actor(b"\x00" * 8)
        assert leaving.end_expired_rights(uow, home.site, system, NOW).credentials == ()
        second = passes.open_phone(uow, tenant, RESIDENTS, NOW)
        uow.need(CredentialRow, second).valid_until_ms += DAY_MS
        due = later(10 * DAY_MS)
        assert leaving.end_expired_rights(uow, home.site, system, due).credentials == (second,)
        assert leaving.end_expired_rights(uow, home.site, system, due).credentials == ()
        assert works(uow, kept)


def test_two_desks_cannot_give_out_one_fob_at_once(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, "张三")
        fob = credentials.enrol_fob(uow, home.manager, FobDraft(holder, 5, RESIDENTS), NOW)
        row = uow.need(CredentialRow, fob)
        uow.commit()
    twin = {column.key: getattr(row, column.key) for column in CredentialRow.__table__.columns}
    with UnitOfWork(engine) as uow:
        uow.session.add(CredentialRow(**twin | {"id": b"another1"}))
        with pytest.raises(RefusedError) as caught:
            uow.commit()
    assert caught.value.code is ReasonCode.CONFLICT
