"""Describe the records in the documents of a gate; pseudonyms, no names, phone or room numbers.

Each record has a text id within its document, for example `level:residents` in `policy`; the id's
prefix tells the model. What a gate may do comes from these records alone. Times of day are minutes
after local midnight in the compound's IANA zone; instants are UTC in ms.
"""

from enum import StrEnum

import msgspec

from mqtt.contract import fields
from mqtt.contract.events import Direction, Method

__all__ = [
    "AccessPointRecord",
    "CalendarRecord",
    "ConfigRecord",
    "CredentialRecord",
    "DayKind",
    "GrantRecord",
    "KeyRecord",
    "KeyScope",
    "LeaseRecord",
    "LevelRecord",
    "PortalRecord",
    "RevocationRecord",
    "Role",
    "ScheduleRecord",
    "StaffRecord",
    "WindowRecord",
]


class Role(StrEnum):
    """Who a staff member is; residents never appear in a roster."""

    GUARD = "guard"
    MANAGER = "manager"
    INSPECTOR = "inspector"
    INSTALLER = "installer"


class KeyScope(StrEnum):
    """What a key may sign; a key of one scope cannot sign for another."""

    RESIDENT_PASS = "resident_pass"  # noqa: S105 - a scope, no secret
    PAPER_PASS = "paper_pass"  # noqa: S105 - a scope, no secret
    SLIP_PASS = "slip_pass"  # noqa: S105 - a scope, no secret
    VISITOR_PASS = "visitor_pass"  # noqa: S105 - a scope, no secret
    COMMAND = "command"
    DOCUMENT = "document"
    ACK = "ack"
    REVOCATION = "revocation"
    LEASE = "lease"
    REDEMPTION = "redemption"


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class KeyRecord(_Record, frozen=True, forbid_unknown_fields=True):
    """`keys/<kid hex>`: one verification key with its scopes and its window in UTC ms.

    `gate` names the gate unit that the key belongs to, or is empty for a key of the controller.
    """

    public_key: fields.Key
    scopes: tuple[KeyScope, ...]
    not_before_ms: fields.Count
    not_after_ms: fields.Count
    gate: fields.Name = ""


class CredentialRecord(_Record, frozen=True, forbid_unknown_fields=True):
    """`credentials/<id base32>`: one credential of one holder.

    `card` is [value, length in bits] for a fob; `pin_hash` with `pin_salt` (scrypt) for a PIN,
    `duress_hash` likewise. For `qr` the id is the pass's credential id and the pass itself carries
    its window. `levels` names access levels. `fob_needs_pin` asks for both at once.
    """

    holder: fields.Id
    method: Method
    levels: tuple[fields.RecordId, ...]
    valid_from_ms: fields.Count
    valid_until_ms: fields.Count
    card: tuple[int, int] | None = None
    pin_salt: fields.Salt = b""
    pin_hash: fields.PinHash = b""
    duress_hash: fields.PinHash = b""
    fob_needs_pin: bool = False
    longer_opening: bool = False


class WindowRecord(_Record, frozen=True, forbid_unknown_fields=True):
    """A weekly window: days Monday=0 to Sunday=6, from `start_min` to `end_min`.

    1440 is midnight at the end of the day; an end at or before the start runs into the next day.
    `on_holidays` tells whether it also counts on public holidays.
    """

    days: tuple[int, ...]
    start_min: int
    end_min: int
    on_holidays: bool = True


class ScheduleRecord(_Record, frozen=True, forbid_unknown_fields=True):
    """`policy/schedule:<name>`: when something is allowed.

    No windows means never, `always` means at all times.
    """

    windows: tuple[WindowRecord, ...] = ()
    always: bool = False


class DayKind(StrEnum):
    """How a date differs from its weekday: a public holiday, or a make-up workday (调休)."""

    HOLIDAY = "holiday"
    WORKDAY = "workday"


class CalendarRecord(_Record, frozen=True, forbid_unknown_fields=True):
    """`policy/calendar:<year>`: public holidays and make-up workdays, ISO date to kind.

    Source: the State Council's notice of the year.
    """

    days: dict[str, DayKind]


class GrantRecord(_Record, frozen=True, forbid_unknown_fields=True):
    """One line of an access level: these access points in this schedule.

    It cannot name a method: that is the point.
    """

    access_points: tuple[str, ...]
    schedule: str


class LevelRecord(_Record, frozen=True, forbid_unknown_fields=True):
    """`policy/level:<name>`: a set of grants."""

    grants: tuple[GrantRecord, ...]


class PortalRecord(_Record, frozen=True, forbid_unknown_fields=True):
    """`config/portal:<name>`: one physical opening and its lock.

    Times in ms; the limits of acceptance case D01 are enforced by `policy_checks`.
    """

    unlock_ms: int = 5_000
    longer_unlock_ms: int = 12_000
    held_warn_ms: int = 30_000
    held_alarm_ms: int = 60_000
    relock_on_close: bool = False
    has_door_sensor: bool = True
    fail_safe: bool = True
    interlock_with: tuple[str, ...] = ()
    free_schedule: str = ""
    free_needs_first_person: bool = False
    turnstile: bool = False


class AccessPointRecord(_Record, frozen=True, forbid_unknown_fields=True):
    """`config/ap:<name>`: one direction of a portal with the ways in that are fitted there."""

    portal: str
    direction: Direction
    methods: tuple[Method, ...]
    zone_from: str = ""
    zone_to: str = ""
    entry_confirmed: bool = False


class ConfigRecord(_Record, frozen=True, forbid_unknown_fields=True):
    """`config/gate`: what holds for the whole gate unit. `passback` is `off`, `soft` or `hard`.

    In `shadow` the gate listens beside an old controller, judges, and lets nobody in itself.
    """

    zone: str = "Asia/Shanghai"
    passback: str = "off"
    open_needs_own_key: bool = False
    double_tap_hold: bool = False
    phone_window_s: int = 60
    phone_skew_s: int = 30
    shadow: bool = False


class RevocationRecord(_Record, frozen=True, forbid_unknown_fields=True):
    """`revocations/<id base32>`: an ended credential or pass; it leaves the list at `until_ms`."""

    until_ms: fields.Count


class LeaseRecord(_Record, frozen=True, forbid_unknown_fields=True):
    """`leases/lease:<holder base32>`: a consent lease of at most 24 h (UTC ms).

    It names the non-biometric credential of the same person that it ends with.
    """

    credential: fields.Id
    from_ms: fields.Count
    until_ms: fields.Count


class StaffRecord(_Record, frozen=True, forbid_unknown_fields=True):
    """`roster/<id base32>`: a staff member at the gate.

    Role, PIN (scrypt), fob as in CredentialRecord, and an optional own signing key;
    `valid_until_ms` 0 means without end.
    """

    role: Role
    pin_salt: fields.Salt = b""
    pin_hash: fields.PinHash = b""
    card: tuple[int, int] | None = None
    public_key: fields.Key = b""
    valid_until_ms: fields.Count = 0
