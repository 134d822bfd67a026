"""Say who may use which route: one table, walked by a test with every role.

A route that is not in it cannot be served: `create_app` refuses to start. Nothing is decided
anywhere else about roles, except that services check the act again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.domain.roles import Act, staff_may
from mqtt.contract.records import Role

__all__ = ["ANYBODY", "ROUTES", "STAFF", "Rule", "may_use"]


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may use a route: `act` names the right, without one any staff or anybody may."""

    act: Act | None = None
    is_public: bool = False


ANYBODY = Rule(is_public=True)
STAFF = Rule()

_SEE = Rule(Act.SEE_GATES)
_PEOPLE = Rule(Act.SEE_HOLDERS)
_EDIT = Rule(Act.EDIT_HOLDERS)
_ISSUE = Rule(Act.ISSUE_CREDENTIAL)
_API = "/api/v1"

ROUTES: Mapping[tuple[str, str], Rule] = {
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
}
"""Every route but static files, which hold nothing."""


def may_use(rule: Rule, role: Role | None) -> bool:
    """Tell whether somebody with this role, or nobody signed in (None), may use a route."""
    if rule.is_public:
        return True
    if role is None:
        return False
    return rule.act is None or staff_may(role, rule.act)
