"""Say who may print which sheet: names of staff are for the manager alone."""

from collections.abc import Mapping

from controller.domain.roles import Act
from controller.web.route_rules import Rule

__all__ = ["SHEET_PAGES"]

SHEET_PAGES: Mapping[tuple[str, str], Rule] = {
    ("GET", "/sheets"): Rule(Act.SEE_COMPLIANCE),
    ("GET", "/sheets/owners"): Rule(Act.SEE_COMPLIANCE),
    ("GET", "/sheets/pipia"): Rule(Act.SEE_COMPLIANCE),
    ("GET", "/sheets/minors"): Rule(Act.SEE_COMPLIANCE),
    ("GET", "/sheets/rights"): Rule(Act.EDIT_STAFF),
}
