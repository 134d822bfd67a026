"""Watch the other ways in at every access point with face, and suspend or resume face by them."""

from msgspec import structs

from edge.domain.effects import MemoryKind, Remember, TellFace
from edge.domain.face_hindrance import hindrance, status_of
from edge.domain.face_orders import DisarmFace
from edge.domain.face_state import Presenter
from edge.domain.face_suspension import Watch, advanced, judged, proven
from edge.domain.gate_turn import Turn, with_key, without_key
from edge.domain.model import AccessAttempt, Bearer
from mqtt.contract import codec
from mqtt.contract.events import AdapterKind, EventKind, Method, Personal
from mqtt.contract.reasons import ReasonCode

__all__ = ["disarm", "fitted_with_face", "look", "note_presenter", "note_read", "settle_ways"]

LOOK_EVERY_MS = 10_000
_SAVE_EVERY_MS = 600_000
_OWN = frozenset({Method.QR, Method.FOB})


def fitted_with_face(turn: Turn) -> list[str]:
    """Name the access points at which face is fitted, in a fixed order."""
    return sorted(name for name, ways in turn.knowledge.fitted.items() if Method.FACE in ways)


def note_presenter(turn: Turn, attempt: AccessAttempt, bearer: Bearer) -> None:
    """Remember who presented an own fob or pass here: consent and erasure start from that."""
    face, place = turn.state.face, attempt.access_point
    if face.worker is None or attempt.method not in _OWN or bearer.visitor or not bearer.holder:
        return
    is_asked = bearer.holder in turn.knowledge.consents.reservations or place in face.dialogues
    presenter = Presenter(bearer.holder, bearer.credential, turn.at.mono_ms, is_new=is_asked)
    presenters = with_key(face.presenters, place, presenter)
    turn.change(face=structs.replace(face, presenters=presenters))


def note_read(turn: Turn, attempt: AccessAttempt, *, let_in: bool) -> None:
    """Count a read of a known credential as proof that its way works."""
    face, place = turn.state.face, attempt.access_point
    watch = face.watches.get(place)
    if watch is None:
        return
    # A simulated read proves something in a simulated unit only (promise 11).
    is_real = attempt.adapter_kind is AdapterKind.REAL
    is_proof = is_real or turn.state.adapter_kind is AdapterKind.SIMULATED
    after = proven(watch, attempt.method, let_in=let_in, is_proof=is_proof)
    turn.change(face=structs.replace(face, watches=with_key(face.watches, place, after)))


def look(turn: Turn) -> int:
    """Let the watches run on and judge them; return when to look again (monotonic ms)."""
    now_ms = turn.at.mono_ms
    places = fitted_with_face(turn)
    _follow_fitted(turn, places)
    face = turn.state.face
    elapsed_ms = 0 if face.looked_mono_ms < 0 else max(0, now_ms - face.looked_mono_ms)
    turn.change(face=structs.replace(face, looked_mono_ms=now_ms))
    for place in places:
        _look_at(turn, place, elapsed_ms)
    if now_ms - turn.state.face.saved_mono_ms >= _SAVE_EVERY_MS:
        _save(turn)
    return now_ms + LOOK_EVERY_MS


def _follow_fitted(turn: Turn, places: list[str]) -> None:
    """Begin a watch where face is enabled, end it where it is not any more."""
    face = turn.state.face
    for place in face.watches:
        if place not in places:
            face = structs.replace(
                face,
                watches=without_key(face.watches, place),
                suspended=without_key(face.suspended, place),
            )
            turn.effects.append(Remember(MemoryKind.FACE_WATCH, place.encode(), None))
    for place in places:
        if place not in face.watches:
            face = structs.replace(face, watches=with_key(face.watches, place, Watch()))
    if face is not turn.state.face:
        turn.change(face=face)


def _look_at(turn: Turn, place: str, elapsed_ms: int) -> None:
    face, fitted = turn.state.face, turn.knowledge.fitted[place]
    statuses = {
        method: status for (name, method), status in turn.state.ways.items() if name == place
    }
    watch = advanced(face.watches[place], fitted, statuses, elapsed_ms)
    face = structs.replace(face, watches=with_key(face.watches, place, watch))
    reason, before = judged(watch, fitted, statuses), face.suspended.get(place)
    if reason is None and before is not None:
        face = structs.replace(face, suspended=without_key(face.suspended, place))
    elif reason is not None and reason is not before:
        face = structs.replace(face, suspended=with_key(face.suspended, place, reason))
    turn.change(face=face)
    # A start is no news: what works is heard in its first seconds.
    starts = reason is ReasonCode.BOOT or (reason is None and before is ReasonCode.BOOT)
    if reason is not before and not starts:
        _tell(turn, place, reason)


def _tell(turn: Turn, place: str, reason: ReasonCode | None) -> None:
    """Record a change; the guard is told what to do by the text of the reason."""
    told = ReasonCode.FACE_RESUMED if reason is None else ReasonCode.FACE_SUSPENDED
    note = Personal(note="" if reason is None else reason.value)
    turn.record(EventKind.FACE, told, access_point=place, method=Method.FACE, personal=note)
    if reason is not None:
        turn.record(EventKind.GUARD, reason, access_point=place, method=Method.FACE)


def _save(turn: Turn) -> None:
    face = turn.state.face
    turn.change(face=structs.replace(face, saved_mono_ms=turn.at.mono_ms))
    for place, watch in sorted(face.watches.items()):
        fact = Remember(MemoryKind.FACE_WATCH, place.encode(), codec.encode(watch))
        turn.effects.append(fact)


def settle_ways(turn: Turn) -> None:
    """Record what has become of face as a way in; an open camera is closed where it may not be."""
    for place in fitted_with_face(turn):
        reason = hindrance(turn, place)
        status = status_of(reason)
        key = (place, Method.FACE)
        if turn.state.ways.get(key) != status:
            turn.change(ways=with_key(turn.state.ways, key, status))
            turn.record(
                EventKind.HEALTH,
                reason or ReasonCode.WAY_READY,
                access_point=place,
                method=Method.FACE,
                personal=Personal(note=status),
            )
        if reason is not None and place in turn.state.face.armed:
            disarm(turn, place)


def disarm(turn: Turn, place: str) -> None:
    """Close the camera of an access point; what it would have answered counts no more."""
    face = turn.state.face
    turn.change(face=structs.replace(face, armed=without_key(face.armed, place)))
    turn.effects.append(TellFace(DisarmFace(place), wait_for_disk=False))
