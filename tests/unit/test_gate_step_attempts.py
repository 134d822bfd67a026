"""From the claim to the door: order, passages, repeats, lock-outs, duress, floods."""

from dataclasses import replace

import msgspec

from edge.domain.card_formats import CardBits
from edge.domain.effects import (
    Record,
    Signal,
    Unlock,
)
from edge.domain.gate import step
from edge.domain.inputs import Attempted, RelayMoved
from edge.domain.model import AccessAttempt, PassClaim
from mqtt.contract.entry_pass import PassKind
from mqtt.contract.events import AdapterKind, EventKind, Method, Outcome
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import PortalRecord
from tests.support.gate_factories import (
    DOOR,
    FOB,
    IN,
    MINUTE,
    SIMULATED,
    Papers,
    make_pass,
    person,
)
from tests.support.gate_run import GateRun

STRANGER = CardBits(0xBAD, 24)


def change_fob(gate: GateRun, **changes: bool) -> None:
    record = msgspec.structs.replace(gate.papers.credentials[FOB], **changes)
    gate.papers.credentials[FOB] = record
    gate.relearn()


def test_the_decision_is_recorded_before_the_door_unlocks() -> None:
    gate = GateRun()
    assert gate.fob() is ReasonCode.GRANTED
    kinds = [type(effect) for effect in gate.effects]
    assert kinds.index(Record) < kinds.index(Unlock)
    unlock = gate.unlocks()[0]
    assert (unlock.portal, unlock.access_point, unlock.duration_ms) == (DOOR, IN, 5_000)
    assert (unlock.method, unlock.wait_for_disk) == (Method.FOB, False)
    assert unlock.intent_mono_ms == gate.at.mono_ms
    record = gate.records[-1]
    assert record.outcome is Outcome.GRANTED
    assert record.personal is not None
    assert (record.personal.holder, record.personal.credential) == (person(1), FOB)


def test_a_refusal_unlocks_nothing_and_says_why() -> None:
    gate = GateRun()
    assert gate.fob(STRANGER) is ReasonCode.UNKNOWN_CREDENTIAL
    assert gate.unlocks() == []
    assert gate.shown() == [(Signal.DENIED, ReasonCode.UNKNOWN_CREDENTIAL)]
    assert gate.records[-1].outcome is Outcome.DENIED


def test_a_passage_ends_entered_with_its_time_and_cause() -> None:
    gate = GateRun()
    began = gate.at.mono_ms
    gate.at = replace(gate.at, mono_ms=began + 40)
    attempt = AccessAttempt(IN, Method.QR, PassClaim(make_pass()), began, SIMULATED)
    gate.send(Attempted(gate.at, attempt))
    decision = len(gate.records) - 1
    gate.walk_through()
    passage = next(one for one in gate.records if one.kind is EventKind.PASSAGE)
    assert passage.outcome is Outcome.ENTERED
    assert (passage.cause_seq, passage.intent_to_unlock_ms) == (decision, 40)
    assert (passage.access_point, passage.method) == (IN, Method.QR)
    assert passage.personal is None
    opened = next(one for one in gate.records if one.reason is ReasonCode.OPENED)
    assert opened.cause_seq == decision


def test_C04_a_grant_nobody_used_ends_not_entered() -> None:
    gate = GateRun()
    gate.fob()
    gate.wait(6_000)
    assert gate.outcomes() == [Outcome.NOT_ENTERED]
    assert not gate.is_unlocked()
    assert gate.fob() is ReasonCode.GRANTED


def test_without_a_door_sensor_the_outcome_is_unknown() -> None:
    papers = Papers(portals={DOOR: PortalRecord(has_door_sensor=False)})
    gate = GateRun(papers)
    gate.fob()
    assert gate.outcomes() == [Outcome.UNKNOWN]


def test_a_turnstile_counts_one_person_for_each_opening() -> None:
    gate = GateRun(Papers(portals={DOOR: PortalRecord(turnstile=True)}))
    gate.fob()
    gate.show(make_pass())
    gate.walk_through()
    assert gate.outcomes() == [Outcome.ENTERED]
    gate.wait(8_000)
    assert gate.outcomes() == [Outcome.ENTERED, Outcome.NOT_ENTERED]


def test_a_slow_disk_gives_the_number_later() -> None:
    gate = GateRun()
    attempt = AccessAttempt(IN, Method.QR, PassClaim(make_pass()), gate.at.mono_ms, SIMULATED)
    gate.state, _ = step(gate.state, Attempted(gate.at, attempt), gate.knowledge)

    def moved(seq: int) -> None:
        item = RelayMoved(gate.at, DOOR, IN, True, seq, 9_900, Method.QR, SIMULATED)
        gate.send(item)

    moved(-1)
    moved(7)
    gate.walk_through()
    ended = next(one for one in gate.records if one.kind is EventKind.PASSAGE)
    assert (ended.outcome, ended.cause_seq, ended.intent_to_unlock_ms) == (Outcome.ENTERED, 7, 100)


def test_a_door_that_opened_while_the_disk_was_slow_was_entered() -> None:
    gate = GateRun()
    attempt = AccessAttempt(IN, Method.QR, PassClaim(make_pass()), gate.at.mono_ms, SIMULATED)
    gate.state, _ = step(gate.state, Attempted(gate.at, attempt), gate.knowledge)
    moved = replace(gate.at, mono_ms=gate.at.mono_ms + 50)
    gate.walk_through()
    gate.send(RelayMoved(moved, DOOR, IN, True, 7, gate.at.mono_ms, Method.QR, SIMULATED))
    assert gate.outcomes() == [Outcome.ENTERED]


def test_C01_a_double_tap_is_one_opening_extended_once() -> None:
    gate = GateRun()
    gate.fob()
    gate.wait(1_500)
    gate.fob()
    gate.wait(4_000)
    assert gate.is_unlocked()
    gate.wait(1_200)
    assert not gate.is_unlocked()
    assert gate.told(EventKind.DOOR).count(ReasonCode.RELOCKED) == 1
    assert gate.state.holds == {}


def test_a_shorter_second_grant_still_gets_its_own_outcome() -> None:
    gate = GateRun(Papers(portals={DOOR: PortalRecord(longer_unlock_ms=30_000)}))
    change_fob(gate, longer_opening=True)
    gate.fob()
    gate.wait(1_000)
    gate.show(make_pass())
    assert gate.unlocks()[-1].duration_ms == 29_000
    gate.walk_through()
    assert gate.outcomes() == [Outcome.ENTERED, Outcome.ENTERED]


def test_a_code_that_stays_in_view_is_one_attempt() -> None:
    gate = GateRun()
    text = make_pass(PassKind.RESIDENT_WINDOW)
    assert gate.show(text) is ReasonCode.GRANTED
    for _ in range(5):
        gate.wait(1_000)
        assert gate.show(text) is None
    gate.wait(1_500)
    assert gate.show(text) is ReasonCode.REPLAYED
    gate.wait(3 * MINUTE)
    assert gate.show(text) is ReasonCode.STALE


def test_a_sticker_in_front_of_the_camera_is_one_refusal() -> None:
    gate = GateRun()
    for _ in range(60):
        gate.show("https://example.org/advert")
        gate.wait(1_000)
    assert gate.told(EventKind.DECISION) == [ReasonCode.INVALID_PASS]


def test_a_flood_is_counted_and_real_passes_still_open() -> None:
    gate = GateRun()
    for number in range(200):
        gate.show(f"garbage {number}")
    decisions = gate.told(EventKind.DECISION)
    assert decisions == [ReasonCode.INVALID_PASS] * 30
    assert gate.told(EventKind.READER) == [ReasonCode.RATE_LIMITED]
    assert gate.show(make_pass()) is ReasonCode.GRANTED
    assert gate.fob(STRANGER) is ReasonCode.UNKNOWN_CREDENTIAL
    gate.wait(10_000)
    assert gate.show("garbage again") is ReasonCode.INVALID_PASS


def test_I07_five_wrong_pins_lock_the_pad_and_nothing_else() -> None:
    gate = GateRun()
    for _ in range(5):
        assert gate.pin("000000") is ReasonCode.PIN_WRONG
        gate.wait(2_000)
    assert gate.told(EventKind.READER) == [ReasonCode.PIN_LOCKED]
    assert gate.pin("135790") is ReasonCode.PIN_LOCKED
    assert gate.fob() is ReasonCode.GRANTED
    assert gate.show(make_pass()) is ReasonCode.GRANTED
    gate.restart(off_ms=5_000)
    assert gate.pin("135790") is ReasonCode.PIN_LOCKED
    gate.wait(MINUTE)
    assert gate.pin("135790") is ReasonCode.GRANTED


def test_I08_duress_opens_like_any_pin_and_alarms_silently() -> None:
    plain, forced = GateRun(), GateRun()
    assert plain.pin("135790") is ReasonCode.GRANTED
    assert forced.pin("097531") is ReasonCode.GRANTED
    assert forced.shown() == plain.shown()
    assert forced.unlocks() == plain.unlocks()
    alarm = forced.records[-1]
    assert (alarm.kind, alarm.reason) == (EventKind.GUARD, ReasonCode.DURESS)
    assert alarm.personal is not None
    assert alarm.personal.holder == person(1)
    assert plain.told(EventKind.GUARD) == []


def test_a_fob_that_needs_a_pin_asks_for_it() -> None:
    gate = GateRun()
    change_fob(gate, fob_needs_pin=True)
    assert gate.fob() is ReasonCode.PIN_REQUIRED
    assert gate.shown() == [(Signal.PIN_PLEASE, ReasonCode.PIN_REQUIRED)]


def test_real_needs_every_adapter_to_be_real() -> None:
    gate = GateRun()
    attempt = AccessAttempt(
        IN, Method.QR, PassClaim(make_pass()), gate.at.mono_ms, AdapterKind.REAL
    )
    gate.send(Attempted(gate.at, attempt))
    assert gate.records[-1].adapter_kind is AdapterKind.SIMULATED
