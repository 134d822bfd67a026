"""The tables of `gate.toml`. Each is a frozen record; unknown keys and wrong types are refused."""

from pathlib import Path

import msgspec

from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode

__all__ = [
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
]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class UnitConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[gate]`: who this unit is and where its database and sockets lie.

    `screen_dir` is a folder in memory (such as /run) into which the text of each access point's
    screen is written; empty for none. `python -m edge screen` serves it on loopback at
    `screen_port` and speaks it by `speaker`: `none`, `espeak-ng` or `files:<folder>` of prepared
    .wav files.
    """

    site: str
    id: str
    state_dir: str = "state"
    language: str = "zh-CN"
    screen_dir: str = ""
    screen_port: int = 8330
    speaker: str = "none"


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
    """`[keys]`: the folder of this gate's own key; the site's key (hex) that it trusts first.

    `store` is `file`, or `tpm2` where the key is sealed to a TPM 2.0.
    """

    trust: str
    folder: str = "keys"
    store: str = "file"


class WorkersConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[workers]`: the socket on which worker processes meet the daemon.

    Empty `socket` is `workers.sock` in the state folder. `group_may_connect` gives the socket mode
    0660 in place of 0600, for workers with users of their own. `face` lets a face worker in.
    `face_models` is the folder of its models for a simulated unit, which runs the worker itself;
    empty: those of the demo, if there are any.
    """

    socket: str = ""
    group_may_connect: bool = False
    face: bool = False
    face_models: str = ""


class PortalConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[[portals]]`: the wires of one opening: `sim`, `gpio:<chip>:<line>[:flags]`, or `none`."""

    name: str
    lock: str
    door_sensor: str = "none"
    exit_button: str = "none"
    lock_sensor: str = "none"


class ReaderConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[[readers]]`: a fob reader: `protocol` is `osdp` or `wiegand`.

    An OSDP reader has a bus device, an address and the file with its secure channel key; a Wiegand
    reader has two lines. `byte_order` is `as_read` or `reversed`. `keypad` is `none`, `osdp`,
    `bits_4`, `bits_8` or `buffered_26`. `raw_bits` lists lengths of bare numbers without parity.
    Whether a fob needs a PIN stands with the credential: no setting here makes a fob wait.
    """

    access_point: str
    protocol: str
    device: str
    address: int = 0
    baud: int = 9_600
    scbk_file: str = ""
    data1: str = ""
    byte_order: str = "as_read"
    keypad: str = "none"
    pin_digits: int = 4
    raw_bits: tuple[int, ...] = ()
    cards_prove_secret: bool = False


class CardFieldConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """One number inside a card format; `start` counts from the first bit sent, from 0."""

    name: str
    start: int
    length: int


class ParityConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """One parity bit of a card format and the bits that it covers, counted from 0."""

    position: int
    covers: tuple[int, ...]
    odd: bool = False


class CardFormatConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[[card_formats]]`: a layout besides the usual 26, 34 and 37 bits (A11)."""

    name: str
    length: int
    fields: tuple[CardFieldConfig, ...]
    parities: tuple[ParityConfig, ...] = ()


class ImagerConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[[imagers]]`: where codes are read: `sim`, or a source as the QR worker takes it.

    `frames_per_s` has a floor of 10, so that QR cannot be made slow by a setting.
    """

    access_point: str
    source: str
    frames_per_s: int = 25


class PinPadConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[[pin_pads]]`: a keypad that is part of no fob reader: `sim`, or an OSDP keypad."""

    access_point: str
    device: str = "sim"
    address: int = 0
    baud: int = 9_600
    scbk_file: str = ""


class GuardPanelConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[[guard_panels]]`: fob reader and keys at a guard's place, and what it opens.

    `device` is `sim` or the serial port of an OSDP reader with keys; `release_button` is a line.
    """

    access_point: str
    device: str = "sim"
    address: int = 0
    baud: int = 9_600
    scbk_file: str = ""
    release_button: str = "none"


class CallButtonConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[[call_buttons]]`: a button with which somebody at an access point calls the guard."""

    access_point: str
    device: str


class FaceButtonConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[[face_buttons]]`: the button that alone opens the face camera of an access point."""

    access_point: str
    device: str


class FaceCameraConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[[face_cameras]]`: the face camera: `sim`, or a source as the face worker takes it.

    `standby` is what its sensor does between attempts: `closed`, or `valve` for a CSI sensor that
    runs while no frame leaves GStreamer.
    """

    access_point: str
    source: str
    standby: str = "closed"


class InputsConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """`[inputs]`: contacts of the whole unit.

    `fire` is active while the panel reports fire; `fire_fault` is active while the supervising
    board sees the loop open or short, which counts as fire for the doors.
    """

    fire: str = "none"
    fire_fault: str = "none"
    tamper: str = "none"
    battery: str = "none"


class GateConfig(_Table, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    gate: UnitConfig
    broker: BrokerConfig
    keys: KeysConfig
    portals: tuple[PortalConfig, ...]
    readers: tuple[ReaderConfig, ...] = ()
    card_formats: tuple[CardFormatConfig, ...] = ()
    imagers: tuple[ImagerConfig, ...] = ()
    pin_pads: tuple[PinPadConfig, ...] = ()
    guard_panels: tuple[GuardPanelConfig, ...] = ()
    call_buttons: tuple[CallButtonConfig, ...] = ()
    face_buttons: tuple[FaceButtonConfig, ...] = ()
    face_cameras: tuple[FaceCameraConfig, ...] = ()
    inputs: InputsConfig = InputsConfig()
    workers: WorkersConfig = WorkersConfig()
    folder: str = ""

    @property
    def access_points(self) -> tuple[str, ...]:
        """List every access point that a device is fitted at, each once, in the file's order."""
        tables = (self.readers, self.imagers, self.pin_pads, self.guard_panels, self.call_buttons)
        return tuple(dict.fromkeys(row.access_point for table in tables for row in table))

    @property
    def workers_socket(self) -> Path:
        """Return where worker processes connect."""
        return self.path(self.workers.socket or f"{self.gate.state_dir}/workers.sock")

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
