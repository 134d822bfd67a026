"""Say who may use which route of the JSON API and of the live page."""

from collections.abc import Mapping

from controller.domain.roles import Act
from controller.web.route_rules import ANYBODY, RESIDENT, STAFF, Rule

__all__ = ["API"]

_SEE = Rule(Act.SEE_GATES)
_PEOPLE = Rule(Act.SEE_HOLDERS)
_EDIT = Rule(Act.EDIT_HOLDERS)
_ISSUE = Rule(Act.ISSUE_CREDENTIAL)
_API = "/api/v1"
_FACE = f"{_API}/face"
_EDIT_FACE = Rule(Act.EDIT_FACE)
_SEE_FACE = Rule(Act.SEE_FACE)
_EDIT_GATES = Rule(Act.EDIT_GATES)
_UNITS = f"{_API}/units"
_ROLLOUTS = f"{_API}/rollouts"
_EVIDENCE = Rule(Act.SEE_EVIDENCE)

API: Mapping[tuple[str, str], Rule] = {
    ("GET", "/"): ANYBODY,
    ("POST", "/sign-in"): ANYBODY,
    ("POST", "/sign-out"): ANYBODY,
    ("GET", "/live/stream"): _SEE,
    ("GET", "/healthz"): ANYBODY,
    ("GET", f"{_API}/openapi.json"): ANYBODY,
    ("GET", f"{_API}/health"): _SEE,
    ("POST", f"{_API}/session"): ANYBODY,
    ("GET", f"{_API}/session"): STAFF,
    ("DELETE", f"{_API}/session"): ANYBODY,
    ("GET", f"{_API}/gates"): _SEE,
    ("GET", f"{_API}/gates/{{gate}}"): _SEE,
    ("GET", f"{_API}/events"): _SEE,
    ("GET", f"{_API}/events/stream"): _SEE,
    ("GET", f"{_API}/alarms"): _SEE,
    ("POST", f"{_API}/alarms/{{alarm}}/clear"): Rule(Act.CLEAR_ALARM),
    ("POST", f"{_API}/commands"): Rule(Act.GIVE_COMMAND),
    ("GET", f"{_API}/commands/{{command}}"): Rule(Act.GIVE_COMMAND),
    ("GET", f"{_API}/dwellings"): _PEOPLE,
    ("POST", f"{_API}/dwellings"): _EDIT,
    ("GET", f"{_API}/levels"): _PEOPLE,
    ("GET", f"{_API}/residents"): _PEOPLE,
    ("POST", f"{_API}/residents"): _EDIT,
    ("GET", f"{_API}/residents/{{resident}}"): _PEOPLE,
    ("POST", f"{_API}/residents/{{resident}}/move-out"): _EDIT,
    ("GET", f"{_API}/residents/{{resident}}/credentials"): _PEOPLE,
    ("POST", f"{_API}/residents/{{resident}}/fobs"): _ISSUE,
    ("POST", f"{_API}/residents/{{resident}}/pins"): _ISSUE,
    ("POST", f"{_API}/residents/{{resident}}/papers"): _ISSUE,
    ("POST", f"{_API}/residents/{{resident}}/phones"): _ISSUE,
    ("POST", f"{_API}/residents/{{resident}}/slips"): Rule(Act.ISSUE_SLIP),
    ("POST", f"{_API}/visitors"): Rule(Act.ISSUE_VISITOR),
    ("POST", f"{_API}/credentials/{{credential}}/end"): Rule(Act.END_CREDENTIAL),
    ("POST", f"{_API}/credentials/{{credential}}/lost"): Rule(Act.REPORT_LOST),
    ("POST", f"{_API}/credentials/{{credential}}/successor"): _ISSUE,
    ("POST", f"{_API}/credentials/{{credential}}/print"): _ISSUE,
    ("POST", f"{_API}/credentials/{{credential}}/windows"): _ISSUE,
    ("GET", f"{_FACE}/own"): RESIDENT,
    ("POST", f"{_FACE}/own/reservation"): RESIDENT,
    ("DELETE", f"{_FACE}/own/reservation"): RESIDENT,
    ("POST", f"{_FACE}/own/withdrawal"): RESIDENT,
    ("GET", f"{_FACE}/children/{{resident}}"): RESIDENT,
    ("POST", f"{_FACE}/children/{{resident}}/reservation"): RESIDENT,
    ("POST", f"{_FACE}/children/{{resident}}/agreement"): RESIDENT,
    ("POST", f"{_FACE}/children/{{resident}}/withdrawal"): RESIDENT,
    ("GET", f"{_FACE}/notices"): ANYBODY,
    ("POST", f"{_FACE}/notices"): _EDIT_FACE,
    ("GET", f"{_FACE}/settings"): _SEE_FACE,
    ("POST", f"{_FACE}/access-points/{{access_point}}"): _EDIT_FACE,
    ("DELETE", f"{_FACE}/access-points/{{access_point}}"): _EDIT_FACE,
    ("POST", f"{_FACE}/switches"): _EDIT_FACE,
    ("POST", f"{_FACE}/under-14"): _EDIT_FACE,
    ("POST", f"{_FACE}/residents/{{resident}}/paper"): Rule(Act.PREPARE_CONSENT),
    ("POST", f"{_FACE}/residents/{{resident}}/copy"): Rule(Act.PREPARE_CONSENT),
    ("POST", f"{_FACE}/residents/{{resident}}/withdrawal"): Rule(Act.STOP_FACE),
    ("POST", f"{_FACE}/residents/{{resident}}/erasure"): _EDIT_FACE,
    ("GET", f"{_FACE}/requests"): _SEE_FACE,
    ("POST", f"{_API}/evidence"): _EVIDENCE,
    ("GET", f"{_FACE}/counts"): _EVIDENCE,
    ("GET", f"{_FACE}/signals"): _EVIDENCE,
    ("GET", _UNITS): _EDIT_GATES,
    ("POST", f"{_UNITS}/tokens"): _EDIT_GATES,
    ("POST", f"{_UNITS}/ask"): ANYBODY,
    ("POST", f"{_UNITS}/{{unit}}/approve"): Rule(Act.ROTATE_KEYS),
    ("POST", f"{_UNITS}/{{unit}}/refuse"): Rule(Act.ROTATE_KEYS),
    ("GET", _ROLLOUTS): _SEE,
    ("POST", _ROLLOUTS): _EDIT_GATES,
    ("GET", f"{_ROLLOUTS}/{{rollout}}"): _SEE,
    ("GET", f"{_ROLLOUTS}/{{rollout}}/changes"): _SEE,
    ("POST", f"{_ROLLOUTS}/{{rollout}}/start"): _EDIT_GATES,
    ("POST", f"{_ROLLOUTS}/{{rollout}}/stop"): _EDIT_GATES,
    ("POST", f"{_ROLLOUTS}/{{rollout}}/undo"): _EDIT_GATES,
}
