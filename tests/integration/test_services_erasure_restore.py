"""After a restore, withdrawals stand and leases wait until the gates were heard."""

from pathlib import Path

import pytest

from controller.domain.moment import HOUR_MS, MINUTE_MS
from controller.domain.roles import Actor
from controller.services.backup import backup, restore
from controller.services.erasure import RequestView, request_views, stop_face
from controller.storage.engine import make_engine
from controller.storage.migrate import upgrade
from tests.support.compound import GATE_KEYS
from tests.support.face_desk import NORTH, SOUTH, FaceDesk, Resident, open_face_desk
from tests.support.gate_events import Recorder


def requests(desk: FaceDesk, who: Resident) -> tuple[RequestView, ...]:
    with desk.reading() as uow:
        return request_views(uow, desk.moment, who.holder)


def withdraw(desk: FaceDesk, who: Resident, actor: Actor | None = None) -> None:
    with desk.writing() as uow:
        stop_face(uow, desk.site, actor or who.actor, who.holder, moment=desk.moment)
        uow.commit()


@pytest.mark.parametrize("is_readable", [True, False])
def test_after_a_restore_withdrawals_stay_and_leases_wait_for_the_gates(
    tmp_path: Path, is_readable: bool
) -> None:
    url, copy = f"sqlite:///{tmp_path}/c.db", tmp_path / "backup.db"
    engine = make_engine(url)
    upgrade(engine)
    desk = open_face_desk(engine)
    gone, stays, at_gate = desk.resident(5), desk.resident(6), desk.resident(7)
    for who in (gone, stays, at_gate):
        desk.opt_in(who, SOUTH)
    backup(url, copy)
    desk.move(HOUR_MS)
    said_at, first = desk.moment, desk.seqs[SOUTH]
    withdraw(desk, gone)
    (request,) = requests(desk, gone)

    def south_says() -> None:
        desk.seqs[SOUTH] = first
        desk.erased(at_gate, SOUTH, "at_gate", at=said_at)
        desk.erased(gone, SOUTH, request.id.hex(), at=said_at)

    south_says()
    assert set(desk.told().leases) == {stays.holder}
    engine.dispose()
    if not is_readable:
        (tmp_path / "c.db").unlink()
    restore(url, copy)
    desk.house()
    desk.move(MINUTE_MS)
    desk.house()
    assert desk.told().leases == {}  # no gate was heard yet
    say_alive(desk, SOUTH, size=first + 2)
    say_alive(desk, NORTH, size=0)
    desk.house()
    assert desk.told().leases == {}  # what the south gate recorded since is not back yet
    south_says()
    desk.house()
    assert set(desk.told().leases) == {stays.holder}
    engine.dispose()


def say_alive(desk: FaceDesk, gate: str, size: int) -> None:
    recorder = Recorder(gate, signer=GATE_KEYS[gate])
    born = recorder.birth(5_000, size=size, at_ms=desk.moment.utc_ms)
    desk.core.take([born], desk.moment)
