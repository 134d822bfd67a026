"""Take messages in: verify, store in one transaction, and only then say what may be acknowledged.

`take` returns after its commit. Whoever drives it publishes the acknowledgements and then tells
the broker that the messages are done; a crash in between costs nothing, because the gate sends
again and everything here may be done twice. The deterministic simulator drives this same class.
"""

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, SQLAlchemyError

from controller.domain.moment import Moment
from controller.ingest.alarming import troubles_in
from controller.ingest.books import Books, read_keys
from controller.ingest.event_rows import Value, insert_events, rows_of
from controller.ingest.greeting import acknowledge, greetings
from controller.ingest.intake import (
    BatchArrival,
    GateKey,
    PresenceArrival,
    StateArrival,
    Trouble,
    read,
)
from controller.ingest.ledger import Ledger
from controller.ingest.presence import Unheard, adopted, hear, hear_state
from controller.ingest.read_ahead import Verified
from controller.services.keys import signer_for
from controller.services.ports import Publication
from controller.services.site import Site
from controller.storage.engine import WRITES
from controller.storage.unit_of_work import UnitOfWork, translate
from mqtt.client.port import Message
from mqtt.contract.envelope import Signer
from mqtt.contract.errors import RefusedError
from mqtt.contract.events import Batch, EventKind
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


@dataclass(slots=True)
class _Group:
    """What a transaction collects before it writes."""

    batches: list[BatchArrival] = field(default_factory=list)
    others: list[PresenceArrival | StateArrival] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    unheard: set[str] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        return not (self.batches or self.others or self.troubles)


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
            signer = self._ack_signer(moment) if group.batches else None
            with self._engine.execution_options(**{WRITES: True}).begin() as connection:
                ledgers, new_events, alarms = self._store(connection, group, moment)
                asked = group.unheard - {ledger.gate for ledger in ledgers}
                greeted = self._greetings(connection, asked, moment)
        except DataError as error:
            raise RefusedError(ReasonCode.MALFORMED, rule="storable") from error
        except SQLAlchemyError as error:
            self._keys_until_ms = -1
            raise translate(error) from error
        if signer is None:
            return Taken(greeted, new_events, alarms)
        name, unheard = self._site.name, group.unheard
        acks = (
            acknowledge(name, each.gate, each.held, signer, announce=each.gate in unheard)
            for each in ledgers
        )
        return Taken((*acks, *greeted), new_events, alarms)

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

    def _read(self, messages: Iterable[Message]) -> _Group:
        group = _Group()
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

    def _store(
        self, connection: Connection, group: _Group, moment: Moment
    ) -> tuple[list[Ledger], int, int]:
        books = Books(connection)
        troubles = list(group.troubles)
        books.lock(each.gate for each in (*group.batches, *group.others))
        self._hear(books, group.others, troubles, group.unheard, moment)
        wanted = ((each.gate, each.batch.header.epoch) for each in group.batches)
        ledgers = books.ledgers(wanted, moment.utc_ms) if group.batches else {}
        rows: list[tuple[Value, ...]] = []
        for each in group.batches:
            ledger = ledgers[each.gate, each.batch.header.epoch]
            rows += self._admit(books, ledger, each.batch, troubles, moment)
        senders = {gate for gate, _ in ledgers}
        group.unheard.update(senders - books.heard(senders))
        for ledger in ledgers.values():
            ledger.extend(books.beyond(ledger.gate, ledger.epoch))
        insert_events(connection, rows)
        books.save_ledgers(ledgers.values(), moment.utc_ms)
        alarms = books.raise_alarms(troubles, moment.utc_ms) if troubles else 0
        return list(ledgers.values()), len(rows), alarms

    def _hear(
        self,
        books: Books,
        arrivals: Iterable[PresenceArrival | StateArrival],
        troubles: list[Trouble],
        unheard: set[str],
        moment: Moment,
    ) -> None:
        for arrival in arrivals:
            row = books.presence(arrival.gate)
            if isinstance(arrival, StateArrival):
                change = hear_state(arrival, row)
            else:
                said = hear(arrival, self._site.name, row, moment)
                if isinstance(said, Trouble):
                    troubles.append(said)
                    continue
                if isinstance(said, Unheard):
                    unheard.add(said.gate)
                    continue
                change = said
            if change is None:
                continue
            if "gate" in change:
                books.save_presence(change)
            else:
                books.change_presence(arrival.gate, change)

    def _admit(
        self,
        books: Books,
        ledger: Ledger,
        batch: Batch,
        troubles: list[Trouble],
        moment: Moment,
    ) -> list[tuple[Value, ...]]:
        first, count = batch.header.first_seq, len(batch.leaves)
        held = {}
        if ledger.may_hold(first):
            held = books.hashes(ledger.gate, ledger.epoch, first, count)
        if (
            ledger.is_new
            and ledger.stored == 0
            and books.has_older_epoch(ledger.gate, ledger.epoch)
        ):
            troubles.append(Trouble(ledger.gate, ReasonCode.EPOCH_CHANGED, "", ledger.epoch))
        admitted = ledger.admit(first, batch.hashes, held)
        if admitted.fork_seq is not None:
            fork = Trouble(ledger.gate, ReasonCode.FORK, "", ledger.epoch, admitted.fork_seq)
            troubles.append(fork)
        troubles += troubles_in(batch, admitted.offsets)
        self._learn_documents(books, batch, admitted.offsets)
        return rows_of(batch, admitted.offsets, moment.utc_ms)

    @staticmethod
    def _learn_documents(books: Books, batch: Batch, offsets: tuple[int, ...]) -> None:
        """Note which version of a document is in force at the gate, as its event tells."""
        for at in offsets:
            leaf, person = batch.leaves[at], batch.persons[at]
            if leaf.kind is not EventKind.DOCUMENT or person is None:
                continue
            name, _, number = person.note.partition(" ")
            if leaf.reason is not ReasonCode.ADOPTED or not number.isdecimal():
                continue
            row = books.presence(leaf.gate)
            digest = books.document_digest(leaf.gate, name, int(number))
            change = adopted(row, name, int(number), digest) if row and digest else None
            if change is not None:
                books.change_presence(leaf.gate, change)

    def _greetings(
        self, connection: Connection, unheard: set[str], moment: Moment
    ) -> tuple[Publication, ...]:
        if not unheard:
            return ()
        return greetings(connection, self._site.name, self._ack_signer(moment), unheard)
