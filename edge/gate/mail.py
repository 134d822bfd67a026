"""Make the messages that a gate sends: topic, quality of service, life, retention of each."""

from dataclasses import dataclass

import msgspec

from mqtt.client.port import Message
from mqtt.contract.commands import CommandResult
from mqtt.contract.delivery import DELIVERY
from mqtt.contract.ids import GateId, SiteId, id_to_text
from mqtt.contract.presence import GateState
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import DocumentName, TopicKind, build, down_filter, redeem_filter

__all__ = ["WILL_DELAY_S", "Mail"]

WILL_DELAY_S = 30
"""A gate that comes back within this time was never shown as gone."""


@dataclass(frozen=True, slots=True)
class Mail:
    """Addresses messages of one gate."""

    site: SiteId
    gate: GateId

    def message(
        self,
        kind: TopicKind,
        payload: bytes,
        document: DocumentName | None = None,
        correlation: bytes | None = None,
    ) -> Message:
        """Return a message of `kind` as the contract says that it travels."""
        how = DELIVERY[kind]
        return Message(
            topic=build(self.site, self.gate, kind, document),
            payload=payload,
            qos=how.qos,
            retain=how.retain,
            expiry_s=how.expiry_s,
            correlation=correlation,
        )

    def state(self, *, online: bool, boot_id: bytes) -> Message:
        """Return the retained state; with `online` False it is the will."""
        state = GateState(online, id_to_text(boot_id))
        return self.message(TopicKind.STATE, msgspec.json.encode(state))

    def result(self, command_id: bytes, *, done: bool, reason: ReasonCode) -> Message:
        """Return the answer to a command."""
        answer = CommandResult(id_to_text(command_id), done, reason)
        payload = msgspec.json.encode(answer)
        return self.message(TopicKind.RESPONSE, payload, correlation=command_id)

    def subscriptions(self) -> tuple[tuple[str, int], ...]:
        """Return the filters of a gate with their quality of service."""
        return ((down_filter(self.site, self.gate), 1), (redeem_filter(self.site), 1))
