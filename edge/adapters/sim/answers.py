"""What simulated hardware answers: one JSON object a line, with `ok` in each.

An answer carries `mono_ms`, the instant just before the request was carried out, which serves as
`since_mono_ms` of a wait.
"""

import msgspec

__all__ = [
    "Adapter",
    "AnsweredAdapters",
    "AnsweredLamps",
    "AnsweredRelays",
    "AnsweredShown",
    "Lamp",
    "Refused",
    "RelayState",
    "Said",
    "ShownText",
    "Switched",
]


class Said(msgspec.Struct, frozen=True):
    """It was done."""

    mono_ms: int
    ok: bool = True


class Refused(msgspec.Struct, frozen=True):
    """It was not done; texts for people."""

    code: str
    zh: str
    en: str
    ok: bool = False


class Switched(msgspec.Struct, frozen=True):
    """One switching of a relay's coil."""

    mono_ms: int
    is_active: bool
    has_moved: bool


class RelayState(msgspec.Struct, frozen=True):
    """One relay; the lock is open while `is_active`."""

    portal: str
    is_active: bool
    is_stuck: bool
    door_is_open: bool
    history: tuple[Switched, ...]


class AnsweredRelays(msgspec.Struct, frozen=True):
    """Every relay asked for."""

    mono_ms: int
    relays: tuple[RelayState, ...]
    ok: bool = True


class ShownText(msgspec.Struct, frozen=True):
    """One thing shown; texts are (zh-CN, en)."""

    access_point: str
    signal: str
    reason: str
    headline: tuple[str, str]
    detail: tuple[str, str]
    age_line: tuple[str, str]
    list_age_s: int
    mono_ms: int


class AnsweredShown(msgspec.Struct, frozen=True):
    """What was shown, oldest first."""

    mono_ms: int
    shown: tuple[ShownText, ...]
    ok: bool = True


class Adapter(msgspec.Struct, frozen=True):
    """One device."""

    name: str
    kind: str


class AnsweredAdapters(msgspec.Struct, frozen=True):
    """Every device of the gate."""

    mono_ms: int
    adapters: tuple[Adapter, ...]
    ok: bool = True


class Lamp(msgspec.Struct, frozen=True):
    """The light of one OSDP reader: its colour as last told, and when (CLOCK_MONOTONIC ms)."""

    access_point: str
    colour: str
    since_mono_ms: int


class AnsweredLamps(msgspec.Struct, frozen=True):
    """The light of every OSDP reader that was ever told one."""

    mono_ms: int
    lamps: tuple[Lamp, ...]
    ok: bool = True
