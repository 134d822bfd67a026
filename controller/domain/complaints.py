"""Say what complaints are about and by when they are answered.

Hangzhou Property Management Regulations Art. 50(3): within 10 days. Whoever was made to use a face
complains past the people who may have done it: such a complaint is the inspectors' alone (CM-02).
"""

from enum import StrEnum

from controller.domain.moment import DAY_MS
from controller.domain.roles import Actor
from mqtt.contract.records import Role

__all__ = ["ANSWER_MS", "ComplaintTopic", "may_read_complaint"]

ANSWER_MS = 10 * DAY_MS


class ComplaintTopic(StrEnum):
    """What a complaint is about."""

    FORCED = "forced"
    REFUSED = "refused"
    SLOWER = "slower"
    FEE = "fee"
    DATA = "data"
    STAFF = "staff"
    OTHER = "other"


def may_read_complaint(actor: Actor, topic: ComplaintTopic, holder: bytes | None) -> bool:
    """Tell whether somebody may read a complaint: its sender, the desk, the inspector.

    Of the topic `forced` the desk reads nothing, and the inspector everything.
    """
    if actor.role is None:
        return holder is not None and actor.id == holder
    if actor.role is Role.INSPECTOR:
        return True
    return actor.role is Role.MANAGER and topic is not ComplaintTopic.FORCED
