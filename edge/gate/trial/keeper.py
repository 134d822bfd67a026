"""Hold the trial of a configuration: what to go back to, how it fares, and the way back.

How it is driven: `begin_boot` once at start; `plan` for each new configuration where the documents
are worked on, `take` when it is in force; `watch` for every step's effects; `tick` every second.
`chosen` says which configuration is in force. A gate that starts three times during one trial has
failed it, so a configuration that ends the daemon ends too.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from msgspec import structs

from edge.domain.effects import Effect, Record
from edge.domain.knowledge import Documents
from edge.domain.model import Moment
from edge.domain.trial import FAULT, OK, Tally, Trial, judge, note
from edge.domain.trial_kept import Kept, Shelf
from mqtt.contract.documents import Held
from mqtt.contract.events import EventKind, Outcome
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.rollout import Stage, TrialVerdict, rollout_of
from mqtt.contract.topics import DocumentName

__all__ = ["MOST_BOOTS", "REPORT_EVERY_MS", "SETTLE_MS", "Found", "TrialKeeper"]

MOST_BOOTS = 3
REPORT_EVERY_MS = 5_000
SETTLE_MS = 3_000
"""A fault counts when it has stood this long; a lock that did not follow counts at once."""
_BOOTS = "boots"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """What a tick found, to be reported; `is_news` when the gate has just gone back."""

    version: int
    bundle: str
    verdict: TrialVerdict
    checks: Mapping[str, str]
    failed: str
    elapsed_ms: int
    during: Tally
    is_news: bool = False


class TrialKeeper:
    """See the module text. Everything but `plan` runs on the loop."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        self._shelf = shelf
        self._kept: Kept | None = None
        self._trial: Trial | None = None
        self._tally = Tally()
        self._jammed: frozenset[str] = frozenset()
        self._reported_ms = 0
        self._last: Found | None = None
        self._broken: frozenset[str] = frozenset()
        self._since: dict[str, int] = {}

    @property
    def is_back(self) -> bool:
        """Tell whether the gate went back and runs the configuration before the newest."""
        return self._kept is not None and bool(self._kept.failed)

    def begin_boot(self) -> None:
        """Take up what was kept; one start too many during a trial ends it."""
        kept = None if self._shelf is None else self._shelf.load()
        if kept is not None and not kept.failed:
            boots = kept.boots + 1
            kept = structs.replace(kept, boots=boots, failed=_BOOTS if boots >= MOST_BOOTS else "")
            self._save(kept)
        self._kept = kept

    def chosen(self, documents: Documents) -> Documents:
        """Return the documents with the configuration that is in force."""
        kept, newest = self._kept, documents.get(DocumentName.CONFIG)
        if kept is None or not kept.failed or newest is None or not self._is_of(kept, newest):
            return documents
        return {**documents, DocumentName.CONFIG: kept.back}

    def plan(self, before: Held, after: Held) -> Kept | None:
        """Return what a new configuration makes of the trial, kept durably first.

        `before` is what was in force. A trial of the very first configuration has no way back.
        """
        kept, record = self._kept, rollout_of(after)
        if record is None or record.stage is not Stage.TRIAL or not before.version:
            kept = None
        elif kept is not None and kept.bundle == record.bundle:
            kept = structs.replace(kept, version=after.version, window_ms=record.window_ms)
        else:
            before = before if kept is None or kept.failed else kept.back
            kept = Kept(
                record.bundle,
                after.version,
                record.window_ms,
                "",
                0,
                before.version,
                before.digest,
                dict(before.records),
            )
        self._save(kept)
        return kept

    def take(self, kept: Kept | None) -> None:
        """Put into force what `plan` made."""
        is_same = kept is not None and self._kept is not None and kept.bundle == self._kept.bundle
        self._kept = kept
        if not is_same:
            self._trial, self._last, self._jammed = None, None, frozenset()

    def watch(self, effects: Iterable[Effect]) -> None:
        """Count decisions, and note locks that did not follow."""
        for effect in effects:
            if not isinstance(effect, Record):
                continue
            if effect.kind is EventKind.DECISION:
                is_refusal = effect.outcome is Outcome.DENIED
                self._tally = Tally(self._tally.decided + 1, self._tally.refused + is_refusal)
            elif effect.kind is EventKind.DOOR and effect.reason is ReasonCode.LOCK_FAULT:
                said = effect.personal.note if effect.personal is not None else ""
                self._jammed |= {f"lock:{effect.access_point or said}"}

    def tick(self, checks: Mapping[str, str], now: Moment) -> Found | None:
        """Judge the trial; return what is to be reported now, None for nothing."""
        kept = self._kept
        if kept is None:
            self._broken = frozenset(name for name, state in checks.items() if state == FAULT)
            return None
        if kept.failed:
            return self._again(self._last or self._found_back(kept), now)
        checks = self._settled(checks, now)
        trial = self._trial or self._begin(kept, now)
        self._trial = trial = note(trial, checks)
        verdict, shown, failed = judge(trial, checks, self._tally, now.mono_ms)
        elapsed_ms = now.mono_ms - trial.began_mono_ms
        during = self._tally.less(trial.began)
        found = Found(kept.version, kept.bundle, verdict, shown, failed, elapsed_ms, during)
        if not failed:
            return self._again(found, now)
        self._save(structs.replace(kept, failed=failed))
        self._kept = structs.replace(kept, failed=failed)
        self._last, self._reported_ms = found, now.mono_ms
        return replace(found, is_news=True)

    def _begin(self, kept: Kept, now: Moment) -> Trial:
        self._reported_ms = 0
        return Trial(now.mono_ms, kept.window_ms, self._tally, self._broken)

    def _settled(self, checks: Mapping[str, str], now: Moment) -> dict[str, str]:
        """Leave out faults that stand for a moment only, as during a start; add jammed locks."""
        faults = {name for name, state in checks.items() if state == FAULT}
        self._since = {name: self._since.get(name, now.mono_ms) for name in faults}
        young = {name for name, at in self._since.items() if now.mono_ms - at < SETTLE_MS}
        settled = {name: OK if name in young else state for name, state in checks.items()}
        return settled | dict.fromkeys(self._jammed & checks.keys(), FAULT)

    def _again(self, found: Found, now: Moment) -> Found | None:
        changed = self._last is None or self._last.verdict is not found.verdict
        if not changed and now.mono_ms - self._reported_ms < REPORT_EVERY_MS:
            return None
        self._last, self._reported_ms = found, now.mono_ms
        return found

    def _found_back(self, kept: Kept) -> Found:
        failed = TrialVerdict.FAILED
        checks = {kept.failed: FAULT}
        return Found(kept.version, kept.bundle, failed, checks, kept.failed, 0, Tally())

    @staticmethod
    def _is_of(kept: Kept, newest: Held) -> bool:
        record = rollout_of(newest)
        return record is not None and record.stage is Stage.TRIAL and record.bundle == kept.bundle

    def _save(self, kept: Kept | None) -> None:
        try:
            if self._shelf is not None:
                self._shelf.save(kept)
        except OSError:
            # The way back is still in memory; only a restart would take the newest document.
            _log.error("trial_not_kept")
