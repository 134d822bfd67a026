"""The tour: a configuration is rolled out, the canary's relay sticks, and it goes back by itself.

The manager lengthens the opening time everywhere, the south gate first. There the relay does not
follow; the gate sees it at the next opening, puts the configuration before it in force again, and
says so signed. The controller then issues a higher version that says what it undoes; the north gate
is never touched.
"""

import time
from typing import Any

from edge.adapters.sim import requests as ask
from equalgate.demo import ledger
from equalgate.demo.pages_client import PagesClient
from equalgate.demo.processes import wait_until
from equalgate.demo.scene import Scene
from equalgate.demo.steps import Result, StepFailedError, Steps
from equalgate.demo.tour_commands import signed_in
from mqtt.contract.events import EventKind
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role

__all__ = ["roll_out"]

_CANARY, _OTHER = "gate-south", "gate-north"
_LONGER_MS = 8_000
_ADOPTED_S = 10.0
_BACK_S = 60.0
"""A roll-back is due within 60 s of the detection (case G13)."""
_ROLLOUTS = "/api/v1/rollouts"


def roll_out(scene: Scene, steps: Steps) -> None:
    """Play a roll-out that fails at its canary, then let the mended gate open again."""
    pages = signed_in(scene, Role.MANAGER)
    with steps.step("canary_rollout_reaches_one_gate", "none") as result:
        rollout = _begin(pages, result)
    with steps.step("canary_with_a_stuck_relay_goes_back_by_itself", "none") as result:
        _fail(scene, pages, rollout, result)
    with steps.step("rolled_back_gate_opens_again", "fob") as result:
        scene.south.sim.do(ask.RelayStuck(False, scene.south.portal))
        _tap(scene, result)
        result.expect("granted", "granted")


def _begin(pages: PagesClient, result: Result) -> str:
    versions = {gate: _version(pages, gate) for gate in (_CANARY, _OTHER)}
    draft = {
        "title": "开门时间改为 8 秒",
        "changes": {"portal:*": {"unlock_ms": _LONGER_MS, "longer_unlock_ms": 12_000}},
        "canaries": [_CANARY],
        "window_s": 60,
        "patience_s": 600,
    }
    made = pages.post(_ROLLOUTS, draft)
    path = f"{_ROLLOUTS}/{made['id']}"
    started_s = time.monotonic()
    pages.post(f"{path}/start", {"reason": "腿脚慢的住户来得及"})

    def is_on_trial() -> bool:
        return bool(_at(pages, path, _CANARY)["version"] > versions[_CANARY])

    wait_until(is_on_trial, "the canary's first health report", _ADOPTED_S, every_s=0.1)
    result.ms = (time.monotonic() - started_s) * 1000
    other = _version(pages, _OTHER)
    if other != versions[_OTHER]:
        raise StepFailedError(f"{_OTHER} went from version {versions[_OTHER]} to {other}")
    result.outcome, result.reason = "observed", "adopted"
    result.more["version"] = _at(pages, path, _CANARY)["version"]
    return path


def _fail(scene: Scene, pages: PagesClient, path: str, result: Result) -> None:
    tried = int(_at(pages, path, _CANARY)["version"])
    scene.south.sim.do(ask.RelayStuck(True, scene.south.portal))
    person = scene.seeded.person("owner")
    if person.card is None:
        raise StepFailedError("the example owner has no fob")
    scene.south.rest()
    scene.south.sim.present_fob(scene.south.inside, person.card.value, person.card.length)
    started_s = time.monotonic()

    def is_back() -> bool:
        return bool(pages.get(path)["state"] == "rolled_back")

    wait_until(is_back, "the roll-back at the controller", _BACK_S, every_s=0.1)

    def says_so() -> bool:
        leaves = ledger.leaves_since(scene.compound, _CANARY, 0)
        reasons = {leaf.reason for leaf in leaves if leaf.kind is EventKind.DOCUMENT}
        return ReasonCode.ROLLED_BACK in reasons and _version(pages, _CANARY) > tried

    wait_until(says_so, "the gate's record and its newer version", _BACK_S, every_s=0.1)
    result.ms = (time.monotonic() - started_s) * 1000
    found = _at(pages, path, _CANARY)
    other = _at(pages, path, _OTHER)["state"]
    if found["failed"] != f"lock:{scene.south.portal}" or other != "untouched":
        raise StepFailedError(f"failed {found['failed']}, {_OTHER} {other}")
    result.more |= {"check": found["failed"], "other_gate": other, "tried": tried}
    result.more["version"] = _version(pages, _CANARY)
    result.outcome, result.reason = "observed", "rolled_back"


def _tap(scene: Scene, result: Result) -> None:
    card = scene.seeded.person("owner").card
    if card is None:
        raise StepFailedError("the example owner has no fob")
    scene.south.tap(result, card.value, card.length)


def _at(pages: PagesClient, path: str, gate: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = pages.get(path)["at_gates"]
    return next(row for row in rows if row["gate"] == gate)


def _version(pages: PagesClient, gate: str) -> int:
    """Return the version of `config` that a gate says is the one it holds."""
    documents: list[dict[str, Any]] = pages.get(f"/api/v1/gates/{gate}")["documents"]
    return next(int(each["applied"]) for each in documents if each["name"] == "config")
