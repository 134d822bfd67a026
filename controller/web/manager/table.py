"""Say who may use which of the managers' pages."""

from collections.abc import Mapping

from controller.web.route_rules import Rule

__all__ = ["MANAGER_PAGES"]

MANAGER_PAGES: Mapping[tuple[str, str], Rule] = {}
