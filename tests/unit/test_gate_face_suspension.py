"""Face is suspended where the other ways are not known to work (promise 1, NS-05)."""

import pytest
from msgspec.structs import replace

from edge.domain.card_formats import CardTier
from edge.domain.face_suspension import (
    FAULT_LIMIT_MS,
    UNPROVEN_FEW_LIMIT_MS,
    UNPROVEN_LIMIT_MS,
    Watch,
    WayWatch,
    advanced,
    judged,
    proven,
)
from edge.domain.inputs import Attempted
from edge.domain.model import AccessAttempt, CardClaim
from mqtt.contract.events import AdapterKind, EventKind, Method
from mqtt.contract.reasons import ReasonCode
from tests.support.face_gate import FaceRun, face_papers
from tests.support.gate_factories import CARD, HOUR, IN, MINUTE, SIMULATED, make_pass

QR, FOB = Method.QR, Method.FOB
BOTH = (QR, FOB, Method.GUARD, Method.FACE)
READY = {QR: "ready", FOB: "ready"}


def after(ms: int, statuses: dict[Method, str], watch: Watch = Watch()) -> Watch:  # noqa: B008 - frozen
    return advanced(watch, BOTH, statuses, ms)


@pytest.mark.parametrize("status", ["fault", "suspended", "not_installed"])
def test_no_working_way_suspends_at_once(status: str) -> None:
    assert judged(Watch(), BOTH, {QR: status, FOB: status}) is ReasonCode.NO_WAY_WORKS
    assert judged(Watch(), BOTH, {QR: status, FOB: "ready"}) is None
    assert judged(Watch(), (FOB, Method.FACE), {QR: "ready", FOB: status})


def test_a_guard_or_pin_pad_does_not_stand_in() -> None:
    ways = {Method.GUARD: "ready", Method.PIN: "ready", QR: "fault", FOB: "fault"}
    assert judged(Watch(), BOTH, ways) is ReasonCode.NO_WAY_WORKS


def test_a_fault_of_4_h_in_any_one_of_them_suspends() -> None:
    fault = {QR: "fault", FOB: "ready"}
    assert judged(after(FAULT_LIMIT_MS - 1, fault), BOTH, fault) is None
    assert judged(after(FAULT_LIMIT_MS, fault), BOTH, fault) is ReasonCode.WAY_FAULT_LONG
    mended = after(1, READY, after(FAULT_LIMIT_MS - 1, fault))
    assert judged(after(FAULT_LIMIT_MS - 1, fault, mended), BOTH, fault) is None


def test_24_h_without_a_real_read_of_each_suspend_72_where_few_pass() -> None:
    busy = Watch({QR: WayWatch(), FOB: WayWatch()}, passed=100)
    day = after(UNPROVEN_LIMIT_MS, READY, busy)
    assert judged(day, BOTH, READY) is ReasonCode.WAY_UNPROVEN
    one = proven(day, QR, let_in=True, is_proof=True)
    assert judged(one, BOTH, READY) is ReasonCode.WAY_UNPROVEN, "each way is proven by itself"
    assert judged(proven(one, FOB, let_in=True, is_proof=True), BOTH, READY) is None
    quiet = after(UNPROVEN_LIMIT_MS, READY, Watch({QR: WayWatch(), FOB: WayWatch()}, passed=19))
    assert judged(quiet, BOTH, READY) is None
    longer = after(UNPROVEN_FEW_LIMIT_MS - UNPROVEN_LIMIT_MS, READY, quiet)
    assert judged(longer, BOTH, READY) is ReasonCode.WAY_UNPROVEN


def test_a_simulated_read_is_no_proof() -> None:
    watch = proven(after(UNPROVEN_LIMIT_MS, READY), FOB, let_in=True, is_proof=False)
    assert watch.ways[FOB].unproven_ms == UNPROVEN_LIMIT_MS
    assert watch.passed == 1 or watch.few


def suspended(gate: FaceRun) -> list[ReasonCode]:
    return [r.reason for r in gate.records if r.kind is EventKind.FACE and r.access_point == IN]


def test_both_readers_lost_suspend_face_within_60_s_and_tell_the_guard() -> None:
    gate = FaceRun()
    gate.way(QR, "fault")
    gate.wait(1)
    assert suspended(gate) == []
    gate.way(FOB, "fault")
    gate.run(1_000)
    assert suspended(gate) == [ReasonCode.FACE_SUSPENDED]
    assert ReasonCode.NO_WAY_WORKS in gate.told(EventKind.GUARD)
    assert gate.state.ways[IN, Method.FACE] == "suspended"
    assert gate.allowed() == {}
    gate.press()
    assert gate.arms() == 0
    gate.way(FOB, "ready")
    gate.run(1_000)
    assert suspended(gate) == [ReasonCode.FACE_SUSPENDED, ReasonCode.FACE_RESUMED]
    assert gate.enter() is ReasonCode.GRANTED


def test_an_open_camera_is_closed_when_the_last_way_fails() -> None:
    gate = FaceRun()
    gate.press()
    gate.way(QR, "fault")
    gate.way(FOB, "fault")
    gate.run(100)
    assert gate.state.face.armed == {}


def test_a_gate_that_starts_is_no_news() -> None:
    gate = FaceRun()
    gate.restart()
    gate.worker()
    gate.run(2_000)
    assert gate.state.ways[IN, Method.FACE] == "suspended"
    for method in (QR, FOB):
        gate.way(method, "ready")
    gate.run(100)
    assert suspended(gate) == []
    gate.restart()
    gate.worker()
    gate.run(61_000 + 10_000)
    assert suspended(gate) == [ReasonCode.FACE_SUSPENDED], "readers that never speak are news"


def test_a_day_without_a_read_suspends_until_a_walk_test() -> None:
    gate = FaceRun()
    for _ in range(21):
        gate.fob()
        gate.wait(MINUTE)
    gate.run(24 * HOUR)
    assert ReasonCode.WAY_UNPROVEN in gate.told(EventKind.GUARD)
    assert gate.fob() is ReasonCode.GRANTED
    gate.run(10_000)
    assert gate.state.face.suspended, "the code reader is unproven still"
    assert gate.show(make_pass(at_ms=gate.at.utc_ms)) is ReasonCode.GRANTED
    gate.run(10_000)
    assert not gate.state.face.suspended


def test_running_time_counts_over_restarts() -> None:
    gate = FaceRun()
    for _ in range(21):
        gate.fob()
        gate.wait(MINUTE)
    for _ in range(3):
        gate.run(8 * HOUR)
        gate.restart(off_ms=30 * HOUR)
        gate.worker()
        for method in (QR, FOB):
            gate.way(method, "ready")
    gate.run(30 * MINUTE)
    assert gate.state.face.suspended


def test_in_a_real_unit_a_simulated_read_proves_nothing() -> None:
    gate = FaceRun()
    gate.run(HOUR)

    def tap(kind: AdapterKind) -> int:
        claim = CardClaim(CARD, CardTier.CLONABLE)
        gate.send(Attempted(gate.at, AccessAttempt(IN, FOB, claim, gate.at.mono_ms, kind)))
        return gate.state.face.watches[IN].ways[FOB].unproven_ms

    gate.state = replace(gate.state, adapter_kind=AdapterKind.REAL)
    assert tap(SIMULATED) >= HOUR
    assert tap(AdapterKind.REAL) == 0


def test_taking_face_away_and_back_begins_anew() -> None:
    gate = FaceRun()
    gate.run(HOUR)
    fitted = gate.papers.access_points[IN]
    gate.papers.access_points[IN] = type(fitted)(fitted.portal, fitted.direction, (QR, FOB))
    gate.learn()
    assert gate.state.face.watches == {}
    gate.papers.access_points[IN] = fitted
    gate.learn()
    assert gate.state.face.watches[IN].ways[FOB].unproven_ms < MINUTE


def test_readers_that_speak_before_the_documents_come_are_remembered() -> None:
    papers = face_papers()
    places, papers.access_points = papers.access_points, {}
    gate = FaceRun(papers)
    papers.access_points = places
    gate.learn()
    gate.run(20_000)
    assert gate.state.ways[IN, Method.FACE] == "ready"
