"""Play a gate with a face button and a face worker that says what a test lets it say."""

from dataclasses import replace

from edge.domain.effects import FaceWakeAt, Record, TellFace
from edge.domain.face_inputs import (
    FaceButton,
    FaceEnrolled,
    FaceErased,
    FaceInput,
    FaceStored,
    FaceWorker,
    KeyPressed,
)
from edge.domain.face_orders import AllowFace, ArmFace, EnrolFace, FaceOrder, RevokeFace
from edge.domain.inputs import Attempted, WayChanged
from edge.domain.model import AccessAttempt, FaceClaim
from mqtt.contract.events import EventKind, Method
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import LeaseRecord
from mqtt.contract.records_face import (
    ErasureRequestRecord,
    NoticeRecord,
    ReservationRecord,
)
from tests.support.gate_factories import (
    DAY,
    FACE_SETTINGS,
    FOB,
    HOUR,
    IN,
    NOON,
    SIMULATED,
    Papers,
    make_access_point,
    person,
)
from tests.support.gate_run import GateRun

__all__ = ["HASH", "NOTICE", "WAYS", "WHO", "FaceRun", "face_papers", "key"]

WAYS = (Method.QR, Method.FOB, Method.PIN, Method.GUARD, Method.FACE)
WHO = person(1)
HASH = bytes(range(32))
NOTICE = NoticeRecord(HASH, "您可以自愿选择刷脸。", "Using your face is up to you.")


def key(prefix: str, holder: bytes = WHO) -> str:
    """Return the id of a person's record in `leases`."""
    return f"{prefix}:{id_to_text(holder)}"


def face_papers(*, lease: bool = True, reserved: bool = False) -> Papers:
    """Return a gate with face at one access point, with a lease or a reservation of one person."""
    papers = Papers()
    papers.access_points[IN] = make_access_point(methods=WAYS)
    papers.face[IN] = FACE_SETTINGS
    papers.consents = {"notice:v1": NOTICE}
    if lease:
        papers.consents[key("lease")] = LeaseRecord(FOB, NOON - HOUR, NOON + 20 * HOUR)
    if reserved:
        papers.consents[key("reserved")] = ReservationRecord("v1", HASH, NOON + DAY, (IN,))
    return papers


class FaceRun(GateRun):
    """A gate whose face worker is connected and ready, with QR and fob readers that work."""

    def __init__(self, papers: Papers | None = None, *, worker: bool = True) -> None:
        super().__init__(papers or face_papers())
        for method in (Method.QR, Method.FOB):
            self.way(method, "ready")
        if worker:
            self.worker()

    def way(self, method: Method, status: str, place: str = IN) -> None:
        """Let a reader say how it is."""
        reason = ReasonCode.WAY_READY if status == "ready" else ReasonCode.READER_OFFLINE
        self.send(WayChanged(self.at, place, method, status, reason, SIMULATED))

    def worker(
        self,
        *,
        here: bool = True,
        ready: bool = True,
        reason: ReasonCode = ReasonCode.WAY_READY,
        new: bool = True,
        pad: bool = True,
    ) -> None:
        """Let the worker come, go, or say how it is."""
        self.send(FaceWorker(self.at, here, ready, reason, SIMULATED, here and new, pad))
        self.wait(1)

    def say(self, item: FaceInput) -> None:
        """Let the worker or button say something now."""
        self.send(replace(item, at=self.at))

    def button(self, for_ms: int, place: str = IN) -> None:
        """Press the face button for a while."""
        self.send(FaceButton(self.at, place, True, SIMULATED))
        self.run(for_ms)
        self.send(FaceButton(self.at, place, False, SIMULATED))

    def press(self) -> None:
        """Press the face button shortly."""
        self.button(300)

    def any_key(self) -> None:
        """Press any key of the pad."""
        self.send(KeyPressed(self.at, IN, SIMULATED))

    def run(self, ms: int) -> None:
        """Let time pass; the gate wakes as often as it asked for."""
        end_ms = self.at.mono_ms + ms
        while self.at.mono_ms < end_ms:
            wanted = [e.mono_ms for e in self.effects if isinstance(e, FaceWakeAt)]
            next_ms = min([end_ms, *(t for t in wanted if t > self.at.mono_ms)])
            self.wait(next_ms - self.at.mono_ms)

    def seen(
        self, holder: bytes = b"", reason: ReasonCode = ReasonCode.GRANTED, place: str = IN
    ) -> ReasonCode | None:
        """Let the worker answer an attempt; return the reason of the decision."""
        claim = FaceClaim(holder, reason)
        attempt = AccessAttempt(place, Method.FACE, claim, self.at.mono_ms, SIMULATED)
        effects = self.send(Attempted(self.at, attempt))
        decided = [e for e in effects if isinstance(e, Record) and e.kind is EventKind.DECISION]
        return decided[0].reason if decided else None

    def enter(self, holder: bytes = WHO) -> ReasonCode | None:
        """Press and be identified."""
        self.press()
        self.wait(700)
        return self.seen(holder)

    def enrol(self) -> None:
        """Present the fob, say yes, and let the worker finish."""
        self.fob()
        self.wait(1_000)
        self.press()
        self.wait(2_000)
        self.say(FaceEnrolled(self.at, IN, WHO, 3, "ab" * 32, SIMULATED))
        self.wait(1)

    def erased(self, references: int = 3, holder: bytes = WHO) -> None:
        """Let the worker report that somebody's references are gone."""
        self.say(FaceErased(self.at, holder, references, SIMULATED))

    def stored(self, *holders: bytes) -> None:
        """Let the worker list whose references it has."""
        self.say(FaceStored(self.at, holders, True, SIMULATED))

    def request(self, number: int = 1) -> bytes:
        """Let the controller ask for an erasure; return the request's id."""
        id_ = number.to_bytes(16, "big")
        record = ErasureRequestRecord(id_, self.at.utc_ms, ReasonCode.CONSENT_WITHDRAWN)
        self.papers.consents[key("erase")] = record
        self.papers.consents.pop(key("lease"), None)
        self.learn()
        return id_

    def learn(self) -> None:
        """Take the changed documents, as the loop does: with a Tick."""
        self.papers.version += 1
        self.relearn()
        self.wait(1)

    def orders(self) -> list[FaceOrder]:
        """Return everything that was asked of the worker so far."""
        return [effect.order for effect in self.all_effects if isinstance(effect, TellFace)]

    def arms(self) -> int:
        """Return how often the camera was opened, for entry or enrolment."""
        return sum(isinstance(order, ArmFace | EnrolFace) for order in self.orders())

    def revoked(self) -> list[bytes]:
        """Return whose references the worker was told to erase."""
        return [order.holder for order in self.orders() if isinstance(order, RevokeFace)]

    def allowed(self) -> dict[bytes, int]:
        """Return until when the worker may use whose references, by its orders."""
        found: dict[bytes, int] = {}
        for order in self.orders():
            if isinstance(order, AllowFace):
                found[order.holder] = order.until_utc_ms
            elif isinstance(order, RevokeFace):
                found.pop(order.holder, None)
        return {holder: until_ms for holder, until_ms in found.items() if until_ms}
