"""Wire the doors: locks, contacts, and the simulated leaves that move with them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edge.adapters.contacts import Contact, ContactRole, Contacts
from edge.adapters.gpio import GpioInputs, GpioOutput
from edge.adapters.relay import RelayLock
from edge.adapters.usb_relay import UsbRelayOutput
from edge.config import GateConfig, PortalConfig, devices
from edge.config.devices import Device, GpioLine, Nothing, Simulated, UsbRelay
from edge.domain.ports import Clock, Source
from mqtt.contract.events import AdapterKind

if TYPE_CHECKING:
    from edge.adapters.sim.bench import SimContacts
    from edge.adapters.sim.door import SetLevel, SimDoor
    from edge.adapters.sim.lines import SimOutput

__all__ = ["DoorParts", "build_doors", "device_of"]

_PORTAL_CONTACTS = {
    "door_sensor": ContactRole.DOOR_OPEN,
    "exit_button": ContactRole.EXIT_PRESSED,
    "lock_sensor": ContactRole.LOCKED,
}
_UNIT_CONTACTS = {
    "fire": ContactRole.FIRE,
    "fire_fault": ContactRole.FIRE_FAULT,
    "tamper": ContactRole.HOUSING_OPEN,
    "battery": ContactRole.ON_BATTERY,
}


@dataclass(slots=True)
class DoorParts:
    """Everything about doors; `sources` in the order of their start."""

    locks: dict[str, RelayLock] = field(default_factory=dict)
    doors: "dict[str, SimDoor]" = field(default_factory=dict)
    contacts: "SimContacts | None" = None
    sources: list[Source] = field(default_factory=list)
    adapters: dict[str, AdapterKind] = field(default_factory=dict)


def device_of(text: str, *, simulate: bool) -> Device:
    """Return the device to build for a word of the file; what the file cannot say is nothing."""
    device = devices.read(text)
    if device is None or isinstance(device, Nothing):
        return Nothing()
    return Simulated() if simulate else device


def build_doors(config: GateConfig, clock: Clock, *, simulate: bool) -> DoorParts:
    """Build locks and contacts of all portals and of the unit."""
    parts = DoorParts()
    outputs = {row.name: _lock(row, parts, clock, simulate=simulate) for row in config.portals}
    parts.sources.extend(parts.locks.values())
    _watch(config, parts, clock, simulate=simulate)
    for row in config.portals:
        relay = outputs[row.name]
        if relay is not None:
            parts.doors[row.name] = _door(row.name, relay, parts.contacts)
    # Doors follow their relays before the contacts are watched for the first time.
    at = len(parts.locks)
    parts.sources[at:at] = parts.doors.values()
    return parts


def _lock(
    row: PortalConfig, parts: DoorParts, clock: Clock, *, simulate: bool
) -> "SimOutput | None":
    device = device_of(row.lock, simulate=simulate)
    simulated = _relay() if isinstance(device, Simulated) else None
    line: GpioOutput | UsbRelayOutput | SimOutput | None = simulated
    if isinstance(device, GpioLine):
        line = GpioOutput(device)
    elif isinstance(device, UsbRelay):
        line = UsbRelayOutput(device)
    if line is not None:
        parts.locks[row.name] = RelayLock(row.name, line, clock)
        parts.adapters[f"lock {row.name}"] = line.kind
    # A door whose lock is real or absent can still be opened by hand in the simulator.
    has_simulated = isinstance(device_of(row.door_sensor, simulate=simulate), Simulated)
    return simulated or (_relay() if has_simulated else None)


def _relay() -> "SimOutput":
    from edge.adapters.sim.lines import SimOutput

    return SimOutput()


def _door(name: str, relay: "SimOutput", contacts: "SimContacts | None") -> "SimDoor":
    from edge.adapters.sim.door import SimDoor

    return SimDoor(
        relay,
        _mover(contacts, ContactRole.DOOR_OPEN, name),
        _mover(contacts, ContactRole.LOCKED, name),
        has_person=False,
    )


def _mover(contacts: "SimContacts | None", role: ContactRole, place: str) -> "SetLevel":
    def move(active: bool) -> None:
        if contacts is not None:
            contacts.follow(role, place, active=active)

    return move


def _rows(config: GateConfig) -> Iterator[tuple[Contact, str]]:
    for portal in config.portals:
        for key, role in _PORTAL_CONTACTS.items():
            yield Contact(role, portal.name), getattr(portal, key)
    for key, role in _UNIT_CONTACTS.items():
        yield Contact(role), getattr(config.inputs, key)
    for button in config.call_buttons:
        yield Contact(ContactRole.CALL_PRESSED, button.access_point), button.device
    for face in config.face_buttons:
        yield Contact(ContactRole.FACE_PRESSED, face.access_point), face.device
    for panel in config.guard_panels:
        yield Contact(ContactRole.RELEASE_PRESSED, panel.access_point), panel.release_button


def _watch(config: GateConfig, parts: DoorParts, clock: Clock, *, simulate: bool) -> None:
    simulated: list[Contact] = []
    by_chip: dict[str, list[tuple[Contact, GpioLine]]] = {}
    for contact, text in _rows(config):
        device = device_of(text, simulate=simulate)
        if isinstance(device, Simulated):
            simulated.append(contact)
        elif isinstance(device, GpioLine):
            by_chip.setdefault(device.chip, []).append((contact, device))
        else:
            continue
        name = f"{contact.role.value} {contact.place}".rstrip()
        real = isinstance(device, GpioLine)
        parts.adapters[name] = AdapterKind.REAL if real else AdapterKind.SIMULATED
    if simulated:
        parts.contacts = _sim_contacts(simulated)
        parts.sources.append(Contacts(simulated, parts.contacts.lines, clock))
    for chip, rows in by_chip.items():
        wires = GpioInputs(chip, [line for _, line in rows])
        parts.sources.append(Contacts([contact for contact, _ in rows], wires, clock))


def _sim_contacts(contacts: list[Contact]) -> "SimContacts":
    from edge.adapters.sim.bench import SimContacts
    from edge.adapters.sim.lines import SimInputs

    lines = SimInputs([contact.role is ContactRole.LOCKED for contact in contacts])
    return SimContacts(contacts, lines)
