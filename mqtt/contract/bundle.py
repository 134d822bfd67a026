"""Lay out an evidence bundle: one ZIP form in which every byte follows from names and contents.

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
