"""Count what could not be written; one signed record tells it when the disk answers (promise 6)."""

from dataclasses import dataclass, field

from edge.domain.effects import MemoryKind, Record, Remember
from edge.domain.model import Moment
from edge.domain.ports import Commit
from mqtt.contract.events import AdapterKind, EventKind, Outcome, Personal
from mqtt.contract.reasons import ReasonCode

__all__ = ["FACTS_LIMIT", "Gap"]

FACTS_LIMIT = 10_000
"""Most facts that wait for the disk; the oldest go first."""


@dataclass(slots=True)
class Gap:
    """The records lost since the disk last answered, and the facts that still have to be stored."""

    count: int = 0
    first: Moment | None = None
    last: Moment | None = None
    policy_version: int = 0
    facts: dict[tuple[MemoryKind, bytes], Remember] = field(default_factory=dict)

    def lose(self, work: Commit) -> None:
        """Count a commit that failed. Its facts are kept: what was used up stays used up."""
        self.count += len(work.records)
        self.first = self.first or work.at
        self.last = work.at
        self.policy_version = work.policy_version
        for fact in work.memory:
            self.facts.pop((fact.kind, fact.key), None)
            self.facts[fact.kind, fact.key] = fact
        while len(self.facts) > FACTS_LIMIT:
            del self.facts[next(iter(self.facts))]

    def due(self, adapter_kind: AdapterKind) -> Commit | None:
        """Return the commit that closes the gap, or None if nothing was lost."""
        if self.first is None or self.last is None:
            return None
        note = f"count={self.count} first_ms={self.first.utc_ms} last_ms={self.last.utc_ms}"
        record = Record(
            kind=EventKind.GAP,
            outcome=Outcome.OBSERVED,
            reason=ReasonCode.GAP,
            adapter_kind=adapter_kind,
            personal=Personal(note=note),
        )
        records = (record,) if self.count else ()
        return Commit(self.last, self.policy_version, records, tuple(self.facts.values()))
