"""Wire face: the desk before its worker, and in a simulated unit the worker itself.

On a gate in the field systemd runs the worker, with a user and a sandbox of its own. Without
`workers.face`, or in a simulated unit without models, face is not installed and nothing else
changes.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

import edge
from edge.adapters.face_desk import FaceDesk
from edge.adapters.worker_process import WorkerProcess
from edge.config import SIMULATED, GateConfig
from edge.domain.ports import Clock
from mqtt.contract.events import AdapterKind

__all__ = ["FaceParts", "build_face"]

_ASSETS = "EQUALGATE_ASSETS"


@dataclass(frozen=True, slots=True)
class FaceParts:
    """What there is of face; `desk` is None where it is not installed."""

    desk: FaceDesk | None = None
    processes: tuple[WorkerProcess, ...] = ()
    adapters: dict[str, AdapterKind] = field(default_factory=dict)


def build_face(config: GateConfig, clock: Clock, *, simulate: bool) -> FaceParts:
    """Build what `gate.toml` says of face. Raises ConfigError(`path_refused`)."""
    if not config.workers.face:
        return FaceParts()
    cameras = {row.access_point: row.source for row in config.face_cameras}
    simulated = [name for name, source in cameras.items() if simulate or source == SIMULATED]
    models = _models(config)
    if simulated and models is None:
        return FaceParts()
    kind = AdapterKind.SIMULATED if simulated else AdapterKind.REAL
    processes = () if models is None or not simulated else (_process(config, models, simulated),)
    adapters = {f"face camera {name}": kind for name in cameras}
    may_valve = any(row.standby == "valve" for row in config.face_cameras)
    return FaceParts(FaceDesk(clock, kind, may_valve=may_valve), processes, adapters)


def _models(config: GateConfig) -> Path | None:
    """Return the folder with models: the one that is named, that of the assets, or the demo's."""
    root = Path(edge.__file__).resolve().parents[1]
    assets = os.environ.get(_ASSETS)
    shared = Path(assets) if assets else root.parent / "shared"
    named = config.workers.face_models
    known = (root / ".equalgate" / "models", shared / "models")
    folders = (config.path(named),) if named else known
    return next((folder for folder in folders if any(folder.glob("*.onnx"))), None)


def _process(config: GateConfig, models: Path, places: list[str]) -> WorkerProcess:
    """Run the worker with cameras that see the pictures that they are shown.

    Whether face may be without PAD files is the site's recorded word, which the gate holds to.
    """
    path = config.workers_socket
    store = config.path(f"{config.gate.state_dir}/face").resolve()
    # A name in its own folder fits into a socket's address, however deep the folder lies.
    arguments = ["--socket", path.name, "--models", str(models), "--store", str(store)]
    for place in places:
        arguments += ["--lane", f"{place}=mailbox:"]
    # A simulated gate behaves the same on every machine, also where there is a GPU.
    arguments += ["--simulated", "--without-pad", "--engine", "onnxruntime"]
    return WorkerProcess("edge.workers.face", arguments, path.parent)
