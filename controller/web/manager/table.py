"""Say who may use which of the managers' pages."""

from collections.abc import Mapping

from controller.domain.roles import Act
from controller.web.route_rules import Rule

__all__ = ["MANAGER_PAGES"]

_GATES = Rule(Act.EDIT_GATES)
_ACCESS = Rule(Act.EDIT_ACCESS)
_AREA = "/manager"

MANAGER_PAGES: Mapping[tuple[str, str], Rule] = {
    ("GET", _AREA): _GATES,
    ("GET", f"{_AREA}/more"): _GATES,
    ("GET", f"{_AREA}/setup"): _GATES,
    ("POST", f"{_AREA}/setup"): _GATES,
    ("GET", f"{_AREA}/gates/{{gate}}"): _GATES,
    ("POST", f"{_AREA}/gates/{{gate}}/key"): _GATES,
    ("POST", f"{_AREA}/gates/{{gate}}/doors/{{door}}"): _GATES,
    ("POST", f"{_AREA}/gates/{{gate}}/points"): _GATES,
    ("GET", f"{_AREA}/points/{{point}}"): _GATES,
    ("POST", f"{_AREA}/points/{{point}}"): _GATES,
    ("POST", f"{_AREA}/points/{{point}}/check"): _GATES,
    ("POST", f"{_AREA}/points/{{point}}/sign"): _GATES,
    ("POST", f"{_AREA}/points/{{point}}/walked"): Rule(Act.ATTEST),
    ("GET", f"{_AREA}/history"): _GATES,
    ("GET", f"{_AREA}/history/{{version}}"): _GATES,
    ("POST", f"{_AREA}/history/{{version}}/roll-back"): _ACCESS,
    ("GET", f"{_AREA}/register"): _GATES,
    ("POST", f"{_AREA}/register"): _GATES,
    ("POST", f"{_AREA}/register/{{point}}/remove"): _GATES,
    ("GET", f"{_AREA}/levels"): _ACCESS,
    ("POST", f"{_AREA}/levels"): _ACCESS,
    ("GET", f"{_AREA}/schedules"): _ACCESS,
    ("POST", f"{_AREA}/schedules"): _ACCESS,
    ("POST", f"{_AREA}/holidays"): _ACCESS,
}
