"""Stopping works at once, and a request closes only when every gate has said so."""

import pytest
from sqlalchemy import Engine, select

from controller.domain.consent import ConsentEnd
from controller.domain.credentials import EndReason
from controller.domain.moment import DAY_MS, HOUR_MS, MINUTE_MS
from controller.domain.roles import Actor
from controller.services import credentials, leaving
from controller.services.erasure import RequestView, request_views, stop_face
from controller.services.face_settings import remove_face
from controller.services.face_views import own_view
from controller.services.gates import revoke_gate
from controller.services.holders import residences_of
from controller.storage.models import AlarmRow, FaceConsentRow
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from mqtt.contract.topics import DocumentName
from tests.support.face_desk import NORTH, SOUTH, FaceDesk, Resident, open_face_desk


@pytest.fixture
def desk(engine: Engine) -> FaceDesk:
    return open_face_desk(engine)


def requests(desk: FaceDesk, who: Resident) -> tuple[RequestView, ...]:
    with desk.reading() as uow:
        return request_views(uow, desk.moment, who.holder)


def withdraw(desk: FaceDesk, who: Resident, actor: Actor | None = None) -> None:
    with desk.writing() as uow:
        stop_face(uow, desk.site, actor or who.actor, who.holder, moment=desk.moment)
        uow.commit()


def test_withdrawing_stops_every_lease_and_closes_with_the_last_receipt(desk: FaceDesk) -> None:
    who, other = desk.resident(5), desk.resident(6)
    desk.opt_in(who)
    desk.opt_in(other)
    before = desk.compiled()
    withdraw(desk, who)
    after = desk.compiled()
    for gate in (SOUTH, NORTH):
        assert set(desk.told(gate).leases) == {other.holder}
        assert desk.told(gate).erasures[who.holder].reason is ReasonCode.CONSENT_WITHDRAWN
        for name in set(DocumentName) - {DocumentName.LEASES}:
            assert before[gate][name] == after[gate][name]
    (request,) = requests(desk, who)
    assert request.progress.outstanding == (NORTH, SOUTH)
    desk.move(MINUTE_MS)
    desk.erased(who, SOUTH, request.id.hex())
    (request,) = requests(desk, who)
    assert request.progress.outstanding == (NORTH,)
    assert request.closed_at_ms is None
    assert desk.told(SOUTH).erasures == {}
    desk.erased(who, NORTH, request.id.hex())
    (request,) = requests(desk, who)
    assert request.closed_at_ms == desk.moment.utc_ms
    with desk.reading() as uow:
        own = own_view(uow, who.holder, desk.moment)
    assert all(each.erased_at_ms is not None for each in own.holdings)


def test_a_receipt_for_another_person_or_from_before_closes_nothing(desk: FaceDesk) -> None:
    who, other = desk.resident(5), desk.resident(6)
    desk.opt_in(who, SOUTH)
    early = desk.moment
    desk.move(MINUTE_MS)
    withdraw(desk, who)
    (request,) = requests(desk, who)
    desk.erased(other, SOUTH, request.id.hex())
    desk.erased(who, SOUTH, "", at=early)
    assert requests(desk, who)[0].progress.outstanding == (SOUTH,)
    assert who.holder in desk.told(SOUTH).erasures


def test_opting_out_at_an_offline_gate_reaches_the_others(desk: FaceDesk) -> None:
    who = desk.resident()
    desk.opt_in(who)
    desk.move(HOUR_MS)
    desk.erased(who, SOUTH, "at_gate")
    (request,) = requests(desk, who)
    assert request.reason is ConsentEnd.WITHDRAWN
    assert request.progress.outstanding == (NORTH,)
    assert desk.told(NORTH).leases == {}
    assert who.holder in desk.told(NORTH).erasures
    assert who.holder not in desk.told(SOUTH).erasures


def test_an_old_opt_out_that_arrives_late_does_not_end_a_newer_yes(desk: FaceDesk) -> None:
    who = desk.resident()
    desk.opt_in(who, NORTH)
    said_at = desk.moment
    desk.move(HOUR_MS)
    desk.opt_in(who, SOUTH)
    desk.erased(who, NORTH, "at_gate", at=said_at)
    assert set(desk.told(SOUTH).leases) == {who.holder}
    assert desk.told(NORTH).leases == {}


def test_WD04_gates_outstanding_for_24_h_raise_one_alarm_each(desk: FaceDesk) -> None:
    who = desk.resident()
    desk.opt_in(who)
    withdraw(desk, who)
    (request,) = requests(desk, who)
    desk.erased(who, SOUTH, request.id.hex())
    for _ in range(3):
        desk.move(12 * HOUR_MS)
        desk.house()
    with desk.reading() as uow:
        found = uow.session.scalars(
            select(AlarmRow).where(AlarmRow.reason == ReasonCode.ERASURE_OVERDUE.value)
        ).all()
    assert [row.gate for row in found] == [NORTH]
    assert requests(desk, who)[0].progress.is_late
    desk.move(3 * DAY_MS)
    assert requests(desk, who)[0].progress.is_breach


def test_a_lost_gate_closes_a_request_only_when_its_lease_has_ended(desk: FaceDesk) -> None:
    who = desk.resident()
    desk.opt_in(who, NORTH)
    withdraw(desk, who)
    desk.move(HOUR_MS)
    with desk.writing() as uow:
        revoke_gate(uow, NORTH, desk.moment)
        uow.commit()
    desk.move(22 * HOUR_MS)
    desk.house()
    assert requests(desk, who)[0].closed_at_ms is None
    desk.move(HOUR_MS)
    desk.house()
    (request,) = requests(desk, who)
    assert [each.how.value for each in request.gates] == ["gate_lost"]
    assert request.closed_at_ms is not None


def test_WD05_moving_out_ends_face_at_once_and_asks_every_gate(desk: FaceDesk) -> None:
    who = desk.resident()
    desk.opt_in(who)
    with desk.writing() as uow:
        (home,) = residences_of(uow, who.holder)
        leaving.move_out(
            uow,
            desk.site,
            desk.home.manager,
            who.holder,
            dwelling=home.dwelling,
            moment=desk.moment,
        )
        uow.commit()
    assert desk.told().leases == {}
    desk.house()
    assert desk.told(NORTH).erasures[who.holder].reason is ReasonCode.MOVED_OUT
    desk.house()
    assert len(requests(desk, who)) == 2  # one for each gate's consent, and no more


def test_a_courts_order_reaches_every_gate_with_face_and_needs_its_reference(
    desk: FaceDesk,
) -> None:
    who = desk.resident()
    desk.opt_in(who, SOUTH)
    manager = desk.home.manager
    with desk.writing() as uow:
        with pytest.raises(RefusedError) as caught:
            stop_face(uow, desk.site, manager, who.holder, moment=desk.moment, end=ConsentEnd.ORDER)
        assert caught.value.code is ReasonCode.REASON_REQUIRED
        stop_face(
            uow,
            desk.site,
            manager,
            who.holder,
            moment=desk.moment,
            end=ConsentEnd.ORDER,
            order_reference="(2026)浙0106民初1号",
        )
        uow.commit()
    assert requests(desk, who)[0].progress.outstanding == (NORTH, SOUTH)
    assert desk.told(NORTH).erasures[who.holder].reason is ReasonCode.COURT_ORDER


def test_only_the_person_a_guardian_or_the_desk_on_the_persons_word_stops_face(
    desk: FaceDesk,
) -> None:
    who, other = desk.resident(5), desk.resident(6)
    desk.opt_in(who)
    for actor in (other.actor, Actor(b"inspect1", Role.INSPECTOR)):
        with pytest.raises(RefusedError):
            withdraw(desk, who, actor)
    assert desk.told().leases
    withdraw(desk, who, Actor(b"guard---", Role.GUARD))
    assert desk.told().leases == {}


def test_taking_face_away_from_an_access_point_erases_what_stood_on_it(desk: FaceDesk) -> None:
    who = desk.resident()
    desk.opt_in(who)
    with desk.writing() as uow:
        remove_face(uow, desk.home.manager, "door-south-in", desk.moment)
        uow.commit()
    desk.house()
    assert desk.told(SOUTH).erasures[who.holder].reason is ReasonCode.FACE_SWITCHED_OFF
    assert set(desk.told(NORTH).leases) == {who.holder}


def test_expiry_ends_lease_and_references(desk: FaceDesk) -> None:
    who = desk.resident()
    desk.opt_in(who)
    desk.move(366 * DAY_MS)
    assert desk.told().leases == {}
    desk.house()
    assert desk.told().erasures[who.holder].reason is ReasonCode.CONSENT_EXPIRED


def test_a_new_yes_waits_for_the_receipt(desk: FaceDesk) -> None:
    who = desk.resident()
    desk.opt_in(who)
    withdraw(desk, who)
    desk.move(MINUTE_MS)
    desk.wish(who)
    assert who.holder not in desk.told(SOUTH).reservations
    desk.erased(who, SOUTH, requests(desk, who)[0].id.hex())
    assert who.holder in desk.told(SOUTH).reservations
    assert who.holder not in desk.told(NORTH).reservations


def test_a_lost_fob_stops_that_fob_alone_and_face_goes_on_with_the_new_pass(
    desk: FaceDesk,
) -> None:
    who = desk.resident()
    desk.opt_in(who)
    assert desk.told().leases[who.holder].credential == who.fob
    with desk.writing() as uow:
        ended = credentials.report_lost(uow, desk.site, who.actor, who.fob, desk.moment)
        uow.commit()
    assert ended.paper is not None
    assert desk.told().leases[who.holder].credential == ended.paper.credential
    with desk.reading() as uow:
        rows = uow.session.scalars(select(FaceConsentRow)).all()
        assert all(row.ended_at_ms is None for row in rows)


def test_a_holder_who_gives_the_last_credential_back_has_no_lease(desk: FaceDesk) -> None:
    who = desk.resident()
    desk.opt_in(who)
    with desk.writing() as uow:
        credentials.end_credential(
            uow, desk.site, who.actor, who.fob, EndReason.HOLDER_WISH, moment=desk.moment
        )
        uow.commit()
    assert desk.told().leases == {}
