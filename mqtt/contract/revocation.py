"""Know which credentials and passes have ended, and carry that to an offline gate as a QR code.

Ended ids stand in an exact list (document `revocations`); nothing probabilistic, because a false
hit would lock a resident out. A gate without its link learns of an ended credential from a code
that the guard shows to it: `AR1:` and base45 (RFC 9285) of

    offset  bytes  meaning
    0       1      format 1
    1       3      start of the key id (scope `revocation`)
    4       4      start of SHA-256 over the site's name
    8       2      tag of the one gate it is for (`entry_pass.gate_tag`), 0 = every gate
    10      4      issued at, UTC in seconds
    14      8      version floor
    22      1      number of entries, 1 to 6
    23      12 n   entries: id (8 bytes, rising), until (UTC in seconds)
    end     64     signature over the domain and everything before

It can only end access, never give any, and showing it twice changes nothing.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from mqtt.contract import base45, codec, entry_pass, envelope
from mqtt.contract.errors import ContractError
from mqtt.contract.ids import PSEUDONYM_BYTES, id_from_text, parse_pseudonym
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyRecord, KeyScope, RevocationRecord

__all__ = [
    "CARRIED_PREFIX",
    "MAX_CARRIED",
    "CarriedRevocation",
    "is_revoked",
    "issue_carried",
    "open_carried",
    "read_revocations",
]

CARRIED_PREFIX = "AR1:"
MAX_CARRIED = 6
"""Most ids in one code, so that it stays at QR version 9-M."""

_FORMAT = 1
_DOMAIN = b"ac1/carried-revocation\x00"
_HEAD = struct.Struct(">B3s4s2sIQB")
_ENTRY = struct.Struct(">8sI")
_SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class CarriedRevocation:
    """What a guard carries to a gate.

    `entries` are (id, until in UTC seconds) in the order of the ids: the id is ended until then.
    `gate_tag` is `entry_pass.gate_tag(site, gate)` or `entry_pass.ANY_GATE`. `version_floor` is the
    version of that gate's `revocations` document from which on the document speaks for itself
    (0 = keep the entries until they end); versions are counted per gate, so a floor needs a gate.
    """

    site_tag: bytes
    issued_at_s: int
    entries: tuple[tuple[bytes, int], ...]
    gate_tag: bytes = entry_pass.ANY_GATE
    version_floor: int = 0

    def counts_beside(self, held_version: int) -> bool:
        """Tell whether a gate that holds `held_version` of the document still needs the entries."""
        return self.version_floor == 0 or held_version < self.version_floor


def read_revocations(records: Mapping[str, bytes]) -> dict[bytes, int]:
    """Return id -> until (UTC ms) from the records of the `revocations` document.

    Raises ContractError for an id or record that is not well formed.
    """
    return {
        parse_pseudonym(id_from_text(key)): codec.decode(raw, RevocationRecord).until_ms
        for key, raw in records.items()
    }


def is_revoked(revocations: Mapping[bytes, int], id_: bytes, now_ms: int | None) -> bool:
    """Tell whether `id_` is ended now.

    An entry counts up to its `until`, at which the credential itself has ended anyway; while the
    clock is not trusted (`now_ms` is None) it always counts.
    """
    until_ms = revocations.get(id_)
    return until_ms is not None and (now_ms is None or now_ms <= until_ms)


def issue_carried(carried: CarriedRevocation, signer: envelope.Signer) -> str:
    """Return the text for the QR code. Raises ContractError(`invalid_pass`) for a bad field."""
    _check_fields(carried)
    head = _HEAD.pack(
        _FORMAT,
        entry_pass.pass_kid(signer.public_key),
        carried.site_tag,
        carried.gate_tag,
        carried.issued_at_s,
        carried.version_floor,
        len(carried.entries),
    )
    body = head + b"".join(_ENTRY.pack(id_, until_s) for id_, until_s in carried.entries)
    return CARRIED_PREFIX + base45.encode(body + signer.sign(_DOMAIN + body))


def open_carried(
    text: str, site: str, gate: str, keys: Mapping[bytes, KeyRecord], now_ms: int | None
) -> CarriedRevocation:
    """Return what was signed for this site and gate. Any text may be given.

    `keys` maps the 8-byte key id to its record; `now_ms` is UTC or None while the clock is not
    trusted. Raises ContractError: `invalid_pass`, `wrong_site`, `wrong_audience` (another gate),
    `unknown_pass_key`, `key_out_of_scope`.
    """
    carried, kid, body, signature = _take_apart(text)
    if carried.site_tag != entry_pass.site_tag(site):
        raise ContractError(ReasonCode.WRONG_SITE)
    if carried.gate_tag not in {entry_pass.ANY_GATE, entry_pass.gate_tag(site, gate)}:
        raise ContractError(ReasonCode.WRONG_AUDIENCE)
    record = entry_pass.find_key(kid, keys, KeyScope.REVOCATION, now_ms)
    try:
        envelope.verify(record.public_key, signature, _DOMAIN + body)
    except ContractError as error:
        raise ContractError(ReasonCode.INVALID_PASS) from error
    return carried


def _take_apart(text: str) -> tuple[CarriedRevocation, bytes, bytes, bytes]:
    longest = _HEAD.size + MAX_CARRIED * _ENTRY.size + _SIGNATURE_BYTES
    if (
        not text.startswith(CARRIED_PREFIX)
        or len(text) > len(CARRIED_PREFIX) + longest * 3 // 2 + 1
    ):
        raise ContractError(ReasonCode.INVALID_PASS)
    try:
        token = base45.decode(text[len(CARRIED_PREFIX) :])
    except ContractError as error:
        raise ContractError(ReasonCode.INVALID_PASS) from error
    body, signature = token[:-_SIGNATURE_BYTES], token[-_SIGNATURE_BYTES:]
    entries_bytes = len(body) - _HEAD.size
    if entries_bytes <= 0 or entries_bytes % _ENTRY.size:
        raise ContractError(ReasonCode.INVALID_PASS)
    form, kid, site, gate, issued_at_s, floor, count = _HEAD.unpack_from(body)
    if form != _FORMAT or count != entries_bytes // _ENTRY.size:
        raise ContractError(ReasonCode.INVALID_PASS)
    entries = tuple(_ENTRY.iter_unpack(body[_HEAD.size :]))
    carried = CarriedRevocation(site, issued_at_s, entries, gate, floor)
    _check_fields(carried)
    return carried, kid, body, signature


def _check_fields(carried: CarriedRevocation) -> None:
    ids = [id_ for id_, _ in carried.entries]
    good = (
        (len(carried.site_tag), len(carried.gate_tag)) == (4, len(entry_pass.ANY_GATE))
        and 0 < len(ids) <= MAX_CARRIED
        and all(len(id_) == PSEUDONYM_BYTES for id_ in ids)
        and ids == sorted(set(ids))
        and all(0 < until_s < 1 << 32 for _, until_s in carried.entries)
        and 0 <= carried.issued_at_s < 1 << 32
        and 0 <= carried.version_floor < 1 << 63
        and (carried.version_floor == 0 or carried.gate_tag != entry_pass.ANY_GATE)
    )
    if not good:
        raise ContractError(ReasonCode.INVALID_PASS)
