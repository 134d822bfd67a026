"""Known bugs, planted into the product's own classes: the simulator has to find each of them."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from random import Random

import msgspec

from controller.domain.moment import Moment as ControllerMoment
from controller.ingest.core import IngestCore, Taken
from edge.adapters.memory_store import MemoryStore
from edge.domain.effects import Effect, MemoryKind, Unlock
from edge.domain.gate_state import GateState
from edge.domain.inputs import CommandArrived, FireSensed, Input, Tick
from edge.domain.knowledge import Knowledge
from edge.domain.model import Moment
from edge.domain.ports import Commit, Committed
from edge.gate.uplink import Uplink
from mqtt.client.port import Message, PublishResult, PublishTicket
from mqtt.contract import codec, envelope
from mqtt.contract.commands import Command, CommandMessage
from mqtt.contract.events import BatchHeader, BatchMessage
from mqtt.contract.topics import TopicKind

__all__ = [
    "AckBeforeCommit",
    "BurntInMemory",
    "GoneOnPuback",
    "NoDeadline",
    "Step",
    "deaf_to_fire",
    "kept_boot_id",
    "never_revoked",
    "nothing_opens_before_the_disk",
]

Step = Callable[[GateState, Input, Knowledge], tuple[GateState, tuple[Effect, ...]]]


class GoneOnPuback(Uplink):
    """Lets events go when the broker, not the controller, says that it has them."""

    def _publish_batch(self, payload: bytes) -> bool:
        ticket = self._publish(self._mail.message(TopicKind.EVENTS, payload))
        if ticket is not None:
            signed = codec.decode(payload, BatchMessage).signed
            header = codec.decode(envelope.peek(signed).body, BatchHeader)
            upto = header.first_seq + len(header.leaves)
            self._sent_batches()[ticket] = (header.epoch, upto)
        return ticket is not None

    def _on_result(self, result: PublishResult, now: Moment) -> None:
        found = self._sent_batches().pop(result.ticket, None)
        if found is not None and result.accepted:
            self._courier._disk.ask(
                lambda log: log.mark_epoch_acked(*found), lambda _: None, lambda _: None
            )
        super()._on_result(result, now)

    def _sent_batches(self) -> dict[PublishTicket, tuple[int, int]]:
        kept: dict[PublishTicket, tuple[int, int]] = self.__dict__.setdefault("_batches", {})
        return kept


class NoDeadline(Uplink):
    """Believes a command however late it comes."""

    def _on_command(self, message: Message, now: Moment) -> None:
        signed = codec.decode(message.payload, CommandMessage).signed
        command = codec.decode(envelope.peek(signed).body, Command)
        real_emit = self._around.emit

        def emit(item: Input) -> None:
            if isinstance(item, CommandArrived):
                fresh = msgspec.structs.replace(item.command, deadline_mono_ms=now.mono_ms + 1_000)
                item = CommandArrived(now, fresh)
            real_emit(item)

        around = self._around
        self._around = replace(around, emit=emit)
        try:
            super()._on_command(message, replace(now, mono_ms=command.deadline_mono_ms))
        finally:
            self._around = around


class BurntInMemory(MemoryStore):
    """Forgets with the process which commands were carried out."""

    def commit(self, work: Commit) -> Committed:
        kept = [fact for fact in work.memory if fact.kind is not MemoryKind.BURNT]
        return super().commit(replace(work, memory=kept))


def kept_boot_id(rng: Random, former: bytes) -> bytes:
    """Name the machine's boot, not the process's: a restarted daemon takes old commands for its."""
    return former or rng.randbytes(16)


class AckBeforeCommit(IngestCore):
    """Acknowledges what it will commit only with the next group."""

    _late: Sequence[Message] = ()

    def take(self, messages: Sequence[Message], moment: ControllerMoment) -> Taken:
        if self._late:
            late, self._late = self._late, ()
            super().take(late, moment)
        with closing(sqlite3.connect(":memory:")) as saved:
            self._file().backup(saved)
            taken = super().take(messages, moment)
            saved.backup(self._file())
        self._late = messages
        return taken

    def _file(self) -> sqlite3.Connection:
        connection = self._engine.raw_connection().driver_connection
        assert isinstance(connection, sqlite3.Connection)
        return connection


def deaf_to_fire(step: Step) -> Step:
    """Take note of fire and leave the doors as they are."""

    def mutant(
        state: GateState, item: Input, knowledge: Knowledge
    ) -> tuple[GateState, tuple[Effect, ...]]:
        after, effects = step(state, item, knowledge)
        if isinstance(item, FireSensed):
            effects = tuple(effect for effect in effects if not isinstance(effect, Unlock))
        return after, effects

    return mutant


def never_revoked(step: Step) -> Step:
    """Go on with the first lists that a gate got."""
    first: dict[str, Knowledge] = {}

    def mutant(
        state: GateState, item: Input, knowledge: Knowledge
    ) -> tuple[GateState, tuple[Effect, ...]]:
        if knowledge.credentials.records:
            first.setdefault(knowledge.gate, knowledge)
        old = first.get(knowledge.gate, knowledge)
        stale = replace(knowledge, credentials=old.credentials, revoked=old.revoked)
        return step(state, item, stale)

    return mutant


def nothing_opens_before_the_disk(step: Step) -> Step:
    """Let everybody wait for the disk for as long as it takes."""

    def mutant(
        state: GateState, item: Input, knowledge: Knowledge
    ) -> tuple[GateState, tuple[Effect, ...]]:
        after, effects = step(state, item, knowledge)
        waiting = (
            replace(effect, wait_for_disk=True) if isinstance(effect, Unlock) else effect
            for effect in effects
        )
        return after, effects if isinstance(item, Tick) else tuple(waiting)

    return mutant
