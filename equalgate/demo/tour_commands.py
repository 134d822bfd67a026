"""The tour, part three: a remote open arrives once, whoever owns the broker."""

import secrets
import time

from equalgate.demo import ledger
from equalgate.demo.compound import SITE
from equalgate.demo.eavesdropper import Eavesdropper
from equalgate.demo.pages_client import PagesClient
from equalgate.demo.processes import wait_until
from equalgate.demo.scene import Door, Scene
from equalgate.demo.steps import Result, StepFailedError, Steps
from mqtt.client.port import Message
from mqtt.contract import codec
from mqtt.contract.envelope import Ed25519Signer, peek
from mqtt.contract.events import EventKind
from mqtt.contract.ids import GateId
from mqtt.contract.presence import Birth, Heartbeat, seal_heartbeat
from mqtt.contract.records import Role
from mqtt.contract.topics import TopicKind, build

__all__ = ["open_remotely", "signed_in"]

_GATE = GateId("gate-south")
_NOTHING_MOVES_S = 1.0
_RECORDED_S = 10.0
_FAR_AHEAD_MS = 3_600_000


def signed_in(scene: Scene, role: Role) -> PagesClient:
    """Return a browser in which a staff member of `role` has signed in."""
    pages = PagesClient(f"http://127.0.0.1:{scene.compound.ports.http}")
    wait_until(pages.is_up, "the controller's pages", 30.0)
    person = scene.seeded.with_role(role)
    pages.sign_in(person.login, person.password)
    return pages


def open_remotely(scene: Scene, steps: Steps, spy: Eavesdropper) -> None:
    """Open from the desk; then try the same bytes again in three ways."""
    door, pages = scene.south, signed_in(scene, Role.GUARD)
    topic = build(SITE, _GATE, TopicKind.COMMAND)
    recorded = Message(topic, b"")
    with steps.step("remote_open_arrives", "remote") as result:
        _order_open(pages, door, result)
        recorded = spy.wait_for(topic)
    with steps.step("recorded_command_again_refused", "remote") as result:
        _replay(scene, spy, recorded, result, "burnt")
    with steps.step("recorded_command_after_restart_refused", "remote") as result:
        unit = scene.compound.units[_GATE]
        unit.stop()
        unit.start()
        door.sim.wait_ready()
        _wait_linked(spy)
        _replay(scene, spy, recorded, result, "old_boot")
    with steps.step("recorded_command_with_forged_heartbeat_refused", "remote") as result:
        born = spy.wait_for(build(SITE, _GATE, TopicKind.BIRTH)).payload
        spy.publish(build(SITE, _GATE, TopicKind.HEARTBEAT), _forged_heartbeat(born))
        _replay(scene, spy, recorded, result, "old_boot")
    with steps.step("remote_open_still_arrives", "remote") as result:
        _order_open(pages, door, result)


def _order_open(pages: PagesClient, door: Door, result: Result) -> None:
    door.rest()
    since_ms = time.monotonic_ns() // 1_000_000
    order = {"gate": _GATE, "access_point": door.inside, "op": "open", "reason": "快递代收"}
    given = pages.post("/api/v1/commands", order)
    switched = door.sim.wait_unlocked(door.portal, since_ms, 5.0)
    if switched is None:
        raise StepFailedError("the relay did not move")
    result.ms = switched.mono_ms - since_ms

    def is_answered() -> bool:
        result.more["state"] = pages.get(f"/api/v1/commands/{given['id']}")["state"]
        return bool(result.more["state"] == "done")

    wait_until(is_answered, "the gate's answer at the desk", 5.0, every_s=0.05)
    result.outcome, result.reason = "granted", "remote_open"


def _replay(
    scene: Scene, spy: Eavesdropper, recorded: Message, result: Result, reason: str
) -> None:
    """Publish recorded bytes as another client; nothing moves, and the gate's log says why.

    The same refusal is recorded once a minute, so that nobody can fill the log with it.
    """
    door = scene.south
    door.rest()
    since_ms = time.monotonic_ns() // 1_000_000
    spy.publish(recorded.topic, recorded.payload)
    if door.sim.wait_unlocked(door.portal, since_ms, _NOTHING_MOVES_S) is not None:
        raise StepFailedError("the relay moved for a recorded command")

    def is_recorded() -> bool:
        leaves = ledger.leaves_since(scene.compound, _GATE, 0)
        reasons = [leaf.reason.value for leaf in leaves if leaf.kind is EventKind.COMMAND]
        result.reason = reasons[-1] if reasons else ""
        return result.reason == reason

    result.outcome = "denied"
    wait_until(is_recorded, f"record of {reason}", _RECORDED_S, every_s=0.05)


def _wait_linked(spy: Eavesdropper) -> None:
    """Wait until the restarted gate has announced itself."""
    spy.wait_for(build(SITE, _GATE, TopicKind.STATE))


def _forged_heartbeat(born: bytes) -> bytes:
    """Name the current boot and a time far ahead, signed by a key that is not the gate's."""
    birth = codec.decode(peek(born).body, Birth)
    heartbeat = Heartbeat(
        site=birth.site,
        gate=birth.gate,
        boot_id=birth.boot_id,
        mono_ms=birth.mono_ms + _FAR_AHEAD_MS,
        at_ms=birth.at_ms,
        clock_level=birth.clock_level,
        epoch=birth.epoch,
        size=birth.size,
        root=birth.root,
        doors={},
        methods={},
        adapter_kind=birth.adapter_kind,
    )
    return seal_heartbeat(heartbeat, Ed25519Signer.from_seed(secrets.token_bytes(32)))
