"""The tour, part two: broker and controller away, fire, a gate that dies at the worst places."""

import time
from contextlib import suppress
from itertools import cycle

from edge.adapters.sim import requests as ask
from equalgate.demo import ledger
from equalgate.demo.scene import Scene
from equalgate.demo.steps import StepFailedError, Steps
from equalgate.demo.tour_entry import (
    guard_sign_on,
    phone_windows,
    release,
    tap_fob,
    window_now,
)
from mqtt.contract.errors import UnavailableError
from mqtt.contract.events import EventKind, Outcome

__all__ = ["fire_wins", "stand_alone", "survive_crashes"]

CRASH_ROUNDS = 20
_CRASH_POINTS = ("before_commit", "after_commit", "after_relay")
_MOST_TAPS = 25
_TAP_S = 0.15
_DEBOUNCED_S = 0.2


def stand_alone(scene: Scene, steps: Steps) -> None:
    """Stop broker and controller; every way goes on, and nothing is lost."""
    compound, door, people = scene.compound, scene.north, scene.seeded
    owner, elder = people.person("owner"), people.person("elder")
    page = phone_windows(compound, owner.phone)
    known = len(ledger.controller_rows(compound, "gate-north"))
    compound.web.stop()
    compound.ingest.stop()
    compound.broker.stop()
    with steps.step("offline_paper_qr_opens", "qr") as result:
        if elder.paper is None:
            raise StepFailedError("the example elder has no paper pass")
        door.show(result, elder.paper.text)
        result.expect("granted", "granted")
    with steps.step("offline_loaded_phone_page_opens", "qr") as result:
        door.show(result, window_now(page))
        result.expect("granted", "granted")
    with steps.step("offline_fob_opens", "fob") as result:
        tap_fob(door, result, owner.card)
        result.expect("granted", "granted")
    with steps.step("offline_guard_opens", "guard") as result:
        guard_sign_on(scene, door)
        release(door, result)
        result.expect("granted", "guard_release")
    compound.broker.start()
    compound.ingest.start()
    compound.web.start()
    with steps.step("back_online_every_event_once_in_order", "none") as result:
        for gate, door in scene.doors.items():
            result.more[gate] = ledger.check_same(compound, gate)
            door.sim.wait_ready()
        offline = ledger.leaves_since(compound, "gate-north", known)
        result.more["while_offline"] = len(offline)
        result.outcome, result.reason = "observed", "granted"


def fire_wins(scene: Scene, steps: Steps) -> None:
    """Let the fire panel free the door while a lockdown is on."""
    door = scene.south
    with steps.step("fire_frees_the_door_during_lockdown", "none") as result:
        door.rest()
        guard_sign_on(scene, door)
        door.sim.panel(door.inside, "lockdown")
        since_ms = door.sim.do(ask.Fire(True))
        switched = door.sim.wait_unlocked(door.portal, since_ms)
        if switched is None:
            raise StepFailedError("the lock did not open")
        result.outcome, result.reason = "observed", "fire"
        result.ms = switched.mono_ms - since_ms
    with steps.step("fire_reset_by_hand", "none") as result:
        door.sim.do(ask.Fire(False))
        time.sleep(_DEBOUNCED_S)
        door.sim.panel(door.inside, "reset_fire")
        door.sim.panel(door.inside, "end_lockdown")
        door.rest()
        result.outcome, result.reason = "observed", "fire_ended"


def survive_crashes(scene: Scene, steps: Steps) -> None:
    """Kill a gate at named places, again and again; hold its log against the controller's."""
    compound, gate = scene.compound, "gate-north"
    unit = compound.units[gate]
    points = cycle(_CRASH_POINTS)
    for number in range(1, CRASH_ROUNDS + 1):
        point = next(points)
        with steps.step(f"killed_{point}_{number}", "fob") as result:
            unit.stop()
            unit.start({"EQUALGATE_CRASH_AT": f"{point}:{2 + number % 5}"})
            result.more["taps"] = _tap_until_dead(scene, gate)
            unit.start()
            scene.doors[gate].sim.wait_ready()
            result.outcome, result.reason = "observed", "boot"
    with steps.step("after_20_crashes_nothing_lost_nothing_doubled", "none") as result:
        result.more["events"] = ledger.check_same(compound, gate, timeout_s=40.0)
        leaves = ledger.leaves_since(compound, gate, 0)
        granted = {
            leaf.seq
            for leaf in leaves
            if leaf.kind is EventKind.DECISION and leaf.outcome is Outcome.GRANTED
        }
        answered = {leaf.cause_seq for leaf in leaves if leaf.kind is EventKind.PASSAGE}
        result.more["granted"] = len(granted)
        result.more["outcome_missing"] = len(granted - answered)
        result.outcome, result.reason = "observed", "granted"


def _tap_until_dead(scene: Scene, gate: str) -> int:
    """Tap fob after fob until the gate dies; return how many taps it took, 0 during its start."""
    door, unit = scene.doors[gate], scene.compound.units[gate]
    cards = cycle(person.card for person in scene.seeded.people if person.card is not None)
    taps = 0
    while taps < _MOST_TAPS:
        if unit.ends_within(_TAP_S):
            return taps
        card = next(cards)
        with suppress(UnavailableError):
            door.sim.present_fob(door.inside, card.value, card.length)
            taps += 1
    raise StepFailedError("the crash point was not reached")
