"""Hold the simulated devices of one gate, so that tests, the demo and people can use them."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, runtime_checkable

from edge.adapters.contacts import Contact, ContactRole
from edge.adapters.face_desk import FaceDesk
from edge.adapters.guard_panel import PanelDesk
from edge.adapters.reader_desk import ReaderDesk
from edge.adapters.sim.display import SimDisplay
from edge.adapters.sim.door import SimDoor
from edge.adapters.sim.fob_reader import SimFobReader
from edge.adapters.sim.lines import SimInputs
from edge.adapters.worker_process import WorkerProcess
from edge.adapters.worker_socket import WorkerSocket
from edge.domain.model import ClockTrust
from mqtt.contract.events import AdapterKind

__all__ = ["PRESS_S", "SettableClock", "SimBench", "SimContacts", "only"]

PRESS_S = 0.3
_Device = TypeVar("_Device")


@runtime_checkable
class SettableClock(Protocol):
    """A clock whose wall time can be set, as the simulated one's."""

    def jump(self, by_ms: int) -> None:
        """Set the wall clock forward, or back."""

    def set_trust(self, trust: ClockTrust) -> None:
        """Say how far it can be believed."""


def only(devices: Mapping[str, _Device], name: str, what: str) -> _Device:
    """Return the device at `name`, or the only one where `name` is empty. Raises ValueError."""
    if not devices:
        raise ValueError(f"this gate has no simulated {what}")
    if not name and len(devices) == 1:
        return next(iter(devices.values()))
    found = devices.get(name)
    if found is None:
        raise ValueError(f"{what} at {name or '(none named)'}: one of {', '.join(devices)}")
    return found


class SimContacts:
    """The simulated contacts of a gate, by what they tell and where."""

    def __init__(self, contacts: Sequence[Contact], lines: SimInputs) -> None:
        self.lines = lines
        self._places = {contact: index for index, contact in enumerate(contacts)}

    def has(self, role: ContactRole, place: str = "") -> bool:
        """Tell whether such a contact is fitted."""
        return Contact(role, place) in self._places

    def places(self, role: ContactRole) -> tuple[str, ...]:
        """List where contacts of a role are fitted."""
        return tuple(contact.place for contact in self._places if contact.role is role)

    def set(self, role: ContactRole, place: str = "", *, active: bool) -> None:
        """Move a contact. Raises ValueError where none is fitted."""
        self.lines.set(self._index(role, place), active=active)

    def follow(self, role: ContactRole, place: str, *, active: bool) -> None:
        """Move a contact, if one is fitted."""
        if self.has(role, place):
            self.set(role, place, active=active)

    def press(self, role: ContactRole, place: str = "", for_s: float = PRESS_S) -> None:
        """Press a button for 300 ms, or longer."""
        self.set(role, place, active=True)
        release = threading.Timer(for_s, self.set, (role, place), {"active": False})
        release.daemon = True
        release.start()

    def bounce(self, role: ContactRole, place: str, times: int) -> None:
        """Let a contact bounce."""
        self.lines.bounce(self._index(role, place), times)

    def _index(self, role: ContactRole, place: str) -> int:
        index = self._places.get(Contact(role, place))
        if index is None:
            where = f" at {place}" if place else ""
            raise ValueError(f"no simulated contact for {role.value}{where}")
        return index


@dataclass(frozen=True, slots=True)
class SimBench:
    """Every simulated device, by portal or access point.

    `adapters` names all devices of the gate, real ones too.
    """

    doors: Mapping[str, SimDoor]
    contacts: SimContacts | None
    readers: Mapping[str, SimFobReader]
    pads: Mapping[str, ReaderDesk]
    panels: Mapping[str, PanelDesk]
    displays: Mapping[str, SimDisplay]
    workers: WorkerSocket
    processes: tuple[WorkerProcess, ...] = ()
    clock: SettableClock | None = None
    adapters: Mapping[str, AdapterKind] = field(default_factory=dict)
    face: FaceDesk | None = None
    face_cameras: tuple[str, ...] = ()
