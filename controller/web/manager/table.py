"""Say who may use which of the managers' pages."""

from collections.abc import Mapping

from controller.domain.roles import Act
from controller.web.route_rules import Rule

__all__ = ["MANAGER_PAGES"]

_GATES = Rule(Act.EDIT_GATES)
_AREA = "/manager"

MANAGER_PAGES: Mapping[tuple[str, str], Rule] = {
    ("GET", _AREA): _GATES,
    ("GET", f"{_AREA}/more"): _GATES,
}
