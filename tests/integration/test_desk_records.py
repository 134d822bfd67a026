import pytest
from sqlalchemy import Engine

from controller.domain.desk.forms import DeskKind, FieldKind
from controller.domain.desk.forms_data import form_of
from controller.domain.moment import DAY_MS
from controller.domain.roles import Actor
from controller.services.desk.filing import filing, note_elsewhere, watch_filing
from controller.services.desk.records import approve, desk_state, in_force, keep, renew
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from tests.support.compound import NOW, build_compound, later

OTHER = Actor(b"manager2", Role.MANAGER)
SAID = {
    FieldKind.SHORT: "一",
    FieldKind.LONG: "长文字",
    FieldKind.DAY: "2027-01-31",
    FieldKind.COUNT: "12",
    FieldKind.MONEY: "0",
}


def answers(kind: DeskKind) -> dict[str, str]:
    return {each.name: SAID[each.kind] for each in form_of(kind).asked}


def verdict(uow: UnitOfWork, kind: DeskKind, ms: int = 0) -> str:
    return next(s.verdict for s in desk_state(uow, later(ms)) if s.form.kind is kind)


def test_an_assessment_counts_when_a_second_person_approves_and_comes_up_after_a_year(
    engine: Engine,
) -> None:
    home = build_compound(engine)
    kind = DeskKind.PIPIA
    with UnitOfWork(engine) as uow:
        assert verdict(uow, kind) == "NEEDS HUMAN"
        draft = keep(
            uow, home.site, home.manager, kind, {"gates": "南门"}, moment=NOW, is_draft=True
        )
        with pytest.raises(RefusedError) as caught:
            approve(uow, OTHER, draft.id, NOW)
        assert caught.value.detail == "missing: operator"
        keep(uow, home.site, home.manager, kind, answers(kind), moment=NOW, draft=draft.id)
        with pytest.raises(RefusedError) as caught:
            approve(uow, home.manager, draft.id, NOW)
        assert caught.value.code is ReasonCode.SECOND_PERSON_MISSING
        approve(uow, OTHER, draft.id, NOW)
        assert verdict(uow, kind) == "PASS"
        with pytest.raises(RefusedError) as caught:
            keep(uow, home.site, OTHER, kind, answers(kind), moment=NOW, draft=draft.id)
        assert caught.value.code is ReasonCode.CONFLICT
        assert verdict(uow, kind, 366 * DAY_MS) == "FAIL"
        assert in_force(uow, kind, later(366 * DAY_MS)) == ()
        again = renew(uow, home.manager, draft.id, later(360 * DAY_MS))
        assert again.document == draft.document
        keep(
            uow,
            home.site,
            home.manager,
            kind,
            answers(kind),
            moment=later(360 * DAY_MS),
            draft=again.id,
        )
        approve(uow, OTHER, again.id, later(360 * DAY_MS))
        assert in_force(uow, kind, later(361 * DAY_MS)) == (again,)
        assert verdict(uow, kind, 366 * DAY_MS) == "PASS"


def test_an_agreement_ends_with_its_own_date_and_a_fee_table_counts_at_once(
    engine: Engine,
) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        row = keep(
            uow,
            home.site,
            home.manager,
            DeskKind.AGREEMENT,
            answers(DeskKind.AGREEMENT),
            moment=NOW,
        )
        assert row.is_approved
        assert row.due_at_ms == 1_801_411_200_000  # 2027-02-01 00:00 in Shanghai
        for actor in (Actor(b"guard---", Role.GUARD), Actor(b"inspecto", Role.INSPECTOR)):
            with pytest.raises(RefusedError) as caught:
                keep(uow, home.site, actor, DeskKind.FEES, answers(DeskKind.FEES), moment=NOW)
            assert caught.value.code is ReasonCode.ROLE_NOT_ALLOWED


def test_the_hundred_thousandth_person_starts_the_clock_once(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        watch_filing(uow, home.site, NOW)
        assert filing(uow).due is None
        note_elsewhere(uow, 100_000)
        watch_filing(uow, home.site, NOW)
        due = filing(uow).due
        assert due is not None
        note_elsewhere(uow, 10)
        watch_filing(uow, home.site, later(90 * DAY_MS))
        note_elsewhere(uow, 100_001)
        watch_filing(uow, home.site, later(90 * DAY_MS))
        assert filing(uow).due == due
