"""Say who may use which of the managers' pages."""

from collections.abc import Mapping

from controller.domain.roles import Act
from controller.web.route_rules import Rule

__all__ = ["MANAGER_PAGES"]

_GATES = Rule(Act.EDIT_GATES)
_ACCESS = Rule(Act.EDIT_ACCESS)
_SEE = Rule(Act.SEE_HOLDERS)
_PEOPLE = Rule(Act.EDIT_HOLDERS)
_ISSUE = Rule(Act.ISSUE_CREDENTIAL)
_END = Rule(Act.END_CREDENTIAL)
_MOVEMENTS = Rule(Act.SEE_MOVEMENTS)
_TEAM = Rule(Act.EDIT_STAFF)
_AREA = "/manager"
_ONE = f"{_AREA}/people/{{resident}}"

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
    ("GET", f"{_AREA}/rollouts"): _GATES,
    ("POST", f"{_AREA}/rollouts"): _GATES,
    ("GET", f"{_AREA}/rollouts/new"): _GATES,
    ("GET", f"{_AREA}/rollouts/{{rollout}}"): _GATES,
    ("POST", f"{_AREA}/rollouts/{{rollout}}/start"): _GATES,
    ("POST", f"{_AREA}/rollouts/{{rollout}}/stop"): _GATES,
    ("POST", f"{_AREA}/rollouts/{{rollout}}/undo"): _GATES,
    ("GET", f"{_AREA}/register"): _GATES,
    ("POST", f"{_AREA}/register"): _GATES,
    ("POST", f"{_AREA}/register/{{point}}/remove"): _GATES,
    ("GET", f"{_AREA}/levels"): _ACCESS,
    ("POST", f"{_AREA}/levels"): _ACCESS,
    ("GET", f"{_AREA}/schedules"): _ACCESS,
    ("POST", f"{_AREA}/schedules"): _ACCESS,
    ("POST", f"{_AREA}/holidays"): _ACCESS,
    ("GET", f"{_AREA}/people"): _SEE,
    ("POST", f"{_AREA}/people"): _PEOPLE,
    ("GET", f"{_AREA}/people/new"): _PEOPLE,
    ("GET", _ONE): _SEE,
    ("POST", f"{_ONE}/move-out"): _PEOPLE,
    ("POST", f"{_ONE}/fob"): _ISSUE,
    ("POST", f"{_ONE}/pin"): _ISSUE,
    ("POST", f"{_ONE}/paper"): _ISSUE,
    ("GET", f"{_ONE}/papers/{{credential}}"): _ISSUE,
    ("POST", f"{_ONE}/slip"): _ISSUE,
    ("GET", f"{_AREA}/credentials/{{credential}}/end"): _END,
    ("POST", f"{_AREA}/credentials/{{credential}}/end"): _END,
    ("GET", f"{_AREA}/endings"): _END,
    ("POST", f"{_AREA}/endings/{{request_id}}/approve"): _END,
    ("POST", f"{_AREA}/endings/{{request_id}}/withdraw"): _END,
    ("GET", f"{_AREA}/imports"): _PEOPLE,
    ("POST", f"{_AREA}/imports"): _PEOPLE,
    ("GET", f"{_AREA}/imports/{{run}}"): _PEOPLE,
    ("POST", f"{_AREA}/imports/{{run}}"): _PEOPLE,
    ("POST", f"{_AREA}/imports/{{run}}/undo"): _PEOPLE,
    ("GET", f"{_AREA}/movements"): _MOVEMENTS,
    ("POST", f"{_AREA}/movements"): _MOVEMENTS,
    ("POST", f"{_AREA}/movements/{{request_id}}/approve"): _MOVEMENTS,
    ("POST", f"{_AREA}/movements/{{request_id}}/look"): _MOVEMENTS,
    ("GET", f"{_AREA}/staff"): _TEAM,
    ("POST", f"{_AREA}/staff"): _TEAM,
    ("POST", f"{_AREA}/staff/{{member}}/invite"): _TEAM,
    ("POST", f"{_AREA}/staff/{{member}}/end"): _TEAM,
    ("GET", f"{_AREA}/acts"): _TEAM,
    ("GET", f"{_AREA}/shifts"): _TEAM,
}
