"""Enter a group of verified messages into the database, all of it in the caller's transaction."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection

from controller.domain.moment import Moment
from controller.ingest.alarming import troubles_in
from controller.ingest.books import Books
from controller.ingest.event_rows import Value, insert_events, rows_of
from controller.ingest.heads import save_head
from controller.ingest.intake import BatchArrival, PresenceArrival, StateArrival, Trouble
from controller.ingest.ledger import Ledger
from controller.ingest.presence import Unheard, Values, adopted, hear, hear_state
from mqtt.contract.events import Batch, EventKind
from mqtt.contract.ids import SiteId
from mqtt.contract.reasons import ReasonCode

__all__ = ["Entered", "Group", "Journal"]


@dataclass(slots=True)
class Group:
    """What one transaction takes in."""

    batches: list[BatchArrival] = field(default_factory=list)
    others: list[PresenceArrival | StateArrival] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to do."""
        return not (self.batches or self.others or self.troubles)


@dataclass(frozen=True, slots=True)
class Entered:
    """What was entered.

    The ledgers say how far each log is held now; `unheard` are gates whose birth was missed.
    """

    ledgers: tuple[Ledger, ...]
    unheard: frozenset[str]
    new_events: int
    alarms: int


class Journal:
    """Enters one group; takes the open transaction."""

    def __init__(self, connection: Connection, site: SiteId, moment: Moment) -> None:
        self._connection = connection
        self._books = Books(connection)
        self._site = site
        self._moment = moment
        self._troubles: list[Trouble] = []
        self._unheard: set[str] = set()

    def enter(self, group: Group) -> Entered:
        """Store presence, events, how far each log is held, and alarms."""
        books, now_ms = self._books, self._moment.utc_ms
        self._troubles += group.troubles
        books.lock(each.gate for each in (*group.batches, *group.others))
        for arrival in group.others:
            self._hear(arrival)
        wanted = ((each.gate, each.batch.header.epoch) for each in group.batches)
        ledgers = books.ledgers(wanted, now_ms) if group.batches else {}
        rows: list[tuple[Value, ...]] = []
        for each in group.batches:
            rows += self._admit(ledgers[each.gate, each.batch.header.epoch], each.batch)
        senders = {gate for gate, _ in ledgers}
        self._unheard |= senders - books.heard(senders)
        self._extend(ledgers.values())
        insert_events(self._connection, rows)
        alarms = books.raise_alarms(self._troubles, now_ms) if self._troubles else 0
        return Entered(tuple(ledgers.values()), frozenset(self._unheard), len(rows), alarms)

    def _extend(self, ledgers: Iterable[Ledger]) -> None:
        grown = list(ledgers)
        for ledger in grown:
            ledger.extend(self._books.beyond(ledger.gate, ledger.epoch))
        self._books.save_ledgers(grown, self._moment.utc_ms)

    def _hear(self, arrival: PresenceArrival | StateArrival) -> None:
        row = self._books.presence(arrival.gate)
        said: Values | Trouble | Unheard | None
        if isinstance(arrival, StateArrival):
            said = hear_state(arrival, row)
        else:
            said = hear(arrival, self._site, row, self._moment)
        match said:
            case Trouble():
                self._troubles.append(said)
            case Unheard(gate):
                self._unheard.add(gate)
            case dict() if "gate" in said:
                self._books.save_presence(said)
            case dict():
                self._books.change_presence(arrival.gate, said)
            case None:
                pass
        if isinstance(arrival, PresenceArrival) and isinstance(said, dict):
            save_head(self._connection, arrival, said, self._moment)

    def _admit(self, ledger: Ledger, batch: Batch) -> list[tuple[Value, ...]]:
        gate, epoch = ledger.gate, ledger.epoch
        first, count = batch.header.first_seq, len(batch.leaves)
        held = {}
        if ledger.may_hold(first):
            held = self._books.hashes(gate, epoch, first, count)
        is_first = ledger.is_new and ledger.stored == 0
        if is_first and self._books.has_older_epoch(gate, epoch):
            self._troubles.append(Trouble(gate, ReasonCode.EPOCH_CHANGED, "", epoch))
        admitted = ledger.admit(first, batch.hashes, held)
        if admitted.fork_seq is not None:
            self._troubles.append(Trouble(gate, ReasonCode.FORK, "", epoch, admitted.fork_seq))
        self._troubles += troubles_in(batch, admitted.offsets)
        self._learn_documents(batch, admitted.offsets)
        return rows_of(batch, admitted.offsets, self._moment.utc_ms)

    def _learn_documents(self, batch: Batch, offsets: tuple[int, ...]) -> None:
        """Note which version of a document is in force at the gate, as its event tells."""
        for at in offsets:
            leaf, person = batch.leaves[at], batch.persons[at]
            if leaf.kind is not EventKind.DOCUMENT or person is None:
                continue
            name, _, number = person.note.partition(" ")
            if leaf.reason is not ReasonCode.ADOPTED or not number.isdecimal():
                continue
            row = self._books.presence(leaf.gate)
            digest = self._books.document_digest(leaf.gate, name, int(number))
            change = adopted(row, name, int(number), digest) if row and digest else None
            if change is not None:
                self._books.change_presence(leaf.gate, change)
