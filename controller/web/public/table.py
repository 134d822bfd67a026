"""Say who may use which of pages that anybody may read."""

from collections.abc import Mapping

from controller.web.route_rules import ANYBODY, Rule

__all__ = ["PUBLIC_PAGES"]

PUBLIC_PAGES: Mapping[tuple[str, str], Rule] = {
    ("GET", "/here"): ANYBODY,
    ("GET", "/here/rules"): ANYBODY,
    ("GET", "/here/notice"): ANYBODY,
    ("GET", "/here/notice/{version}"): ANYBODY,
    ("GET", "/here/complain"): ANYBODY,
    ("POST", "/here/complain"): ANYBODY,
}
