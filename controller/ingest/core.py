"""Take messages in: verify, store in one transaction, and only then say what may be acknowledged.

`take` returns after its commit. Whoever drives it publishes the acknowledgements and then tells
the broker that the messages are done; a crash in between costs nothing, because the gate sends
again and everything here may be done twice. The deterministic simulator drives this same class.
"""

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, SQLAlchemyError

from controller.domain.moment import Moment
from controller.ingest.books import Books, read_keys
from controller.ingest.greeting import acknowledge, greetings
from controller.ingest.intake import (
    BatchArrival,
    GateKey,
    PresenceArrival,
    StateArrival,
    Trouble,
    read,
)
from controller.ingest.journal import Group, Journal
from controller.ingest.read_ahead import Verified
from controller.services.keys import signer_for
from controller.services.ports import Publication
from controller.services.site import Site
from controller.storage.engine import WRITES
from controller.storage.unit_of_work import UnitOfWork, translate
from mqtt.client.port import Message
from mqtt.contract.envelope import Signer
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyScope

__all__ = ["GAP_AFTER_MS", "KEYS_FOR_MS", "IngestCore", "Taken"]

KEYS_FOR_MS = 2_000
"""How long gates' keys are believed without a look at the database: a stolen gate is out in 5 s."""

GAP_AFTER_MS = 60_000
"""How long events may be missing before that is an alarm: gates send again within this time."""

_SIGNER_FOR_MS = 60_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """What one transaction did; `acks` are to be published now, it is committed."""

    acks: tuple[Publication, ...] = ()
    new_events: int = 0
    alarms: int = 0


class IngestCore:
    """Store what gates send; takes the engine of a current database and the site.

    One thread drives it; another may call `prepare`. It keeps no state that a restart would miss.
    """

    def __init__(self, engine: Engine, site: Site) -> None:
        self._engine = engine
        self._site = site
        self._verified = Verified(site.name)
        self._keys: dict[str, GateKey] = {}
        self._keys_until_ms = -1
        self._signer: Signer | None = None
        self._signer_until_ms = -1
        self._holes: dict[tuple[str, int, int], int] = {}

    def prepare(self, messages: Sequence[Message], moment: Moment) -> None:
        """Verify what `take` gets next, in another thread; without a database `take` does it."""
        with suppress(SQLAlchemyError):
            self._refresh(moment)
        self._verified.add(messages, self._keys)

    def take(self, messages: Sequence[Message], moment: Moment) -> Taken:
        """Verify and store messages in one transaction; return what may be told to the gates.

        Raises StorageError if nothing could be stored: then the same messages are taken again.
        Raises RefusedError if one of them holds what the database cannot: then nothing is stored,
        and each is taken by itself, the bad one with `refuse`.
        """
        try:
            self._refresh(moment)
            group = self._read(messages)
            if group.is_empty:
                return Taken()
            signer = self._ack_signer(moment)
            with self._engine.execution_options(**{WRITES: True}).begin() as connection:
                entered = Journal(connection, self._site.name, moment).enter(group)
                silent = entered.unheard - {ledger.gate for ledger in entered.ledgers}
                greeted = self._greetings(connection, signer, silent)
        except DataError as error:
            raise RefusedError(ReasonCode.MALFORMED, rule="storable") from error
        except SQLAlchemyError as error:
            self._keys_until_ms = -1
            raise translate(error) from error
        acks = tuple(
            acknowledge(
                self._site.name, each.gate, each.held, signer, announce=each.gate in entered.unheard
            )
            for each in entered.ledgers
        )
        return Taken((*acks, *greeted), entered.new_events, entered.alarms)

    def _greetings(
        self, connection: Connection, signer: Signer, gates: frozenset[str]
    ) -> tuple[Publication, ...]:
        if not gates:
            return ()
        return greetings(connection, self._site.name, signer, gates)

    def greet(self, moment: Moment) -> tuple[Publication, ...]:
        """Return what asks every known gate to announce itself. Raises StorageError."""
        try:
            with self._engine.connect() as connection:
                return greetings(connection, self._site.name, self._ack_signer(moment))
        except SQLAlchemyError as error:
            raise translate(error) from error

    def refuse(self, message: Message, moment: Moment) -> None:
        """Leave out a message that `take` refused by itself, with an alarm. Raises StorageError."""
        arrival = read(message, self._site.name, self._keys)
        gate = "" if arrival is None else arrival.gate
        self._raise([Trouble(gate, ReasonCode.MALFORMED, "storable")], moment)

    def watch(self, moment: Moment) -> int:
        """Raise an alarm for every hole that lasts; return how many. Call it every few seconds."""
        try:
            with self._engine.connect() as connection:
                holes = Books(connection).holes()
        except SQLAlchemyError as error:
            raise translate(error) from error
        self._holes = {hole: self._holes.get(hole, moment.mono_ms) for hole in holes}
        lasting = [
            Trouble(gate, ReasonCode.GAP, "missing", epoch, seq)
            for (gate, epoch, seq), since_ms in self._holes.items()
            if moment.mono_ms - since_ms >= GAP_AFTER_MS
        ]
        return self._raise(lasting, moment) if lasting else 0

    def _raise(self, troubles: list[Trouble], moment: Moment) -> int:
        try:
            with self._engine.execution_options(**{WRITES: True}).begin() as connection:
                return Books(connection).raise_alarms(troubles, moment.utc_ms)
        except SQLAlchemyError as error:
            raise translate(error) from error

    def _refresh(self, moment: Moment) -> None:
        if moment.mono_ms < self._keys_until_ms:
            return
        with self._engine.connect() as connection:
            self._keys = read_keys(connection)
        self._keys_until_ms = moment.mono_ms + KEYS_FOR_MS

    def _ack_signer(self, moment: Moment) -> Signer:
        if self._signer is None or moment.mono_ms >= self._signer_until_ms:
            with UnitOfWork(self._engine, writes=False) as uow:
                self._signer = signer_for(uow, self._site, KeyScope.ACK, moment)
            self._signer_until_ms = moment.mono_ms + _SIGNER_FOR_MS
        return self._signer

    def _read(self, messages: Iterable[Message]) -> Group:
        group = Group()
        for message in messages:
            arrival = self._verified.arrival(message, self._keys)
            match arrival:
                case BatchArrival():
                    group.batches.append(arrival)
                case PresenceArrival() | StateArrival():
                    group.others.append(arrival)
                case Trouble(gate, reason):
                    _log.warning("message_refused", extra={"gate": gate, "reason": reason.value})
                    group.troubles.append(arrival)
                case None:
                    pass
        return group
