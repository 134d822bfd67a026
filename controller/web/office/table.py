"""Say who may use which page of moving, compliance, orders and keeping."""

from collections.abc import Mapping

from controller.domain.roles import Act
from controller.web.route_rules import ANYBODY, Rule

__all__ = ["OFFICE_PAGES"]

_FOBS = Rule(Act.EDIT_HOLDERS)
_GATES = Rule(Act.EDIT_GATES)
_SEE = Rule(Act.SEE_COMPLIANCE)
_EDIT = Rule(Act.EDIT_COMPLIANCE)
_ORDER = Rule(Act.HANDLE_ORDER)
_MOVING = "/manager/moving"
_DESK = "/manager/compliance"
_LEGAL = "/manager/legal"
_KEEPING = "/manager/keeping"
_KEEP = Rule(Act.KEEP_SYSTEM)

OFFICE_PAGES: Mapping[tuple[str, str], Rule] = {
    ("GET", _MOVING): _FOBS,
    ("GET", f"{_MOVING}/gates/{{gate}}"): _FOBS,
    ("POST", f"{_MOVING}/gates/{{gate}}"): _GATES,
    ("POST", f"{_MOVING}/terminals"): _EDIT,
    ("POST", f"{_MOVING}/terminals/{{terminal}}/retired"): _EDIT,
    ("GET", f"{_MOVING}/fobs"): _FOBS,
    ("POST", f"{_MOVING}/fobs"): _FOBS,
    ("POST", f"{_MOVING}/fobs/confirm"): _FOBS,
    ("POST", f"{_MOVING}/fobs/{{list_id}}/undo"): _FOBS,
    ("GET", f"{_MOVING}/claims"): Rule(Act.ISSUE_CREDENTIAL),
    ("POST", f"{_MOVING}/claims"): Rule(Act.ISSUE_CREDENTIAL),
    ("GET", _DESK): _SEE,
    ("POST", f"{_DESK}/filing"): _EDIT,
    ("GET", f"{_DESK}/records/{{kind}}"): _SEE,
    ("POST", f"{_DESK}/records/{{kind}}"): _EDIT,
    ("GET", f"{_DESK}/record/{{record}}"): _SEE,
    ("GET", f"{_DESK}/record/{{record}}/edit"): _EDIT,
    ("POST", f"{_DESK}/record/{{record}}/edit"): _EDIT,
    ("POST", f"{_DESK}/record/{{record}}/approve"): _EDIT,
    ("POST", f"{_DESK}/record/{{record}}/renew"): _EDIT,
    ("GET", f"{_DESK}/complaints"): _EDIT,
    ("POST", f"{_DESK}/complaints/{{complaint}}"): _EDIT,
    ("GET", f"{_DESK}/attestations"): _SEE,
    ("POST", f"{_DESK}/attestations"): Rule(Act.ATTEST),
    ("GET", f"{_DESK}/sheets"): _SEE,
    ("GET", f"{_DESK}/sheets/{{sheet}}"): _SEE,
    ("GET", "/metrics"): ANYBODY,
    ("GET", _KEEPING): _KEEP,
    ("POST", f"{_KEEPING}/gates/{{gate}}/let-go"): _KEEP,
    ("GET", _LEGAL): _ORDER,
    ("POST", _LEGAL): _ORDER,
    ("GET", f"{_LEGAL}/{{order}}"): _ORDER,
    ("POST", f"{_LEGAL}/{{order}}/approve"): _ORDER,
    ("POST", f"{_LEGAL}/{{order}}/carry-out"): _ORDER,
}
