"""What a grant uses up and remembers: uses, locations, lists (B03, B06, C04, C05, I03)."""

from dataclasses import replace

from edge.domain.card_formats import CardBits
from edge.domain.effects import (
    PREVIOUS_RECORD,
    MemoryKind,
    Remember,
    TellGates,
    Unlock,
)
from edge.domain.gate import step
from edge.domain.inputs import Attempted, FeedHeard, RedemptionHeard
from edge.domain.model import AccessAttempt, PassClaim
from mqtt.contract.entry_pass import site_tag
from mqtt.contract.events import EventKind, Method, Outcome
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import ConfigRecord
from mqtt.contract.revocation import CarriedRevocation, issue_carried
from tests.support.gate_factories import (
    CARD,
    FOB,
    GATE,
    HOUR,
    IN,
    MINUTE,
    NOON,
    OTHER_GATE,
    SIGNER,
    SIMULATED,
    SITE,
    Papers,
    credential_id,
    make_access_point,
    person,
    visitor_pass,
)
from tests.support.gate_run import GateRun

STRANGER = CardBits(0xBAD, 24)


def test_a_use_is_remembered_before_the_lock_and_the_lock_waits() -> None:
    gate = GateRun()
    assert gate.show(visitor_pass(uses=1)) is ReasonCode.GRANTED
    kinds = [type(effect) for effect in gate.effects]
    assert kinds.index(Remember) < kinds.index(Unlock) < kinds.index(TellGates)
    assert gate.unlocks()[0].wait_for_disk
    assert TellGates(credential_id(900), 1) in gate.effects
    gate.wait(10_000)
    assert gate.show(visitor_pass(uses=1)) is ReasonCode.USES_SPENT


def test_showing_a_counted_pass_again_during_its_opening_costs_nothing() -> None:
    gate = GateRun()
    text = visitor_pass(uses=2)
    gate.show(text)
    gate.wait(3_000)
    assert gate.show(text) is None
    gate.walk_through()
    gate.wait(3_000)
    assert gate.show(text) is ReasonCode.GRANTED


def confirmed() -> Papers:
    papers = Papers(gate=ConfigRecord(passback="soft"))
    papers.access_points[IN] = make_access_point(entry_confirmed=True, zone_to="court")
    return papers


def test_B03_with_entry_confirmation_an_unused_grant_gives_the_use_back() -> None:
    gate = GateRun(confirmed())
    text = visitor_pass(uses=1)
    assert gate.show(text) is ReasonCode.GRANTED
    gate.wait(7_000)
    assert gate.outcomes() == [Outcome.NOT_ENTERED]
    assert gate.show(text) is ReasonCode.GRANTED
    gate.walk_through()
    gate.wait(7_000)
    assert gate.show(text) is ReasonCode.USES_SPENT


def test_B03_without_entry_confirmation_the_use_is_spent() -> None:
    gate = GateRun()
    text = visitor_pass(uses=1)
    gate.show(text)
    gate.wait(7_000)
    assert gate.show(text) is ReasonCode.USES_SPENT


def test_B03_a_denied_try_does_not_consume() -> None:
    gate = GateRun()
    text = visitor_pass(NOON + HOUR, uses=1)
    assert gate.show(text) is ReasonCode.NOT_YET_VALID
    gate.wait(HOUR)
    assert gate.show(text) is ReasonCode.GRANTED


def test_C04_the_location_moves_only_when_the_door_opened() -> None:
    gate = GateRun(confirmed())
    gate.fob()
    gate.wait(7_000)
    assert gate.state.memory.positions.get(person(1)) is None
    gate.fob()
    gate.walk_through()
    assert gate.state.memory.positions.get(person(1)) is not None


def test_a_use_whose_lock_never_moved_is_given_back() -> None:
    gate = GateRun()
    text = visitor_pass(uses=1)
    attempt = AccessAttempt(IN, Method.QR, PassClaim(text), gate.at.mono_ms, SIMULATED)
    gate.state, _ = step(gate.state, Attempted(gate.at, attempt), gate.knowledge)
    gate.wait(7_000)
    assert gate.outcomes() == []
    assert gate.show(text) is ReasonCode.GRANTED


def test_I03_the_same_use_at_two_gates_is_reported_once() -> None:
    gate = GateRun()
    gate.show(visitor_pass(uses=1))
    for _ in range(3):
        gate.send(RedemptionHeard(gate.at, OTHER_GATE, credential_id(900), 1, NOON))
    assert gate.told(EventKind.HEALTH) == [ReasonCode.DOUBLE_SPEND]
    gate.send(RedemptionHeard(gate.at, GATE, credential_id(900), 1, NOON))
    assert len(gate.told(EventKind.HEALTH)) == 1


def test_B06_the_age_of_the_list_stands_in_the_record() -> None:
    gate = GateRun()
    gate.wait(10 * MINUTE)
    gate.fob()
    personal = gate.records[-1].personal
    assert personal is not None
    assert personal.note == "list_age=600"
    gate.knowledge = replace(gate.knowledge, lists_confirmed_ms=gate.at.utc_ms)
    gate.wait(10_000)
    gate.fob()
    personal = gate.records[-1].personal
    assert personal is not None
    assert personal.note == ""
    gate.papers.revoked[FOB] = NOON + 24 * HOUR
    gate.relearn()
    assert gate.fob() is ReasonCode.REVOKED


def test_a_guard_carries_a_revocation_to_an_offline_gate() -> None:
    gate = GateRun()
    entries = ((FOB, NOON // 1_000 + 3_600),)
    carried = CarriedRevocation(site_tag(SITE), NOON // 1_000, entries)
    text = issue_carried(carried, SIGNER)
    assert gate.fob() is ReasonCode.GRANTED
    gate.wait(10_000)
    assert gate.show(text) is None
    assert gate.unlocks()[-1].method is Method.FOB
    assert gate.fob() is ReasonCode.REVOKED
    gate.restart()
    assert gate.fob() is ReasonCode.REVOKED
    assert gate.told(EventKind.DOCUMENT) == [ReasonCode.REVOKED]
    gate.show(text[:-1])
    assert gate.told(EventKind.DOCUMENT)[-1] is ReasonCode.INVALID_PASS


def test_remarks_are_caused_by_the_decision() -> None:
    papers = Papers(gate=ConfigRecord(passback="soft"))
    papers.access_points[IN] = make_access_point(zone_to="court")
    gate = GateRun(papers)
    gate.fob()
    gate.wait(10_000)
    gate.fob()
    remark = gate.records[-1]
    assert (remark.kind, remark.reason) == (EventKind.DOOR, ReasonCode.ANTIPASSBACK)
    assert remark.cause_seq == PREVIOUS_RECORD
    assert gate.records[-2].outcome is Outcome.GRANTED


def test_positions_survive_a_restart_and_are_forgiven_after_a_night() -> None:
    papers = Papers(gate=ConfigRecord(passback="hard"))
    papers.access_points[IN] = make_access_point(zone_to="court")
    gate = GateRun(papers)
    gate.send(FeedHeard(gate.at, GATE))
    assert gate.fob() is ReasonCode.GRANTED
    assert gate.unlocks()[-1].wait_for_disk
    gate.restart()
    gate.send(FeedHeard(gate.at, GATE))
    assert gate.fob() is ReasonCode.ANTIPASSBACK
    gate.restart(off_ms=20 * HOUR)
    gate.send(FeedHeard(gate.at, GATE))
    assert gate.fob() is ReasonCode.GRANTED
    assert ReasonCode.PASSBACK_FORGIVEN in gate.told(EventKind.DOOR)


def test_C05_a_memory_that_cannot_be_read_is_forgotten() -> None:
    papers = Papers(gate=ConfigRecord(passback="hard"))
    papers.access_points[IN] = make_access_point(zone_to="court")
    gate = GateRun(papers)
    gate.fob()
    gate.memory = {key: b"\xff" + value for key, value in gate.memory.items()}
    assert any(kind == MemoryKind.POSITION for kind, _ in gate.memory)
    gate.restart()
    gate.send(FeedHeard(gate.at, GATE))
    assert gate.fob() is ReasonCode.GRANTED


def test_hard_passback_turns_soft_when_another_gate_falls_silent() -> None:
    papers = Papers(gate=ConfigRecord(passback="hard"))
    papers.access_points[IN] = make_access_point(zone_to="court")
    gate = GateRun(papers)
    gate.send(FeedHeard(gate.at, GATE))
    gate.send(FeedHeard(gate.at, OTHER_GATE))
    gate.fob(CARD)
    gate.wait(61_000)
    gate.send(FeedHeard(gate.at, GATE))
    assert gate.fob() is ReasonCode.GRANTED
    gate.wait(10_000)
    gate.send(FeedHeard(gate.at, OTHER_GATE))
    assert gate.fob() is ReasonCode.ANTIPASSBACK
