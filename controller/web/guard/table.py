"""Say who may use which of the guards' pages and the desk."""

from collections.abc import Mapping

from controller.domain.roles import Act
from controller.web.route_rules import ANYBODY, RESIDENT, Rule

__all__ = ["GUARD_PAGES"]

_COMMAND = Rule(Act.GIVE_COMMAND)
_LOST = Rule(Act.REPORT_LOST)
_VISITOR = Rule(Act.ISSUE_VISITOR)
_ALARM = Rule(Act.CLEAR_ALARM)
_SLIP = Rule(Act.ISSUE_SLIP)

GUARD_PAGES: Mapping[tuple[str, str], Rule] = {
    ("GET", "/guard/sign-in"): ANYBODY,
    ("POST", "/guard/sign-in"): ANYBODY,
    ("GET", "/guard"): _COMMAND,
    ("GET", "/guard/stream"): _COMMAND,
    ("GET", "/guard/more"): _COMMAND,
    ("GET", "/guard/open/{point}"): _COMMAND,
    ("POST", "/guard/open/{point}"): _COMMAND,
    ("POST", "/guard/reasons/{command}"): _COMMAND,
    ("POST", "/guard/countersign/{command}"): _COMMAND,
    ("POST", "/guard/calls/{call}/answer"): _COMMAND,
    ("GET", "/guard/calls/{call}/flat"): _COMMAND,
    ("POST", "/guard/calls/{call}/flat"): _COMMAND,
    ("GET", "/guard/doors/{point}"): _COMMAND,
    ("POST", "/guard/doors/{point}/{act}"): _COMMAND,
    ("GET", "/guard/gates/{gate}/carry"): _LOST,
    ("GET", "/guard/gates/{gate}/card"): _COMMAND,
    ("GET", "/guard/visitor"): _VISITOR,
    ("POST", "/guard/visitor"): _VISITOR,
    ("GET", "/guard/lost"): _LOST,
    ("POST", "/guard/lost"): _LOST,
    ("GET", "/guard/slips/{credential}"): _SLIP,
    ("GET", "/guard/alarms"): _ALARM,
    ("POST", "/guard/alarms/{alarm}/clear"): _ALARM,
    ("GET", "/me/calls"): RESIDENT,
    ("GET", "/me/calls/stream"): RESIDENT,
    ("POST", "/me/calls/{ring}"): RESIDENT,
}
