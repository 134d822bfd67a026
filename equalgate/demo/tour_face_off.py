"""The tour, part five: stopping face works everywhere, and no other way notices."""

import time
from hashlib import sha256
from pathlib import Path

from edge.adapters.sim import requests as ask
from equalgate.demo import ledger
from equalgate.demo.face_setup import FACE_POINTS
from equalgate.demo.processes import wait_until
from equalgate.demo.scene import Door, Scene
from equalgate.demo.steps import Result, StepFailedError, Steps
from equalgate.demo.tour_commands import signed_in
from equalgate.demo.tour_entry import tap_fob
from equalgate.demo.tour_face import consent_and_enrol, known_events, press, seen
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role

__all__ = ["stop_face"]

_DAY_MS = 86_400_000
_HOLD_MS = 3_500
_RECEIPTS_S = 30.0
_SUSPENDED_S = 70.0


def stop_face(scene: Scene, steps: Steps, faces: Path) -> None:
    """Opt out by page and at the gate; let a lease run out; take the other ways away."""
    people = faces / "public_officials"
    _opt_out_everywhere(scene, steps, people / "obama_2.jpg")
    _opt_out_at_an_offline_gate(scene, steps, people / "obama_1.jpg")
    _lease_over(scene, steps, people)
    _no_other_way(scene, steps)


def _opt_out_everywhere(scene: Scene, steps: Steps, picture: Path) -> None:
    door, owner = scene.south, scene.seeded.person("owner")
    with steps.step("face_opt_out_receipts_from_every_gate", "face") as result:
        desk, who = signed_in(scene, Role.MANAGER), id_to_text(owner.holder)
        desk.post(f"/api/v1/face/residents/{who}/withdrawal", {})
        _all_receipts_in(scene, result)
    with steps.step("face_after_opt_out", "face") as result:
        press(door, result, picture)
        result.expect("denied", "no_match")
    with steps.step("fob_after_opt_out_as_before", "fob") as result:
        tap_fob(door, result, owner.card)
        result.expect("granted", "granted")


def _opt_out_at_an_offline_gate(scene: Scene, steps: Steps, picture: Path) -> None:
    compound, door, father = scene.compound, scene.north, scene.seeded.person("father")
    with steps.step("face_second_resident_enrols_at_the_north_gate", "face") as result:
        consent_and_enrol(scene, door, "father", picture)
        result.outcome, result.reason = "observed", "enrolled"
    compound.broker.stop()
    with steps.step("face_opt_out_at_the_offline_gate", "face") as result:
        door.rest()
        tap_fob(door, Result("fob"), father.card)
        since_ms = door.sim.press_face(door.inside, _HOLD_MS)
        _shows(door, ReasonCode.FACE_ERASED, since_ms)
        result.outcome, result.reason = "observed", "face_erased"
    compound.broker.start()
    with steps.step("face_back_online_request_closed", "face") as result:
        _all_receipts_in(scene, result)


def _lease_over(scene: Scene, steps: Steps, people: Path) -> None:
    """Let a gate stay alone for longer than a lease lasts."""
    compound, door, tenant = scene.compound, scene.south, scene.seeded.person("tenant")
    with steps.step("face_prepared_on_paper_and_agreed_at_the_gate", "face") as result:
        known = known_events(scene, "gate-south")
        _prepare_on_paper(scene)
        seen(scene, "gate-south", ReasonCode.ADOPTED, known)
        consent_and_enrol(scene, door, "tenant", people / "obama_1.jpg")
        result.outcome, result.reason = "observed", "enrolled"
    compound.broker.stop()
    door.sim.do(ask.ClockJump(_DAY_MS + 3_600_000))
    try:
        with steps.step("face_lease_over_at_a_gate_alone", "face") as result:
            press(door, result, people / "obama_2.jpg")
            if result.outcome != "denied":
                raise StepFailedError("face opened without a lease")
        with steps.step("fob_at_the_same_gate_alone", "fob") as result:
            tap_fob(door, result, tenant.card)
            result.expect("granted", "granted")
    finally:
        door.sim.do(ask.ClockJump(-_DAY_MS - 3_600_000))
        compound.broker.start()


def _no_other_way(scene: Scene, steps: Steps) -> None:
    door, gate = scene.north, "gate-north"
    with steps.step("face_suspended_when_no_automated_way_works", "face") as result:
        known = known_events(scene, gate)
        began_s = time.monotonic()
        door.sim.do(ask.Cable(False, door.inside))

        def is_suspended() -> bool:
            door.sim.do(ask.WorkerKill())
            leaves = ledger.leaves_since(scene.compound, gate, known)
            return any(leaf.reason is ReasonCode.FACE_SUSPENDED for leaf in leaves)

        wait_until(is_suspended, "face suspended", _SUSPENDED_S, every_s=0.3)
        result.ms = (time.monotonic() - began_s) * 1000
        seen(scene, gate, ReasonCode.NO_WAY_WORKS, known)
        result.outcome, result.reason = "observed", "no_way_works"
    with steps.step("face_resumed_when_the_reader_is_back", "face") as result:
        known = known_events(scene, gate)
        door.sim.do(ask.Cable(True, door.inside))
        seen(scene, gate, ReasonCode.FACE_RESUMED, known, _SUSPENDED_S)
        result.outcome, result.reason = "observed", "face_resumed"


def _all_receipts_in(scene: Scene, result: Result) -> None:
    """Wait until no erasure request is open: every gate in scope has signed its receipt."""
    inspector = signed_in(scene, Role.INSPECTOR)

    def is_closed() -> bool:
        counts = inspector.get("/api/v1/face/counts")
        return bool(counts["requests_open"] == 0)

    wait_until(is_closed, "receipts of every gate", _RECEIPTS_S, every_s=0.1)
    result.outcome, result.reason = "observed", "face_erased"


def _shows(door: Door, reason: ReasonCode, since_ms: int, within_s: float = 10.0) -> None:
    def is_shown() -> bool:
        return any(shown.reason == reason for shown in door.sim.shown(door.inside, since_ms))

    wait_until(is_shown, f"{reason.value} on the screen", within_s, every_s=0.05)


def _prepare_on_paper(scene: Scene) -> None:
    """Let the desk prepare a signed sheet; it takes effect only by the own fob at the gate."""
    manager, guard = scene.seeded.with_role(Role.MANAGER), scene.seeded.with_role(Role.GUARD)
    desk, who = signed_in(scene, Role.MANAGER), id_to_text(scene.seeded.person("tenant").holder)
    sheet = {
        "access_points": list(FACE_POINTS),
        "scan_sha256": sha256(manager.login.encode()).hexdigest(),
        "witness": id_to_text(guard.id),
    }
    desk.post(f"/api/v1/face/residents/{who}/paper", sheet)
