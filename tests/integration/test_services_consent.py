"""A page reserves; only a gate's signed event of the person's own yes makes a consent."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine, select

from controller.domain.consent import ASK_AGAIN_MS, ConsentEnd
from controller.domain.moment import DAY_MS, HOUR_MS
from controller.domain.people import HolderKind
from controller.domain.roles import Actor
from controller.services import credentials
from controller.services.consent import (
    PaperSheet,
    open_wish,
    prepare_paper,
    reserve,
    standing_consents,
)
from controller.services.credentials import FobDraft
from controller.services.face_views import may_be_asked
from controller.services.holders import (
    HolderDraft,
    add_holder,
)
from controller.services.notices import publish_notice
from controller.services.seed_face import EXAMPLE_NOTICE
from controller.services.staff import StaffDraft, add_staff
from controller.storage.models import FaceConsentRow, FaceReservationRow
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from tests.support.compound import NOW, add_resident
from tests.support.face_desk import NORTH, POINTS, SOUTH, FaceDesk, Resident, open_face_desk


@pytest.fixture
def desk(engine: Engine) -> FaceDesk:
    return open_face_desk(engine)


def consents(desk: FaceDesk, who: Resident) -> tuple[FaceConsentRow, ...]:
    with desk.reading() as uow:
        return standing_consents(uow, who.holder)


def refusal(desk: FaceDesk, actor: Actor, holder: bytes) -> RefusedError:
    with desk.writing() as uow, pytest.raises(RefusedError) as caught:
        reserve(uow, desk.site, actor, holder, POINTS, moment=desk.moment)
    return caught.value


def test_a_wish_is_no_consent_and_a_yes_at_the_gate_is(desk: FaceDesk) -> None:
    who = desk.resident()
    desk.wish(who)
    assert consents(desk, who) == ()
    assert desk.told().leases == {}
    reserved = desk.told().reservations[who.holder]
    assert reserved.access_points == ("door-south-in",)
    assert not reserved.guardian_needed
    seq = desk.yes(who)
    (row,) = consents(desk, who)
    assert (row.gate, row.epoch, row.seq) == (SOUTH, 7, seq)
    assert (row.notice_version, row.purpose, row.band) == ("2026-01", "entry", "adult")
    assert row.notice_hash == reserved.notice_hash
    assert row.access_points == ("door-south-in",)
    assert row.given_at_ms == NOW.utc_ms
    assert 364 * DAY_MS < row.until_ms - row.given_at_ms <= 366 * DAY_MS
    assert set(desk.told().leases) == {who.holder}
    assert desk.told(NORTH).leases == {}


def test_each_gate_has_its_own_yes_and_the_wish_ends_with_the_last(desk: FaceDesk) -> None:
    who = desk.resident()
    desk.opt_in(who, SOUTH)
    assert who.holder not in desk.told(SOUTH).reservations
    assert who.holder in desk.told(NORTH).reservations
    desk.yes(who, NORTH)
    assert who.holder in desk.told(NORTH).reservations  # until its references are taken
    desk.enrolled(who, NORTH)
    assert who.holder not in desk.told(NORTH).reservations
    assert len(consents(desk, who)) == 2
    with desk.reading() as uow:
        assert open_wish(uow, who.holder, desk.moment) is None
        ends = uow.session.scalars(select(FaceReservationRow.end_reason)).all()
    assert ends == [ConsentEnd.TAKEN.value]


def test_the_same_event_twice_makes_one_consent(desk: FaceDesk) -> None:
    who = desk.resident()
    desk.wish(who)
    desk.yes(who)
    desk.seqs[SOUTH] = 0
    desk.yes(who)
    assert len(consents(desk, who)) == 1


def test_a_yes_nobody_reserved_makes_nothing_and_is_erased(desk: FaceDesk) -> None:
    who = desk.resident()
    desk.yes(who)
    assert consents(desk, who) == ()
    assert desk.told().leases == {}
    assert set(desk.told().erasures) == {who.holder}
    assert desk.told(NORTH).erasures == {}


def test_a_yes_with_somebody_elses_fob_makes_nothing(desk: FaceDesk) -> None:
    who, other = desk.resident(5), desk.resident(6)
    desk.wish(who)
    desk.yes(replace(who, fob=other.fob))
    assert consents(desk, who) == ()


def test_CO03_staff_and_other_adults_cannot_reserve_for_anybody(desk: FaceDesk) -> None:
    who, other = desk.resident(5), desk.resident(6)
    for actor in (desk.home.manager, other.actor, Actor(b"guard---", Role.GUARD)):
        refused = refusal(desk, actor, who.holder)
        assert (refused.code, refused.rule) == (ReasonCode.NOT_ALLOWED, "CO-03")
        assert refused.article


def test_NS07_a_working_way_comes_first_and_NS08_visitors_are_not_offered_face(
    desk: FaceDesk,
) -> None:
    with desk.writing() as uow:
        bare = add_resident(uow, "无卡")
        guest = add_holder(uow, HolderDraft("客", HolderKind.VISITOR), NOW)
        uow.commit()
    assert refusal(desk, Actor(bare), bare).rule == "NS-07"
    assert refusal(desk, Actor(bare), bare).code is ReasonCode.CREDENTIAL_NEEDED
    assert refusal(desk, Actor(guest), guest).rule == "NS-08"
    with desk.writing() as uow:
        draft = FobDraft(bare, 31, ("south-only",))
        credentials.enrol_fob(uow, desk.home.manager, draft, NOW)
        uow.commit()
    assert refusal(desk, Actor(bare), bare).rule == "NS-07"  # north is asked for too
    with desk.writing() as uow:
        south = frozenset({"door-south-in"})
        reserve(uow, desk.site, Actor(bare), bare, south, moment=desk.moment)


def test_paper_needs_two_members_of_staff_and_still_the_yes_at_the_gate(desk: FaceDesk) -> None:
    who, manager = desk.resident(), desk.home.manager
    with desk.writing() as uow:
        draft = StaffDraft("second", "李", Role.GUARD, "a long password")
        witness = add_staff(uow, manager, draft, NOW)
        for sheet in (
            PaperSheet(b"h" * 32, b""),
            PaperSheet(b"h" * 32, manager.id),
            PaperSheet(b"", witness),
            PaperSheet(b"h" * 32, b"nobody--"),
        ):
            with pytest.raises(RefusedError) as caught:
                prepare_paper(uow, desk.site, manager, who.holder, POINTS, sheet=sheet, moment=NOW)
            assert caught.value.code is ReasonCode.SECOND_PERSON_MISSING
        guard, sheet = Actor(witness, Role.GUARD), PaperSheet(b"h" * 32, manager.id)
        with pytest.raises(RefusedError) as caught:
            prepare_paper(uow, desk.site, guard, who.holder, POINTS, sheet=sheet, moment=NOW)
        assert caught.value.code is ReasonCode.ROLE_NOT_ALLOWED
        sheet = PaperSheet(b"h" * 32, witness)
        prepare_paper(uow, desk.site, manager, who.holder, POINTS, sheet=sheet, moment=NOW)
        uow.commit()
    assert consents(desk, who) == ()
    assert desk.told().leases == {}
    desk.yes(who)
    assert len(consents(desk, who)) == 1


def test_CO07_nobody_asks_again_for_180_days_but_the_person_may(desk: FaceDesk) -> None:
    who, manager = desk.resident(), desk.home.manager
    with desk.writing() as uow:
        witness = add_staff(uow, manager, StaffDraft("w", "李", Role.GUARD, "a long password"), NOW)
        uow.commit()
    desk.wish(who)
    desk.no(who)
    assert consents(desk, who) == ()
    assert who.holder not in desk.told().reservations
    assert desk.told().erasures == {}  # a no leaves nothing to erase

    def prepare() -> None:
        with desk.writing() as uow:
            sheet = PaperSheet(b"h" * 32, witness)
            prepare_paper(
                uow, desk.site, manager, who.holder, POINTS, sheet=sheet, moment=desk.moment
            )

    def asked() -> bool:
        with desk.reading() as uow:
            return may_be_asked(uow, who.holder, desk.moment)

    with pytest.raises(RefusedError) as caught:
        prepare()
    assert (caught.value.rule, caught.value.code) == ("CO-07", ReasonCode.CONSENT_DECLINED)
    assert not asked()
    desk.wish(who)  # the person's own wish is nobody's asking
    desk.move(ASK_AGAIN_MS + DAY_MS)
    prepare()
    assert asked()


def test_CO04_a_new_notice_ends_every_lease_and_a_late_yes_to_the_old_one_is_none(
    desk: FaceDesk,
) -> None:
    who, late = desk.resident(5), desk.resident(6)
    desk.opt_in(who)
    desk.wish(late)
    with desk.writing() as uow:
        notice = replace(EXAMPLE_NOTICE, version="2026-02")
        publish_notice(uow, desk.home.manager, notice, desk.moment)
        uow.commit()
    assert desk.told().leases == {}
    assert desk.told().reservations == {}
    desk.yes(late)
    assert consents(desk, late) == ()
    desk.house()
    assert consents(desk, who) == ()
    assert who.holder not in desk.told().erasures  # locked for a yes to the new one
    desk.move(8 * DAY_MS)
    desk.house()
    assert {who.holder, late.holder} == set(desk.told().erasures)


def test_a_wish_runs_out_after_30_days(desk: FaceDesk) -> None:
    who = desk.resident()
    desk.wish(who)
    desk.move(31 * DAY_MS)
    assert desk.told().reservations == {}
    desk.yes(who)
    assert consents(desk, who) == ()
    desk.house()
    with desk.reading() as uow:
        assert uow.session.scalars(select(FaceReservationRow.end_reason)).all() == ["expired"]


def test_a_yes_that_arrives_late_does_not_outlive_the_withdrawal_after_it(desk: FaceDesk) -> None:
    who = desk.resident()
    desk.wish(who)
    said_at = desk.moment
    desk.move(HOUR_MS)
    desk.erased(who, NORTH, "at_gate")  # opted out at the north gate an hour later
    desk.move(HOUR_MS)
    desk.yes(who, SOUTH, at=said_at)
    assert consents(desk, who) == ()
    assert who.holder in desk.told(SOUTH).erasures
