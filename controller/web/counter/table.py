"""Say who may use which of the counter's pages."""

from collections.abc import Mapping

from controller.domain.roles import Act
from controller.web.route_rules import Rule

__all__ = ["COUNTER_PAGES"]

_PEOPLE = Rule(Act.EDIT_HOLDERS)
_ISSUE = Rule(Act.ISSUE_CREDENTIAL)

COUNTER_PAGES: Mapping[tuple[str, str], Rule] = {
    ("GET", "/desk"): _PEOPLE,
    ("GET", "/desk/move-in"): _PEOPLE,
    ("POST", "/desk/move-in"): _PEOPLE,
    ("GET", "/desk/move-out"): _PEOPLE,
    ("POST", "/desk/move-out"): _PEOPLE,
    ("GET", "/desk/receipts"): _PEOPLE,
    ("GET", "/desk/receipts/stream"): _PEOPLE,
    ("GET", "/desk/stamp/{resident}"): _ISSUE,
    ("GET", "/desk/stamp/{resident}/stream"): _ISSUE,
    ("POST", "/desk/stamp/{resident}"): _ISSUE,
    ("GET", "/desk/batches"): _ISSUE,
    ("POST", "/desk/batches"): _ISSUE,
    ("GET", "/desk/sheets"): _PEOPLE,
    ("GET", "/desk/sheets/sign/{point}"): _PEOPLE,
    ("GET", "/desk/sheets/forms/{form}"): _PEOPLE,
}
