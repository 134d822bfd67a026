from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from controller.domain.complaints import ANSWER_MS, ComplaintTopic
from controller.domain.moment import DAY_MS
from controller.domain.roles import Actor
from controller.services.attestations import (
    AttestationDraft,
    attest,
    attestations,
    chain_break,
    in_force,
)
from controller.services.complaints import (
    answer_complaint,
    complain,
    complaint_figures,
    complaints_for,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from tests.support.compound import NOW, add_resident, build_compound, later

INSPECTOR = Actor(b"inspecto", Role.INSPECTOR)
GUARD = Actor(b"guard---", Role.GUARD)
SIGN = AttestationDraft(
    "NO-02", "sign with four ways hangs beside the lane", "south-in", evidence_hash=bytes(32)
)


def test_an_attestation_counts_until_its_date_and_the_newest_decides(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        assert in_force(uow, "NO-02", "south-in", NOW) is None
        attest(uow, home.manager, replace(SIGN, valid_until_ms=NOW.utc_ms + DAY_MS), NOW)
        found = in_force(uow, "NO-02", "south-in", NOW)
        assert found is not None
        assert found.evidence_hash == bytes(32)
        assert in_force(uow, "NO-02", "south-in", later(DAY_MS)) is None
        assert in_force(uow, "NO-02", "north-in", NOW) is None
        newer = attest(uow, INSPECTOR, SIGN, later(DAY_MS))
        assert in_force(uow, "NO-02", "south-in", later(400 * DAY_MS)) is newer


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (replace(SIGN, statement=" "), ReasonCode.REASON_REQUIRED),
        (replace(SIGN, evidence_hash=b"short"), ReasonCode.CONFIG_INVALID),
        (replace(SIGN, seen_at_ms=NOW.utc_ms + 1), ReasonCode.CONFIG_INVALID),
    ],
)
def test_an_attestation_without_substance_is_refused(
    engine: Engine, draft: AttestationDraft, code: ReasonCode
) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow, pytest.raises(RefusedError) as caught:
        attest(uow, home.manager, draft, NOW)
    assert caught.value.code is code


def test_guards_attest_nothing(engine: Engine) -> None:
    with UnitOfWork(engine) as uow, pytest.raises(RefusedError) as caught:
        attest(uow, GUARD, SIGN, NOW)
    assert caught.value.code is ReasonCode.ROLE_NOT_ALLOWED


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE attestations SET statement = 'all is well' WHERE id = 2",
        "DELETE FROM attestations WHERE id = 2",
    ],
)
def test_a_changed_or_missing_attestation_is_found(engine: Engine, change: str) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        for each in range(3):
            attest(uow, home.manager, replace(SIGN, statement=f"seen {each}"), NOW)
        assert chain_break(uow) is None
        assert len(attestations(uow, "NO-02")) == 3
        uow.commit()
    with engine.begin() as connection:
        connection.execute(text(change))
    with UnitOfWork(engine, writes=False) as uow:
        assert chain_break(uow) in {2, 3}


def test_the_desk_reads_no_complaint_of_somebody_who_was_forced(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, "甲", "1-1-101")
        forced = complain(uow, ComplaintTopic.FORCED, "they took my fob", NOW, holder=holder)
        fee = complain(uow, ComplaintTopic.FEE, "50 yuan for a fob", NOW, contact="hall 1")
        assert complaints_for(uow, home.manager) == (fee,)
        assert complaints_for(uow, GUARD) == ()
        assert complaints_for(uow, INSPECTOR) == (forced, fee)
        assert complaints_for(uow, Actor(holder)) == (forced,)
        assert complaint_figures(uow, NOW, reader=home.manager).received == 1
        assert complaint_figures(uow, NOW, reader=home.manager).forced == 0
        assert complaint_figures(uow, NOW, reader=INSPECTOR).forced == 1
        with pytest.raises(RefusedError) as caught:
            answer_complaint(uow, home.manager, forced.id, "no", NOW)
        assert caught.value.code is ReasonCode.NOT_FOUND
        answer_complaint(uow, INSPECTOR, forced.id, "we look into it", NOW)
        with pytest.raises(RefusedError) as caught:
            answer_complaint(uow, INSPECTOR, forced.id, "changed my mind", NOW)
        assert caught.value.code is ReasonCode.CONFLICT


def test_a_complaint_is_due_in_ten_days_and_counted_when_late(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        late = complain(uow, ComplaintTopic.FEE, "50 yuan", NOW)
        complain(uow, ComplaintTopic.FORCED, "made to", NOW)
        assert late.answer_due_ms == NOW.utc_ms + ANSWER_MS
        figures = complaint_figures(uow, later(ANSWER_MS))
        assert (figures.received, figures.waiting, figures.late) == (2, 2, 0)
        answer_complaint(uow, home.manager, late.id, "paid back", later(ANSWER_MS + 1))
        figures = complaint_figures(uow, later(ANSWER_MS + 1))
        assert (figures.waiting, figures.late, figures.forced) == (1, 2, 1)
        assert figures.median_days == pytest.approx(10, abs=0.01)
