"""Watch contacts: door sensors, exit buttons, lock sensors, fire, tamper, battery, call buttons.

One thread watches the lines of one chip and sleeps until one of them changes. A contact counts
after it has stood for 50 ms. At start every level is told once, as it is: a button that is not
pressed tells nothing, so no press is ever invented (acceptance D07).

Fire is followed, not decided: the panel's contact cuts the lock's power by itself. A loop that is
open or short counts as fire for the doors.
"""

import contextlib
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from edge.adapters.debounce import Debounce
from edge.adapters.instants import monotonic_ms
from edge.adapters.lines import Edge, InputLines
from edge.domain.face_inputs import FaceButton
from edge.domain.inputs import (
    CallPressed,
    DoorSensed,
    ExitRequested,
    FireSensed,
    Input,
    LockSensed,
    Observed,
    PowerSensed,
    StaffActed,
    TamperSensed,
)
from edge.domain.model import Moment, StaffAction
from edge.domain.ports import Clock, Emit
from mqtt.contract.errors import UnavailableError
from mqtt.contract.events import AdapterKind, EventKind
from mqtt.contract.reasons import ReasonCode

__all__ = ["Contact", "ContactRole", "Contacts"]

_log = logging.getLogger(__name__)
_STOP_S = 3.0


class ContactRole(Enum):
    """What a contact tells while it is active."""

    DOOR_OPEN = "door_open"
    EXIT_PRESSED = "exit_pressed"
    LOCKED = "locked"
    FIRE = "fire"
    FIRE_FAULT = "fire_fault"
    HOUSING_OPEN = "housing_open"
    ON_BATTERY = "on_battery"
    CALL_PRESSED = "call_pressed"
    RELEASE_PRESSED = "release_pressed"
    FACE_PRESSED = "face_pressed"


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact; `place` is its portal or access point, empty for those of the whole unit."""

    role: ContactRole
    place: str = ""


# At start these are told only where they are active: a button, or a fault beside the fire contact.
_QUIET_AT_REST = {
    ContactRole.EXIT_PRESSED,
    ContactRole.FIRE_FAULT,
    ContactRole.CALL_PRESSED,
    ContactRole.RELEASE_PRESSED,
    ContactRole.FACE_PRESSED,
}


class Contacts:
    """The Source of all contacts on one set of lines, in the order of the lines.

    Lines that are lost are tried again every `retry_s`.
    """

    def __init__(
        self,
        contacts: Sequence[Contact],
        lines: InputLines,
        clock: Clock,
        *,
        retry_s: float = 2.0,
    ) -> None:
        self._contacts = tuple(contacts)
        self._lines = lines
        self._clock = clock
        self._retry_s = retry_s
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._counted: list[Debounce] = []
        self._is_lost = False

    @property
    def kind(self) -> AdapterKind:
        """Return whether real lines are behind it."""
        return self._lines.kind

    def start(self, emit: Emit) -> None:
        """Begin to watch."""
        self._stopping.clear()
        self._thread = threading.Thread(
            target=self._run, args=(emit,), name="contacts", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread and let the lines go."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._lines.wake()
        if self._thread is not None:
            self._thread.join(_STOP_S)
            self._thread = None

    def _run(self, emit: Emit) -> None:
        while not self._stopping.is_set():
            try:
                self._lines.open()
                self._begin(emit)
                while not self._stopping.is_set():
                    self._turn(emit)
            except UnavailableError as error:
                self._say_lost(emit, error)
            finally:
                self._lines.close()
            self._stopping.wait(self._retry_s)

    def _begin(self, emit: Emit) -> None:
        levels = self._lines.levels()
        known = [counted.level for counted in self._counted]
        self._counted = [Debounce(level=level) for level in levels]
        for index, level in enumerate(levels):
            is_new = not known or known[index] != level
            if is_new and (level or self._contacts[index].role not in _QUIET_AT_REST):
                self._tell(index, emit)
        if self._is_lost:
            self._is_lost = False
            _log.info("lines_back", extra={"lines": self._lines.name})

    def _turn(self, emit: Emit) -> None:
        for edge in self._lines.wait(self._timeout_s()):
            self._note(edge)
        now_ms = monotonic_ms()
        due = [c.due_ms for c in self._counted if c.due_ms is not None and c.due_ms <= now_ms]
        if not due:
            return
        levels = self._lines.levels()
        for index, level in enumerate(levels):
            if self._counted[index].settle(is_active=level, now_ms=now_ms):
                self._tell(index, emit)

    def _note(self, edge: Edge) -> None:
        self._counted[edge.index].edge(is_active=edge.is_active, mono_ms=edge.mono_ms)

    def _timeout_s(self) -> float | None:
        dues = [counted.due_ms for counted in self._counted if counted.due_ms is not None]
        return max(0, min(dues) - monotonic_ms()) / 1000 if dues else None

    def _say_lost(self, emit: Emit, error: UnavailableError) -> None:
        if self._is_lost or self._stopping.is_set():
            return
        self._is_lost = True
        _log.error("lines_lost", extra={"lines": self._lines.name})
        at = self._clock.now()
        emit(Observed(at, EventKind.HEALTH, error.code, self.kind, note=self._lines.name))

    def _tell(self, index: int, emit: Emit) -> None:
        contact, level = self._contacts[index], self._counted[index].level
        told = self._input(contact, self._clock.now(), level=level)
        if told is not None:
            emit(told)
        if contact.role is ContactRole.FIRE_FAULT and level:
            at = self._clock.now()
            note = "fire loop"
            emit(Observed(at, EventKind.HEALTH, ReasonCode.INPUT_FAULT, self.kind, note=note))

    def _input(self, contact: Contact, at: Moment, *, level: bool) -> Input | None:
        place, kind = contact.place, self.kind
        match contact.role:
            case ContactRole.DOOR_OPEN:
                return DoorSensed(at, place, level, kind)
            case ContactRole.EXIT_PRESSED:
                return ExitRequested(at, place, level, kind)
            case ContactRole.LOCKED:
                return LockSensed(at, place, level, kind)
            case ContactRole.FIRE | ContactRole.FIRE_FAULT:
                active, fault = self._fire_levels()
                return FireSensed(at, active, fault, kind)
            case ContactRole.HOUSING_OPEN:
                return TamperSensed(at, level, kind)
            case ContactRole.ON_BATTERY:
                return PowerSensed(at, level, kind)
            case ContactRole.CALL_PRESSED:
                return CallPressed(at, place, kind) if level else None
            case ContactRole.RELEASE_PRESSED:
                return StaffActed(at, place, StaffAction.RELEASE, kind) if level else None
            case ContactRole.FACE_PRESSED:
                return FaceButton(at, place, level, kind)

    def _fire_levels(self) -> tuple[bool, bool]:
        """Return (active, line fault); the first is True in both cases (the doors follow it)."""
        counted = zip(self._contacts, self._counted, strict=True)
        on = {contact.role for contact, line in counted if line.level}
        fault = ContactRole.FIRE_FAULT in on
        return fault or ContactRole.FIRE in on, fault
