"""The tour, part four: face, only for a resident who opted in, and only after a press."""

from collections.abc import Callable
from pathlib import Path

from edge.adapters.sim import requests as ask
from edge.domain.effects import Signal
from edge.domain.model import ClockTrust
from equalgate.demo import ledger
from equalgate.demo.compound import SITE
from equalgate.demo.eavesdropper import Eavesdropper
from equalgate.demo.processes import wait_until
from equalgate.demo.scene import Door, Scene
from equalgate.demo.steps import Result, StepFailedError, Steps
from equalgate.demo.tour_entry import tap_fob
from mqtt.contract import codec
from mqtt.contract.envelope import peek
from mqtt.contract.events import EventKind, Method
from mqtt.contract.ids import GateId
from mqtt.contract.presence import Heartbeat
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import TopicKind, build

__all__ = ["consent_and_enrol", "enter_by_face", "press", "seen", "wait_face_ready"]

_READY_S = 60.0
_HEARTBEAT_S = 20.0
_ENROLLED_S = 20.0
_ANALYSED = ("frames", "detections", "embeddings")


def seen(scene: Scene, gate: str, reason: ReasonCode, known: int, within_s: float = 20.0) -> None:
    """Wait until the controller holds an event of face for this reason, after the first `known`."""

    def is_there() -> bool:
        leaves = ledger.leaves_since(scene.compound, gate, known)
        return any(leaf.reason is reason for leaf in leaves)

    wait_until(is_there, f"{reason.value} of {gate}", within_s, every_s=0.05)


def known_events(scene: Scene, gate: str) -> int:
    """Return how many events of a gate the controller holds now."""
    return len(ledger.controller_rows(scene.compound, gate))


def wait_face_ready(scene: Scene, gate: str) -> None:
    """Wait until the gate has said, since its last start, that face works there.

    By then the models are loaded and the known answers were given.
    """

    def is_ready() -> bool:
        leaves = ledger.leaves_since(scene.compound, gate, 0)
        starts = [at for at, leaf in enumerate(leaves) if leaf.kind is EventKind.BOOT]
        if not starts:
            return False
        said = [leaf.reason for leaf in leaves[starts[-1] :] if leaf.method is Method.FACE]
        return ReasonCode.WAY_READY in said

    wait_until(is_ready, f"face at {gate}", _READY_S, every_s=0.2)


def press(door: Door, result: Result, picture: Path | None = None) -> None:
    """Stand before the camera, press the face button, and see what comes of it."""
    if picture is not None:
        door.sim.show_face(door.inside, picture)
    door.attempt(result, lambda: door.sim.press_face(door.inside))


def consent_and_enrol(scene: Scene, door: Door, key: str, picture: Path) -> None:
    """Let a resident who reserved face say yes at the gate, by own fob and a press."""
    gate = f"gate-{door.side}"
    known = known_events(scene, gate)
    door.sim.show_face(door.inside, picture)
    door.rest()
    tap_fob(door, Result("fob"), scene.seeded.person(key).card)

    def is_asked() -> bool:
        shown = door.sim.shown(door.inside)
        return bool(shown) and shown[-1].signal == Signal.ASKING.value

    wait_until(is_asked, "the notice on the screen", 10.0, every_s=0.05)
    door.sim.press_face(door.inside)
    seen(scene, gate, ReasonCode.ENROLLED, known, _ENROLLED_S)


def enter_by_face(scene: Scene, steps: Steps, spy: Eavesdropper, faces: Path) -> None:
    """Opt in at the south gate and enter; everybody else is refused and nothing is kept."""
    door, people = scene.south, faces / "public_officials"
    own, again = people / "obama_1.jpg", people / "obama_2.jpg"
    # An earlier part of the tour moved this gate's clock; by now the time server has set it again.
    door.sim.do(ask.ClockTrustSet(ClockTrust.SYNCED))
    with steps.step("face_self_test_with_known_answers", "face") as result:
        for gate in scene.doors:
            wait_face_ready(scene, gate)
        result.outcome, result.reason = "observed", "way_ready"
    with steps.step("face_without_a_press_zero_inferences", "face") as result:
        door.sim.show_face(door.inside, own)
        door.rest()
        tap_fob(door, Result("fob"), scene.seeded.person("tenant").card)
        result.more |= _analysed(_heartbeat(spy))
        if any(result.more.values()):
            raise StepFailedError("something was analysed without a press")
        result.outcome, result.reason = "observed", "granted"
    with steps.step("face_consent_and_enrolment_at_the_gate", "face") as result:
        consent_and_enrol(scene, door, "owner", own)
        result.outcome, result.reason = "observed", "enrolled"
    with steps.step("face_opens_after_a_press", "face") as result:
        _until_leased(lambda seen_here: press(door, seen_here, again), result)
        result.expect("granted", "granted")
    with steps.step("face_of_a_resident_who_did_not_opt_in", "face") as result:
        press(door, result, people / "biden_1.jpg")
        result.expect("denied", "no_match")
    with steps.step("face_two_people_refused_as_ambiguous", "face") as result:
        press(door, result, people / "obama_biden_two.jpg")
        result.expect("denied", "ambiguous")
    with steps.step("face_photo_of_a_photo_refused", "face") as result:
        press(door, result, faces / "pad" / "attack_print_F1.jpg")
        result.expect("denied", "pad_failed")


def _until_leased(attempt: Callable[[Result], None], result: Result) -> None:
    """Try until the lease has come: the consent travels to the controller, the lease back."""

    def is_in() -> bool:
        attempt(result)
        return result.outcome == "granted"

    wait_until(is_in, "entry by face", 30.0, every_s=0.2)


def _heartbeat(spy: Eavesdropper) -> Heartbeat:
    topic = build(SITE, GateId("gate-south"), TopicKind.HEARTBEAT)
    spy.drop()
    message = spy.wait_for(topic, _HEARTBEAT_S)
    return codec.decode(peek(message.payload).body, Heartbeat)


def _analysed(heartbeat: Heartbeat) -> dict[str, int]:
    """Return what was done for people, from the gate's signed counters."""
    causes = ("entry", "enrolment")
    return {
        f"{cause}_{what}": heartbeat.face.get(f"{cause}_{what}", 0)
        for cause in causes
        for what in _ANALYSED
    }
