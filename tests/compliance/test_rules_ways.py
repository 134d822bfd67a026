"""One test per measured rule: never forced (NS), equal (EQ), for everybody (AC)."""

from sqlalchemy import select

from controller.domain.moment import DAY_MS, MINUTE_MS
from controller.services.face_settings import set_switch
from controller.storage.models import (
    AccessPointRow,
    AccessPointSiteRow,
    CallRow,
    ContainmentRow,
    CredentialRow,
    FaceRefusalRow,
    FaceReservationRow,
    FaceSettingsRow,
    HolderRow,
)
from mqtt.contract.containment_proof import AccessClass, prove
from tests.support.face_desk import FaceDesk
from tests.support.judging import (
    FAIL,
    FEW,
    HUMAN,
    NONE,
    PASS,
    add,
    change,
    heartbeat,
    judged,
    month,
)

NOW, BEFORE = "2026-11", "2026-10"


def test_NS_01_face_without_qr_or_fob_fails(desk: FaceDesk) -> None:
    assert judged(desk, "NS-01") is PASS
    change(desk, AccessPointRow, methods=("guard", "face"))
    assert judged(desk, "NS-01") is FAIL


def test_NS_02_fewer_than_two_ways_or_no_guard_fails(desk: FaceDesk) -> None:
    assert judged(desk, "NS-02") is PASS
    change(desk, AccessPointRow, methods=("qr", "fob"))
    assert judged(desk, "NS-02") is FAIL


def test_NS_03_the_proof_of_the_present_configuration_is_read(desk: FaceDesk) -> None:
    assert judged(desk, "NS-03") is PASS
    change(desk, ContainmentRow, beyond=1)
    assert judged(desk, "NS-03") is FAIL
    change(desk, ContainmentRow, beyond=0, config_version=99)
    assert judged(desk, "NS-03") is FEW
    config = {"ap:door": {"methods": ["face", "guard"]}}
    policy = {"level:l": {"grants": [{"access_points": ["door"], "schedule": "s"}]}}
    always = policy | {"schedule:s": {"always": True}}
    assert prove(config, always, [AccessClass(("l",), (("fob", ("l",)),))])["beyond"]


def test_NS_05_face_alone_among_what_works_fails(desk: FaceDesk) -> None:
    assert judged(desk, "NS-05") is FEW
    heartbeat(desk)
    assert judged(desk, "NS-05") is PASS
    heartbeat(desk, qr="fault", fob="fault")
    assert judged(desk, "NS-05") is FAIL
    heartbeat(desk, qr="fault", fob="fault", face="suspended")
    assert judged(desk, "NS-05") is PASS


def test_NS_07_a_consent_without_another_credential_fails(desk: FaceDesk) -> None:
    assert judged(desk, "NS-07") is PASS
    change(desk, CredentialRow, ended_at_ms=desk.moment.utc_ms)
    assert judged(desk, "NS-07") is FAIL


def test_NS_08_a_visitor_with_face_fails(desk: FaceDesk) -> None:
    assert judged(desk, "NS-08") is PASS
    change(desk, HolderRow, kind="visitor")
    assert judged(desk, "NS-08") is FAIL


def test_NS_09_face_without_assessment_notice_or_sign_fails(desk: FaceDesk) -> None:
    assert judged(desk, "NS-09") is PASS
    change(desk, FaceSettingsRow, pipia_ref="")
    assert judged(desk, "NS-09") is FAIL


def test_NS_10_a_switch_that_was_never_used_needs_a_drill(desk: FaceDesk) -> None:
    assert judged(desk, "NS-10") is HUMAN
    with desk.writing() as uow:
        actor, moment = desk.home.manager, desk.moment
        set_switch(uow, actor, "compound", is_on=False, reason="drill", moment=moment)
        uow.commit()
    assert judged(desk, "NS-10") is PASS


def test_EQ_01_a_way_less_available_than_face_fails(desk: FaceDesk) -> None:
    assert judged(desk, "EQ-01") is FEW
    for way in ("qr", "fob", "face"):
        month(desk, NOW, way, 50, 300, 900, 50, 50)
    assert judged(desk, "EQ-01") is PASS
    month(desk, NOW, "fob", 50, 300, 900, 50, 50, ppm=994_999)
    assert judged(desk, "EQ-01") is FAIL


def test_EQ_02_a_slower_way_fails_and_few_samples_prove_nothing(desk: FaceDesk) -> None:
    for way in ("qr", "fob", "face"):
        month(desk, NOW, way, 50, 600, 2_900, 50, 50)
    assert judged(desk, "EQ-02") is HUMAN  # a walk test stands beside it
    month(desk, NOW, "qr", 50, 901, 2_900, 50, 50)
    assert judged(desk, "EQ-02") is FAIL
    month(desk, NOW, "qr", 50, 600, 3_001, 50, 50)
    assert judged(desk, "EQ-02") is FAIL
    month(desk, NOW, "qr", 29, 100, 200, 29, 29)
    assert judged(desk, "EQ-02") is FEW
    month(desk, BEFORE, "qr", 29, 100, 200, 29, 29)
    month(desk, BEFORE, "face", 50, 600, 900, 50, 50)
    assert judged(desk, "EQ-02") is FAIL  # two months with face in use and no walk test


def test_EQ_03_a_worse_first_try_fails(desk: FaceDesk) -> None:
    for way in ("qr", "fob", "face"):
        month(desk, NOW, way, 100, 300, 900, 100, 98)
    assert judged(desk, "EQ-03") is PASS
    month(desk, NOW, "fob", 100, 300, 900, 100, 95)
    assert judged(desk, "EQ-03") is FAIL


def test_EQ_04_a_lane_with_face_and_no_other_reader_fails(desk: FaceDesk) -> None:
    assert judged(desk, "EQ-04") is HUMAN
    change(desk, AccessPointRow, methods=("guard", "face"))
    assert judged(desk, "EQ-04") is FAIL


def test_EQ_05_a_reader_farther_than_face_and_30_cm_fails(desk: FaceDesk) -> None:
    assert judged(desk, "EQ-05") is HUMAN
    for far, verdict in ((70, PASS), (71, FAIL)):
        for place in ("door-south-in", "door-north-in"):
            layout = {"face": [1, 40, 120], "qr": [1, 30, 110], "fob": [1, far, 110]}
            row = AccessPointSiteRow(
                access_point=place,
                layout=layout,
                qr_frames_per_s=0,
                qr_exposure_us=0,
                sign_hash=b"",
                changed_at_ms=0,
                changed_by=bytes(8),
            )
            add(desk, row)
        found = judged(desk, "EQ-05")
        assert found is (HUMAN if verdict is PASS else FAIL)  # heights stay for a person


def test_EQ_06_hours_of_other_ways_are_proven_with_NS_03(desk: FaceDesk) -> None:
    assert judged(desk, "EQ-06") is PASS
    change(desk, ContainmentRow, beyond=3)
    assert judged(desk, "EQ-06") is FAIL


def test_EQ_11_asking_again_after_a_no_fails(desk: FaceDesk) -> None:
    assert judged(desk, "EQ-11") is PASS
    with desk.reading() as uow:
        wish = uow.session.scalars(select(FaceReservationRow)).one()
    declined = FaceRefusalRow(holder_id=wish.holder_id, declined_at_ms=wish.made_at_ms - DAY_MS)
    add(desk, declined)
    assert judged(desk, "EQ-11") is PASS  # the person's own page asks nobody
    change(desk, FaceReservationRow, channel="paper")
    assert judged(desk, "EQ-11") is FAIL


def test_EQ_13_a_guard_who_answers_late_fails(desk: FaceDesk) -> None:
    assert judged(desk, "EQ-13") is FEW
    start = desk.moment.utc_ms - 20 * MINUTE_MS
    for at in range(30):
        slow = at < 4
        end = start + (61_000 if slow else 20_000)
        add(desk, CallRow(id=at + 1, event_id=at + 1, at_ms=start, answered_at_ms=end))
    assert judged(desk, "EQ-13") is FAIL
    change(desk, CallRow, answered_at_ms=start + 30_000)
    assert judged(desk, "EQ-13") is PASS


def test_EQ_15_a_share_of_face_above_90_percent_asks_why(desk: FaceDesk) -> None:
    assert judged(desk, "EQ-15") is FEW
    month(desk, NOW, "face", 90, 300, 900, 50, 50)
    month(desk, NOW, "fob", 10, 300, 900, 50, 50)
    assert judged(desk, "EQ-15") is PASS
    month(desk, NOW, "fob", 9, 300, 900, 50, 50)
    assert judged(desk, "EQ-15") is FAIL
    month(desk, NOW, "fob", 10, 300, 900, 50, 50)
    change(desk, CredentialRow, created_at_ms=desk.moment.utc_ms - 61 * DAY_MS)
    assert judged(desk, "EQ-15") is FAIL


def test_AC_01_a_point_that_needs_a_phone_fails(desk: FaceDesk) -> None:
    assert judged(desk, "AC-01") is PASS
    change(desk, AccessPointRow, methods=("guard", "pin"))
    assert judged(desk, "AC-01") is FAIL
    assert judged(desk, "NS-01") is NONE
