"""The tour: an inspector plays every way at both gates, with nobody from the desk about.

Everything is done through the inspector's pages and the gates' real readers: the pass is the code
that the page shows once. A gate cannot tell these credentials from residents'; their list is bound
by its hash before anything is played, and revealed after.
"""

import re
from functools import partial
from typing import Any

from sqlalchemy import select

from controller.services.inspection import StepView, steps_of
from controller.storage.models import InspectionRow
from controller.storage.unit_of_work import UnitOfWork
from edge.adapters.sim import requests as ask
from edge.domain.model import ClockTrust
from equalgate.demo.pages_client import PagesClient
from equalgate.demo.pictures import photograph
from equalgate.demo.processes import wait_until
from equalgate.demo.scene import Door, Scene
from equalgate.demo.steps import Result, StepFailedError, Steps
from equalgate.demo.tour_commands import signed_in
from equalgate.demo.tour_entry import guard_sign_on, release
from mqtt.contract.drill import list_hash
from mqtt.contract.records import Role

__all__ = ["drill"]

_THERE_S = 20.0
_RECORDED_S = 20.0
_DRILLS = "/inspector/drills"
_VISIT = re.compile(_DRILLS + r"/([a-z2-7]{13})")
_FIGURES = re.compile(r'<span class="figures">(\d+)</span>')
_LIST = re.compile(r'<code class="long">([0-9a-f]{64})</code>')
_CARD_BITS = 32


def drill(scene: Scene, steps: Steps) -> None:
    """Open a visit, play each way at each gate, try a face-only plan, close the visit."""
    pages, begun = signed_in(scene, Role.INSPECTOR), ""
    with steps.step("drill_list_bound_before", "none") as result:
        points = [door.inside for door in scene.doors.values()]
        before = _versions(scene, pages)
        begun = pages.form(_DRILLS, {"point": points, "kind": "drill"})
        result.more["list_hash"] = _found(_LIST, begun)[:8]
        has_both = partial(_all_hold, scene, pages, before)
        wait_until(has_both, "the drill's credentials at the gates", _THERE_S, every_s=0.2)
        result.outcome, result.reason = "observed", "granted"
    if not begun:
        return
    for door in scene.doors.values():
        _play(scene, steps, door, begun)
    visit = _found(_VISIT, begun)
    with steps.step("drill_face_only_plan_refused", "none") as result:
        pages.form(f"{_DRILLS}/{visit}/face-only", {})
        result.more["rule"] = _row(scene).refused_rule
        if not result.more["rule"]:
            raise StepFailedError("a plan with face only was taken")
        result.outcome, result.reason = "denied", "face_only"
    with steps.step("drill_followed_and_revealed", "none") as result:
        _close(scene, pages, visit, result)
        if list_hash(_row(scene).list_body).hex() != _found(_LIST, begun):
            raise StepFailedError("the list is not the one that was bound")
        result.outcome, result.reason = "observed", "granted"


def _play(scene: Scene, steps: Steps, door: Door, begun: str) -> None:
    """Play the four ways at one gate, as somebody whom the gate cannot tell from a resident."""
    door.sim.wait_ready()  # the part before has started this gate anew
    # And another has moved its clock; by now the time server has set it again.
    door.sim.do(ask.ClockTrustSet(ClockTrust.SYNCED))
    with steps.step(f"drill_qr_at_{door.side}", "qr") as result:
        picture = photograph(begun, door.pictures / f"drill-{door.side}.png")
        door.show_again(result, picture)
        result.expect("granted", "granted")
    with steps.step(f"drill_fob_at_{door.side}", "fob") as result:
        door.tap(result, int(_found(_FIGURES, begun)), _CARD_BITS)
        result.expect("granted", "granted")
    with steps.step(f"drill_guard_at_{door.side}", "guard") as result:
        guard_sign_on(scene, door)
        release(door, result)
        result.expect("granted", "guard_release")
        door.sim.panel(door.inside, "give_reason", reason="检查")
    with steps.step(f"drill_face_unasked_for_at_{door.side}", "face") as result:
        door.attempt(result, lambda: door.sim.press_face(door.inside))
        if result.outcome != "denied":
            raise StepFailedError("face opened for somebody who never opted in")


def _close(scene: Scene, pages: PagesClient, visit: str, result: Result) -> None:
    """Wait until the gates' own records show every step, then end the visit."""

    def is_followed() -> bool:
        pages.page(f"{_DRILLS}/{visit}")
        return all(step.is_done for step in _steps(scene) if step.way != "face")

    wait_until(is_followed, "the gates' records of the drill", _RECORDED_S, every_s=0.3)
    pages.form(f"{_DRILLS}/{visit}/close", {})
    seen = _steps(scene)
    result.more["steps"] = {f"{step.access_point}/{step.way}": step.outcome for step in seen}
    wrong = [step.way for step in seen if step.is_done and not step.is_as_expected]
    if wrong:
        raise StepFailedError(f"not as expected: {wrong}")


def _versions(scene: Scene, pages: PagesClient) -> dict[str, int]:
    """Return the version of `credentials` that each gate has in force."""
    found = {}
    for gate in scene.doors:
        shown: list[dict[str, Any]] = pages.get(f"/api/v1/gates/{gate}")["documents"]
        found[gate] = next(int(each["applied"]) for each in shown if each["name"] == "credentials")
    return found


def _all_hold(scene: Scene, pages: PagesClient, before: dict[str, int]) -> bool:
    return all(version > before[gate] for gate, version in _versions(scene, pages).items())


def _row(scene: Scene) -> InspectionRow:
    with scene.compound.database() as engine, UnitOfWork(engine, writes=False) as uow:
        newest = select(InspectionRow).order_by(InspectionRow.opened_at_ms.desc()).limit(1)
        return uow.session.scalars(newest).one()


def _steps(scene: Scene) -> tuple[StepView, ...]:
    visit = _row(scene).id
    with scene.compound.database() as engine, UnitOfWork(engine, writes=False) as uow:
        return steps_of(uow, visit)


def _found(pattern: re.Pattern[str], page: str) -> str:
    found = pattern.search(page)
    if found is None:
        raise StepFailedError("the page lacks what an inspector needs")
    return found[1]
