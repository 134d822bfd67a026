"""Say who may use which of the guards' pages and the desk."""

from collections.abc import Mapping

from controller.web.route_rules import Rule

__all__ = ["GUARD_PAGES"]

GUARD_PAGES: Mapping[tuple[str, str], Rule] = {}
