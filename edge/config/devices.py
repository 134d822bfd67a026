"""Read the words with which `gate.toml` names a device.

`none`, `sim`, `serial:<path>`, `usb-relay:<path>:<channel>`, or `gpio:<chip>:<line>` with flags
behind: `low` (active low) and one of `up`, `down`, `floating` (what holds the line when nothing
drives it).
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = [
    "NONE", "SIMULATED", "Device", "GpioLine", "Nothing", "SerialPort", "Simulated", "UsbRelay",
    "camera", "is_local", "read",
]  # fmt: skip

SIMULATED = "sim"
"""The device name of simulated hardware."""
NONE = "none"
"""The device name of what is not fitted."""

_CHIP = re.compile(r"[a-zA-Z0-9_-]{1,32}")
_MOST_LINES = 1024
_MOST_CHANNELS = 16
_NETWORKS = frozenset({"rtsp", "rtsps", "rtp", "http", "https", "udp", "tcp", "webrtc"})
Bias = Literal["as_is", "up", "down", "floating"]
_BIASES: dict[str, Bias] = {"up": "up", "down": "down", "floating": "floating"}


@dataclass(frozen=True, slots=True)
class Nothing:
    """Not fitted."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """Simulated hardware stands here."""


@dataclass(frozen=True, slots=True)
class SerialPort:
    """A serial device file."""

    path: str


@dataclass(frozen=True, slots=True)
class GpioLine:
    """One line of a GPIO chip; `chip` is the name below /dev, `line` its number there."""

    chip: str
    line: int
    is_active_low: bool = False
    bias: Bias = "as_is"


@dataclass(frozen=True, slots=True)
class UsbRelay:
    """One relay of a board behind a serial port; `channel` counts from 1."""

    path: str
    channel: int


Device = Nothing | Simulated | SerialPort | GpioLine | UsbRelay


def read(text: str) -> Device | None:
    """Return the device that `text` names, or None where it names none."""
    kind, _, rest = text.partition(":")
    if text == NONE:
        return Nothing()
    if text == SIMULATED:
        return Simulated()
    if kind == "serial" and rest.startswith("/") and "\0" not in rest:
        return SerialPort(rest)
    if kind == "usb-relay":
        return _usb_relay(rest)
    if kind == "gpio":
        return _gpio(rest.split(":"))
    return None


def _usb_relay(rest: str) -> UsbRelay | None:
    path, _, channel = rest.rpartition(":")
    is_right = path.startswith("/") and "\0" not in path and channel.isascii()
    if not is_right or not channel.isdecimal() or not 1 <= int(channel) <= _MOST_CHANNELS:
        return None
    return UsbRelay(path, int(channel))


def _gpio(parts: list[str]) -> GpioLine | None:
    if len(parts) < 2 or not _CHIP.fullmatch(parts[0]) or not parts[1].isascii():
        return None
    number, flags = parts[1], parts[2:]
    biases = [_BIASES[flag] for flag in flags if flag in _BIASES]
    known = len(biases) + flags.count("low")
    if not number.isdecimal() or known != len(flags) or len(set(flags)) != len(flags):
        return None
    if len(biases) > 1 or int(number) >= _MOST_LINES:
        return None
    return GpioLine(parts[0], int(number), "low" in flags, biases[0] if biases else "as_is")


def camera(source: str) -> str:
    """Return what a camera's source names on this machine, empty for simulated and network ones.

    Two sources that name one sensor in other words, or by a link, give the same text.
    """
    found = re.search(r"/dev/[A-Za-z0-9/_.-]+", source)
    if found:
        return str(Path(found.group()).resolve())
    sensor = re.search(r"(?:^csi:|csi://|sensor-id=)(\d+)", source)
    if sensor:
        return f"csi:{int(sensor.group(1))}"
    return "csi:0" if "nvarguscamerasrc" in source else ""


def is_local(source: str) -> bool:
    """Tell whether a camera's source stays on this machine; the worker looks closer."""
    local = source.removeprefix("jetson:csi://").removeprefix("jetson:v4l2:///dev/")
    return "://" not in local and source.partition(":")[0] not in _NETWORKS
