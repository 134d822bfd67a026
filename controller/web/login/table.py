"""Say who may use the pages by which staff get in."""

from collections.abc import Mapping

from controller.web.route_rules import ANYBODY, STAFF, Rule

__all__ = ["LOGIN_PAGES"]

LOGIN_PAGES: Mapping[tuple[str, str], Rule] = {
    ("GET", "/invited/{code}"): ANYBODY,
    ("POST", "/invited/{code}"): ANYBODY,
    ("POST", "/invited/{code}/passkey/options"): ANYBODY,
    ("POST", "/invited/{code}/passkey"): ANYBODY,
    ("POST", "/sign-in/passkey/options"): ANYBODY,
    ("POST", "/sign-in/passkey"): ANYBODY,
    ("GET", "/account"): STAFF,
    ("POST", "/account/codes"): STAFF,
    ("POST", "/account/passkeys/options"): STAFF,
    ("POST", "/account/passkeys"): STAFF,
    ("POST", "/account/passkeys/end"): STAFF,
}
