"""Keep the web process's broker session: publish documents and orders, hear gates' answers.

One thread does everything that is not urgent: it compiles and publishes after each change, answers
what gates ask for, and keeps house every minute. Orders go out from the request that gave them.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable

import msgspec
from sqlalchemy import Engine

from controller.domain.moment import DAY_MS, MINUTE_MS, Moment
from controller.domain.roles import Actor
from controller.services import documents
from controller.services.calls import collect_calls, has_new_calls
from controller.services.commands import expire_commands, take_result
from controller.services.desk.filing import watch_filing
from controller.services.face_events import has_face_news, learn_face
from controller.services.face_upkeep import keep_face
from controller.services.handover.bridging import settle_handover
from controller.services.keys import ensure_keys
from controller.services.leaving import end_expired_rights
from controller.services.lodge.upkeep import keep_lodge
from controller.services.managing.endings import run_due
from controller.services.managing.import_runs import forget_files
from controller.services.moving.claims import settle_claims
from controller.services.ports import Publication
from controller.services.proof_upkeep import keep_proof
from controller.services.read_back import questions
from controller.services.records import forget_old, has_unindexed, index_passages
from controller.services.site import Site
from controller.storage.unit_of_work import UnitOfWork
from controller.web.gate_ears import GateEars
from controller.web.gate_health import WATCH_EVERY_MS, hear_health, watch_rollouts
from controller.web.gate_told import GateTold
from controller.web.headers import publish_headers
from controller.web.uses import has_unlearned, learn_uses
from mqtt.client.port import Connected, Disconnected, Inbound, Message, Session, SessionItem
from mqtt.contract import codec
from mqtt.contract.commands import CommandResult
from mqtt.contract.documents import Get
from mqtt.contract.errors import ContractError, EqualGateError, UnavailableError
from mqtt.contract.ids import PSEUDONYM_BYTES, SiteId
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import Topic, TopicKind, parse, site_filter

__all__ = ["WebLink", "subscriptions"]

_WAIT_S = 0.5
_QUEUE = 2_048
_FULL_WAIT_S = 5.0
_FULL_STEP_S = 0.01
_HOUSE = Actor(bytes(PSEUDONYM_BYTES))
_SUBSCRIBED = (TopicKind.BIRTH, TopicKind.RESPONSE, TopicKind.GET, TopicKind.HELD, TopicKind.HEALTH)

_log = logging.getLogger(__name__)


class _Changed:
    """Something was saved that gates may have to know."""


_CHANGED = _Changed()


def subscriptions(site: SiteId) -> tuple[tuple[str, int], ...]:
    """Return the filters of the web process with their quality of service."""
    return tuple((site_filter(site, kind), 1) for kind in _SUBSCRIBED)


class WebLink:
    """The web process's side of the wire; see the module text.

    How it is driven: `attach` a session whose items come to `emit`, `start`, and `stop` at the end.
    `step` does one thing and is what the thread repeats.
    """

    def __init__(self, engine: Engine, site: Site, clock: Callable[[], Moment]) -> None:
        self._engine = engine
        self._site = site
        self._clock = clock
        self._ears = GateEars(site.name)
        self._told = GateTold(site.name)
        self._inbox: queue.Queue[SessionItem | _Changed] = queue.Queue(_QUEUE)
        self._session: Session | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._has_change = threading.Event()
        self._connected = threading.Event()
        self._house_due_ms = 0
        self._keys_due_ms = 0
        self._rollouts_due_ms = 0

    @property
    def is_connected(self) -> bool:
        """Tell whether the broker is there."""
        return self._connected.is_set()

    def attach(self, session: Session) -> None:
        """Name the session whose items come to `emit`."""
        self._session = session

    def emit(self, item: SessionItem) -> None:
        """Take what the session tells, from its thread: only enqueue."""
        match item:
            case Connected():
                self._connected.set()
            case Disconnected():
                self._connected.clear()
            case Inbound():
                pass
            case _:
                return
        self._put(item)

    def changed(self) -> None:
        """Publish soon; several changes at once are published together."""
        if not self._has_change.is_set():
            self._has_change.set()
            self._put(_CHANGED)

    def send(self, publication: Publication) -> None:
        """Publish one message now. Raises UnavailableError (`broker_unavailable`, `queue_full`)."""
        self.publish(
            publication.topic,
            publication.payload,
            publication.qos,
            publication.retain,
            publication.expiry_s,
        )

    def publish(
        self, topic: str, payload: bytes, qos: int, retain: bool, expiry_s: int | None
    ) -> None:
        """See `Publisher.publish`; waits up to 5 s for room among what the broker has not taken."""
        if self._session is None:
            raise UnavailableError(ReasonCode.BROKER_UNAVAILABLE)
        message = Message(topic, payload, qos, retain, expiry_s)
        ends_s = time.monotonic() + _FULL_WAIT_S
        while True:
            try:
                self._session.publish(message)
            except UnavailableError as error:
                if error.code is not ReasonCode.QUEUE_FULL or time.monotonic() > ends_s:
                    raise
                time.sleep(_FULL_STEP_S)
            else:
                return

    def start(self) -> None:
        """Begin to work in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="web-link", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread after what it is doing."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(10)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.step(_WAIT_S)

    def step(self, timeout_s: float) -> bool:
        """Do the next thing; False if there was none. Failures are logged and tried again later."""
        try:
            item = self._inbox.get(timeout=timeout_s) if timeout_s else self._inbox.get_nowait()
        except queue.Empty:
            item = None
        moment = self._clock()
        try:
            self._handle(item, moment)
            self._keep_house(moment)
        except EqualGateError as error:
            _log.warning("link_step_failed", extra={"reason": error.code.value})
        if isinstance(item, Inbound) and self._session is not None:
            self._session.ack(item)
        return item is not None

    def _put(self, item: SessionItem | _Changed) -> None:
        try:
            self._inbox.put_nowait(item)
        except queue.Full:
            _log.error("link_inbox_full", extra={"limit": _QUEUE})

    def _handle(self, item: SessionItem | _Changed | None, moment: Moment) -> None:
        match item:
            case Inbound(message):
                self._hear(message, moment)
            case Connected():
                self._sync(moment)
                publish_headers(self._engine, self._site, self, moment)
            case _Changed():
                self._has_change.clear()
                self._sync(moment)
            case _:
                self._learn(moment)

    def _sync(self, moment: Moment) -> None:
        try:
            documents.sync(self._engine, self._site, self, moment)
            with UnitOfWork(self._engine, writes=False) as uow:
                asked = questions(uow, self._site, self._told.nonce)
            for question in asked:
                self.send(question)
        except UnavailableError as error:
            # What is saved is published by the next sync, at the latest when the broker is back.
            _log.info("documents_wait", extra={"reason": error.code.value})

    def _learn(self, moment: Moment) -> None:
        with UnitOfWork(self._engine, writes=False) as uow:
            has_news = has_face_news(uow) or has_new_calls(uow, moment)
            if not has_unlearned(uow) and not has_news and not has_unindexed(uow):
                return
        with UnitOfWork(self._engine) as uow:
            used = learn_uses(uow, moment) + learn_face(uow, self._site, moment)
            index_passages(uow)
            collect_calls(uow, moment)
            uow.commit()
        if used:
            self._sync(moment)

    def _hear(self, message: Message, moment: Moment) -> None:
        try:
            topic = parse(message.topic)
            if topic.site != self._site.name or message.retain:
                return
            self._answer(topic, message.payload, moment)
        except ContractError as error:
            _log.warning("message_refused", extra={"reason": error.code.value})

    def _answer(self, topic: Topic, payload: bytes, moment: Moment) -> None:
        match topic:
            case Topic(kind=TopicKind.BIRTH, gate=gate):
                birth = self._ears.hear(self._engine, gate, payload)
                if birth is not None:
                    documents.heard_birth(self._engine, self._site, self, birth, moment)
            case Topic(kind=TopicKind.GET, gate=gate, document=name) if name is not None:
                get = codec.decode(payload, Get)
                documents.answer_get(
                    self._engine, self._site, self, gate, name, get=get, moment=moment
                )
            case Topic(kind=TopicKind.HELD, gate=gate):
                if self._told.hear(self._engine, gate, payload, moment):
                    self._sync(moment)
            case Topic(kind=TopicKind.HEALTH, gate=gate):
                if hear_health(self._engine, self._site, gate, payload, moment):
                    self._sync(moment)
            case Topic(kind=TopicKind.RESPONSE, gate=gate):
                with UnitOfWork(self._engine) as uow:
                    take_result(uow, gate, _result(payload), moment)
                    uow.commit()
            case _:
                pass

    def _keep_house(self, moment: Moment) -> None:
        if moment.mono_ms >= self._rollouts_due_ms:
            self._rollouts_due_ms = moment.mono_ms + WATCH_EVERY_MS
            if watch_rollouts(self._engine, self._site, moment):
                self._sync(moment)
        if moment.mono_ms < self._house_due_ms:
            return
        self._house_due_ms = moment.mono_ms + MINUTE_MS
        with UnitOfWork(self._engine) as uow:
            if moment.mono_ms >= self._keys_due_ms:
                ensure_keys(uow, self._site, moment)
                self._keys_due_ms = moment.mono_ms + DAY_MS
            end_expired_rights(uow, self._site, _HOUSE, moment)
            expire_commands(uow, moment)
            keep_face(uow, _HOUSE, moment)
            run_due(uow, self._site, moment)
            forget_files(uow, moment)
            forget_old(uow, moment)
            settle_handover(uow, self._site, moment)
            settle_claims(uow, moment)
            watch_filing(uow, self._site, moment)
            keep_lodge(uow, moment)
            uow.commit()
        self._sync(moment)
        keep_proof(self._engine, self._site, moment)


def _result(payload: bytes) -> CommandResult:
    try:
        return msgspec.json.decode(payload, type=CommandResult)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ContractError(ReasonCode.WRONG_SHAPE) from error
