import pytest
from sqlalchemy import Engine

from controller.domain.people import HolderKind
from controller.domain.roles import Actor
from controller.services import credentials, staff
from controller.services.credentials import FobDraft
from controller.services.holders import (
    HolderDraft,
    add_holder,
)
from controller.storage.models import CredentialRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from tests.support.compound import NOW, RESIDENTS, add_resident, build_compound, later


def works(uow: UnitOfWork, credential: bytes) -> bool:
    return uow.need(CredentialRow, credential).ended_at_ms is None


def test_pins_are_drawn_and_never_shared(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        one, two = add_resident(uow, "甲"), add_resident(uow, "乙")
        first, pin = credentials.issue_pin(uow, home.manager, one, RESIDENTS, NOW)
        second, other = credentials.issue_pin(uow, home.manager, two, RESIDENTS, NOW)
        assert len({pin.digits, pin.duress_digits, other.digits, other.duress_digits}) == 4
        assert pin.digits not in repr(pin)
        rows = [uow.need(CredentialRow, each) for each in (first, second)]
        assert rows[0].pin_salt == rows[1].pin_salt
        assert len({row.pin_hash for row in rows} | {row.duress_hash for row in rows}) == 4


def test_B08_a_leaver_is_refused_at_the_next_request(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        person = add_holder(uow, HolderDraft("保安", HolderKind.STAFF), NOW)
        fob = credentials.enrol_fob(uow, home.manager, FobDraft(person, 6, RESIDENTS, 32), NOW)
        draft = staff.StaffDraft(
            "guard1", "保安", Role.GUARD, "a long pass phrase", pin="4711", holder=person
        )
        guard = staff.add_staff(uow, home.manager, draft, NOW)
        cookie = staff.open_session(uow, "guard1", "a long pass phrase", NOW)
        assert staff.session_actor(uow, cookie, NOW) == Actor(guard, Role.GUARD)
        with pytest.raises(RefusedError):
            staff.end_staff(uow, Actor(guard, Role.GUARD), home.manager.id, NOW)
        with pytest.raises(RefusedError):
            staff.end_staff(uow, home.manager, home.manager.id, NOW)
        staff.end_staff(uow, home.manager, guard, NOW)
        uow.commit()
        assert staff.session_actor(uow, cookie, NOW) is None
        assert not works(uow, fob)
        assert staff.session_actor(uow, "nonsense", NOW) is None
        for login, password in (
            ("guard1", "a long pass phrase"),
            ("boss", "wrong"),
            ("nobody", "a long pass phrase"),
        ):
            with pytest.raises(RefusedError) as caught:
                staff.open_session(uow, login, password, NOW)
            assert caught.value.code is ReasonCode.NOT_ALLOWED


def test_sessions_end_by_time_and_by_signing_out(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        cookie = staff.open_session(uow, "boss", "correct horse battery", NOW)
        assert staff.session_actor(uow, cookie, later(staff.SESSION_MS - 1)) == home.manager
        assert staff.session_actor(uow, cookie, later(staff.SESSION_MS)) is None
        staff.end_session(uow, cookie, NOW)
        assert staff.session_actor(uow, cookie, NOW) is None
        with pytest.raises(RefusedError):
            staff.add_staff(
                uow, None, staff.StaffDraft("x", "x", Role.MANAGER, "long enough pass"), NOW
            )
        with pytest.raises(RefusedError):
            staff.add_staff(uow, home.manager, staff.StaffDraft("x", "x", Role.GUARD, "short"), NOW)
