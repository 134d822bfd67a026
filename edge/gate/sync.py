"""Keep the gate's documents as the controller wants them: verify, tell the gate, save.

Order for one document: verify -> build what the gate knows from it -> in force -> save. A
document that is signed but cannot be used, for example because something would open for a face
only, is refused with an event and the last good one stays. A full disk does not hold up a
revocation: it is in force at once and is saved when the disk answers.

One message is worked on at a time, and not on the loop: the digest over 10,000 records takes
tenths of a second.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from edge.domain.event_log import EventLog
from edge.domain.knowledge import Documents, Knowledge
from edge.domain.model import ClockTrust, Moment
from edge.domain.trial_kept import Kept
from edge.gate.disk import Bench, Disk
from edge.gate.trial.keeper import TrialKeeper
from mqtt.contract.documents import Held
from mqtt.contract.errors import ConfigError, ContractError, EqualGateError
from mqtt.contract.keys import keys_for
from mqtt.contract.records import KeyRecord, KeyScope
from mqtt.contract.topics import DocumentName
from mqtt.contract.trusted import Accepted, Ask, Progress, TrustedDocuments

__all__ = ["DocumentSync", "SyncEvents"]

_NOTHING = Held(0, b"", {})
_QUEUE_LIMIT = 600
_QUIET_MS = 5_000
_ASKS_A_PERIOD = 3
_PERIOD_MS = 5_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SyncEvents:
    """Whom the sync tells.

    `ask` publishes a request, `adopted` and `refused` are for the record,
    `learn` puts new knowledge in force, `confirmed` says that the lists are up to date.
    """

    ask: Callable[[Ask], None]
    adopted: Callable[[Accepted, Moment], None]
    refused: Callable[[DocumentName, EqualGateError, Moment], None]
    learn: Callable[[Knowledge], None]
    confirmed: Callable[[Moment], None]


@dataclass(frozen=True, slots=True)
class _Message:
    name: DocumentName
    payload: bytes
    is_header: bool


@dataclass(frozen=True, slots=True)
class _Result:
    name: DocumentName
    progress: Progress
    knowledge: Knowledge | None = None
    unusable: EqualGateError | None = None
    config: Held | None = None
    kept: Kept | None = None


class DocumentSync:
    """The gate's side of documents; see the module text.

    `knowledge` is what the gate knows at start, from what the store held.
    """

    def __init__(
        self,
        trusted: TrustedDocuments,
        knowledge: Knowledge,
        disk: Disk,
        bench: Bench,
        tell: SyncEvents,
        *,
        trial: TrialKeeper,
    ) -> None:
        self._trusted = trusted
        self._knowledge = knowledge
        self._disk = disk
        self._bench = bench
        self._tell = tell
        self._trial = trial
        self._config = trial.chosen(_held(trusted)).get(DocumentName.CONFIG, _NOTHING)
        self._queue: deque[_Message] = deque()
        self._busy = False
        self._now = Moment(0, 0, ClockTrust.UNKNOWN)
        self._heard_ms = 0
        self._asked: dict[DocumentName, list[int]] = {}
        self._unsaved: dict[DocumentName, Held] = {}
        self._usable = True
        self._saving = False
        self._versions = trusted.versions()
        self._key_records = trusted.key_records()

    @property
    def versions(self) -> Mapping[str, tuple[int, bytes]]:
        """Return name -> (version, digest) of every document in force, for the birth."""
        return self._versions

    @property
    def key_records(self) -> Mapping[bytes, KeyRecord]:
        """Return every key in force."""
        return self._key_records

    @property
    def config(self) -> Held:
        """Return the configuration in force, which is an older one where the gate went back."""
        return self._config

    def keys(self, scope: KeyScope, now: Moment) -> dict[bytes, bytes]:
        """Return the keys that may sign `scope` now; an unknown clock judges no window."""
        return keys_for(self._key_records, scope, _judged(now))

    def held(self, name: DocumentName) -> Held:
        """Return a document in force; version 0 without records if there is none."""
        return self._trusted.held(name)

    def connected(self, now: Moment) -> None:
        """Ask again for everything that is not whole."""
        self._now = now
        self._asked.clear()
        self._ask_again()

    def hear_header(self, name: DocumentName, payload: bytes, now: Moment) -> None:
        """Take a message from `dn/want/<name>`."""
        self._hear(_Message(name, payload, is_header=True), now)

    def hear_chunk(self, name: DocumentName, payload: bytes, now: Moment) -> None:
        """Take a message from `dn/doc/<name>`."""
        self._hear(_Message(name, payload, is_header=False), now)

    def tick(self, now: Moment) -> None:
        """Save what the disk refused, and ask again after a silence."""
        self._now = now
        self._save()
        if not self._busy and now.mono_ms - self._heard_ms >= _QUIET_MS:
            self._heard_ms = now.mono_ms
            self._ask_again()

    def _hear(self, message: _Message, now: Moment) -> None:
        self._now = now
        self._heard_ms = now.mono_ms
        if len(self._queue) >= _QUEUE_LIMIT:
            _log.warning("documents_flooded", extra={"document": message.name.value})
            return
        self._queue.append(message)
        self._work()

    def _work(self) -> None:
        if self._busy or not self._queue:
            return
        self._busy = True
        job = partial(self._digest, self._queue.popleft(), self._knowledge, self._now)
        self._bench.run(job, self._done)

    def _digest(self, message: _Message, knowledge: Knowledge, now: Moment) -> _Result:
        """Verify one message and build the new knowledge; runs on the bench."""
        hear = self._trusted.hear_header if message.is_header else self._trusted.hear_chunk
        progress = hear(message.name, message.payload, _judged(now))
        if not progress.accepted:
            return _Result(message.name, progress)
        found = self._trial.chosen(_held(self._trusted))
        try:
            built = _built(found, knowledge, now)
        except (ConfigError, ContractError) as error:
            return _Result(message.name, progress, unusable=error)
        if message.name is not DocumentName.CONFIG:
            return _Result(message.name, progress, built)
        newest = self._trusted.held(DocumentName.CONFIG)
        kept = self._trial.plan(self._config, newest)
        return _Result(message.name, progress, built, None, found[DocumentName.CONFIG], kept)

    def go_back(self, now: Moment) -> None:
        """Put the configuration before the trial in force; the newest stays the one that is held.

        Raises ConfigError, ContractError for one that no longer fits the other documents.
        """
        found = self._trial.chosen(_held(self._trusted))
        self._config = found[DocumentName.CONFIG]
        self._knowledge = _built(found, self._knowledge, now)
        self._tell.learn(self._knowledge)

    def _done(self, result: _Result) -> None:
        self._busy = False
        self._versions = self._trusted.versions()
        self._key_records = self._trusted.key_records()
        progress = result.progress
        if result.knowledge is not None:
            if result.config is not None:
                self._config = result.config
                self._trial.take(result.kept)
            self._knowledge = result.knowledge
            self._tell.learn(result.knowledge)
        for accepted in progress.accepted:
            self._adopt(accepted, result.unusable)
        if progress.refused is not None:
            self._tell.refused(result.name, progress.refused, self._now)
        for ask in progress.asks:
            self._ask(ask)
        if progress.current or progress.accepted:
            self._tell.confirmed(self._now)
        self._work()

    def _adopt(self, accepted: Accepted, unusable: EqualGateError | None) -> None:
        extra = {"document": accepted.name.value, "version": accepted.held.version}
        self._unsaved[accepted.name] = accepted.held
        if unusable is not None:
            _log.error("document_unusable", extra=extra | {"reason": unusable.code.value})
            self._tell.refused(accepted.name, unusable, self._now)
            self._usable = False
            return
        _log.info("document_adopted", extra=extra)
        self._tell.adopted(accepted, self._now)
        self._usable = True
        self._save()

    def _save(self) -> None:
        """Save what is in force; a combination that cannot be used is never on the disk."""
        if not self._usable or self._saving or not self._unsaved:
            return
        name, held = next(iter(self._unsaved.items()))
        self._saving = True
        done = partial(self._saved, name, held)
        self._disk.ask(partial(_save, name, held), done, self._not_saved)

    def _saved(self, name: DocumentName, held: Held, _: None) -> None:
        self._saving = False
        if self._unsaved.get(name) is held:
            del self._unsaved[name]
        self._save()

    def _not_saved(self, error: EqualGateError) -> None:
        self._saving = False
        _log.error("document_not_saved", extra={"reason": error.code.value})

    def _ask_again(self) -> None:
        for ask in () if self._busy else self._trusted.asks():
            self._ask(ask)

    def _ask(self, ask: Ask) -> None:
        """Ask, but only a few times in a while: a hostile broker can spoil any number of copies."""
        since_ms = self._now.mono_ms - _PERIOD_MS
        lately = [at_ms for at_ms in self._asked.get(ask.name, ()) if at_ms > since_ms]
        if len(lately) < _ASKS_A_PERIOD:
            lately.append(self._now.mono_ms)
            self._tell.ask(ask)
        self._asked[ask.name] = lately


def _held(trusted: TrustedDocuments) -> Documents:
    held = {name: trusted.held(name) for name in DocumentName}
    return {name: item for name, item in held.items() if item.version}


def _built(found: Documents, knowledge: Knowledge, now: Moment) -> Knowledge:
    return Knowledge.from_documents(
        knowledge.site,
        knowledge.gate,
        found,
        previous=knowledge,
        lists_confirmed_ms=max(knowledge.lists_confirmed_ms, now.utc_ms),
    )


def _save(name: DocumentName, held: Held, log: EventLog) -> None:
    log.save_document(name, held)


def _judged(now: Moment) -> int | None:
    """Return UTC ms where the clock can be believed at all."""
    return None if now.trust is ClockTrust.UNKNOWN else now.utc_ms
