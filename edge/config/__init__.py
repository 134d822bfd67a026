"""Read `gate.toml`: what is wired to this unit, and where its files are. Nothing about people.

Which doors open when comes from signed documents; this file names devices only. Rules:
1. unknown keys, wrong types and placeholder values are refused with file, key and cure;
2. paths are relative to the file's folder and must stay below it or be absolute;
3. there is no setting that delays, prices or schedules one way in (DESIGN promise 1); the reading
   rate of QR imagers has a floor.
"""

from edge.config.devices import NONE, SIMULATED
from edge.config.files import load, parse
from edge.config.tables import (
    BrokerConfig,
    CallButtonConfig,
    CardFieldConfig,
    CardFormatConfig,
    FaceButtonConfig,
    FaceCameraConfig,
    GateConfig,
    GuardPanelConfig,
    ImagerConfig,
    InputsConfig,
    KeysConfig,
    ParityConfig,
    PinPadConfig,
    PortalConfig,
    ReaderConfig,
    UnitConfig,
    WorkersConfig,
)

__all__ = [
    "NONE",
    "SIMULATED",
    "BrokerConfig",
    "CallButtonConfig",
    "CardFieldConfig",
    "CardFormatConfig",
    "FaceButtonConfig",
    "FaceCameraConfig",
    "GateConfig",
    "GuardPanelConfig",
    "ImagerConfig",
    "InputsConfig",
    "KeysConfig",
    "ParityConfig",
    "PinPadConfig",
    "PortalConfig",
    "ReaderConfig",
    "UnitConfig",
    "WorkersConfig",
    "load",
    "parse",
]
