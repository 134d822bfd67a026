"""The simulated controller's desk: publish documents, answer gates, give commands, end credentials.

It drives the same services as the controller's pages do.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from controller.domain.moment import Moment
from controller.services import commands, documents
from controller.services.commands import CommandDraft
from controller.services.document_store import Current, current
from controller.storage.models import CommandRow, CredentialRow, RevocationRow
from controller.storage.unit_of_work import UnitOfWork
from equalgate.simulation.compound import GATES, SITE, Compound, fob_row, gate_signer
from mqtt.client.memory import MemorySession
from mqtt.client.port import Inbound, Message, SessionItem
from mqtt.contract import codec
from mqtt.contract.commands import CommandResult, Operation
from mqtt.contract.documents import Get
from mqtt.contract.envelope import key_id
from mqtt.contract.errors import ContractError, UnavailableError
from mqtt.contract.presence import Birth, PresenceTracker
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import DocumentName, TopicKind, parse

__all__ = ["Desk", "Order"]


@dataclass(frozen=True, slots=True)
class Order:
    """A command as given: the boot that it is for and its deadline in that gate's own clock."""

    gate: str
    access_point: str
    boot_id: bytes
    deadline_mono_ms: int


class Desk:
    """One run of the controller's process for people and documents."""

    def __init__(self, compound: Compound, moment: Callable[[], Moment]) -> None:
        self.session: MemorySession | None = None
        self.refused = 0
        self._compound = compound
        self._moment = moment
        self._trackers = {
            gate: PresenceTracker(SITE, gate, {key_id(key): key})
            for gate in GATES
            if (key := gate_signer(gate).public_key)
        }

    def publish(
        self, topic: str, payload: bytes, qos: int, retain: bool, expiry_s: int | None
    ) -> None:
        """See `Publisher.publish`."""
        if self.session is None:
            raise UnavailableError(ReasonCode.BROKER_UNAVAILABLE)
        self.session.publish(Message(topic, payload, qos, retain, expiry_s))

    def hear(self, item: SessionItem) -> None:
        """Take what the broker brings; what is not genuine changes nothing."""
        if not isinstance(item, Inbound):
            return
        try:
            self._take(item.message)
        except (ContractError, UnavailableError, msgspec.MsgspecError, UnicodeDecodeError):
            self.refused += 1
        if self.session is not None:
            self.session.ack(item)

    def sync(self) -> None:
        """Publish what is new; what the broker does not take now is published by the next call."""
        where = (self._compound.engine, self._compound.site)
        try:
            documents.sync(*where, self, self._moment())
        except UnavailableError:
            return

    def order(self, gate: str, op: Operation, access_point: str) -> Order | None:
        """Give a command; None where the gate or the broker is away."""
        draft = CommandDraft(gate, op, access_point, "delivery")
        with UnitOfWork(self._compound.engine) as uow:
            try:
                id_, message = commands.give(
                    uow,
                    self._compound.site,
                    self._compound.manager,
                    draft,
                    moment=self._moment(),
                )
            except UnavailableError:
                return None
            row = uow.need(CommandRow, id_)
            order = Order(gate, access_point, row.boot_id, row.deadline_mono_ms)
            uow.commit()
        try:
            self.publish(
                message.topic, message.payload, message.qos, message.retain, message.expiry_s
            )
        except UnavailableError:
            return None
        return order

    def revoke(self, credential: bytes) -> None:
        """End a credential in the database."""
        moment = self._moment()
        with UnitOfWork(self._compound.engine) as uow:
            row = uow.need(CredentialRow, credential)
            row.ended_at_ms = moment.utc_ms
            ended = RevocationRow(id=credential, at_ms=moment.utc_ms, until_ms=row.valid_until_ms)
            uow.session.add(ended)
            uow.commit()

    def add_fob(self, number: int) -> None:
        """Issue a fob to resident `number`."""
        with UnitOfWork(self._compound.engine) as uow:
            uow.session.add(fob_row(number, self._moment()))
            uow.commit()

    def wanted(self, gate: str) -> dict[DocumentName, Current]:
        """Return what a gate should hold."""
        with UnitOfWork(self._compound.engine, writes=False) as uow:
            return {document.name: document for document in current(uow, gate)}

    def _is_up_to_date(self, birth: Birth) -> bool:
        """Tell whether a gate holds exactly what it should; then there is nothing to compile."""
        return dict(birth.documents) == {
            name.value: (document.version, document.digest)
            for name, document in self.wanted(birth.gate).items()
        }

    def _take(self, message: Message) -> None:
        topic = parse(message.topic)
        where = (self._compound.engine, self._compound.site, self)
        match topic.kind:
            case TopicKind.BIRTH if topic.gate in self._trackers:
                birth = self._trackers[topic.gate].hear_birth(message.payload)
                if not self._is_up_to_date(birth):
                    documents.heard_birth(*where, birth, self._moment())
            case TopicKind.GET if topic.document is not None:
                get = codec.decode(message.payload, Get)
                documents.answer_get(
                    *where, topic.gate, topic.document, get=get, moment=self._moment()
                )
            case TopicKind.RESPONSE:
                result = msgspec.json.decode(message.payload, type=CommandResult)
                with UnitOfWork(self._compound.engine) as uow:
                    commands.take_result(uow, topic.gate, result, self._moment())
                    uow.commit()
            case _:
                return
