"""Say who may use which of inspectors' pages: inspectors alone, but for how one becomes one."""

from collections.abc import Mapping

from controller.domain.roles import Act
from controller.web.route_rules import ANYBODY, Rule

__all__ = ["INSPECTOR_PAGES"]

_LOOK = Rule(Act.SEE_EVIDENCE)
_ACT = Rule(Act.INSPECT)
_AREA = "/inspector"
_DRILLS = f"{_AREA}/drills"
_ONE = f"{_DRILLS}/{{visit}}"

INSPECTOR_PAGES: Mapping[tuple[str, str], Rule] = {
    ("GET", "/inspector-file"): ANYBODY,
    ("POST", "/inspector-file"): ANYBODY,
    ("GET", "/district"): Rule(Act.EDIT_GATES),
    ("POST", "/district"): Rule(Act.EDIT_GATES),
    ("GET", _AREA): _LOOK,
    ("GET", f"{_AREA}/more"): _LOOK,
    ("GET", f"{_AREA}/rules"): _LOOK,
    ("GET", f"{_AREA}/rules/{{rule}}"): _LOOK,
    ("POST", f"{_AREA}/rules/{{rule}}/attest"): _ACT,
    ("GET", f"{_AREA}/gates"): _LOOK,
    ("GET", f"{_AREA}/use"): _LOOK,
    ("GET", f"{_AREA}/use/{{point}}/{{what}}"): _LOOK,
    ("GET", f"{_AREA}/consents"): _LOOK,
    ("POST", f"{_AREA}/draw"): _ACT,
    ("GET", f"{_AREA}/complaints"): _LOOK,
    ("POST", f"{_AREA}/complaints/{{complaint}}/answer"): _ACT,
    ("GET", f"{_AREA}/looks"): _LOOK,
    ("GET", _DRILLS): _LOOK,
    ("POST", _DRILLS): _ACT,
    ("GET", _ONE): _LOOK,
    ("GET", f"{_ONE}/stream"): _LOOK,
    ("POST", f"{_ONE}/face-only"): _ACT,
    ("POST", f"{_ONE}/steps/{{step}}"): _ACT,
    ("POST", f"{_ONE}/close"): _ACT,
    ("POST", f"{_AREA}/bundle"): _ACT,
}
