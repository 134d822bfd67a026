"""Read `gate.toml`: what is wired to this unit, and where its files are. Nothing about people.

Which doors open when comes from signed documents; this file names devices only. Rules:
1. unknown keys, wrong types and placeholder values are refused with file, key and cure;
2. paths are relative to the file's folder and must stay below it or be absolute;
3. there is no setting that delays, prices or schedules one way in (DESIGN promise 1); the reading
   rate of QR imagers has a floor.
"""

import tomllib
from pathlib import Path

import msgspec

from mqtt.contract.errors import ConfigError, ContractError
from mqtt.contract.ids import parse_name
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "SIMULATED",
    "BrokerConfig",
    "GateConfig",
    "GuardPanelConfig",
    "ImagerConfig",
    "InputsConfig",
    "KeysConfig",
    "PinPadConfig",
    "PortalConfig",
    "ReaderConfig",
    "UnitConfig",
    "load",
    "parse",
]

SIMULATED = "sim"
"""The device name of simulated hardware."""

_PLACEHOLDER = "CHANGE-ME"
_DEVICE_PREFIXES = (SIMULATED, "gpio:", "serial:", "none")


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class UnitConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[gate]`: who this unit is and where its database and sockets lie."""

    site: str
    id: str
    state_dir: str = "state"
    language: str = "zh-CN"


class BrokerConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[broker]`: where the compound's broker listens, with the certificate files for it."""

    host: str
    port: int = 8883
    ca_file: str = "tls/ca.pem"
    cert_file: str = "tls/gate.pem"
    key_file: str = "tls/gate.key"
    retry_from_ms: int = 1_000
    retry_to_ms: int = 60_000


class KeysConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[keys]`: this gate's signing key, and the site's document key (hex) that it trusts first."""

    trust: str
    signing_key_file: str = "keys/gate.key"


class PortalConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[[portals]]`: the wires of one opening: `sim`, `gpio:<chip>:<line>[:low]`, or `none`."""

    name: str
    lock: str
    door_sensor: str = "none"
    exit_button: str = "none"
    lock_sensor: str = "none"


class ReaderConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[[readers]]`: a fob reader: `protocol` is `osdp` or `wiegand`.

    An OSDP reader has a bus device, an address and the file with its secure channel key; a Wiegand
    reader has two lines. `byte_order` is `as_read` or `reversed`.
    """

    access_point: str
    protocol: str
    device: str
    address: int = 0
    scbk_file: str = ""
    data1: str = ""
    byte_order: str = "as_read"
    keypad: str = "none"


class ImagerConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[[imagers]]`: where codes are read: `sim`, or a source as the QR worker takes it.

    `frames_per_s` has a floor of 10, so that QR cannot be made slow by a setting.
    """

    access_point: str
    source: str
    frames_per_s: int = 25


class PinPadConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[[pin_pads]]`: a keypad that is part of no reader; only `sim` for now."""

    access_point: str
    device: str = SIMULATED


class GuardPanelConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[[guard_panels]]`: fob reader and keys at a guard's place, and what it opens."""

    access_point: str
    device: str = SIMULATED


class InputsConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[inputs]`: contacts of the whole unit."""

    fire: str = "none"
    tamper: str = "none"
    battery: str = "none"
    call_button: str = "none"


class GateConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    gate: UnitConfig
    broker: BrokerConfig
    keys: KeysConfig
    portals: tuple[PortalConfig, ...]
    readers: tuple[ReaderConfig, ...] = ()
    imagers: tuple[ImagerConfig, ...] = ()
    pin_pads: tuple[PinPadConfig, ...] = ()
    guard_panels: tuple[GuardPanelConfig, ...] = ()
    inputs: InputsConfig = InputsConfig()
    folder: str = ""

    def path(self, name: str) -> Path:
        """Return `name` below the file's folder, or as it is where absolute.

        Raises ConfigError(`path_refused`) for a name that climbs out with `..`.
        """
        given = Path(name)
        if given.is_absolute():
            return given
        whole = (Path(self.folder) / given).resolve()
        if not whole.is_relative_to(Path(self.folder).resolve()):
            raise ConfigError(ReasonCode.PATH_REFUSED, name)
        return whole


def load(path: Path) -> GateConfig:
    """Read and check a file. Raises ConfigError with file, key and cure."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(ReasonCode.CONFIG_MISSING, path.name) from error
    except UnicodeDecodeError as error:
        raise ConfigError(ReasonCode.CONFIG_INVALID, f"{path.name}: not UTF-8") from error
    return parse(text, name=path.name, folder=str(path.parent))


def parse(text: str, *, name: str = "gate.toml", folder: str = ".") -> GateConfig:
    """Check the text of a file. Raises ConfigError."""
    try:
        config = msgspec.convert({**tomllib.loads(text), "folder": folder}, GateConfig)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(ReasonCode.CONFIG_INVALID, f"{name}: {error}") from error
    except msgspec.ValidationError as error:
        where = str(error).replace("`", "")
        raise ConfigError(ReasonCode.CONFIG_INVALID, f"{name}: {where}") from error
    for finding in _findings(config):
        raise ConfigError(finding[0], f"{name}: {finding[1]}")
    return config


def _findings(config: GateConfig) -> list[tuple[ReasonCode, str]]:
    """List what is wrong, most basic first; each with the key where it stands."""
    found = []
    names = [("gate.site", config.gate.site), ("gate.id", config.gate.id)]
    names += [
        (f"readers[{at}].access_point", r.access_point) for at, r in enumerate(config.readers)
    ]
    names += [
        (f"imagers[{at}].access_point", i.access_point) for at, i in enumerate(config.imagers)
    ]
    for key, value in names:
        try:
            parse_name(value)
        except ContractError:
            found.append((ReasonCode.BAD_NAME, key))
    if _PLACEHOLDER in config.keys.trust or len(config.keys.trust) != 64:
        found.append((ReasonCode.PLACEHOLDER_SECRET, "keys.trust: 64 hex digits"))
    for at, reader in enumerate(config.readers):
        if reader.protocol not in {"osdp", "wiegand"}:
            found.append((ReasonCode.CONFIG_INVALID, f"readers[{at}].protocol: osdp | wiegand"))
        if reader.protocol == "osdp" and not reader.scbk_file:
            found.append((ReasonCode.READER_KEY_MISSING, f"readers[{at}].scbk_file"))
        if reader.byte_order not in {"as_read", "reversed"}:
            found.append(
                (ReasonCode.CONFIG_INVALID, f"readers[{at}].byte_order: as_read | reversed")
            )
    for at, imager in enumerate(config.imagers):
        if imager.frames_per_s < 10:
            found.append((ReasonCode.CONFIG_INVALID, f"imagers[{at}].frames_per_s: at least 10"))
    found += _wiring_findings(config)
    return found


def _wiring_findings(config: GateConfig) -> list[tuple[ReasonCode, str]]:
    found = []
    seen = set()
    for at, portal in enumerate(config.portals):
        if portal.name in seen:
            found.append((ReasonCode.CONFIG_INVALID, f"portals[{at}].name: named twice"))
        seen.add(portal.name)
        for key in ("lock", "door_sensor", "exit_button", "lock_sensor"):
            if not getattr(portal, key).startswith(_DEVICE_PREFIXES):
                where = f"portals[{at}].{key}: sim | gpio:<chip>:<line> | none"
                found.append((ReasonCode.CONFIG_INVALID, where))
    if not config.portals:
        found.append((ReasonCode.CONFIG_INVALID, "portals: at least one"))
    return found
