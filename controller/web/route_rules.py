"""Say in what terms a table of routes is written: one rule for each route."""

from dataclasses import dataclass

from controller.domain.roles import Act, staff_may
from mqtt.contract.records import Role

__all__ = ["ANYBODY", "RESIDENT", "STAFF", "Rule", "may_use"]


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may use a route: `act` names the right, without one any staff or anybody may.

    A route `for_residents` is for holders signed in on their own device, and for no staff.
    """

    act: Act | None = None
    is_public: bool = False
    for_residents: bool = False


ANYBODY = Rule(is_public=True)
STAFF = Rule()
RESIDENT = Rule(for_residents=True)


def may_use(rule: Rule, role: Role | None) -> bool:
    """Tell whether somebody with this role, or nobody signed in (None), may use a route."""
    if rule.is_public:
        return True
    if role is None or rule.for_residents:
        return False
    return rule.act is None or staff_may(role, rule.act)
