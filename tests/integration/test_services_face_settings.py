"""Face is off until it is on record, one switch suspends it, and nothing opens for a face only."""

from dataclasses import replace

import msgspec
import pytest
from sqlalchemy import Engine, select

from controller.domain.moment import DAY_MS, HOUR_MS
from controller.domain.roles import Actor
from controller.services.documents import sync
from controller.services.face_plan import check_plan
from controller.services.face_settings import enable_face, set_switch
from controller.services.gates import save_access_point
from controller.services.notices import publish_notice
from controller.services.ports import MemoryPublisher
from controller.services.seed_face import EXAMPLE_NOTICE, seed_face
from controller.storage.models import AccessPointRow, StaffActRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.documents import Held
from mqtt.contract.errors import RefusedError
from mqtt.contract.events import Direction, Method
from mqtt.contract.findings import PolicyError
from mqtt.contract.lease import MAX_LEASE_MS
from mqtt.contract.policy import check_document
from mqtt.contract.reasons import ReasonCode, text_of
from mqtt.contract.records import AccessPointRecord, Role
from mqtt.contract.records_face import FaceSettingsRecord
from mqtt.contract.topics import DocumentName
from tests.support.compound import NOW, build_compound
from tests.support.face_desk import NORTH, SOUTH, FaceDesk, open_face_desk

POINT = "door-south-in"
READY = FaceSettingsRecord("PIA-1", "2026-01", NOW.utc_ms - DAY_MS)


@pytest.fixture
def desk(engine: Engine) -> FaceDesk:
    return open_face_desk(engine)


def switch(desk: FaceDesk, scope: str, *, is_on: bool) -> None:
    with desk.writing() as uow:
        set_switch(uow, desk.home.manager, scope, is_on=is_on, reason="检查", moment=desk.moment)
        uow.commit()


@pytest.mark.parametrize(
    "lacking",
    [
        msgspec.structs.replace(READY, pipia_ref=" "),
        msgspec.structs.replace(READY, notice_version="2025-09"),
        msgspec.structs.replace(READY, sign_attested_at_ms=0),
        msgspec.structs.replace(READY, sign_attested_at_ms=NOW.utc_ms + 1),
        msgspec.structs.replace(READY, sign_attested_at_ms=NOW.utc_ms - 200 * DAY_MS),
    ],
)
def test_NS09_face_stays_off_until_everything_is_on_record(
    engine: Engine, lacking: FaceSettingsRecord
) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        publish_notice(uow, home.manager, EXAMPLE_NOTICE, NOW)
        with pytest.raises(RefusedError) as caught:
            enable_face(uow, home.manager, POINT, lacking, NOW)
        assert (caught.value.rule, caught.value.code) == ("NS-09", ReasonCode.FACE_NOT_PREPARED)
        assert "Order 19 Art. 4, 5, 9" in caught.value.article
        assert Method.FACE not in uow.need(AccessPointRow, POINT).methods
        enable_face(uow, home.manager, POINT, READY, NOW)
        assert Method.FACE in uow.need(AccessPointRow, POINT).methods


def test_NS09_face_cannot_be_fitted_past_the_record(engine: Engine) -> None:
    home = build_compound(engine)
    point = AccessPointRecord("door-south", Direction.IN, (Method.QR, Method.FACE))
    with UnitOfWork(engine) as uow:
        with pytest.raises(RefusedError) as caught:
            save_access_point(uow, POINT, point)
        assert caught.value.rule == "NS-09"
        with pytest.raises(RefusedError):
            enable_face(uow, Actor(b"guard---", Role.GUARD), POINT, READY, NOW)
        check_plan(uow, home.site, NOW)


@pytest.mark.parametrize(
    "methods", [(Method.FACE,), (Method.FACE, Method.GUARD), (Method.FACE, Method.PIN)]
)
def test_J11_an_edit_that_makes_face_the_only_way_is_refused_at_save_and_by_the_gate(
    desk: FaceDesk, methods: tuple[Method, ...]
) -> None:
    edited = AccessPointRecord("door-south", Direction.IN, methods)
    with desk.writing() as uow:
        with pytest.raises(RefusedError) as caught:
            save_access_point(uow, POINT, edited)
        assert (caught.value.code, caught.value.rule) == (ReasonCode.FACE_ONLY, "NS-03")
        assert "Art. 50(2)" in caught.value.article
        assert caught.value.cure("zh-CN") == text_of(ReasonCode.FACE_ONLY).cure_zh
        # Written past every check, it is refused by the plan and by the gate, with the witness.
        uow.need(AccessPointRow, POINT).methods = tuple(each.value for each in methods)
        uow.session.flush()
        with pytest.raises(RefusedError) as caught:
            check_plan(uow, desk.site, NOW)
        assert caught.value.code is ReasonCode.FACE_ONLY
        assert POINT in caught.value.detail
        assert caught.value.rule == "NS-01"
        uow.commit()
    config = desk.compiled()[SOUTH][DocumentName.CONFIG]
    with pytest.raises(PolicyError) as refused:
        check_document(DocumentName.CONFIG, Held(1, b"", config))
    assert refused.value.code is ReasonCode.FACE_ONLY
    with pytest.raises(PolicyError):
        sync(desk.engine, desk.site, MemoryPublisher(), NOW)


def test_what_is_published_with_face_is_taken_by_gates(desk: FaceDesk) -> None:
    who = desk.resident()
    desk.opt_in(who, SOUTH)
    published = sync(desk.engine, desk.site, MemoryPublisher(), desk.moment)
    assert {each.name for each in published} == set(DocumentName)
    for gate in (SOUTH, NORTH):
        for name in (DocumentName.CONFIG, DocumentName.LEASES):
            check_document(name, Held(1, b"", desk.compiled()[gate][name]))
    config = desk.compiled()[SOUTH][DocumentName.CONFIG]
    record = codec.decode(config[f"face:{POINT}"], FaceSettingsRecord)
    assert (record.pipia_ref, record.notice_version) == ("PIA-2026-01", "2026-01")
    assert desk.told().notices["2026-01"].zh == EXAMPLE_NOTICE.screen_zh


@pytest.mark.parametrize(
    ("scope", "north_goes_on"),
    [("compound", False), ("gate:gate-south", True), ("ap:door-south-in", True)],
)
def test_NS10_one_switch_suspends_face_and_touches_no_other_way(
    desk: FaceDesk, scope: str, *, north_goes_on: bool
) -> None:
    who = desk.resident()
    desk.opt_in(who)
    before = desk.compiled()
    switch(desk, scope, is_on=False)
    assert desk.told(SOUTH).leases == {}
    assert desk.told(SOUTH).switched_off(POINT) is not None
    assert bool(desk.told(NORTH).leases) is north_goes_on
    after = desk.compiled()
    for gate in (SOUTH, NORTH):
        for name in set(DocumentName) - {DocumentName.LEASES}:
            assert before[gate][name] == after[gate][name]
    switch(desk, scope, is_on=True)
    assert set(desk.told(SOUTH).leases) == {who.holder}
    assert desk.told(SOUTH).switched_off(POINT) is None
    with desk.reading() as uow:
        acts = uow.session.scalars(select(StaffActRow.reason)).all()
    assert [act for act in acts if act.startswith(f"switch {scope} ")] == [
        f"switch {scope} off: 检查",
        f"switch {scope} on: 检查",
    ]


def test_a_switch_needs_a_reason_a_right_and_something_to_switch(desk: FaceDesk) -> None:
    with desk.writing() as uow:
        for actor, scope, reason in (
            (desk.home.manager, "compound", " "),
            (desk.home.manager, "gate:nowhere", "x"),
            (desk.home.manager, "ap:nowhere", "x"),
            (desk.home.manager, "door-south-in", "x"),
            (Actor(b"inspect1", Role.INSPECTOR), "compound", "x"),
        ):
            with pytest.raises(RefusedError):
                set_switch(uow, actor, scope, is_on=False, reason=reason, moment=NOW)


def test_leases_last_at_most_a_day_and_at_least_18_hours_and_change_every_6(
    desk: FaceDesk,
) -> None:
    who = desk.resident()
    desk.opt_in(who, SOUTH)
    seen = set()
    for _ in range(48):
        lease = desk.told().leases[who.holder]
        now_ms = desk.moment.utc_ms
        assert lease.from_ms <= now_ms < lease.until_ms <= lease.from_ms + MAX_LEASE_MS
        assert lease.until_ms - now_ms >= 18 * HOUR_MS
        seen.add(lease)
        desk.move(30 * 60_000)
    assert 4 <= len(seen) <= 6


def test_a_lease_ends_with_the_tenancy(desk: FaceDesk) -> None:
    tenant = desk.resident(days=1)
    desk.opt_in(tenant, SOUTH)
    lease = desk.told().leases[tenant.holder]
    assert lease.until_ms <= NOW.utc_ms + DAY_MS
    desk.move(DAY_MS)
    assert desk.told().leases == {}


def test_face_at_another_access_point_of_the_gate_needs_a_new_yes(desk: FaceDesk) -> None:
    who = desk.resident()
    desk.opt_in(who, SOUTH)
    with desk.writing() as uow:
        out = AccessPointRecord("door-south", Direction.OUT, (Method.QR, Method.FOB))
        save_access_point(uow, "door-south-out", out, card_formats=("w34",))
        enable_face(uow, desk.home.manager, "door-south-out", READY, desk.moment)
        uow.commit()
    assert desk.told().leases == {}


def test_a_notice_that_lacks_an_element_or_promises_too_much_is_refused(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        for zh, rule, what in (
            (EXAMPLE_NOTICE.zh.replace("撤回", "取消"), "NO-01", "withdrawal"),
            (EXAMPLE_NOTICE.zh.replace("二维码", "手机"), "NO-01", "code"),
            (EXAMPLE_NOTICE.zh + "本同意不可撤销。", "CO-05", "irrevocable"),
            (EXAMPLE_NOTICE.zh + "本同意无限期有效。", "CO-05", "unlimited"),
        ):
            with pytest.raises(RefusedError) as caught:
                publish_notice(uow, home.manager, replace(EXAMPLE_NOTICE, zh=zh), NOW)
            assert (caught.value.rule, what in caught.value.detail) == (rule, True)
        seed_face(uow, home.site, home.manager, (POINT,), moment=NOW)
        with pytest.raises(RefusedError) as caught:
            publish_notice(uow, home.manager, EXAMPLE_NOTICE, NOW)
        assert caught.value.code is ReasonCode.CONFLICT
