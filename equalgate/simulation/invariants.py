"""Watch gates and controller for broken promises (protocol notes §7.3, I1 to I10).

    I1   every committed event reaches the controller exactly once; nothing counts as acknowledged
         that the controller has not stored
    I2   a command moves a relay at most once, in the boot that it was given to, and never after its
         deadline; a visitor's door moves only for a grant that is on the disk. A disk that answers
         late can hold an order up that came in time, but never for longer than the door would
         stay open: `LATE_BY_DISK_MS`
    I3   fire opens every door within the same step, and keeps it open
    I5   a revoked credential is not accepted by a gate that holds the revocation
    I6   the version of a document never falls, in a boot or on the disk
    I7   the logs at both ends have one root, and a changed message is refused
    I8   a resident's fob and pass open within the time that the disk is waited for, whatever else
         is broken
    I9   memory and queues stay within their bounds
    I10  a visitor's pass opens at one gate at most as often as it has uses

I4 (no face match without lease and intent) and the face half of I8 wait for the face worker: there
is nothing yet that could break them.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.domain.effects import Record
from edge.domain.knowledge import Knowledge
from edge.domain.ports import Commit
from edge.gate.committer import QUEUE_LIMIT
from edge.gate.performer import PATIENCE_S
from equalgate.simulation.desk import Order
from equalgate.simulation.gate_unit import GateUnit
from equalgate.simulation.world import InvariantError
from mqtt.contract.events import EventKind, Outcome
from mqtt.contract.ids import id_to_text
from mqtt.contract.records import PortalRecord
from mqtt.contract.topics import DocumentName

__all__ = ["LATE_BY_DISK_MS", "OPENS_WITHIN_MS", "Invariants"]

OPENS_WITHIN_MS = round(PATIENCE_S * 1000) + 10
"""A way without face opens in this time even where the disk says nothing (promise 6)."""

LATE_BY_DISK_MS = PortalRecord().unlock_ms
"""An order that came in time waits for the disk; after this time its door belongs shut again."""

_MAIN, _VISIT = 0, 1


@dataclass(slots=True)
class _Seen:
    """What was seen of one gate."""

    order: Order | None = None
    is_order_done: bool = False
    visits: int = 0
    main_moves: int = 0
    in_force: Mapping[DocumentName, int] = field(default_factory=dict)
    on_disk: dict[DocumentName, int] = field(default_factory=dict)
    boot_id: bytes = b""


class Invariants:
    """The witness of a run; every finding is an InvariantError."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._revoked: dict[tuple[str, bytes], int] = {}
        self._uses: dict[str, int] = {}
        self._spent: Counter[tuple[str, str]] = Counter()
        self.checked: Counter[str] = Counter()

    # What the run tells

    def ordered(self, order: Order) -> None:
        """Note a command that was given; the run gives the next after its deadline only."""
        seen = self._of(order.gate)
        seen.order, seen.is_order_done = order, False

    def revoked(self, gate: str, credential: bytes, version: int) -> None:
        """Note the version of `revocations` in which a gate is told of an end."""
        self._revoked[gate, credential] = version

    def invited(self, pass_id: bytes, uses: int) -> None:
        """Note a visitor's pass."""
        self._uses[f"pass={id_to_text(pass_id)}"] = uses

    def facts_lost(self, gate: str) -> None:
        """Note that a gate's database is damaged: what was used up there is forgotten with it."""
        for key in [key for key in self._spent if key[0] == gate]:
            del self._spent[key]

    def moves(self, unit: GateUnit) -> int:
        """Return how often the residents' relay was commanded open."""
        return self._of(unit.name).main_moves

    def opened_in_time(self, unit: GateUnit, before: int) -> None:
        """Check that a resident's attempt, made when `moves` was `before`, opened (I8)."""
        self.checked["I8"] += 1
        if self._of(unit.name).main_moves <= before:
            raise InvariantError(f"I8 {unit.name}: a resident's credential did not open")

    # What a gate tells

    def relay_opened(self, unit: GateUnit, portal: str) -> None:
        """See `Witness`."""
        seen, which = self._of(unit.name), unit.portals.index(portal)
        process = unit.process
        if process is None or process.gate.state.fire:
            return
        if which == _MAIN:
            seen.main_moves += 1
        elif which == _VISIT:
            self._visit_opened(unit, seen, portal)
        else:
            self._remote_opened(unit, seen, process.boot_id)

    def _visit_opened(self, unit: GateUnit, seen: _Seen, portal: str) -> None:
        self.checked["I10"] += 1
        seen.visits += 1
        granted, note = unit.grants_on_disk(f"{portal}-in")
        if seen.visits > granted:
            raise InvariantError(f"I2 {unit.name}: {portal} moved before the disk had the use")
        shown = note.partition(" ")[0]
        self._spent[unit.name, shown] += 1
        if self._spent[unit.name, shown] > self._uses[shown]:
            raise InvariantError(f"I10 {unit.name}: a visitor's pass opened too often")

    def _remote_opened(self, unit: GateUnit, seen: _Seen, boot_id: bytes) -> None:
        self.checked["I2"] += 1
        order, now_ms = seen.order, unit.now().mono_ms
        if order is None:
            raise InvariantError(f"I2 {unit.name}: a relay moved without a command")
        if seen.is_order_done:
            raise InvariantError(f"I2 {unit.name}: a relay moved twice for a command")
        if order.boot_id != boot_id:
            raise InvariantError(f"I2 {unit.name}: a relay moved for a command to another boot")
        late_ms = now_ms - order.deadline_mono_ms
        if late_ms > (LATE_BY_DISK_MS if unit.machine.was_slow else 0):
            raise InvariantError(f"I2 {unit.name}: a relay moved {late_ms} ms after the deadline")
        seen.is_order_done = True

    def writing(self, unit: GateUnit, work: Commit) -> None:
        """See `Witness`."""
        process = unit.process
        if process is None:
            return
        version = process.trusted.held(DocumentName.REVOCATIONS).version
        for record in work.records:
            if record.kind is EventKind.DECISION and record.outcome is Outcome.GRANTED:
                self._granted(unit, record, version)

    def _granted(self, unit: GateUnit, record: Record, version: int) -> None:
        credential = b"" if record.personal is None else record.personal.credential
        told = self._revoked.get((unit.name, credential))
        if told is None:
            return
        self.checked["I5"] += 1
        if version >= told:
            raise InvariantError(f"I5 {unit.name}: a revoked credential was accepted")

    def acted(self, unit: GateUnit) -> None:
        """See `Witness`."""
        process = unit.process
        if process is None:
            return
        state, relays = process.gate.state, unit.machine.relays
        if state.fire and process.gate.knowledge.rules.portals:
            self.checked["I3"] += 1
            shut = [portal for portal in unit.portals if not relays.get(portal, False)]
            if shut:
                raise InvariantError(f"I3 {unit.name}: {shut[0]} is shut in a fire")
        if len(process.writer) > QUEUE_LIMIT or len(state.passages) > 64 or len(state.sights) > 64:
            raise InvariantError(f"I9 {unit.name}: a queue is over its bound")
        seen = self._of(unit.name)
        if process.gate.knowledge.versions is not seen.in_force:
            self._learned(unit, seen, process.gate.knowledge, process.boot_id)

    def _learned(self, unit: GateUnit, seen: _Seen, knowledge: Knowledge, boot_id: bytes) -> None:
        before = seen.in_force if boot_id == seen.boot_id else {}
        seen.boot_id, seen.in_force = boot_id, knowledge.versions
        for name, version in before.items():
            self.checked["I6"] += 1
            if knowledge.versions.get(name, 0) < version:
                raise InvariantError(f"I6 {unit.name}: {name.value} fell below {version}")
        for name, held in unit.disk.documents.items():
            if held.version < seen.on_disk.get(name, 0):
                raise InvariantError(f"I6 {unit.name}: {name.value} on disk fell")
            seen.on_disk[name] = held.version

    def _of(self, gate: str) -> _Seen:
        return self._seen.setdefault(gate, _Seen())
