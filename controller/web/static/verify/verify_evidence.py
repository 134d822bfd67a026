"""Check an EqualGate evidence bundle offline / 离线核对证据包.

    python3 verify_evidence.py BUNDLE.zip [--key FINGERPRINT] [--json]

Answers INTACT (exit 0), ALTERED or INCOMPLETE (exit 1); 2 for bad use. Needs Python 3.11 or later
and the package `cryptography`, nothing else and no network. Generated; the parts below are the
modules of the product as they are, under their names.
"""

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec

_SOURCES = {}

_SOURCES["mqtt.contract.bundle"] = r'''"""Lay out an evidence bundle: one ZIP form in which every byte follows from names and contents.

Members are stored, not compressed: nothing can grow on opening, and the same contents give the
same bytes with every library. A verifier computes each header again and compares it (APPNOTE.TXT
6.3.3 §4.3; time 0 and date 1980-01-01, no extra fields, no comments, no ZIP64).

    VERIFY.txt  documents/<gate>/<name>  events/<gate>/<epoch>  heads/<gate>/<epoch>
    control.log   keys.json   report.json   manifest.json   report.pdf   signatures.json

`manifest.json` names the hash of every member before it, `report.pdf` shows the manifest's hash,
and `signatures.json` holds the controller's signature over both. Only the standard library is used
here: the single-file verifier contains this module.
"""

import re
import struct
from dataclasses import dataclass

__all__ = [
    "EVIDENCE_TYPE",
    "FORMAT",
    "FRAME_BYTES",
    "HEAD_BYTES",
    "LEAF_FRAME_BYTES",
    "MAX_BUNDLE_BYTES",
    "MAX_MEMBERS",
    "MEMBER_NAME",
    "Member",
    "central_header",
    "end_record",
    "frame",
    "leaf_frame",
    "local_header",
    "rank",
]

FORMAT = 1
"""Version of the layout; a verifier refuses every other."""
EVIDENCE_TYPE = "evidence"
"""Type of the envelope in `signatures.json` (`mqtt.contract.envelope`)."""
MAX_MEMBERS = 4_096
MAX_BUNDLE_BYTES = 2**32 - 2**20
"""Below the limit of plain ZIP; a longer period is split into several bundles."""
MEMBER_NAME = re.compile(
    r"VERIFY\.txt|control\.log|report\.json|report\.pdf|keys\.json|manifest\.json|signatures\.json"
    r"|documents/[a-z0-9-]{4,40}/(?:config|keys|policy)"
    r"|(?:events|heads)/[a-z0-9-]{4,40}/(?:0|[1-9][0-9]{0,15})"
)
HEAD_BYTES = 30
FRAME_BYTES = 4
LEAF_FRAME_BYTES = 2

_RANKS = {
    "VERIFY.txt": 0,
    "documents": 1,
    "events": 2,
    "heads": 3,
    "control.log": 4,
    "keys.json": 5,
    "report.json": 6,
    "manifest.json": 7,
    "report.pdf": 8,
    "signatures.json": 9,
}
_DATE = 0x0021
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")


@dataclass(frozen=True, slots=True)
class Member:
    """One file in the bundle: CRC-32, length in bytes, and where its local header starts."""

    name: str
    crc: int
    size: int
    offset: int


def rank(name: str) -> tuple[int, str, int, str]:
    """Return the sort key that puts members in their one order."""
    folder, _, rest = name.partition("/")
    gate, _, last = rest.partition("/")
    return _RANKS[folder], gate, int(last) if last.isdecimal() else 0, last


def local_header(name: str, crc: int, size: int) -> bytes:
    """Return the bytes that stand before a member's contents."""
    raw = name.encode("ascii")
    fields = (b"PK\x03\x04", 20, 0, 0, 0, _DATE, crc, size, size, len(raw), 0)
    return _LOCAL.pack(*fields) + raw


def central_header(member: Member) -> bytes:
    """Return a member's entry in the directory at the end."""
    raw = member.name.encode("ascii")
    sizes = (member.crc, member.size, member.size, len(raw))
    fields = (b"PK\x01\x02", 20, 20, 0, 0, 0, _DATE, *sizes, 0, 0, 0, 0, 0, member.offset)
    return _CENTRAL.pack(*fields) + raw


def end_record(count: int, directory_bytes: int, directory_offset: int) -> bytes:
    """Return the last 22 bytes."""
    return _END.pack(b"PK\x05\x06", 0, 0, count, count, directory_bytes, directory_offset, 0)


def frame(data: bytes) -> bytes:
    """Return `data` with its length before it, 4 bytes big-endian."""
    return len(data).to_bytes(FRAME_BYTES, "big") + data


def leaf_frame(leaf: bytes) -> bytes:
    """Return a leaf with its length before it, 2 bytes big-endian."""
    return len(leaf).to_bytes(LEAF_FRAME_BYTES, "big") + leaf
'''

_SOURCES["mqtt.contract.parity"] = r'''"""Count how the ways in serve people, per access point, method and month (DESIGN §10).

The controller counts for its report and the offline verifier counts again from the same leaves;
both use this module, which needs only the standard library. A month is that of China Standard Time
(UTC+8, without summer time). Attempts at simulated hardware are counted apart and never compared.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

__all__ = ["FIRST_TRY_S", "MIN_SAMPLES", "UNDECODED", "ParityRow", "ParityTally"]

UNDECODED = frozenset({"read_parity", "read_unknown_format", "read_stale"})
"""Reasons of `reader` records that tell of somebody's try that could not be read: a failed try.

A code that was seen and not read is a denied decision by itself."""

FIRST_TRY_S = 30
"""A refusal of the same method at the same place within this time makes the next no first try."""
MIN_SAMPLES = 30
"""Fewer openings than this prove nothing: INSUFFICIENT DATA. Our number, not the law's."""
MAX_ROWS = 20_000
_ZONE = timedelta(hours=8)
_EXACT_MS = 10_000
_MOST_MS = 600_000
_Z = 1.959964


@dataclass(frozen=True, slots=True, order=True)
class ParityRow:
    """One access point, method and month; times in ms from first presence to unlock, -1 for none.

    `first_tries` and `first_granted` leave out what follows a refusal within 30 s; `low_permille`
    and `high_permille` are the 95 % interval of first-try success (Wilson).
    """

    access_point: str
    method: str
    month: str
    attempts: int
    granted: int
    first_tries: int
    first_granted: int
    simulated: int
    median_ms: int
    p90_ms: int
    p95_ms: int
    low_permille: int
    high_permille: int

    @property
    def is_enough(self) -> bool:
        """Tell whether there are samples enough to compare."""
        return self.granted >= MIN_SAMPLES


@dataclass(slots=True)
class _Cell:
    attempts: int = 0
    granted: int = 0
    first_tries: int = 0
    first_granted: int = 0
    simulated: int = 0
    times_ms: Counter[int] = field(default_factory=Counter)


class ParityTally:
    """Add decisions in the order of a gate's log, then ask for the rows."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str, str], _Cell] = {}
        self._refused_s: dict[tuple[str, str], int] = {}
        self._months: dict[int, str] = {}

    def add_leaf(self, fields: Sequence[object]) -> None:
        """Count a leaf if it tells of a try; fields are in the order of `mqtt.contract.events`.

        Raises ValueError as `add` does, and for a time that is no number.
        """
        kind, place, method, outcome, reason = (str(value) for value in fields[5:10])
        counts = kind in {"decision", "passage"} or (kind == "reader" and reason in UNDECODED)
        if not counts:
            return
        at_s, intent_ms = fields[10], fields[14]
        if not isinstance(at_s, int) or not isinstance(intent_ms, int):
            raise ValueError("a time is no number")  # noqa: TRY004 - bad data, no bad call
        if kind == "passage":
            # A gate decides before it unlocks: the time is known in the record of the passage.
            if intent_ms >= 0 and fields[16] != "simulated":
                self._cell((place, method, self._month(at_s))).times_ms[_binned(intent_ms)] += 1
            return
        self.add(
            place,
            method,
            granted=outcome == "granted",
            at_s=at_s,
            intent_to_unlock_ms=intent_ms,
            simulated=fields[16] == "simulated",
        )

    def add(
        self,
        access_point: str,
        method: str,
        *,
        granted: bool,
        at_s: int,
        intent_to_unlock_ms: int,
        simulated: bool,
    ) -> None:
        """Count one decision. Raises ValueError for an instant or a variety beyond all bounds."""
        cell = self._cell((access_point, method, self._month(at_s)))
        if simulated:
            cell.simulated += 1
            return
        place = (access_point, method)
        refused_s = self._refused_s.get(place)
        is_first = refused_s is None or not 0 <= at_s - refused_s <= FIRST_TRY_S
        cell.attempts += 1
        cell.first_tries += is_first
        if granted:
            cell.granted += 1
            cell.first_granted += is_first
            if intent_to_unlock_ms >= 0:
                cell.times_ms[_binned(intent_to_unlock_ms)] += 1
        else:
            self._refused_s[place] = at_s

    def rows(self) -> tuple[ParityRow, ...]:
        """Return every row in the order of place, method and month."""
        return tuple(sorted(_row(key, cell) for key, cell in self._cells.items()))

    def _cell(self, key: tuple[str, str, str]) -> _Cell:
        found = self._cells.get(key)
        if found is None:
            if len(self._cells) >= MAX_ROWS:
                raise ValueError("too many rows")
            found = self._cells[key] = _Cell()
        return found

    def _month(self, at_s: int) -> str:
        day = at_s // 86_400
        found = self._months.get(day)
        # Days are cached; the month can only change at local midnight, 16:00 UTC.
        if found is None or at_s % 86_400 >= 57_600:
            if not 0 <= at_s < 250_000_000_000:
                raise ValueError("instant out of range")
            found = (datetime.fromtimestamp(at_s, UTC) + _ZONE).strftime("%Y-%m")
            if at_s % 86_400 < 57_600 and len(self._months) < MAX_ROWS:
                self._months[day] = found
        return found


def _binned(time_ms: int) -> int:
    if time_ms < _EXACT_MS:
        return time_ms
    return min(time_ms, _MOST_MS) // 100 * 100


def _row(key: tuple[str, str, str], cell: _Cell) -> ParityRow:
    low, high = _wilson(cell.first_granted, cell.first_tries)
    counts = (cell.attempts, cell.granted, cell.first_tries, cell.first_granted, cell.simulated)
    median, p90, p95 = (_quantile(cell.times_ms, share) for share in (50, 90, 95))
    return ParityRow(*key, *counts, median, p90, p95, low, high)


def _quantile(times_ms: Counter[int], percent: int) -> int:
    """Return the nearest-rank quantile, -1 without samples."""
    total = times_ms.total()
    wanted = -(-total * percent // 100)
    for time_ms in sorted(times_ms):
        wanted -= times_ms[time_ms]
        if wanted <= 0:
            return time_ms
    return -1


def _wilson(hits: int, total: int) -> tuple[int, int]:
    """Return the 95 % score interval of hits / total in parts per thousand, (0, 1000) for none."""
    if total == 0:
        return 0, 1000
    share, square = hits / total, _Z * _Z
    centre = share + square / (2 * total)
    spread = _Z * (share * (1 - share) / total + square / (4 * total * total)) ** 0.5
    scale = 1 + square / total
    return round(1000 * max(0.0, centre - spread) / scale), round(
        1000 * min(scale, centre + spread) / scale
    )
'''

_SOURCES["mqtt.contract.containment_proof"] = r'''"""Prove that nothing opens for a face only, from a configuration alone (rules NS-03, EQ-06).

For every class of equal access (people who hold the same things are one class; nobody is named)
and every access point with face, the intervals in which the face would open are compared with
those in which something else that the person holds opens there. Interval boundaries are compared,
not samples: for each weekday and each kind of it and of the day before (plain, public holiday,
make-up workday), because a window may run past midnight.

Records are as decoded from CBOR, so that the offline verifier replays the proof with this very
module, which needs only the standard library. How windows count: `edge.domain.schedule`, which a
test compares with this module minute by minute.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["PROOF_VERSION", "AccessClass", "prove", "week_minutes"]

PROOF_VERSION = 1
MOST_SHOWN = 100
"""How many places beyond are named; their number is always exact."""
_DAY_MIN = 1_440
_WORKDAYS = frozenset(range(5))
_WEEKEND = frozenset({5, 6})
_KINDS = ("plain", "holiday", "workday")
_AUTOMATED = frozenset({"qr", "fob"})

Interval = tuple[int, int]
Records = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, order=True)
class AccessClass:
    """What people of one class hold: the levels that face would have, and their other credentials.

    `held` are (method, levels) of credentials that last at least as long as the face would.
    """

    face_levels: tuple[str, ...]
    held: tuple[tuple[str, tuple[str, ...]], ...]

    def plain(self) -> list[Any]:
        """Return it as it stands in a proof."""
        return [list(self.face_levels), [[method, list(levels)] for method, levels in self.held]]

    @classmethod
    def from_plain(cls, value: Sequence[Any]) -> "AccessClass":
        """Read it from a proof. Raises ValueError, TypeError for another form."""
        face, held = value
        others = tuple((str(method), _texts(levels)) for method, levels in held)
        return cls(_texts(face), others)


def prove(config: Records, policy: Records, classes: Iterable[AccessClass]) -> dict[str, Any]:
    """Return the proof as plain values; `beyond` counts the places where face reaches further.

    `points` lists for each access point with face: name, ways in, and for each class the minutes
    of a plain week in which face and in which another way opens.
    """
    ordered = sorted(set(classes))
    points: list[Any] = []
    found: list[Any] = []
    for key, record in sorted(config.items()):
        methods = record.get("methods", ())
        if not key.startswith("ap:") or "face" not in methods:
            continue
        name, rows = key[3:], []
        for index, one in enumerate(ordered):
            face, other = _reach(policy, name, one, frozenset(methods))
            rows.append([week_minutes(face), week_minutes(other)])
            found += [[name, index, *where] for where in _beyond(face, other)]
        points.append([name, sorted(str(method) for method in methods), rows])
    return {
        "version": PROOF_VERSION,
        "classes": [one.plain() for one in ordered],
        "points": points,
        "beyond": len(found),
        "witnesses": found[:MOST_SHOWN],
    }


def week_minutes(windows: Sequence[Mapping[str, Any]]) -> int:
    """Return how many minutes of a plain week windows cover."""
    return sum(
        end - start
        for day in range(7)
        for start, end in _day_intervals(windows, day, "plain", "plain")
    )


def _reach(
    policy: Records, point: str, one: AccessClass, fitted: frozenset[str]
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Return the windows of face and of everything else that the class holds at a point."""
    face = _windows(policy, point, one.face_levels)
    other = [
        window
        for method, levels in one.held
        if method in _AUTOMATED & fitted
        for window in _windows(policy, point, levels)
    ]
    return face, other


def _windows(policy: Records, point: str, levels: Iterable[str]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for level in levels:
        for grant in policy.get(f"level:{level}", {}).get("grants", ()):
            if point not in grant["access_points"]:
                continue
            schedule = policy.get(f"schedule:{grant['schedule']}", {})
            if schedule.get("always", False):
                found.append(_ALWAYS)
            found += schedule.get("windows", ())
    return found


_ALWAYS: Mapping[str, Any] = {
    "days": tuple(range(7)),
    "start_min": 0,
    "end_min": _DAY_MIN,
    "on_holidays": True,
    "always": True,
}


def _beyond(
    face: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]
) -> list[list[Any]]:
    """Return [weekday, kind of the day before, kind of the day, from, to] of what is not covered.

    Only where one window is in use on its own kind of day does a kind matter, but all are walked.
    """
    found: list[list[Any]] = []
    for day in range(7):
        for before in _KINDS:
            for kind in _KINDS:
                asked = _day_intervals(face, day, before, kind)
                given = _day_intervals(other, day, before, kind)
                found += [[day, before, kind, start, end] for start, end in _minus(asked, given)]
    return found


def _day_intervals(
    windows: Sequence[Mapping[str, Any]], day: int, before: str, kind: str
) -> list[Interval]:
    """Return the merged minutes [start, end) of one day that windows cover."""
    found: list[Interval] = []
    for window in windows:
        start, end = window["start_min"], window["end_min"]
        end = end if end > start else end + _DAY_MIN
        if _counts(window, day, kind):
            found.append((start, min(end, _DAY_MIN)))
        if end > _DAY_MIN and _counts(window, (day - 1) % 7, before):
            found.append((0, end - _DAY_MIN))
    return _merged(found)


def _counts(window: Mapping[str, Any], day: int, kind: str) -> bool:
    if window.get("always", False):
        return True
    days = frozenset(window["days"])
    if kind == "holiday":
        return bool(window.get("on_holidays", True)) and day in days
    if kind == "workday":
        return days >= _WORKDAYS or (day in days and not days <= _WEEKEND)
    return day in days


def _merged(intervals: Iterable[Interval]) -> list[Interval]:
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif end > start:
            found.append((start, end))
    return found


def _minus(asked: Sequence[Interval], given: Sequence[Interval]) -> list[Interval]:
    """Return the parts of `asked` that `given` does not cover; both are merged."""
    left: list[Interval] = []
    for start, end in asked:
        at = start
        for low, high in given:
            if high <= at or low >= end:
                continue
            if low > at:
                left.append((at, low))
            at = max(at, high)
        if at < end:
            left.append((at, end))
    return left


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
'''

_SOURCES["equalgate.verifying.base"] = r'''"""Say what a bundle turned out to be: notes for people, and the error that ends one check."""

from dataclasses import dataclass, field
from enum import Enum

__all__ = ["BrokenError", "Findings", "LogSummary", "Verdict"]


class Verdict(Enum):
    """The whole answer about a bundle; there is no overall PASS."""

    INTACT = "INTACT"
    ALTERED = "ALTERED"
    INCOMPLETE = "INCOMPLETE"


class BrokenError(Exception):
    """Something is not as it was signed; `text` says what, in English, naming no person."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(slots=True)
class LogSummary:
    """What was checked of one epoch of one gate's log.

    Records `first` to `first + count - 1` are in the bundle; `witnessed` is the size of the newest
    checkpoint that the controller countersigned at `witnessed_at_s` (-1 for none); records from
    there on are bound by the bundle's own signature only. `first_bad` is the number of the first
    record that is wrong, or -1.
    """

    gate: str
    epoch: int
    first: int
    count: int
    checkpoints: int = 0
    witnessed: int = -1
    witnessed_at_s: int = -1
    erased: int = 0
    simulated: int = 0
    first_bad: int = -1


@dataclass(slots=True)
class Findings:
    """What the checks found so far, in the order in which they looked."""

    altered: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    logs: list[LogSummary] = field(default_factory=list)
    rules: dict[str, int] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """Return INTACT only where every check was made and nothing was found."""
        if self.altered:
            return Verdict.ALTERED
        return Verdict.INCOMPLETE if self.incomplete else Verdict.INTACT
'''

_SOURCES["equalgate.verifying.cbor"] = r'''"""Read deterministic CBOR (RFC 8949 §4.2, length-first map order) with the standard library only.

Everything that `mqtt.contract.codec` would not write is refused: a value has one form.
"""

from equalgate.verifying.base import BrokenError

__all__ = ["CborValue", "read_cbor"]

CborValue = object
"""int, bytes, str, bool, None, list of these, or dict with text keys."""

_MAX_DEPTH = 16
_SIMPLE = {0xF4: False, 0xF5: True, 0xF6: None}
_EXTRA = {24: 1, 25: 2, 26: 4, 27: 8}


def read_cbor(data: bytes) -> CborValue:
    """Return the one value in `data`. Raises BrokenError for any other form."""
    try:
        value, end = _read(data, 0, 0)
    except (IndexError, UnicodeDecodeError) as error:
        raise BrokenError("CBOR ends too early or holds bad text") from error
    if end != len(data):
        raise BrokenError("CBOR: bytes after the value")
    return value


def _read(data: bytes, at: int, depth: int) -> tuple[CborValue, int]:
    head = data[at]
    major, number = head >> 5, head & 31
    at += 1
    if number >= 24 and major != 7:
        number, at = _long(data, number, at)
    if major == 0:
        return number, at
    if major == 1:
        return -1 - number, at
    if major in {2, 3}:
        end = at + number
        if end > len(data):
            raise BrokenError("CBOR: a string is cut")
        part = data[at:end]
        return (part if major == 2 else part.decode("utf-8")), end
    if depth >= _MAX_DEPTH:
        raise BrokenError("CBOR: too deep")
    if major == 4:
        return _list(data, at, number, depth + 1)
    if major == 5:
        return _map(data, at, number, depth + 1)
    if head not in _SIMPLE:
        raise BrokenError("CBOR: tag, float or unknown simple value")
    return _SIMPLE[head], at


def _long(data: bytes, number: int, at: int) -> tuple[int, int]:
    size = _EXTRA.get(number)
    if size is None or at + size > len(data):
        raise BrokenError("CBOR: bad length")
    value = int.from_bytes(data[at : at + size], "big")
    if value < (24 if size == 1 else 1 << (4 * size)):
        raise BrokenError("CBOR: not the shortest form")
    return value, at + size


def _list(data: bytes, at: int, count: int, depth: int) -> tuple[list[CborValue], int]:
    if count > len(data):
        raise BrokenError("CBOR: a list is cut")
    items = []
    for _ in range(count):
        item, at = _read(data, at, depth)
        items.append(item)
    return items, at


def _map(data: bytes, at: int, count: int, depth: int) -> tuple[dict[str, CborValue], int]:
    found: dict[str, CborValue] = {}
    last: tuple[int, bytes] | None = None
    for _ in range(min(count, len(data) + 1)):
        start = at
        key, at = _read(data, at, depth)
        if not isinstance(key, str):
            raise BrokenError("CBOR: a key is not text")
        order = (at - start, data[start:at])
        if last is not None and order <= last:
            raise BrokenError("CBOR: keys out of order")
        last = order
        found[key], at = _read(data, at, depth)
    return found, at
'''

_SOURCES["equalgate.verifying.signed"] = r'''"""Check signatures: our envelopes, and checkpoints in the public C2SP formats.

Written from the formats (see `mqtt.contract.envelope` and `mqtt.contract.checkpoint`), not by
calling them: a second implementation finds what the first one takes for granted, and this one
needs no more than Python and `cryptography`.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from equalgate.verifying.base import BrokenError
from equalgate.verifying.cbor import CborValue, read_cbor

__all__ = ["SignedHead", "check_signature", "kid_of", "open_signed", "read_checkpoint", "read_note"]

_NOTE = re.compile(
    r"(?P<body>(?P<origin>[a-z0-9-]{4,40}/[a-z0-9-]{4,40}/(?:0|[1-9][0-9]{0,18}))\n"
    r"(?P<size>0|[1-9][0-9]{0,18})\n(?P<root>[A-Za-z0-9+/]{43}=)\n)\n"
    r"— (?P<name>[!-*,-~]{1,128}) (?P<line>[A-Za-z0-9+/]+={0,2})\n"
)


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A checkpoint that a witness countersigned at `at_s` (POSIX seconds by its clock)."""

    origin: str
    size: int
    root: bytes
    at_s: int


def kid_of(public_key: bytes) -> bytes:
    """Return the first 8 bytes of SHA-256 over a raw public key."""
    return hashlib.sha256(public_key).digest()[:8]


def check_signature(public_key: bytes, signature: bytes, message: bytes) -> None:
    """Raise BrokenError unless the Ed25519 signature holds."""
    if len(public_key) != 32 or len(signature) != 64:
        raise BrokenError("a key or signature has the wrong length")
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise BrokenError("a signature does not hold") from error


def open_signed(
    data: bytes, types: Mapping[str, range], keys: Mapping[bytes, bytes]
) -> tuple[str, bytes, dict[str, CborValue]]:
    """Return type, key id and body of an envelope; `types` maps type to the versions allowed."""
    parts = read_cbor(data)
    if not isinstance(parts, list) or len(parts) != 5:
        raise BrokenError("not a signed envelope")
    type_, version, kid, body, signature = parts
    if not (isinstance(type_, str) and type(version) is int and version in types.get(type_, ())):
        raise BrokenError("a signed envelope of another type or version")
    if not all(isinstance(part, bytes) for part in (kid, body, signature)) or kid not in keys:
        raise BrokenError("a signed envelope by an unknown key")
    message = b"ac1/%s/%d\x00" % (type_.encode(), version) + kid + body
    check_signature(keys[kid], signature, message)
    inner = read_cbor(body)
    if not isinstance(inner, dict):
        raise BrokenError("a signed body of the wrong shape")
    return type_, kid, inner


def read_note(text: str, witness: str, keys: Mapping[bytes, bytes]) -> SignedHead:
    """Return the checkpoint of a note with exactly one line, the cosignature of `witness`."""
    found = _NOTE.fullmatch(text)
    if found is None or found["name"] != witness:
        raise BrokenError("a checkpoint of the wrong form")
    payload = _unbase64(found["line"])
    for public_key in keys.values():
        named = hashlib.sha256(witness.encode() + b"\n\x04" + public_key).digest()[:4]
        if named == payload[:4] and len(payload) == 76:
            at_s = int.from_bytes(payload[4:12], "big")
            said = f"cosignature/v1\ntime {at_s}\n{found['body']}"
            check_signature(public_key, payload[12:], said.encode())
            return SignedHead(found["origin"], int(found["size"]), _unbase64(found["root"]), at_s)
    raise BrokenError("a checkpoint by an unknown witness")


def read_checkpoint(text: str, keys: Mapping[bytes, bytes]) -> tuple[str, int, bytes]:
    """Return origin, size and root of a note that the log's own keeper signed under its origin."""
    found = _NOTE.fullmatch(text)
    if found is None or found["name"] != found["origin"]:
        raise BrokenError("a checkpoint of the wrong form")
    payload = _unbase64(found["line"])
    for public_key in keys.values():
        named = hashlib.sha256(found["origin"].encode() + b"\n\x01" + public_key).digest()[:4]
        if named == payload[:4] and len(payload) == 68:
            check_signature(public_key, payload[4:], found["body"].encode())
            return found["origin"], int(found["size"]), _unbase64(found["root"])
    raise BrokenError("a checkpoint by an unknown key")


def _unbase64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise BrokenError("bad base64") from error
    if base64.b64encode(raw).decode("ascii") != text:
        raise BrokenError("bad base64")
    return raw
'''

_SOURCES["equalgate.verifying.frames"] = r'''"""Read the small members of a bundle: JSON tables and framed parts, with every shape checked.

The controller signed them, but a manager may run a controller of his own making: whatever a field
holds, the answer is a finding and never a crash.
"""

import json
from dataclasses import dataclass

from equalgate.verifying.base import BrokenError
from equalgate.verifying.signed import kid_of
from mqtt.contract.bundle import FORMAT, FRAME_BYTES

__all__ = ["Keys", "LogEntry", "Manifest", "frames_of", "read_keys_table", "read_manifest", "table"]

_MANIFEST = frozenset(
    {"format", "site", "witness", "made_at_ms", "from_ms", "to_ms", "members", "logs"}
)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One log in the bundle: records from `first`, with the peaks of the tree before it."""

    gate: str
    epoch: int
    first: int
    count: int
    peaks: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the controller says is in the bundle; instants in UTC ms."""

    site: str
    witness: str
    made_at_ms: int
    from_ms: int
    to_ms: int
    hashes: dict[str, tuple[int, bytes]]
    logs: tuple[LogEntry, ...]


@dataclass(frozen=True, slots=True)
class Keys:
    """Public keys: each gate's own, and the controller's by scope (key id to key)."""

    gates: dict[str, bytes]
    scopes: dict[str, dict[bytes, bytes]]


def frames_of(data: bytes) -> list[bytes]:
    """Cut framed parts. Raises BrokenError for a bad length."""
    parts = []
    at = 0
    while at < len(data):
        start = at + FRAME_BYTES
        at = start + int.from_bytes(data[at:start], "big")
        if at > len(data) or start > len(data):
            raise BrokenError("a part is cut")
        parts.append(data[start:at])
    return parts


def table(data: bytes) -> dict[str, object]:
    """Return a JSON object in its one form. Raises BrokenError."""
    try:
        value = json.loads(data)
        same = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode() == data
    except (ValueError, RecursionError) as error:
        raise BrokenError("a table is not JSON") from error
    if not isinstance(value, dict) or not same:
        raise BrokenError("a table is not in its one form")
    return value


def read_manifest(data: bytes) -> Manifest:
    """Return the manifest. Raises BrokenError for anything unexpected."""
    try:
        said = table(data)
        if set(said) != _MANIFEST or said["format"] != FORMAT:
            raise BrokenError("the manifest is of another format")
        instants = [_number(said[name]) for name in ("made_at_ms", "from_ms", "to_ms")]
        hashes = {
            _text(each["name"]): (_number(each["bytes"]), _hash(each["sha256"]))
            for each in _items(said["members"])
        }
        logs = tuple(_log(each) for each in _items(said["logs"]))
        site, witness = _text(said["site"]), _text(said["witness"])
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenError("the manifest has the wrong shape") from error
    return Manifest(site, witness, instants[0], instants[1], instants[2], hashes, logs)


def read_keys_table(data: bytes) -> Keys:
    """Return the keys. Raises BrokenError for anything unexpected."""
    try:
        said = table(data)
        gates = {_text(each["gate"]): _hash(each["public_key"]) for each in _items(said["gates"])}
        scopes: dict[str, dict[bytes, bytes]] = {}
        for each in _items(said["controller"]):
            public_key = _hash(each["public_key"])
            scopes.setdefault(_text(each["scope"]), {})[kid_of(public_key)] = public_key
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenError("the table of keys has the wrong shape") from error
    return Keys(gates, scopes)


def _log(each: dict[str, object]) -> LogEntry:
    peaks = each["peaks"]
    if not isinstance(peaks, list):
        raise TypeError("peaks")
    epoch, first, count = (_number(each[name]) for name in ("epoch", "first", "count"))
    return LogEntry(_text(each["gate"]), epoch, first, count, tuple(map(_hash, peaks)))


def _items(value: object) -> list[dict[str, object]]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise TypeError("list")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 120:
        raise TypeError("text")
    return value


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise TypeError("number")
    return value


def _hash(value: object) -> bytes:
    raw = bytes.fromhex(_text(value))
    if len(raw) != 32 or raw.hex() != value:
        raise ValueError("hash")
    return raw
'''

_SOURCES["equalgate.verifying.zipped"] = r'''"""Open a bundle and compare every byte that is not contents with what the layout demands."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from equalgate.verifying.base import BrokenError
from mqtt.contract.bundle import (
    HEAD_BYTES,
    MAX_BUNDLE_BYTES,
    MAX_MEMBERS,
    MEMBER_NAME,
    Member,
    central_header,
    end_record,
    local_header,
    rank,
)

__all__ = ["BundleFile"]

_BLOCK = 1 << 20
_CENTRAL_BYTES = 46
_END_BYTES = 22
_MOST_NAME = 120


class BundleFile:
    """A bundle whose frame is canonical; contents are read one member at a time."""

    def __init__(self, file: BinaryIO, members: dict[str, Member]) -> None:
        self._file = file
        self._members = members

    @classmethod
    def open(cls, file: BinaryIO) -> "BundleFile":
        """Check the whole frame. Raises BrokenError for any byte that is not as it must be."""
        size = file.seek(0, 2)
        if not _END_BYTES <= size <= MAX_BUNDLE_BYTES:
            raise BrokenError("the file is too short or too long to be a bundle")
        members, directory_at = _directory(file, size)
        at = 0
        for member in members:
            header = local_header(member.name, member.crc, member.size)
            file.seek(at)
            if member.offset != at or file.read(len(header)) != header:
                raise BrokenError(f"the frame of {member.name} is changed")
            at += len(header) + member.size
        if at != directory_at:
            raise BrokenError("there are bytes between the members")
        return cls(file, {member.name: member for member in members})

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all members in their order."""
        return tuple(self._members)

    def size(self, name: str) -> int:
        """Return a member's length in bytes. Raises BrokenError if there is none."""
        if name not in self._members:
            raise BrokenError(f"{name} is missing")
        return self._members[name].size

    def blocks(self, name: str) -> Iterator[bytes]:
        """Yield a member's contents. Raises BrokenError at the end if the CRC differs."""
        left = self.size(name)
        member = self._members[name]
        self._file.seek(member.offset + HEAD_BYTES + len(name))
        crc = 0
        while left:
            block = self._file.read(min(_BLOCK, left))
            if not block:
                raise BrokenError(f"{name} is cut")
            crc = zlib.crc32(block, crc)
            left -= len(block)
            yield block
        if crc != member.crc:
            raise BrokenError(f"{name} does not have its check sum")

    def read(self, name: str, most_bytes: int) -> bytes:
        """Return the contents of a small member. Raises BrokenError if it is longer than that."""
        if self.size(name) > most_bytes:
            raise BrokenError(f"{name} is too long")
        return b"".join(self.blocks(name))


def _directory(file: BinaryIO, size: int) -> tuple[list[Member], int]:
    file.seek(size - _END_BYTES)
    end = file.read(_END_BYTES)
    count = int.from_bytes(end[10:12], "little")
    length = int.from_bytes(end[12:16], "little")
    at = int.from_bytes(end[16:20], "little")
    most = MAX_MEMBERS * (_CENTRAL_BYTES + _MOST_NAME)
    if end != end_record(count, length, at) or at + length != size - _END_BYTES or length > most:
        raise BrokenError("the end of the file is cut or changed")
    file.seek(at)
    raw = file.read(length)
    members: list[Member] = []
    start = 0
    while start < len(raw):
        member = _entry(raw, start)
        header = central_header(member)
        if raw[start : start + len(header)] != header:
            raise BrokenError("the directory is changed")
        members.append(member)
        start += len(header)
    names = [member.name for member in members]
    if len(members) != count or len(set(names)) != count or names != sorted(names, key=rank):
        raise BrokenError("members are doubled, missing or out of order")
    return members, at


def _entry(raw: bytes, start: int) -> Member:
    length = int.from_bytes(raw[start + 28 : start + 30], "little")
    try:
        name = raw[start + _CENTRAL_BYTES : start + _CENTRAL_BYTES + length].decode("ascii")
    except UnicodeDecodeError as error:
        raise BrokenError("a name is not plain text") from error
    if not MEMBER_NAME.fullmatch(name):
        raise BrokenError("a name is not one of a bundle")
    numbers = [int.from_bytes(raw[start + at : start + at + 4], "little") for at in (16, 24, 42)]
    return Member(name, numbers[0], numbers[1], numbers[2])
'''

_SOURCES["equalgate.verifying.log"] = r'''"""Rebuild a gate's tree from the leaves in a bundle and hold it against the witnessed checkpoints.

A log in a bundle starts at record `first` with the peaks of the tree before it. False peaks are
found by the first checkpoint at or after them, because its root follows from peaks and leaves.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from equalgate.verifying.base import BrokenError, LogSummary
from equalgate.verifying.cbor import CborValue, read_cbor
from equalgate.verifying.signed import SignedHead
from mqtt.contract.bundle import LEAF_FRAME_BYTES
from mqtt.contract.parity import ParityTally

__all__ = ["Tree", "check_leaf", "count_leaf", "read_leaves", "rebuild", "tree_root"]

_BLOCK = 1_024
_MAX_LEAF = 2_048
_LEAF_FIELDS = 19
_TYPES = (int, str, str, int, int, str, str, str, str, str)
_NUMBERS = slice(10, 15)


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaves (RFC 9162 §2.1)."""
    tree = Tree(0, ())
    tree.extend([sha256(b"\x00" + leaf).digest() for leaf in leaves])
    return tree.root()


class Tree:
    """The right edge of a tree: `size` leaves and one peak per bit of it, the largest first.

    Raises BrokenError if peaks and size do not fit.
    """

    def __init__(self, size: int, peaks: Sequence[bytes]) -> None:
        if len(peaks) != size.bit_count() or any(len(peak) != 32 for peak in peaks):
            raise BrokenError("the start of a log does not fit its number")
        self.size = size
        self._peaks = list(peaks)

    def extend(self, hashes: list[bytes]) -> None:
        """Append leaf hashes, whole aligned subtrees at once."""
        at = 0
        while at < len(hashes):
            left = len(hashes) - at
            aligned = self.size & -self.size or 1 << 40
            count = min(aligned, 1 << left.bit_length() - 1)
            self._push(_fold(hashes[at : at + count]), count)
            at += count

    def _push(self, node: bytes, count: int) -> None:
        rest = self.size // count
        while rest & 1:
            node = sha256(b"\x01" + self._peaks.pop() + node).digest()
            rest >>= 1
        self._peaks.append(node)
        self.size += count

    def root(self) -> bytes:
        """Return the root; for no leaves the hash of nothing."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        node = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            node = sha256(b"\x01" + peak + node).digest()
        return node


def _fold(level: list[bytes]) -> bytes:
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return level[0]


def read_leaves(blocks: Iterable[bytes], most_bytes: int = _MAX_LEAF) -> Iterator[bytes]:
    """Yield the leaves of a member. Raises BrokenError for a bad length."""
    rest = b""
    for block in blocks:
        data = rest + block
        at, end = 0, len(data)
        while at + LEAF_FRAME_BYTES <= end:
            size = data[at] << 8 | data[at + 1]
            stop = at + LEAF_FRAME_BYTES + size
            if size > most_bytes:
                raise BrokenError("a record is too long")
            if stop > end:
                break
            yield data[at + LEAF_FRAME_BYTES : stop]
            at = stop
        rest = data[at:]
    if rest:
        raise BrokenError("the last record is cut")


def rebuild(
    leaves: Iterable[bytes], summary: LogSummary, tree: Tree, heads: Sequence[SignedHead]
) -> Iterator[bytes]:
    """Yield the leaves while the tree grows; raise BrokenError at the first root that differs.

    `heads` come in rising order of size; those below the start are not judged.
    """
    ahead = [head for head in heads if head.size >= summary.first]
    wanted = ahead.pop(0) if ahead else None
    waiting: list[bytes] = []
    for leaf in leaves:
        while wanted is not None and tree.size + len(waiting) == wanted.size:
            _settle(tree, waiting, wanted, summary)
            wanted = ahead.pop(0) if ahead else None
        waiting.append(sha256(b"\x00" + leaf).digest())
        if len(waiting) >= _BLOCK:
            tree.extend(waiting)
            waiting.clear()
        yield leaf
    while wanted is not None and tree.size + len(waiting) == wanted.size:
        _settle(tree, waiting, wanted, summary)
        wanted = ahead.pop(0) if ahead else None
    tree.extend(waiting)


def _settle(tree: Tree, waiting: list[bytes], head: SignedHead, summary: LogSummary) -> None:
    tree.extend(waiting)
    waiting.clear()
    if tree.root() != head.root:
        low = max(summary.first, summary.witnessed)
        summary.first_bad = low
        raise BrokenError(f"a record between {low} and {head.size - 1} is not what was witnessed")
    summary.checkpoints += 1
    summary.witnessed, summary.witnessed_at_s = head.size, head.at_s


def check_leaf(leaf: bytes, site: str, summary: LogSummary, seq: int) -> list[CborValue]:
    """Return the fields of a leaf. Raises BrokenError unless it has its form and its place."""
    fields = read_cbor(leaf)
    if not isinstance(fields, list) or len(fields) != _LEAF_FIELDS or fields[0] != 1:
        raise BrokenError(f"record {seq} has the wrong form")
    if fields[1:5] != [site, summary.gate, summary.epoch, seq]:
        raise BrokenError(f"record {seq} belongs to another place")
    typed = all(type(value) is kind for value, kind in zip(fields, _TYPES, strict=False))
    numbers = all(type(value) is int for value in (*fields[_NUMBERS], fields[17]))
    texts = isinstance(fields[15], str) and fields[16] in {"real", "simulated"}
    if not typed or not numbers or not texts or not isinstance(fields[18], bytes):
        raise BrokenError(f"record {seq} has the wrong form")
    return fields


def count_leaf(fields: list[CborValue], summary: LogSummary, tally: ParityTally) -> None:
    """Count what a leaf tells for the summary and for the comparison of the ways in."""
    summary.simulated += fields[16] == "simulated"
    summary.erased += fields[5] == "erasure"
    try:
        tally.add_leaf(fields)
    except ValueError as error:
        raise BrokenError("a record has an impossible time or place") from error
'''

_SOURCES["equalgate.verifying.documents"] = r'''"""Check the configuration in a bundle, and replay the proof that face is never the only way.

A grant cannot name a method, so a person's face opens exactly where and when the same person's
levels open. From the configuration alone it is checked again that (1) no grant and no level names
a method, (2) wherever face is fitted, QR or fob is fitted too (NS-01), (3) the impact assessment,
the notice and the sign are on record there (NS-09).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from equalgate.verifying.base import BrokenError
from equalgate.verifying.cbor import CborValue, read_cbor
from equalgate.verifying.frames import Keys, frames_of
from equalgate.verifying.log import tree_root
from equalgate.verifying.signed import open_signed
from mqtt.contract.containment_proof import AccessClass, prove

__all__ = ["Document", "containment", "read_document", "replay"]

_LEVEL_FIELDS = frozenset({"grants"})
_GRANT_FIELDS = frozenset({"access_points", "schedule"})
_BEFORE_FACE = ("pipia_ref", "notice_version", "sign_attested_at_ms")


@dataclass(frozen=True, slots=True)
class Document:
    """A document as the controller signed it: record id to decoded record."""

    gate: str
    name: str
    version: int
    digest: bytes
    records: dict[str, dict[str, CborValue]]


def read_document(data: bytes, site: str, gate: str, name: str, keys: Keys) -> Document:
    """Return the document. Raises BrokenError unless header, digest and forms hold."""
    header, *parts = frames_of(data) or [b""]
    _, _, said = open_signed(header, {"doc": range(1, 2)}, keys.scopes.get("document", {}))
    if (said.get("site"), said.get("gate"), said.get("name")) != (site, gate, name):
        raise BrokenError(f"{name} of {gate} was signed for another gate or purpose")
    if len(parts) % 2:
        raise BrokenError(f"{name} of {gate} is cut")
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    if sorted(key for key, _ in pairs) != [key for key, _ in pairs]:
        raise BrokenError(f"{name} of {gate} is out of order")
    digest = tree_root(_pair(key, body) for key, body in pairs)
    version = said.get("version")
    if said.get("digest") != digest or said.get("records") != len(pairs):
        raise BrokenError(f"{name} of {gate} is not what was signed")
    if type(version) is not int:
        raise BrokenError(f"{name} of {gate} has no version")
    try:
        records = {key.decode("utf-8"): _record(body) for key, body in pairs}
    except UnicodeDecodeError as error:
        raise BrokenError(f"{name} of {gate} holds bad text") from error
    if len(records) != len(pairs):
        raise BrokenError(f"{name} of {gate} holds a record twice")
    return Document(gate, name, version, digest, records)


def containment(config: Document, policy: Document) -> list[str]:
    """Return every place where something could open for a face only; none is the proof."""
    found = []
    for key, record in config.records.items():
        methods = record.get("methods", ())
        if not key.startswith("ap:") or not isinstance(methods, list) or "face" not in methods:
            continue
        if not {"qr", "fob"}.intersection(str(method) for method in methods):
            found.append(f"NS-01 {config.gate} {key}")
        settings = config.records.get(f"face:{key[3:]}", {})
        if not all(settings.get(field) for field in _BEFORE_FACE):
            found.append(f"NS-09 {config.gate} {key}")
    for key, record in policy.records.items():
        if key.startswith("level:") and not _is_blind(record):
            found.append(f"NS-03 {config.gate} {key}")
    return sorted(found)


def replay(config: Document, policy: Document, classes: Sequence[Any]) -> dict[str, Any]:
    """Compare, for each class, when face opens with when the same people's other ways open.

    Raises ValueError, TypeError, KeyError or AttributeError for records of another form.
    """
    ordered = [AccessClass.from_plain(each) for each in classes]
    proof = prove(config.records, policy.records, ordered)
    if proof["classes"] != classes:
        raise BrokenError("the classes of equal access are not in their one form")
    return {name: proof[name] for name in ("points", "beyond", "witnesses")}


def _is_blind(level: dict[str, CborValue]) -> bool:
    """Tell whether a level says nothing but where and when."""
    grants = level.get("grants")
    if not isinstance(grants, list) or set(level) != _LEVEL_FIELDS:
        return False
    return all(isinstance(grant, dict) and set(grant) == _GRANT_FIELDS for grant in grants)


def _record(body: bytes) -> dict[str, CborValue]:
    value = read_cbor(body)
    if not isinstance(value, dict):
        raise BrokenError("a record has the wrong form")
    return value


def _pair(key: bytes, body: bytes) -> bytes:
    """Return the CBOR of [text, bytes], the leaf of a document's tree."""
    return b"\x82" + _head(0x60, len(key)) + key + _head(0x40, len(body)) + body


def _head(major: int, size: int) -> bytes:
    if size < 24:
        return bytes([major | size])
    for extra, bits in ((24, 8), (25, 16), (26, 32)):
        if size < 1 << bits:
            return bytes([major | extra]) + size.to_bytes(bits // 8, "big")
    raise BrokenError("a record is too long")
'''

_SOURCES["equalgate.verifying.checks"] = r'''"""Run every check on a bundle, gate by gate, and collect what was found."""

import hashlib
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field

from equalgate.verifying.base import BrokenError, Findings, LogSummary
from equalgate.verifying.documents import Document, containment, read_document, replay
from equalgate.verifying.frames import Keys, LogEntry, Manifest, frames_of, table
from equalgate.verifying.log import Tree, check_leaf, count_leaf, read_leaves, rebuild
from equalgate.verifying.signed import SignedHead, open_signed, read_note
from equalgate.verifying.zipped import BundleFile
from mqtt.contract.parity import ParityTally

__all__ = ["Contents", "check_documents", "check_logs", "check_report", "hashed"]

_SMALL = 16 << 20
_MOST_CLASSES = 2_000
_PRESENCE = {"birth": range(1, 2), "hb": range(2, 4)}
_VERDICTS = ("PASS", "FAIL", "INSUFFICIENT DATA", "NOT APPLICABLE", "NEEDS HUMAN", "NOT COVERED")


@dataclass(slots=True)
class Contents:
    """An opened bundle whose manifest is signed.

    `confirmed` is what gates say they hold, `published` each gate's configuration and policy,
    `control` size and root of the controller's own log.
    """

    file: BundleFile
    manifest: Manifest
    keys: Keys
    findings: Findings
    tally: ParityTally
    confirmed: dict[tuple[str, str], tuple[int, bytes]]
    containment: list[str]
    published: dict[str, tuple[Document, Document]] = field(default_factory=dict)
    control: tuple[int, bytes] = (0, b"")


def check_logs(contents: Contents) -> None:
    """Rebuild every log and hold it against its checkpoints."""
    logs = contents.manifest.logs
    places = [(log.gate, log.epoch) for log in logs]
    names = [f"{folder}/{gate}/{epoch}" for folder in ("events", "heads") for gate, epoch in places]
    there = [name for name in contents.file.names if name.startswith(("events/", "heads/"))]
    if places != sorted(set(places)) or names != there:
        raise BrokenError("the logs are not those that the manifest names")
    for gate in contents.keys.gates:
        if gate not in {log.gate for log in logs}:
            contents.findings.incomplete.append(f"{gate}: no log of this gate is in the bundle")
    for log in logs:
        summary = LogSummary(log.gate, log.epoch, log.first, log.count)
        contents.findings.logs.append(summary)
        try:
            _check_log(contents, log, summary)
        except BrokenError as error:
            contents.findings.altered.append(f"{log.gate}/{log.epoch}: {error.text}")


def _check_log(contents: Contents, log: LogEntry, summary: LogSummary) -> None:
    heads = _heads(contents, log)
    tree = Tree(log.first, log.peaks)
    name = f"events/{log.gate}/{log.epoch}"
    leaves = rebuild(read_leaves(hashed(contents, name)), summary, tree, heads)
    site, seq, is_explained = contents.manifest.site, log.first, False
    for leaf in leaves:
        try:
            fields = check_leaf(leaf, site, summary, seq)
        except BrokenError:
            summary.first_bad = seq
            raise
        is_explained = is_explained or fields[9] == "epoch_changed"
        count_leaf(fields, summary, contents.tally)
        seq += 1
    if seq != log.first + log.count:
        raise BrokenError(f"{seq - log.first} records, the manifest says {log.count}")
    _judge(contents.findings, log, heads, summary)
    is_first = min(each.epoch for each in contents.manifest.logs if each.gate == log.gate)
    if log.epoch != is_first and log.first == 0 and not is_explained:
        where = f"{log.gate}/{log.epoch}"
        contents.findings.incomplete.append(f"{where}: a new log without a record that explains it")


def _judge(findings: Findings, log: LogEntry, heads: list[SignedHead], summary: LogSummary) -> None:
    """Say which witness bounds the end of the log, and what is missing."""
    where, end = f"{log.gate}/{log.epoch}", log.first + log.count
    beyond = [head.size for head in heads if head.size > end]
    if beyond:
        missing = f"records {end} to {max(beyond) - 1} were witnessed and are missing"
        findings.incomplete.append(f"{where}: {missing}")
    if summary.checkpoints == 0:
        findings.incomplete.append(f"{where}: no checkpoint covers these records")


def _heads(contents: Contents, log: LogEntry) -> list[SignedHead]:
    """Return the checkpoints of a log, each signed by the gate and countersigned."""
    name = f"heads/{log.gate}/{log.epoch}"
    parts = frames_of(b"".join(hashed(contents, name, _SMALL)))
    if len(parts) % 2:
        raise BrokenError("the checkpoints are cut")
    witnesses = contents.keys.scopes.get("ack", {})
    heads = []
    for note, presence in zip(parts[::2], parts[1::2], strict=True):
        try:
            text = note.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BrokenError("a checkpoint holds bad text") from error
        head = read_note(text, contents.manifest.witness, witnesses)
        _check_presence(contents, log, head, presence)
        heads.append(head)
    order = [head.size for head in heads]
    if order != sorted(set(order)):
        raise BrokenError("the checkpoints are out of order")
    return heads


def _check_presence(contents: Contents, log: LogEntry, head: SignedHead, presence: bytes) -> None:
    """Compare a countersigned checkpoint with the birth or heartbeat in which the gate said it."""
    site = contents.manifest.site
    public_key = contents.keys.gates.get(log.gate, b"")
    kid = hashlib.sha256(public_key).digest()[:8]
    type_, _, said = open_signed(presence, _PRESENCE, {kid: public_key})
    place = (said.get("site"), said.get("gate"), said.get("epoch"))
    same = (said.get("size"), said.get("root")) == (head.size, head.root)
    origin = f"{site}/{log.gate}/{log.epoch}"
    if place != (site, log.gate, log.epoch) or not same or head.origin != origin:
        raise BrokenError("a checkpoint is not what the gate signed")
    held = said.get("documents")
    if type_ != "birth" or not isinstance(held, dict):
        return
    for name, value in held.items():
        if isinstance(value, list) and len(value) == 2:
            version, digest = value
            if type(version) is int and isinstance(digest, bytes):
                contents.confirmed[log.gate, name] = (version, digest)


def check_documents(contents: Contents) -> None:
    """Check every document, hold it against what the gate confirmed, replay the containment."""
    found: dict[tuple[str, str], Document] = {}
    for name in contents.file.names:
        if not name.startswith("documents/"):
            continue
        _, gate, title = name.split("/")
        data = b"".join(hashed(contents, name, _SMALL))
        document = read_document(data, contents.manifest.site, gate, title, contents.keys)
        found[gate, title] = document
        confirmed = contents.confirmed.get((gate, title))
        if confirmed == (document.version, document.digest):
            said = "the gate itself confirmed it"
        else:
            said = "not yet confirmed by the gate at a start"
        contents.findings.notes.append(f"{gate}: {title} version {document.version}, {said}")
    for gate in contents.keys.gates:
        config, policy = found.get((gate, "config")), found.get((gate, "policy"))
        if config is None or policy is None:
            contents.findings.incomplete.append(f"{gate}: its configuration is not in the bundle")
            continue
        contents.published[gate] = (config, policy)
        contents.containment += containment(config, policy)


def check_report(contents: Contents, data: bytes) -> None:
    """Hold the report's numbers against the records, and count the verdicts of rules."""
    report = table(data)
    rows = [list(astuple(row)) for row in contents.tally.rows()]
    if report.get("parity") != rows:
        raise BrokenError("the report's numbers of the ways in do not follow from the records")
    if report.get("containment") != contents.containment:
        raise BrokenError("the report's proof about face does not follow from the configuration")
    _check_proofs(contents, report)
    rules = report.get("rules")
    if not isinstance(rules, list):
        raise BrokenError("the report has no verdicts")
    counts = dict.fromkeys(_VERDICTS, 0)
    for rule in rules:
        verdict = rule.get("verdict") if isinstance(rule, dict) else None
        if verdict not in counts:
            raise BrokenError("the report holds an unknown verdict")
        counts[str(verdict)] += 1
    contents.findings.rules = counts


def _check_proofs(contents: Contents, report: dict[str, object]) -> None:
    """Replay the comparison of intervals for every class of equal access; nobody is named."""
    classes = report.get("classes")
    if not isinstance(classes, list) or len(classes) > _MOST_CLASSES:
        raise BrokenError("the report names no classes of equal access")
    proofs = {gate: replay(*pair, classes) for gate, pair in contents.published.items()}
    if report.get("proofs") != proofs:
        raise BrokenError("the report's comparison of intervals does not follow")
    for gate, proof in proofs.items():
        said = f"{len(classes)} classes of equal access, {len(proof['points'])} points with face"
        beyond = f"face alone opens in {proof['beyond']} intervals"
        contents.findings.notes.append(f"{gate}: proof replayed: {said}, {beyond}")


def hashed(contents: Contents, name: str, most_bytes: int | None = None) -> Iterator[bytes]:
    """Yield a member's blocks; raise BrokenError at its end if it is not what was signed."""
    size, expected = contents.manifest.hashes.get(name, (-1, b""))
    if contents.file.size(name) != size or (most_bytes is not None and size > most_bytes):
        raise BrokenError(f"{name} does not have the signed length")
    digest = hashlib.sha256()
    for block in contents.file.blocks(name):
        digest.update(block)
        yield block
    if digest.digest() != expected:
        raise BrokenError(f"{name} is not what was signed")
'''

_SOURCES["equalgate.verifying.control"] = r'''"""Check the controller's own log: consents, configurations, drills, verdicts and acts of staff.

Its leaves name nobody (`mqtt.contract.control_log`); who it was stays with the controller, bound by
a commitment. The tree must have the root that the controller signed in the report's checkpoint.
"""

from collections import Counter
from hashlib import sha256

from equalgate.verifying.base import BrokenError
from equalgate.verifying.cbor import CborValue, read_cbor
from equalgate.verifying.checks import Contents, hashed
from equalgate.verifying.frames import table
from equalgate.verifying.log import Tree, read_leaves
from equalgate.verifying.signed import read_checkpoint

__all__ = ["check_control", "check_control_head"]

_MOST_LEAF = 65_535
_FORM = (int, int, str, int, dict, bytes)
_AT_ONCE = 1_024


def check_control(contents: Contents) -> None:
    """Rebuild the controller's log from its leaves. Raises BrokenError."""
    tree, waiting, kinds = Tree(0, ()), list[bytes](), Counter[str]()
    bound: dict[bytes, bytes] = {}
    for seq, leaf in enumerate(read_leaves(hashed(contents, "control.log"), _MOST_LEAF)):
        kinds[_kind(leaf, seq, bound)] += 1
        waiting.append(sha256(b"\x00" + leaf).digest())
        if len(waiting) >= _AT_ONCE:
            tree.extend(waiting)
            waiting.clear()
    tree.extend(waiting)
    contents.control = (tree.size, tree.root())
    told = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    contents.findings.notes.append(f"controller log: {tree.size} records ({told})")


def check_control_head(contents: Contents, data: bytes) -> None:
    """Hold the log against the signed checkpoint in the report. Raises BrokenError."""
    said = table(data).get("control_log")
    size, root = contents.control
    if not isinstance(said, dict) or (said.get("size"), said.get("root")) != (size, root.hex()):
        raise BrokenError("the controller's log is not the one in the report")
    keys = contents.keys.scopes.get("ack", {})
    signed = read_checkpoint(str(said.get("checkpoint")), keys)
    if signed != (f"{contents.manifest.site}/controller/0", size, root):
        raise BrokenError("the controller's log is not what the controller signed")


def _check_drill(facts: dict[str, CborValue], bound: dict[bytes, bytes]) -> None:
    """Hold a revealed list of a drill against the hash that was published before it was played."""
    visit, step = facts.get("drill"), facts.get("step")
    if not isinstance(visit, bytes):
        return
    if step == "opened":
        hashed = facts.get("list_hash")
        bound[visit] = hashed if isinstance(hashed, bytes) else b""
    elif step == "revealed":
        listed = facts.get("list")
        if not isinstance(listed, bytes) or sha256(listed).digest() != bound.get(visit):
            raise BrokenError("a drill's list is not the one that was bound before")


def _kind(leaf: bytes, seq: int, bound: dict[bytes, bytes]) -> str:
    fields = read_cbor(leaf)
    if not isinstance(fields, list) or [type(each) for each in fields] != list(_FORM):
        raise BrokenError(f"record {seq} of the controller has the wrong form")
    if fields[:2] != [1, seq]:
        raise BrokenError(f"record {seq} of the controller is out of place")
    if fields[2] == "drill":
        _check_drill(fields[4], bound)
    return str(fields[2])
'''

_SOURCES["equalgate.verifying.program"] = r'''"""Check an evidence bundle offline, trusting neither the manager nor us.

    equalgate verify FILE [--json] [--key FINGERPRINT]

Exit status: 0 INTACT, 1 ALTERED or INCOMPLETE, 2 bad use. The answer says for each gate what was
checked and which witness bounds the end of its log; then it counts the verdicts of the rules. There
is no overall PASS: whether the rules are kept is for people to judge.
"""

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from equalgate.verifying.base import BrokenError, Findings, LogSummary, Verdict
from equalgate.verifying.checks import Contents, check_documents, check_logs, check_report
from equalgate.verifying.control import check_control, check_control_head
from equalgate.verifying.frames import Keys, Manifest, read_keys_table, read_manifest, table
from equalgate.verifying.signed import open_signed
from equalgate.verifying.zipped import BundleFile
from mqtt.contract.bundle import EVIDENCE_TYPE
from mqtt.contract.parity import ParityTally

__all__ = ["main", "verify_bundle", "verify_file"]

_SMALL = 16 << 20
_UNFORESEEN = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_LATE = ("manifest.json", "report.pdf", "signatures.json")
_ANSWERS = {
    Verdict.INTACT: "记录完整，未被改动",
    Verdict.ALTERED: "记录被改动过",
    Verdict.INCOMPLETE: "记录不完整",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; see the module text."""
    parser = argparse.ArgumentParser(prog="verify", description="核对证据包 / check a bundle")
    parser.add_argument("file", type=Path, help="证据包 / the bundle (.zip)")
    parser.add_argument("--json", action="store_true", help="输出 JSON / print JSON")
    told = "安装记录上的密钥指纹 / key fingerprint on the installation record"
    parser.add_argument("--key", default="", help=told)
    try:
        given = parser.parse_args(arguments)
    except SystemExit as end:
        return 2 if end.code else 0
    return verify_file(given.file, as_json=given.json, key=given.key)


def verify_file(path: Path, *, as_json: bool = False, key: str = "") -> int:
    """Check a file, print the answer and return the exit status."""
    try:
        with path.open("rb") as file:
            findings = verify_bundle(file, key)
    except OSError:
        print(f"打不开文件 / cannot open: {path.name}", file=sys.stderr)
        return 2
    print(_as_json(findings) if as_json else _as_text(findings))
    return 0 if findings.verdict is Verdict.INTACT else 1


def verify_bundle(file: BinaryIO, key: str = "") -> Findings:
    """Run every check; whatever the file holds, the answer is a finding and no error.

    `key` is the beginning of the fingerprint (SHA-256 in hex, 16 digits or more) that the
    installation record names for the key that signs bundles, or empty.
    """
    findings = Findings()
    try:
        contents = _open(BundleFile.open(file), findings, key)
        check_logs(contents)
        check_documents(contents)
        check_control(contents)
        _check_rest(contents)
    except BrokenError as error:
        findings.altered.append(error.text)
    except _UNFORESEEN as error:
        # A form that no check foresaw is refused like any other, never believed.
        findings.altered.append(f"unreadable ({type(error).__name__})")
    return findings


def _open(file: BundleFile, findings: Findings, key: str) -> Contents:
    """Check the signature over manifest and report, then the manifest itself."""
    raw = file.read("manifest.json", _SMALL)
    keys = read_keys_table(file.read("keys.json", _SMALL))
    manifest = read_manifest(raw)
    encoded = table(file.read("signatures.json", _SMALL))
    text = encoded.get("controller")
    if set(encoded) != {"controller"} or not isinstance(text, str):
        raise BrokenError("the signatures have the wrong shape")
    envelope = base64.b64decode(text, validate=True)
    if base64.b64encode(envelope).decode() != text:
        raise BrokenError("the signature is not in its one form")
    signers = keys.scopes.get("document", {})
    _, kid, said = open_signed(envelope, {EVIDENCE_TYPE: range(1, 2)}, signers)
    report = hashlib.sha256()
    for block in file.blocks("report.pdf"):
        report.update(block)
    expected = {
        "site": manifest.site,
        "made_at_ms": manifest.made_at_ms,
        "manifest": hashlib.sha256(raw).digest(),
        "report": report.digest(),
    }
    if said != expected:
        raise BrokenError("manifest or report is not what the controller signed")
    _check_names(file, manifest)
    _tell_keys(findings, keys, signers[kid], key)
    return Contents(file, manifest, keys, findings, ParityTally(), {}, [])


def _check_names(file: BundleFile, manifest: Manifest) -> None:
    if [name for name in file.names if name not in _LATE] != list(manifest.hashes):
        raise BrokenError("the members are not those that the manifest names")


def _tell_keys(findings: Findings, keys: Keys, signer: bytes, key: str) -> None:
    """Name the keys on which everything stands, or refuse a signer that is not the expected one."""
    fingerprint = hashlib.sha256(signer).hexdigest()
    wanted = key.lower().replace(" ", "").replace(":", "")
    if wanted and not (len(wanted) >= 16 and fingerprint.startswith(wanted)):
        raise BrokenError("the bundle is signed by another key than the installation record names")
    if not wanted:
        told = "compare it with the installation record (or give --key)"
        findings.notes.append(f"controller key {fingerprint[:32]}: {told}")
    for gate, public_key in keys.gates.items():
        shown = hashlib.sha256(public_key).hexdigest()[:32]
        findings.notes.append(f"{gate}: gate key {shown}")


def _check_rest(contents: Contents) -> None:
    """Compare what no other check has read, and then the report's numbers."""
    for name in ("VERIFY.txt", "keys.json", "report.json"):
        data = contents.file.read(name, _SMALL)
        if contents.manifest.hashes[name] != (len(data), hashlib.sha256(data).digest()):
            raise BrokenError(f"{name} is not what was signed")
        if name == "report.json" and not contents.findings.altered:
            check_report(contents, data)
            check_control_head(contents, data)


def _as_json(findings: Findings) -> str:
    told = {"verdict": findings.verdict.value, **asdict(findings)}
    return json.dumps(told, ensure_ascii=False, indent=1)


def _as_text(findings: Findings) -> str:
    lines = [f"{findings.verdict.value}  {_ANSWERS[findings.verdict]}", ""]
    lines += [f"  ! 改动 / altered: {text}" for text in findings.altered]
    lines += [f"  ! 缺失 / missing: {text}" for text in findings.incomplete]
    lines += [_log_line(log) for log in findings.logs]
    lines += [f"  - {text}" for text in findings.notes]
    if findings.rules:
        counts = ", ".join(f"{name} {count}" for name, count in findings.rules.items())
        lines.append(f"  规则结论 / verdicts of rules: {counts}")
    lines.append("  本程序不判断是否合规 / this does not say whether the law is kept")
    return "\n".join(lines)


def _log_line(log: LogSummary) -> str:
    last = log.first + log.count - 1
    text = f"  {log.gate}/{log.epoch}: 记录 / records {log.first}-{last}, "
    text += f"checkpoints {log.checkpoints}, erasures {log.erased}, simulated {log.simulated}"
    if log.witnessed >= 0:
        at = datetime.fromtimestamp(min(log.witnessed_at_s, 4_000_000_000), UTC)
        text += f"; witnessed up to {log.witnessed - 1} at {at:%Y-%m-%d %H:%M:%S} UTC"
        if last >= log.witnessed:
            text += f", {last - log.witnessed + 1} newer ones only by the controller"
    if log.first_bad >= 0:
        text += f"; first bad record at or after {log.first_bad}"
    return text


if __name__ == "__main__":
    sys.exit(main())
'''


class _Parts(MetaPathFinder, Loader):
    """Give the parts of this file as the modules that they were."""

    def find_spec(self, name, path, target=None):
        packages = {each.rpartition(".")[0] for each in _SOURCES}
        packages |= {each.rpartition(".")[0] for each in packages}
        if name in _SOURCES or name in packages:
            return ModuleSpec(name, self, is_package=name in packages)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(compile(_SOURCES.get(module.__name__, ""), module.__name__, "exec"), module.__dict__)


if __name__ == "__main__":
    sys.meta_path.insert(0, _Parts())
    from equalgate.verifying.program import main

    sys.exit(main())
