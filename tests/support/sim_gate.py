"""A gate unit whose file names real devices, all of them simulated."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.adapters.hardware import Hardware
from edge.adapters.wiring import build
from edge.config import GateConfig, parse
from edge.domain.inputs import WayChanged
from mqtt.contract.events import Method
from tests.support.hardware import MonotonicClock, Recorder

__all__ = ["gate_in", "running"]

GATE = f"""
[gate]
site = "site-1"
id = "gate-1"
screen_dir = "screen"
[broker]
host = "localhost"
[keys]
trust = "{"ab" * 32}"
[[portals]]
name = "main"
lock = "gpio:gpiochip0:1"
door_sensor = "gpio:gpiochip0:2"
exit_button = "gpio:gpiochip0:3"
lock_sensor = "gpio:gpiochip0:4"
[[readers]]
access_point = "ap-1"
protocol = "osdp"
device = "serial:/dev/none"
scbk_file = "keys/none"
keypad = "osdp"
[[readers]]
access_point = "ap-2"
protocol = "wiegand"
device = "gpio:gpiochip0:5"
data1 = "gpio:gpiochip0:6"
keypad = "bits_4"
[[imagers]]
access_point = "ap-1"
source = "v4l2:/dev/video0"
[[pin_pads]]
access_point = "ap-3"
[[guard_panels]]
access_point = "ap-1"
[[call_buttons]]
access_point = "ap-1"
device = "gpio:gpiochip0:7"
[inputs]
fire = "gpio:gpiochip0:8"
fire_fault = "gpio:gpiochip0:9"
tamper = "gpio:gpiochip0:10"
battery = "gpio:gpiochip0:11"
"""

_THREADS = ("contacts", "osdp-bus", "sim-osdp-reader", "wiegand", "screen", "worker-", "socket-")


def gate_in(folder: Path) -> GateConfig:
    return parse(GATE, folder=str(folder))


@contextmanager
def running(config: GateConfig, heard: Recorder) -> Iterator[Hardware]:
    """Run the unit until every way is ready; afterwards no thread may be left and locks rest."""
    hardware = build(config, MonotonicClock(), simulate=True)
    hardware.start(heard)
    try:
        heard.wait(WayChanged, lambda item: _is_ready(item, Method.QR), timeout_s=15)
        heard.wait(WayChanged, lambda item: _is_ready(item, Method.FOB), count=2)
        yield hardware
    finally:
        hardware.stop()
    assert hardware.bench is not None
    assert not hardware.bench.doors["main"].relay.is_active
    assert not [t.name for t in threading.enumerate() if t.name.startswith(_THREADS)]


def _is_ready(item: WayChanged, method: Method) -> bool:
    return (item.status, item.method) == ("ready", method)
