"""Children: face is off under 14 until the site and a guardian agree; both agree up to 18."""

from datetime import date

import pytest
from sqlalchemy import Engine

from controller.domain.people import Relation
from controller.domain.roles import Actor
from controller.services import credentials
from controller.services.consent import (
    agree_as_guardian,
    reserve,
    standing_consents,
)
from controller.services.credentials import FobDraft
from controller.services.face_settings import allow_under_14
from controller.services.holders import (
    HolderDraft,
    add_dwelling,
    add_guardian,
    add_holder,
    add_residence,
)
from controller.storage.models import FaceConsentRow
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode
from tests.support.compound import NOW, RESIDENTS, add_resident
from tests.support.face_desk import POINTS, FaceDesk, Resident, open_face_desk


@pytest.fixture
def desk(engine: Engine) -> FaceDesk:
    return open_face_desk(engine)


def child_of(desk: FaceDesk, adult_from: date, number: int = 77) -> tuple[Resident, Actor]:
    """Add a child with a fob and one guardian."""
    with desk.writing() as uow:
        guardian = add_resident(uow, "母")
        child = add_holder(uow, HolderDraft("孩子", adult_from=adult_from), NOW)
        add_residence(uow, child, add_dwelling(uow, "3-2-502"), Relation.OCCUPANT, NOW)
        add_guardian(uow, child, guardian, desk.site.today(NOW))
        draft = FobDraft(child, number, RESIDENTS)
        fob = credentials.enrol_fob(uow, desk.home.manager, draft, NOW)
        uow.commit()
    return Resident(child, fob), Actor(guardian)


def consents(desk: FaceDesk, who: Resident) -> tuple[FaceConsentRow, ...]:
    with desk.reading() as uow:
        return standing_consents(uow, who.holder)


def refusal(desk: FaceDesk, actor: Actor, holder: bytes) -> RefusedError:
    with desk.writing() as uow, pytest.raises(RefusedError) as caught:
        reserve(uow, desk.site, actor, holder, POINTS, moment=desk.moment)
    return caught.value


def test_J10_a_child_under_14_is_refused_until_the_site_and_a_guardian_agree(
    desk: FaceDesk,
) -> None:
    child, guardian = child_of(desk, date(2034, 6, 1))
    refused = refusal(desk, guardian, child.holder)
    assert (refused.code, refused.rule) == (ReasonCode.TOO_YOUNG, "MI-01")
    with desk.writing() as uow:
        allow_under_14(uow, desk.home.manager, "SR-14-2026", NOW)
        uow.commit()
    assert refusal(desk, child.actor, child.holder).rule == "CO-03"
    with desk.writing() as uow:
        reserve(uow, desk.site, guardian, child.holder, POINTS, moment=NOW)
        uow.commit()
    told = desk.told().reservations[child.holder]
    assert (told.guardian_needed, told.guardian_ok) == (True, False)
    desk.yes(child)
    assert consents(desk, child) == ()  # the guardian's separate consent is missing
    with desk.writing() as uow:
        with pytest.raises(RefusedError) as caught:
            agree_as_guardian(
                uow, desk.site, guardian, child.holder, notice_version="old", moment=NOW
            )
        assert caught.value.code is ReasonCode.NOTICE_CHANGED
        agree_as_guardian(
            uow, desk.site, guardian, child.holder, notice_version="2026-01", moment=NOW
        )
        uow.commit()
    desk.erased(child)
    assert desk.told().reservations[child.holder].guardian_ok
    desk.yes(child)
    (row,) = consents(desk, child)
    assert (row.guardian_id, row.guardian_agreed_at_ms) == (guardian.id, NOW.utc_ms)
    assert (row.notice_version, row.band) == ("2026-01", "under_14")


def test_MI02_between_14_and_17_both_agree_and_it_ends_with_the_birthday(desk: FaceDesk) -> None:
    child, guardian = child_of(desk, date(2027, 2, 1))
    other = desk.resident(9)
    assert refusal(desk, guardian, child.holder).rule == "CO-03"  # the child asks by itself
    desk.wish(child)
    with desk.writing() as uow:
        with pytest.raises(RefusedError) as caught:
            agree_as_guardian(
                uow, desk.site, other.actor, child.holder, notice_version="2026-01", moment=NOW
            )
        assert caught.value.rule == "MI-02"
        agree_as_guardian(
            uow, desk.site, guardian, child.holder, notice_version="2026-01", moment=NOW
        )
        uow.commit()
    desk.yes(child)
    (row,) = consents(desk, child)
    assert row.until_ms == 1_801_411_200_000  # 2027-02-01T00:00:00+08:00
    assert set(desk.told().leases) == {child.holder}
