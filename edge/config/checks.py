"""Say what is wrong with a configuration whose tables and types are right.

Each finding is a reason and the key where it stands. Two rules are about fairness: no setting
delays, prices or schedules one way in (DESIGN promise 1), and the reading rate of QR imagers has a
floor.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from edge.config import devices
from edge.config.cards import card_format
from edge.config.devices import Device, GpioLine, Nothing, SerialPort, Simulated, UsbRelay
from edge.config.tables import (
    FaceCameraConfig,
    GateConfig,
    GuardPanelConfig,
    PinPadConfig,
    ReaderConfig,
)
from edge.domain.card_formats import CardBits
from mqtt.contract.errors import ContractError
from mqtt.contract.ids import parse_name
from mqtt.contract.reasons import ReasonCode

__all__ = ["Finding", "findings"]

Finding = tuple[ReasonCode, str]

_PLACEHOLDER = "CHANGE-ME"
_MIN_FRAMES_PER_S = 10
_KEYPADS = {"osdp": ("none", "osdp"), "wiegand": ("none", "bits_4", "bits_8", "buffered_26")}
_BAUDS = (9_600, 19_200, 38_400, 57_600, 115_200, 230_400)
_LINE_WORDS = "sim | gpio:<chip>:<line>[:low][:up|:down|:floating] | none"
_LOCK_WORDS = f"{_LINE_WORDS} | usb-relay:<port>:<channel>"
_WIRED = (Nothing, Simulated, GpioLine)


def findings(config: GateConfig) -> Iterator[Finding]:
    """Yield what is wrong, most basic first."""
    yield from _names(config)
    yield from _trust(config)
    yield from _wires(config)
    for at, reader in enumerate(config.readers):
        yield from _reader(f"readers[{at}]", reader)
    for at, pad in enumerate(config.pin_pads):
        yield from _keyed(f"pin_pads[{at}]", pad)
    for at, panel in enumerate(config.guard_panels):
        yield from _keyed(f"guard_panels[{at}]", panel)
    for at, imager in enumerate(config.imagers):
        if imager.frames_per_s < _MIN_FRAMES_PER_S:
            yield _invalid(f"imagers[{at}].frames_per_s: at least {_MIN_FRAMES_PER_S}")
    for at, row in enumerate(config.card_formats):
        for problem in card_format(row).problems():
            yield _invalid(f"card_formats[{at}]: {problem}")
    yield from _face(config)
    yield from _lines_used_twice(config)


def _face(config: GateConfig) -> Iterator[Finding]:
    """Find a camera that no button can open, or that no worker may read."""
    buttons = [row.access_point for row in config.face_buttons]
    cameras = [row.access_point for row in config.face_cameras]
    yield from _repeated("face_buttons", "access_point", buttons)
    yield from _repeated("face_cameras", "access_point", cameras)
    others = {row.access_point for row in config.readers}
    others |= {row.access_point for row in config.imagers}
    for at, place in enumerate(cameras):
        if place not in buttons:
            yield _invalid(f"face_cameras[{at}]: needs a row in face_buttons")
        if place not in others:
            yield ReasonCode.FACE_ONLY, f"face_cameras[{at}]: fit a QR or fob reader there too"
    for at, row in enumerate(config.face_cameras):
        yield from _face_camera(config, f"face_cameras[{at}]", row)
    if cameras and not config.workers.face:
        yield _invalid("workers.face: true, for the face_cameras")


def _face_camera(config: GateConfig, key: str, row: FaceCameraConfig) -> Iterator[Finding]:
    """Hold a face camera to being local and another than every imager that reads codes."""
    if not devices.is_local(row.source):
        yield _invalid(f"{key}.source: a local camera; one on a network is for QR only")
    if row.standby not in {"closed", "valve"}:
        yield _invalid(f"{key}.standby: closed | valve")
    elif row.standby == "valve" and not row.source.startswith("csi:"):
        yield _invalid(f"{key}.standby: valve is for csi: sources; others open at once")
    device = devices.camera(row.source)
    for at, imager in enumerate(config.imagers):
        if device and device == devices.camera(imager.source):
            yield _invalid(f"{key}.source: the device of imagers[{at}]; QR and face need two")


def _invalid(detail: str) -> Finding:
    return ReasonCode.CONFIG_INVALID, detail


def _names(config: GateConfig) -> Iterator[Finding]:
    keys = [("gate.site", config.gate.site), ("gate.id", config.gate.id)]
    keys += [(f"portals[{at}].name", row.name) for at, row in enumerate(config.portals)]
    tables = (
        "readers",
        "imagers",
        "pin_pads",
        "guard_panels",
        "call_buttons",
        "face_buttons",
        "face_cameras",
    )
    for table in tables:
        rows = getattr(config, table)
        keys += [(f"{table}[{at}].access_point", row.access_point) for at, row in enumerate(rows)]
    for key, value in keys:
        try:
            parse_name(value)
        except ContractError:
            yield ReasonCode.BAD_NAME, key
    yield from _repeated("portals", "name", [row.name for row in config.portals])
    yield from _repeated("imagers", "access_point", [row.access_point for row in config.imagers])
    if not config.portals:
        yield _invalid("portals: at least one")
    if not config.gate.language.startswith(("zh", "en")):
        yield _invalid("gate.language: zh-CN | en")


def _repeated(table: str, key: str, values: Sequence[str]) -> Iterator[Finding]:
    for value, count in Counter(values).items():
        if count > 1:
            last = len(values) - 1 - values[::-1].index(value)
            yield _invalid(f"{table}[{last}].{key}: named twice")


def _trust(config: GateConfig) -> Iterator[Finding]:
    trust = config.keys.trust
    is_hex = len(trust) == 64 and not set(trust.lower()) - set("0123456789abcdef")
    if _PLACEHOLDER in trust or not is_hex:
        yield ReasonCode.PLACEHOLDER_SECRET, "keys.trust: 64 hex digits"
    if config.keys.store not in {"file", "tpm2"}:
        yield _invalid("keys.store: file | tpm2")
    if not 0 < config.broker.port < 65_536:
        yield _invalid("broker.port: 1 to 65535")
    if not 0 < config.broker.retry_from_ms <= config.broker.retry_to_ms:
        yield _invalid("broker.retry_from_ms: above 0, at most retry_to_ms")


def _wires(config: GateConfig) -> Iterator[Finding]:
    """Check the lines, each of which is simulated, on a chip, or not fitted."""
    for key, text in _line_keys(config):
        device = devices.read(text)
        if isinstance(device, UsbRelay) and key.endswith(".lock"):
            continue
        if not isinstance(device, _WIRED):
            words = _LOCK_WORDS if key.endswith(".lock") else _LINE_WORDS
            yield _invalid(f"{key}: {words}")
    fire, fault = devices.read(config.inputs.fire), devices.read(config.inputs.fire_fault)
    if isinstance(fault, GpioLine) and getattr(fire, "chip", "") != fault.chip:
        yield _invalid("inputs.fire_fault: on the chip of inputs.fire")
    for at, button in enumerate(config.call_buttons):
        if isinstance(devices.read(button.device), Nothing):
            yield _invalid(f"call_buttons[{at}].device: leave the table out")


def _line_keys(config: GateConfig) -> Iterator[tuple[str, str]]:
    for at, portal in enumerate(config.portals):
        for key in ("lock", "door_sensor", "exit_button", "lock_sensor"):
            yield f"portals[{at}].{key}", getattr(portal, key)
    for key in ("fire", "fire_fault", "tamper", "battery"):
        yield f"inputs.{key}", getattr(config.inputs, key)
    for at, panel in enumerate(config.guard_panels):
        yield f"guard_panels[{at}].release_button", panel.release_button
    for at, button in enumerate(config.call_buttons):
        yield f"call_buttons[{at}].device", button.device
    for at, row in enumerate(config.face_buttons):
        yield f"face_buttons[{at}].device", row.device


def _reader(key: str, reader: ReaderConfig) -> Iterator[Finding]:
    if reader.protocol not in _KEYPADS:
        yield _invalid(f"{key}.protocol: osdp | wiegand")
        return
    if reader.keypad not in _KEYPADS[reader.protocol]:
        yield _invalid(f"{key}.keypad: {' | '.join(_KEYPADS[reader.protocol])}")
    if reader.byte_order not in {"as_read", "reversed"}:
        yield _invalid(f"{key}.byte_order: as_read | reversed")
    if not 4 <= reader.pin_digits <= 12:
        yield _invalid(f"{key}.pin_digits: 4 to 12")
    if not all(1 <= bits <= CardBits.MAX_LENGTH for bits in reader.raw_bits):
        yield _invalid(f"{key}.raw_bits: 1 to {CardBits.MAX_LENGTH}")
    device = devices.read(reader.device)
    if reader.protocol == "osdp":
        yield from _osdp(key, device, reader.address, reader.baud, reader.scbk_file)
    else:
        yield from _wiegand(key, device, reader.data1)


def _wiegand(key: str, device: Device | None, data1: str) -> Iterator[Finding]:
    if isinstance(device, Simulated | SerialPort):
        return
    other = devices.read(data1)
    if not isinstance(device, GpioLine):
        yield _invalid(f"{key}.device: sim | gpio:<chip>:<line of D0> | serial:<port>")
    elif not isinstance(other, GpioLine) or other.chip != device.chip:
        yield _invalid(f"{key}.data1: gpio:<the same chip>:<line of D1>")


def _keyed(key: str, row: PinPadConfig | GuardPanelConfig) -> Iterator[Finding]:
    yield from _osdp(key, devices.read(row.device), row.address, row.baud, row.scbk_file)


def _osdp(
    key: str, device: Device | None, address: int, baud: int, scbk_file: str
) -> Iterator[Finding]:
    if not 0 <= address <= 126:
        yield _invalid(f"{key}.address: 0 to 126")
    if baud not in _BAUDS:
        yield _invalid(f"{key}.baud: {' | '.join(map(str, _BAUDS))}")
    if isinstance(device, Simulated):
        return
    if not isinstance(device, SerialPort):
        yield _invalid(f"{key}.device: sim | serial:<device file>")
    elif not scbk_file:
        yield ReasonCode.READER_KEY_MISSING, f"{key}.scbk_file"


def _lines_used_twice(config: GateConfig) -> Iterator[Finding]:
    used: dict[tuple[str, int], str] = {}
    keys = list(_line_keys(config))
    for at, reader in enumerate(config.readers):
        if reader.protocol == "wiegand":
            keys += [
                (f"readers[{at}].device", reader.device),
                (f"readers[{at}].data1", reader.data1),
            ]
    for key, text in keys:
        device = devices.read(text)
        if isinstance(device, GpioLine | UsbRelay):
            place = device.chip if isinstance(device, GpioLine) else device.path
            number = device.line if isinstance(device, GpioLine) else device.channel
            first = used.setdefault((place, number), key)
            if first != key:
                yield _invalid(f"{key}: the line of {first}")
    buses = Counter((r.device, r.address) for r in _osdp_rows(config) if r.device != "sim")
    for (_device, address), count in buses.items():
        if count > 1:
            yield _invalid(f"readers: address {address} twice on one bus")


def _osdp_rows(
    config: GateConfig,
) -> list[ReaderConfig | PinPadConfig | GuardPanelConfig]:
    readers = [row for row in config.readers if row.protocol == "osdp"]
    return [*readers, *config.pin_pads, *config.guard_panels]
