"""Tie the gate to its broker: presence, events, documents, commands, redemptions.

Everything is driven from outside with the time as an argument (`on_item`, `on_tick`, and what the
gate tells: `committed`, `tell_gates`, `reply`), so the same class runs in the daemon and in the
simulator. Nothing here can hold up a door: the store and heavy work are asked through ports and
answer later.

What arrives is judged by its signature, never by its topic alone. What is refused is recorded, at
most once a minute for each reason, so that a hostile broker cannot fill the log.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from edge.domain.artefacts import Artefacts
from edge.domain.effects import Reply, TellGates, TellMove
from edge.domain.event_log import LogHead
from edge.domain.inputs import CommandArrived, FeedHeard, Input
from edge.domain.knowledge import Knowledge
from edge.domain.model import ClockTrust, Moment
from edge.gate.courier import Courier
from edge.gate.disk import Bench, Disk
from edge.gate.feed import FeedDesk
from edge.gate.mail import Mail
from edge.gate.observer import Observer
from edge.gate.orders import command_context
from edge.gate.paperwork import Paperwork
from edge.gate.parcels import Sealer, Settled, Verdict
from edge.gate.presence import Appearance, Identity, Presence
from edge.gate.teller import Teller
from edge.gate.trial.keeper import TrialKeeper
from mqtt.client.port import (
    Connected,
    ConnectionUnstable,
    Disconnected,
    Inbound,
    Message,
    PublishResult,
    PublishTicket,
    Session,
    SessionItem,
    SubscriptionRefused,
)
from mqtt.contract.commands import check_command
from mqtt.contract.errors import ContractError, UnavailableError
from mqtt.contract.events import EventKind, open_ack
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyScope
from mqtt.contract.redemption import seal_feed
from mqtt.contract.topics import DocumentName, Topic, TopicKind, parse
from mqtt.contract.trusted import TrustedDocuments

__all__ = ["Surroundings", "Uplink"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the uplink needs of the gate around it; `confirmed` says that lists hold as of now.

    `checks` tells how locks, sensors and readers are, for a configuration on trial.
    """

    emit: Callable[[Input], None]
    learn: Callable[[Knowledge], None]
    confirmed: Callable[[Moment], None]
    knowledge: Callable[[], Knowledge]
    appearance: Callable[[], Appearance]
    checks: Callable[[], Mapping[str, str]] = dict


class Uplink:
    """The gate's side of the wire; see the module text.

    `session` may be set after construction, because a session is made with this object's `on_item`.
    """

    def __init__(
        self,
        identity: Identity,
        trusted: TrustedDocuments,
        disk: Disk,
        bench: Bench,
        around: Surroundings,
        *,
        trial: TrialKeeper | None = None,
        artefacts: Artefacts | None = None,
    ) -> None:
        self.session: Session | None = None
        self._identity = identity
        self._around = around
        self._observer = Observer(around.emit, identity.adapter_kind)
        self._mail = Mail(identity.site, identity.gate)
        sealer = Sealer(identity.site, identity.gate, identity.signer)
        self._courier = Courier(disk, sealer, self._publish_batch, self._judged)
        self._presence = Presence(identity)
        self._feed = FeedDesk(identity.site, identity.gate, identity.boot_counter)
        self._teller = Teller(identity)
        self._paperwork = Paperwork(
            identity,
            parts=(trusted, around.knowledge(), disk, bench),
            learn=around.learn,
            confirmed=around.confirmed,
            observer=self._observer,
            send=self._send,
            trial=trial or TrialKeeper(),
            artefacts=artefacts,
        )
        self._sync = self._paperwork.sync
        self._connection = 0
        self._is_connected = False
        self._feed_tickets: set[PublishTicket] = set()
        self._now = Moment(0, 0, ClockTrust.UNKNOWN)

    @property
    def mail(self) -> Mail:
        """Return the addresses, for the will and the subscriptions of the session."""
        return self._mail

    @property
    def is_connected(self) -> bool:
        """Tell whether the broker is there."""
        return self._is_connected

    @property
    def events_waiting(self) -> int:
        """Return how many events the controller has not signed for yet."""
        return self._courier.waiting

    def on_item(self, item: SessionItem, now: Moment) -> None:
        """Take whatever the session emitted."""
        self._now = now
        match item:
            case Connected():
                self._on_connected(now)
            case Disconnected():
                self._is_connected = False
                self._courier.disconnected()
                self._feed_tickets.clear()
            case Inbound():
                self._on_inbound(item, now)
            case PublishResult():
                self._on_result(item, now)
            case SubscriptionRefused():
                self._observer.observe(
                    EventKind.HEALTH, ReasonCode.NOT_ALLOWED, now, "subscription"
                )
            case ConnectionUnstable():
                self._observer.observe(EventKind.HEALTH, ReasonCode.NAME_TAKEN, now)

    def on_tick(self, now: Moment) -> None:
        """Do what is due; call it about every second."""
        self._now = now
        self._paperwork.tick(self._around.checks(), now)
        if not self._is_connected:
            return
        self._courier.tick(now)
        head = self._courier.head
        if head is not None and self._presence.is_due(now):
            payload = self._presence.heartbeat(head, self._around.appearance(), now)
            self._publish(self._mail.message(TopicKind.HEARTBEAT, payload))
        self._send_feed(now)

    def committed(self, now: Moment) -> None:
        """Take note that there are new events in the log."""
        self._now = now
        self._courier.committed(now)

    def tell_gates(self, effect: TellGates | TellMove, now: Moment) -> None:
        """Tell the other gates that a use of a pass is spent here, or that somebody moved."""
        self._feed.tell(effect, now)
        self._send_feed(now)

    def reply(self, effect: Reply, now: Moment) -> None:
        """Answer a command, if somebody can hear it; the record is the event."""
        self._now = now
        self._publish(self._mail.result(effect.command_id, done=effect.done, reason=effect.reason))

    def _on_connected(self, now: Moment) -> None:
        self._connection += 1
        self._is_connected = True
        self._courier.connected(now)
        self._feed.connected()
        self._publish(self._mail.state(online=True, boot_id=self._identity.boot_id))
        self._announce()
        self._sync.connected(now)
        self._send_feed(now)

    def _announce(self) -> None:
        """Publish the birth as soon as the store has told how the log stands."""
        self._courier.ask_head(partial(self._born, self._connection))

    def _born(self, connection: int, head: LogHead) -> None:
        if not self._is_connected or connection != self._connection:
            return
        payload = self._presence.birth(head, self._sync.versions, self._now)
        self._publish(self._mail.message(TopicKind.BIRTH, payload))
        self._courier.pump(self._now)

    def _on_inbound(self, item: Inbound, now: Moment) -> None:
        try:
            topic = parse(item.message.topic)
            self._route(topic, item.message, now)
        except ContractError as error:
            self._refused(item.message.topic, error, now)
        if self.session is not None and item.message.qos:
            self.session.ack(item)

    def _route(self, topic: Topic, message: Message, now: Moment) -> None:
        match topic:
            case Topic(kind=TopicKind.ACK):
                self._on_ack(message.payload, now)
            case Topic(kind=TopicKind.COMMAND):
                self._on_command(message, now)
            case Topic(kind=TopicKind.WANT, document=DocumentName() as name):
                self._sync.hear_header(name, message.payload, now)
            case Topic(kind=TopicKind.DOCUMENT, document=DocumentName() as name):
                self._sync.hear_chunk(name, message.payload, now)
            case Topic(kind=TopicKind.TELL):
                for payload in self._teller.answer(message.payload, self._sync.held, now):
                    self._publish(self._mail.message(TopicKind.HELD, payload))
            case Topic(kind=TopicKind.REDEEM, gate=gate) if gate != self._identity.gate:
                keys = self._sync.key_records
                for heard in self._feed.hear(message.payload, gate, keys, now):
                    self._around.emit(heard)
            case _:
                raise ContractError(ReasonCode.BAD_TOPIC)

    def _on_command(self, message: Message, now: Moment) -> None:
        keys = self._sync.keys(KeyScope.COMMAND, now)
        context = command_context(self._identity, self._around.knowledge(), keys, now)
        command = check_command(message.payload, context, retained=message.retain)
        self._around.emit(CommandArrived(now, command))

    def _on_ack(self, payload: bytes, now: Moment) -> None:
        keys = self._sync.keys(KeyScope.ACK, now)
        ack = open_ack(payload, self._identity.site, self._identity.gate, keys)
        self._presence.peer_reads(ack.reads)
        if ack.announce and self._presence.may_repeat(now):
            self._announce()
        self._courier.acknowledged(ack, now)

    def _judged(self, result: Settled, now: Moment) -> None:
        match result.verdict:
            case Verdict.FORK:
                note = f"epoch={result.epoch}"
                self._observer.observe(EventKind.HEALTH, ReasonCode.FORK, now, note)
            case Verdict.SET_BACK:
                reason = ReasonCode.EPOCH_CHANGED
                self._observer.observe(EventKind.HEALTH, reason, now, "log set back")
                self._announce()
            case Verdict.TAKEN if result.is_news:
                self._around.confirmed(now)
            case Verdict.TAKEN | Verdict.IGNORED:
                pass

    def _publish_batch(self, payload: bytes) -> bool:
        return self._publish(self._mail.message(TopicKind.EVENTS, payload)) is not None

    def _on_result(self, result: PublishResult, now: Moment) -> None:
        if result.ticket in self._feed_tickets:
            self._feed_tickets.discard(result.ticket)
            if result.accepted:
                self._around.emit(FeedHeard(now, self._identity.gate))
        if not result.accepted:
            self._observer.observe(EventKind.HEALTH, ReasonCode.NOT_ALLOWED, now, "publish")

    def _send_feed(self, now: Moment) -> None:
        feed = self._feed.due(now) if self._is_connected else None
        if feed is None:
            return
        sealed = self._mail.message(TopicKind.REDEEM, seal_feed(feed, self._identity.signer))
        if (ticket := self._publish(sealed)) is not None:
            self._feed.sent(feed, now)
            self._feed_tickets.add(ticket)

    def _send(self, kind: TopicKind, payload: bytes, name: DocumentName | None) -> None:
        self._publish(self._mail.message(kind, payload, name))

    def _publish(self, message: Message) -> PublishTicket | None:
        """Hand a message over, or return None: whoever must not lose it keeps it."""
        if self.session is None or not self._is_connected:
            return None
        try:
            return self.session.publish(message)
        except UnavailableError as error:
            _log.info("publish_refused", extra={"reason": error.code.value})
        return None

    def _refused(self, topic: str, error: ContractError, now: Moment) -> None:
        _log.warning("message_refused", extra={"reason": error.code.value})
        kind = EventKind.COMMAND if topic.endswith(TopicKind.COMMAND.value) else EventKind.HEALTH
        self._observer.observe(kind, error.code, now, "")
