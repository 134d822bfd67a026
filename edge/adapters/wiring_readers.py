"""Wire the readers: fob readers on OSDP buses and Wiegand lines, PIN pads, guards' panels."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from edge.adapters.guard_panel import PanelDesk
from edge.adapters.indicator import Display, ReaderLamp
from edge.adapters.osdp_keys import new_scbk
from edge.adapters.reader_desk import PinQuestion, ReaderDesk, ReaderSettings, Show
from edge.adapters.reader_source import Desk, OsdpReaders, OsdpSeat, WiegandLine, read_scbk
from edge.adapters.wiegand import EdgeSource, GpioWiegandLine
from edge.adapters.wiegand_serial import SerialWiegandLine
from edge.adapters.wiring_doors import device_of
from edge.config import GateConfig, GuardPanelConfig, PinPadConfig, ReaderConfig
from edge.config.cards import formats_of
from edge.config.devices import Device, GpioLine, SerialPort, Simulated
from edge.domain.card_bits import ByteOrder
from edge.domain.card_formats import CardTier, card_tier
from edge.domain.keypad_codes import KeypadMode
from edge.domain.ports import Clock, Emit, Source
from mqtt.contract.events import AdapterKind

if TYPE_CHECKING:
    from edge.adapters.sim.fob_reader import SimFobReader

__all__ = ["DeskSource", "ReaderParts", "build_readers"]

_OsdpRow = ReaderConfig | PinPadConfig | GuardPanelConfig


class DeskSource:
    """The Source of a desk whose device has no line of its own, such as simulated keys."""

    kind = AdapterKind.SIMULATED

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def start(self, emit: Emit) -> None:
        """Take what people do from now on."""
        self._desk.start(emit)
        self._desk.ready()

    def stop(self) -> None:
        """Drop what comes later."""
        self._desk.stop()


@dataclass(slots=True)
class ReaderParts:
    """Everything about readers; `sources` in the order of their start, lamps by access point."""

    sources: list[Source] = field(default_factory=list)
    lamps: dict[str, list[Display]] = field(default_factory=dict)
    readers: "dict[str, SimFobReader]" = field(default_factory=dict)
    pads: dict[str, ReaderDesk] = field(default_factory=dict)
    panels: dict[str, PanelDesk] = field(default_factory=dict)
    adapters: dict[str, AdapterKind] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Wiring:
    config: GateConfig
    clock: Clock
    pins: PinQuestion
    show_at: Callable[[str], Show]
    simulate: bool
    parts: ReaderParts
    buses: dict[tuple[str, int], dict[int, OsdpSeat]]
    lamps_on: list[tuple[tuple[str, int], int, str]]


def build_readers(
    config: GateConfig,
    clock: Clock,
    pins: PinQuestion,
    show_at: Callable[[str], Show],
    *,
    simulate: bool,
) -> ReaderParts:
    """Build every reader, pad and panel; `show_at` gives what shows signals at an access point."""
    wiring = _Wiring(config, clock, pins, show_at, simulate, ReaderParts(), {}, [])
    for reader in config.readers:
        _fob_reader(wiring, reader)
    for pad in config.pin_pads:
        _pin_pad(wiring, pad)
    for panel in config.guard_panels:
        _guard_panel(wiring, panel)
    _real_buses(wiring)
    return wiring.parts


def _fob_reader(wiring: _Wiring, row: ReaderConfig) -> None:
    device = device_of(row.device, simulate=wiring.simulate)
    kind = _kind(device)
    is_osdp = row.protocol == "osdp"
    settings = ReaderSettings(
        row.access_point,
        kind,
        card_tier(link_is_secure=is_osdp, card_proves_secret=row.cards_prove_secret),
        formats_of(wiring.config, row),
        ByteOrder(row.byte_order),
        has_keys=row.keypad != "none",
        wiegand_keys=KeypadMode.NONE if is_osdp else KeypadMode(row.keypad),
        pin_digits=row.pin_digits,
    )
    desk = ReaderDesk(settings, wiring.clock, wiring.show_at(row.access_point), wiring.pins)
    wiring.parts.adapters[f"{row.protocol} reader {row.access_point}"] = kind
    if not is_osdp:
        _wiegand(wiring, row, device, desk)
    elif isinstance(device, Simulated):
        _simulated_osdp(wiring, row, desk, settings)
    else:
        _seat(wiring, row, device, desk)


def _wiegand(wiring: _Wiring, row: ReaderConfig, device: Device, desk: ReaderDesk) -> None:
    if isinstance(device, GpioLine):
        other = device_of(row.data1, simulate=False)
        assert isinstance(other, GpioLine)
        wires: EdgeSource = GpioWiegandLine(f"/dev/{device.chip}", device.line, other.line)
    elif isinstance(device, SerialPort):
        wires = SerialWiegandLine(device.path)
    else:
        wires = _simulated_wires(wiring, row, desk.settings)
    source = WiegandLine(row.access_point, wires, desk, desk.settings.kind)
    wiring.parts.sources.append(source)


def _simulated_wires(wiring: _Wiring, row: ReaderConfig, settings: ReaderSettings) -> EdgeSource:
    from edge.adapters.sim.fob_reader import WiegandFobReader
    from edge.adapters.sim.wiegand_line import SimWiegandLine

    wires = SimWiegandLine()
    wiring.parts.readers[row.access_point] = WiegandFobReader(
        wires, settings.formats, settings.byte_order, settings.wiegand_keys
    )
    return wires


def _simulated_osdp(
    wiring: _Wiring, row: ReaderConfig, desk: ReaderDesk, settings: ReaderSettings
) -> None:
    """Build a peripheral on a pty of its own, with a key drawn for this run."""
    from edge.adapters.sim.fob_reader import OsdpFobReader
    from edge.adapters.sim.osdp_reader import SimOsdpReader

    key, parts = new_scbk(), wiring.parts
    peripheral = SimOsdpReader(key, row.address)
    fobs = OsdpFobReader(peripheral, settings.formats, settings.byte_order)
    seats = {row.address: OsdpSeat(lambda: key, desk)}
    bus = OsdpReaders(peripheral.path, seats, settings.kind)
    parts.readers[row.access_point] = fobs
    lamp = ReaderLamp(partial(bus.indicate, row.address))
    parts.lamps.setdefault(row.access_point, []).append(lamp)
    parts.sources.extend((fobs, bus))


def _pin_pad(wiring: _Wiring, row: PinPadConfig) -> None:
    device = device_of(row.device, simulate=wiring.simulate)
    settings = ReaderSettings(
        row.access_point, _kind(device), CardTier.CLONABLE, has_cards=False, has_keys=True
    )
    desk = ReaderDesk(settings, wiring.clock, wiring.show_at(row.access_point), wiring.pins)
    wiring.parts.adapters[f"PIN pad {row.access_point}"] = settings.kind
    if isinstance(device, Simulated):
        wiring.parts.pads[row.access_point] = desk
        wiring.parts.sources.append(DeskSource(desk))
    else:
        _seat(wiring, row, device, desk)


def _guard_panel(wiring: _Wiring, row: GuardPanelConfig) -> None:
    device = device_of(row.device, simulate=wiring.simulate)
    show, formats = wiring.show_at(row.access_point), formats_of(wiring.config)
    desk = PanelDesk(row.access_point, _kind(device), wiring.clock, show, formats)
    wiring.parts.adapters[f"guard panel {row.access_point}"] = _kind(device)
    if isinstance(device, Simulated):
        wiring.parts.panels[row.access_point] = desk
        wiring.parts.sources.append(DeskSource(desk))
    else:
        _seat(wiring, row, device, desk)


def _seat(wiring: _Wiring, row: _OsdpRow, device: Device, desk: Desk) -> None:
    """Put a reader on its bus; readers on one line share it."""
    assert isinstance(device, SerialPort)
    line = (device.path, row.baud)
    key = partial(read_scbk, wiring.config.path(row.scbk_file))
    wiring.buses.setdefault(line, {})[row.address] = OsdpSeat(key, desk)
    wiring.lamps_on.append((line, row.address, row.access_point))


def _real_buses(wiring: _Wiring) -> None:
    buses = {
        line: OsdpReaders(line[0], seats, AdapterKind.REAL, baud=line[1])
        for line, seats in wiring.buses.items()
    }
    for line, address, access_point in wiring.lamps_on:
        lamp = ReaderLamp(partial(buses[line].indicate, address))
        wiring.parts.lamps.setdefault(access_point, []).append(lamp)
    wiring.parts.sources.extend(buses.values())


def _kind(device: Device) -> AdapterKind:
    return AdapterKind.SIMULATED if isinstance(device, Simulated) else AdapterKind.REAL
