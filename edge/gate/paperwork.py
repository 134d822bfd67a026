"""Connect documents and trials to the wire: ask, record what was adopted, report health."""

import logging
from collections.abc import Callable, Mapping

from edge.domain.artefacts import Artefacts
from edge.domain.inputs import Observed
from edge.domain.knowledge import Knowledge
from edge.domain.model import Moment
from edge.gate.disk import Bench, Disk
from edge.gate.observer import Observer
from edge.gate.presence import Identity
from edge.gate.sync import DocumentSync, SyncEvents
from edge.gate.trial.artefact_desk import ArtefactDesk
from edge.gate.trial.keeper import Found, TrialKeeper
from mqtt.contract.errors import ConfigError, ContractError, EqualGateError
from mqtt.contract.events import EventKind
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.rollout import HealthReport, seal_health
from mqtt.contract.topics import DocumentName, TopicKind
from mqtt.contract.trusted import Accepted, Ask, TrustedDocuments

__all__ = ["Paperwork"]

Send = Callable[[TopicKind, bytes, DocumentName | None], object]
_log = logging.getLogger(__name__)


class Paperwork:
    """The gate's documents with whatever is on trial; `sync` is what messages go to."""

    def __init__(
        self,
        identity: Identity,
        *,
        parts: tuple[TrustedDocuments, Knowledge, Disk, Bench],
        learn: Callable[[Knowledge], None],
        confirmed: Callable[[Moment], None],
        observer: Observer,
        send: Send,
        trial: TrialKeeper,
        artefacts: Artefacts | None = None,
    ) -> None:
        self._identity = identity
        self._observer = observer
        self._send = send
        self._trial = trial
        tell = SyncEvents(
            ask=self._ask,
            adopted=self._adopted,
            refused=self._refused,
            learn=learn,
            confirmed=confirmed,
        )
        self.sync = DocumentSync(*parts, tell, trial=trial)
        self._artefacts = ArtefactDesk(artefacts, parts[3])

    def tick(self, checks: Mapping[str, str], now: Moment) -> None:
        """Let documents do what is due and judge what is on trial; about every second."""
        self.sync.tick(now)
        self._artefacts.tick(self.sync.config, now)
        found = self._trial.tick({**checks, **self._artefacts.checks()}, now)
        if found is None:
            return
        if found.is_news:
            self._go_back(found, now)
        who = self._identity
        report = HealthReport(
            site=who.site,
            gate=who.gate,
            boot_id=who.boot_id,
            mono_ms=now.mono_ms,
            version=found.version,
            bundle=found.bundle,
            verdict=found.verdict,
            checks=dict(found.checks),
            failed=found.failed,
            elapsed_ms=max(0, found.elapsed_ms),
            decided=found.during.decided,
            refused=found.during.refused,
        )
        self._send(TopicKind.HEALTH, seal_health(report, who.signer), None)

    def _go_back(self, found: Found, now: Moment) -> None:
        extra = {"version": found.version, "check": found.failed}
        try:
            self.sync.go_back(now)
        except (ConfigError, ContractError) as error:
            _log.error("way_back_unusable", extra=extra | {"reason": error.code.value})
            self._observer.observe(EventKind.DOCUMENT, error.code, now, "config")
            return
        _log.error("configuration_rolled_back", extra=extra)
        note = f"config {found.version} {found.failed}"
        self._observer.observe(EventKind.DOCUMENT, ReasonCode.ROLLED_BACK, now, note[:64])

    def _ask(self, ask: Ask) -> None:
        self._send(TopicKind.GET, ask.message(), ask.name)

    def _adopted(self, accepted: Accepted, now: Moment) -> None:
        note = f"{accepted.name.value} {accepted.held.version}"
        kind = self._identity.adapter_kind
        item = Observed(now, EventKind.DOCUMENT, ReasonCode.ADOPTED, kind, note=note)
        self._observer.emit(item)

    def _refused(self, name: DocumentName, error: EqualGateError, now: Moment) -> None:
        _log.warning("document_refused", extra={"document": name.value, "reason": error.code.value})
        self._observer.observe(EventKind.DOCUMENT, error.code, now, name.value)
