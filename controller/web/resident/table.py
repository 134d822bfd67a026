"""Say who may use which of residents' pages."""

from collections.abc import Mapping

from controller.web.route_rules import Rule

__all__ = ["RESIDENT_PAGES"]

RESIDENT_PAGES: Mapping[tuple[str, str], Rule] = {}
