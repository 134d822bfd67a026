"""Build every adapter that `gate.toml` names. Nothing is opened here: that is `Hardware.start`.

With `simulate`, whatever is fitted becomes its simulated twin and what is not fitted stays so. A
device that the file itself calls `sim` is simulated in either case, and every record says so. A
gate without simulated devices loads no simulator.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge.adapters.face_desk import FaceDesk
from edge.adapters.hardware import Hardware
from edge.adapters.indicator import AccessPointIndicator, Display
from edge.adapters.reader_desk import PinQuestion, Show
from edge.adapters.screen import ScreenFile
from edge.adapters.touch import TOUCH_SOCKET, TouchDesk
from edge.adapters.wiring_doors import DoorParts, build_doors
from edge.adapters.wiring_face import FaceParts, build_face
from edge.adapters.wiring_readers import ReaderParts, build_readers
from edge.adapters.worker_process import WorkerProcess
from edge.adapters.worker_socket import WorkerSocket, WorkerSocketSpec
from edge.config import SIMULATED, GateConfig
from edge.domain.effects import Signal
from edge.domain.ports import Clock, Source
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode

if TYPE_CHECKING:
    from edge.adapters.sim.bench import SimBench

__all__ = ["build", "sim_socket"]

_FILE_SOURCES = ("mailbox:", "picture:", "folder:", "video:")


class _Signals:
    """Let readers show something before the indicators, which need the readers, are built."""

    def __init__(self) -> None:
        self.indicators: dict[str, AccessPointIndicator] = {}

    def at(self, access_point: str) -> Show:
        def show(signal: Signal, reason: ReasonCode) -> None:
            indicator = self.indicators.get(access_point)
            if indicator is not None:
                indicator.at_reader(signal, reason)

        return show


def sim_socket(config: GateConfig) -> Path:
    """Return where the simulator of this gate unit can be driven."""
    return config.path(f"{config.gate.state_dir}/sim.sock")


def build(config: GateConfig, clock: Clock, *, simulate: bool) -> Hardware:
    """Build the hardware of one gate unit.

    Raises ConfigError(`path_refused`) for a path that leaves the file's folder.
    """
    signals, pins = _Signals(), PinQuestion()
    doors = build_doors(config, clock, simulate=simulate)
    readers = build_readers(config, clock, pins, signals.at, simulate=simulate)
    face = build_face(config, clock, simulate=simulate)
    pins.tells_keys = face.desk is not None
    adapters = {**doors.adapters, **readers.adapters, **_cameras(config, simulate=simulate)}
    adapters |= face.adapters
    workers = WorkerSocket(_socket_spec(config, face.desk, simulate=simulate), clock)
    processes = _processes(config, simulate=simulate)
    screens = _screens(config)
    sources: list[Source] = [*doors.sources, *screens.values(), *readers.sources]
    sources += [workers, *processes, *face.processes, *_touches(config, clock, simulate=simulate)]
    bench = None
    if simulate or AdapterKind.SIMULATED in adapters.values():
        parts = _Parts(config, clock, doors, readers, workers, processes, face, adapters)
        bench, control = _bench(parts)
        sources.append(control)
    for place in config.access_points:
        displays: list[Display] = [*readers.lamps.get(place, ())]
        displays += [screens[place]] if place in screens else []
        displays += [bench.displays[place]] if bench is not None else []
        signals.indicators[place] = AccessPointIndicator(place, displays, clock)
    if face.desk is not None:
        face.desk.notices = {name: each.notice for name, each in signals.indicators.items()}
    return Hardware(
        locks=doors.locks,
        indicators=signals.indicators,
        sources=tuple(sources),
        adapters=adapters,
        workers=workers,
        pins=pins,
        bench=bench,
        face=face.desk,
        screens=screens,
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    config: GateConfig
    clock: Clock
    doors: DoorParts
    readers: ReaderParts
    workers: WorkerSocket
    processes: tuple[WorkerProcess, ...]
    face: FaceParts
    adapters: Mapping[str, AdapterKind]


def _bench(parts: _Parts) -> "tuple[SimBench, Source]":
    from edge.adapters.sim.bench import SettableClock, SimBench
    from edge.adapters.sim.control import SimControl
    from edge.adapters.sim.display import SimDisplay

    bench = SimBench(
        doors=parts.doors.doors,
        contacts=parts.doors.contacts,
        readers=parts.readers.readers,
        pads=parts.readers.pads,
        panels=parts.readers.panels,
        displays={place: SimDisplay() for place in parts.config.access_points},
        workers=parts.workers,
        processes=parts.processes,
        clock=parts.clock if isinstance(parts.clock, SettableClock) else None,
        adapters=parts.adapters,
        face=parts.face.desk,
        face_cameras=tuple(row.access_point for row in parts.config.face_cameras),
    )
    return bench, SimControl(sim_socket(parts.config), bench)


def _cameras(config: GateConfig, *, simulate: bool) -> dict[str, AdapterKind]:
    found = {}
    for row in config.imagers:
        is_sim = simulate or _is_file(row.source)
        kind = AdapterKind.SIMULATED if is_sim else AdapterKind.REAL
        found[f"code camera {row.access_point}"] = kind
    return found


def _is_file(source: str) -> bool:
    return source == SIMULATED or source.startswith(_FILE_SOURCES)


def _screens(config: GateConfig) -> dict[str, ScreenFile]:
    if not config.gate.screen_dir:
        return {}
    folder = config.path(config.gate.screen_dir)
    return {place: ScreenFile(folder, place) for place in config.access_points}


def _touches(config: GateConfig, clock: Clock, *, simulate: bool) -> tuple[TouchDesk, ...]:
    if not config.gate.screen_dir:
        return ()
    path = config.path(config.gate.screen_dir) / TOUCH_SOCKET
    kind = AdapterKind.SIMULATED if simulate else AdapterKind.REAL
    group = config.workers.group_may_connect
    return (TouchDesk(path, config.access_points, clock, kind, group_may_connect=group),)


def _socket_spec(
    config: GateConfig, face_sink: FaceDesk | None, *, simulate: bool
) -> WorkerSocketSpec:
    return WorkerSocketSpec(
        config.workers_socket,
        tuple(row.access_point for row in config.imagers),
        config.access_points,
        is_simulated=simulate,
        group_may_connect=config.workers.group_may_connect,
        face_sink=face_sink,
    )


def _processes(config: GateConfig, *, simulate: bool) -> tuple[WorkerProcess, ...]:
    """Run a worker for the lanes that files stand in for; real ones are systemd's."""
    lanes = []
    for row in config.imagers:
        if simulate or row.source == SIMULATED:
            source = row.source if row.source.startswith(_FILE_SOURCES) else "mailbox:"
            lanes += ["--lane", f"{row.access_point}={source}"]
    if not lanes:
        return ()
    path = config.workers_socket
    # A name in its own folder fits into a socket's address, however deep the folder lies.
    arguments = ["--socket", path.name, *lanes, "--simulated"]
    return (WorkerProcess("edge.workers.qr", arguments, path.parent),)
