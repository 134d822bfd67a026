"""Say who may use which of pages that anybody may read."""

from collections.abc import Mapping

from controller.web.route_rules import Rule

__all__ = ["PUBLIC_PAGES"]

PUBLIC_PAGES: Mapping[tuple[str, str], Rule] = {}
