"""Say who may use which of residents' pages."""

from collections.abc import Mapping

from controller.web.route_rules import ANYBODY, RESIDENT, Rule

__all__ = ["RESIDENT_PAGES"]

RESIDENT_PAGES: Mapping[tuple[str, str], Rule] = {
    ("GET", "/first"): ANYBODY,
    ("POST", "/first"): ANYBODY,
    ("GET", "/first/{code}"): ANYBODY,
    ("GET", "/first-fob"): ANYBODY,
    ("POST", "/first-fob"): ANYBODY,
    ("GET", "/first-fob/taps"): ANYBODY,
    ("POST", "/first-fob/taps"): ANYBODY,
    ("GET", "/me"): RESIDENT,
    ("GET", "/me/pass"): RESIDENT,
    ("GET", "/me/pass/windows"): RESIDENT,
    ("GET", "/me/paper"): RESIDENT,
    ("POST", "/me/paper"): RESIDENT,
    ("GET", "/me/papers/{credential}"): RESIDENT,
    ("GET", "/me/fob"): RESIDENT,
    ("POST", "/me/fob/{credential}/lost"): RESIDENT,
    ("GET", "/me/guests"): RESIDENT,
    ("GET", "/me/guests/new/{kind}"): RESIDENT,
    ("POST", "/me/guests/new/{kind}"): RESIDENT,
    ("GET", "/me/guests/{credential}"): RESIDENT,
    ("POST", "/me/guests/{credential}/end"): RESIDENT,
    ("GET", "/me/face"): RESIDENT,
    ("GET", "/me/face/agree"): RESIDENT,
    ("POST", "/me/face/agree"): RESIDENT,
    ("POST", "/me/face/no"): RESIDENT,
    ("POST", "/me/face/off"): RESIDENT,
    ("GET", "/me/face/receipt"): RESIDENT,
    ("GET", "/me/face/receipt/stream"): RESIDENT,
    ("GET", "/me/children"): RESIDENT,
    ("POST", "/me/children/{child}/agree"): RESIDENT,
    ("POST", "/me/children/{child}/face-off"): RESIDENT,
    ("GET", "/me/records"): RESIDENT,
    ("POST", "/me/records/{event}/not-me"): RESIDENT,
    ("GET", "/me/data"): RESIDENT,
    ("POST", "/me/data"): RESIDENT,
    ("GET", "/me/data/copy"): RESIDENT,
    ("POST", "/me/devices/end"): RESIDENT,
    ("POST", "/me/sign-out"): RESIDENT,
    ("GET", "/me/complain"): RESIDENT,
    ("POST", "/me/complain"): RESIDENT,
    ("GET", "/me/call"): RESIDENT,
    ("POST", "/me/call"): RESIDENT,
    ("GET", "/me/call/stream"): RESIDENT,
}
