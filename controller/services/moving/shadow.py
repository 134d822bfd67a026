"""List what gates in shadow would have refused, to be put right before they are cut over."""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select

from controller.storage.models import EventRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.errors import ContractError
from mqtt.contract.events import AdapterKind, EventKind, Outcome, Personal

__all__ = ["ShadowReport", "WouldRefuse", "shadow_report"]


@dataclass(frozen=True, slots=True)
class WouldRefuse:
    """One fob or pass that a gate would have refused, how often, and when last (UTC s).

    `what` is bits and number of an unknown card (`32:0045b212`), empty for a known credential,
    whose holder is then given.
    """

    access_point: str
    method: str
    reason: str
    what: str
    holder: bytes
    times: int
    last_at_s: int

    def __repr__(self) -> str:
        return f"WouldRefuse({self.reason} x {self.times})"


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """What one gate judged in shadow; `simulated` of the judged attempts were no real ones."""

    judged: int
    would_open: int
    simulated: int
    refused: tuple[WouldRefuse, ...]

    @property
    def is_ready(self) -> bool:
        """Tell whether the gate judged something real and would have refused nobody."""
        return self.judged > self.simulated and not self.refused


def shadow_report(uow: UnitOfWork, gate: str, since_ms: int) -> ShadowReport:
    """Return what a gate would have done since then, the most frequent refusals first."""
    rows = uow.session.execute(
        select(
            EventRow.access_point,
            EventRow.method,
            EventRow.reason,
            EventRow.outcome,
            EventRow.adapter_kind,
            EventRow.at_s,
            EventRow.personal,
        ).where(
            EventRow.gate == gate,
            EventRow.kind == EventKind.SHADOW.value,
            EventRow.at_s >= since_ms // 1000,
        )
    )
    judged = would_open = simulated = 0
    seen: dict[tuple[str, str, str, str, bytes], list[int]] = defaultdict(list)
    for point, method, reason, outcome, kind, at_s, raw in rows:
        judged += 1
        simulated += kind != AdapterKind.REAL.value
        if outcome == Outcome.GRANTED.value:
            would_open += 1
            continue
        what, holder = _who(raw or b"")
        seen[point, method, reason, what, holder].append(at_s)
    refused = [WouldRefuse(*key, len(times), max(times)) for key, times in seen.items()]
    refused.sort(key=lambda each: (-each.times, -each.last_at_s))
    return ShadowReport(judged, would_open, simulated, tuple(refused))


def _who(raw: bytes) -> tuple[str, bytes]:
    try:
        person = codec.decode(raw, Personal)
    except ContractError:
        return "", b""
    return ("" if person.credential else person.note.partition(" ")[0]), person.holder
