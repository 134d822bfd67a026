"""Say who may use which of inspectors' pages."""

from collections.abc import Mapping

from controller.web.route_rules import Rule

__all__ = ["INSPECTOR_PAGES"]

INSPECTOR_PAGES: Mapping[tuple[str, str], Rule] = {}
