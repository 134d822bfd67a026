"""Say who may do what. A table, so that a test can walk every role against every act."""

from dataclasses import dataclass
from enum import StrEnum

from mqtt.contract.records import Role

__all__ = ["Act", "Actor", "may_see", "staff_may"]


class Act(StrEnum):
    """What staff do through the controller. Nothing here slows, prices or schedules one way in."""

    SEE_GATES = "see_gates"
    SEE_EVIDENCE = "see_evidence"
    SEE_HOLDERS = "see_holders"
    SEE_MOVEMENTS = "see_movements"
    EDIT_HOLDERS = "edit_holders"
    ISSUE_CREDENTIAL = "issue_credential"
    ISSUE_SLIP = "issue_slip"
    ISSUE_VISITOR = "issue_visitor"
    REPORT_LOST = "report_lost"
    END_CREDENTIAL = "end_credential"
    EDIT_ACCESS = "edit_access"
    EDIT_GATES = "edit_gates"
    EDIT_STAFF = "edit_staff"
    ROTATE_KEYS = "rotate_keys"
    GIVE_COMMAND = "give_command"
    CLEAR_ALARM = "clear_alarm"
    EDIT_FACE = "edit_face"
    SEE_FACE = "see_face"
    PREPARE_CONSENT = "prepare_consent"
    STOP_FACE = "stop_face"
    ATTEST = "attest"
    SEE_COMPLIANCE = "see_compliance"
    EDIT_COMPLIANCE = "edit_compliance"
    HANDLE_ORDER = "handle_order"
    KEEP_SYSTEM = "keep_system"
    INSPECT = "inspect"


_GUARD = frozenset(
    {
        Act.SEE_GATES,
        Act.ISSUE_SLIP,
        Act.ISSUE_VISITOR,
        Act.REPORT_LOST,
        Act.GIVE_COMMAND,
        Act.CLEAR_ALARM,
        Act.STOP_FACE,
    }
)
_TABLE = {
    Role.GUARD: _GUARD,
    Role.MANAGER: frozenset(Act) - {Act.SEE_EVIDENCE, Act.INSPECT},
    Role.INSPECTOR: frozenset(
        {
            Act.SEE_GATES,
            Act.SEE_EVIDENCE,
            Act.SEE_FACE,
            Act.ATTEST,
            Act.SEE_COMPLIANCE,
            Act.INSPECT,
        }
    ),
    Role.INSTALLER: frozenset({Act.SEE_GATES, Act.EDIT_GATES, Act.GIVE_COMMAND}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts: staff with a role, or a holder (role None)."""

    id: bytes
    role: Role | None = None


def staff_may(role: Role, act: Act) -> bool:
    """Tell whether a role may do an act."""
    return act in _TABLE[role]


def may_see(actor: Actor, subject: bytes, guardians: frozenset[bytes]) -> bool:
    """Tell whether `actor` may see somebody's access.

    Staff by role, everybody their own, guardians their child's; `guardians` is empty for an adult,
    so that no adult sees another adult's (PIPL Art. 44).
    """
    if actor.role is not None:
        return staff_may(actor.role, Act.SEE_HOLDERS)
    return actor.id == subject or actor.id in guardians
