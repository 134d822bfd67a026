"""The tour, part one: every way in, and what must not open."""

from controller.domain.cards import Card
from controller.services import passes
from controller.storage.unit_of_work import UnitOfWork
from edge.adapters.sim import requests as ask
from equalgate.demo.compound import Compound, moment
from equalgate.demo.scene import Door, Scene
from equalgate.demo.steps import Result, StepFailedError, Steps
from mqtt.contract.base45 import decode, encode
from mqtt.contract.records import Role

__all__ = [
    "enter_by_every_way",
    "forged",
    "guard_sign_on",
    "phone_windows",
    "release",
    "tap_fob",
    "window_now",
]

_THREE_MINUTES_MS = 180_000
_PREFIX = "AC1:"


def phone_windows(compound: Compound, credential: bytes) -> tuple[tuple[int, str], ...]:
    """Load a resident's pass page once, as a phone does: windows for the next 24 h."""
    with compound.database() as engine, UnitOfWork(engine, writes=False) as uow:
        return passes.phone_page(uow, compound.site(), credential, moment()).windows


def window_now(windows: tuple[tuple[int, str], ...]) -> str:
    """Return the window that the page shows now."""
    now_s = moment().utc_s
    return next(text for start_s, text in reversed(windows) if start_s <= now_s)


def tap_fob(door: Door, result: Result, card: Card | None) -> None:
    """Tap a resident's fob."""
    if card is None:
        raise StepFailedError("the example person has no fob")
    door.tap(result, card.value, card.length)


def guard_sign_on(scene: Scene, door: Door) -> None:
    """Let the guard sign on at the panel with fob and PIN."""
    guard = scene.seeded.with_role(Role.GUARD)
    if guard.card is None:
        raise StepFailedError("the example guard has no fob")
    door.sim.panel(door.inside, "sign_on", (guard.card.value, guard.card.length), guard.pin)


def release(door: Door, result: Result) -> None:
    """Let the signed-on guard release the door."""
    door.attempt(result, lambda: door.sim.panel(door.inside, "release"))


def enter_by_every_way(scene: Scene, steps: Steps) -> None:
    """Play the ways in at the south gate."""
    _codes(scene, steps)
    _fobs(scene, steps)
    door = scene.south
    with steps.step("guard_opens", "guard") as result:
        guard_sign_on(scene, door)
        release(door, result)
        result.expect("granted", "guard_release")
        door.sim.panel(door.inside, "give_reason", reason="搬家具")


def _codes(scene: Scene, steps: Steps) -> None:
    door, people = scene.south, scene.seeded
    elder, owner = people.person("elder"), people.person("owner")
    if elder.paper is None:
        raise StepFailedError("the example elder has no paper pass")
    with steps.step("paper_qr_opens", "qr") as result:
        door.show(result, elder.paper.text)
        result.expect("granted", "granted")
    shown = window_now(phone_windows(scene.compound, owner.phone))
    with steps.step("phone_window_opens", "qr") as result:
        picture = door.show(result, shown)
        result.expect("granted", "granted")
    with steps.step("same_picture_again", "qr") as result:
        door.show_again(result, picture)
        result.expect("denied", "replayed")
    with steps.step("same_picture_3_min_later", "qr") as result:
        door.sim.do(ask.ClockJump(_THREE_MINUTES_MS))
        try:
            door.show_again(result, picture)
        finally:
            door.sim.do(ask.ClockJump(-_THREE_MINUTES_MS))
        result.expect("denied", "stale")
    with steps.step("forged_qr_refused", "qr") as result:
        door.show(result, forged(elder.paper.text))
        result.expect("denied", "invalid_pass")


def _fobs(scene: Scene, steps: Steps) -> None:
    door, people = scene.south, scene.seeded
    with steps.step("fob_opens_over_osdp_secure_channel", "fob") as result:
        tap_fob(door, result, people.person("owner").card)
        result.expect("granted", "granted")
    with steps.step("revoked_fob_refused", "fob") as result:
        tap_fob(door, result, people.lost_card)
        result.expect("denied", "revoked")


def forged(text: str) -> str:
    """Change one bit of the pass's signature."""
    raw = bytearray(decode(text.removeprefix(_PREFIX)))
    raw[-1] ^= 1
    return _PREFIX + encode(bytes(raw))
