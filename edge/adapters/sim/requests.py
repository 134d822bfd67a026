"""What can be asked of simulated hardware: one JSON object a line.

A request names its verb in `do`. Unknown verbs and fields are refused with a text that says what is
wrong. Names of access points and portals may be empty where the gate has only one that fits.
Instants are `time.monotonic()` in ms, the clock of the gate.
"""

import msgspec

__all__ = [
    "Adapters",
    "AutoDoor",
    "Battery",
    "Cable",
    "Call",
    "ClockJump",
    "ClockTrustSet",
    "Door",
    "Exit",
    "FacePicture",
    "FacePress",
    "Fire",
    "FireFault",
    "Fob",
    "Keys",
    "Lamps",
    "Lines",
    "Panel",
    "Picture",
    "PowerCut",
    "Reader",
    "RelayStuck",
    "Relays",
    "Request",
    "ShownState",
    "Tamper",
    "WaitShown",
    "WaitUnlocked",
    "WorkerKill",
    "decode_request",
]


class _Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do"):
    pass


class Fob(_Ask, frozen=True, tag="fob"):
    """Hold a fob to a reader once.

    `value` and `length` are what its credential is compared with (24 bits for Wiegand 26, 32 for
    Wiegand 34); `is_raw` sends exactly these bits instead.
    """

    value: int
    length: int = 24
    access_point: str = ""
    is_raw: bool = False


class Keys(_Ask, frozen=True, tag="keys"):
    """Press keys at a reader or PIN pad: `0-9`, `*` clears, `#` ends."""

    keys: str
    access_point: str = ""


class Picture(_Ask, frozen=True, tag="picture"):
    """Show a picture, a folder of pictures or a video file to the code camera."""

    path: str
    access_point: str = ""


class FacePress(_Ask, frozen=True, tag="face_press"):
    """Press the face button for `for_ms`: 300 is a press, 3500 erases after an own fob or pass."""

    access_point: str = ""
    for_ms: int = 300


class FacePicture(_Ask, frozen=True, tag="face_picture"):
    """Let the face camera see a picture, folder or video, once the button has opened it."""

    path: str
    access_point: str = ""


class Door(_Ask, frozen=True, tag="door"):
    """Open or close the door leaf by hand."""

    is_open: bool
    portal: str = ""


class Exit(_Ask, frozen=True, tag="exit"):
    """Press or let go of the exit button; without `is_pressed` a press of 300 ms."""

    is_pressed: bool | None = None
    portal: str = ""


class Fire(_Ask, frozen=True, tag="fire"):
    """Let the fire panel report fire, or end it."""

    is_active: bool


class FireFault(_Ask, frozen=True, tag="fire_fault"):
    """Cut or mend the line to the fire panel."""

    is_active: bool


class Tamper(_Ask, frozen=True, tag="tamper"):
    """Open or close the housing of the gate unit."""

    is_open: bool


class Battery(_Ask, frozen=True, tag="battery"):
    """Change the supply to battery or back."""

    on_battery: bool


class Call(_Ask, frozen=True, tag="call"):
    """Press the call button."""

    access_point: str = ""


class Panel(_Ask, frozen=True, tag="panel"):
    """Use the guard's panel: an action of `StaffAction`, with fob and PIN where it needs them."""

    action: str
    access_point: str = ""
    card: tuple[int, int] | None = None
    pin: str = ""
    reason: str = ""


class ClockJump(_Ask, frozen=True, tag="clock_jump"):
    """Set the wall clock forward or back."""

    by_ms: int


class ClockTrustSet(_Ask, frozen=True, tag="clock_trust"):
    """Say how far the wall clock can be believed: 0 synchronised, 1 holdover, 2 unknown."""

    level: int


class Cable(_Ask, frozen=True, tag="cable"):
    """Pull a reader's cable or plug it in."""

    is_joined: bool
    access_point: str = ""


class Reader(_Ask, frozen=True, tag="reader"):
    """Set a reader up differently: `secure`, `install`, `plaintext`; or `swapped`, `straight`."""

    mode: str
    access_point: str = ""


class Lines(_Ask, frozen=True, tag="lines"):
    """Take the chip with all contacts away or bring it back."""

    are_there: bool


class RelayStuck(_Ask, frozen=True, tag="stuck"):
    """Let a relay stick: commanded, but not moving."""

    is_stuck: bool
    portal: str = ""


class AutoDoor(_Ask, frozen=True, tag="auto_door"):
    """Let a person pass whenever the door is unlocked, or nobody."""

    is_on: bool
    portal: str = ""


class WorkerKill(_Ask, frozen=True, tag="worker_kill"):
    """End the QR worker at once, as a crash does."""


class PowerCut(_Ask, frozen=True, tag="power_cut"):
    """End the gate's process at once, as a power cut does. There is no answer."""


class Relays(_Ask, frozen=True, tag="relays"):
    """Ask for every relay's state and its switchings at or after `since_mono_ms`."""

    since_mono_ms: int = 0


class Lamps(_Ask, frozen=True, tag="lamps"):
    """Ask for the colour that each OSDP reader's light was last told to show."""


class ShownState(_Ask, frozen=True, tag="shown"):
    """Ask what an access point showed at or after `since_mono_ms`."""

    access_point: str = ""
    since_mono_ms: int = 0


class Adapters(_Ask, frozen=True, tag="adapters"):
    """Ask which devices there are and whether each is real."""


class WaitUnlocked(_Ask, frozen=True, tag="wait_unlocked"):
    """Wait until a relay was switched on at or after `since_mono_ms`, 60 s at most."""

    portal: str = ""
    since_mono_ms: int = 0
    timeout_ms: int = 2_000


class WaitShown(_Ask, frozen=True, tag="wait_shown"):
    """Wait until an access point showed something at or after `since_mono_ms`, 60 s at most."""

    access_point: str = ""
    since_mono_ms: int = 0
    timeout_ms: int = 2_000


Request = (
    Fob | Keys | Picture | Door | Exit | Fire | FireFault | Tamper | Battery | Call | Panel
    | ClockJump | ClockTrustSet | Cable | Reader | Lines | RelayStuck | AutoDoor | WorkerKill
    | FacePress | FacePicture | PowerCut | Relays | ShownState | Lamps | Adapters
    | WaitUnlocked | WaitShown
)  # fmt: skip


_DECODER: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)


def decode_request(line: bytes) -> Request:
    """Return the request of one line. Raises ValueError that says what is wrong."""
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(str(error).replace("`", "")) from None
