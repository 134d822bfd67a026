"""Issue and verify the passes that people show as a QR code.

A pass is `AC1:` and base45 (RFC 9285) of a body with fixed offsets and an Ed25519 signature; the
text is 154 characters, all that a QR code of version 6-M holds, for every kind of pass.

    offset  bytes  meaning
    0       1      format 1 in the high half, kind in the low half
    1       3      start of the key id
    4       4      start of SHA-256 over the site's name
    8       4      not before, UTC in seconds
    12      4      not after, UTC in seconds (the last second in which the pass is good)
    16      8      pass id
    24      8      credential id
    32      1      uses, 0 = not counted
    33      1      hours of validity from the first use, 0 = the window alone decides
    34      2      start of SHA-256 over the home gate's name, 0 = every gate of the site
    36      64     signature over the domain of the kind and the body

A field that a kind does not use must be zero, so that one pass has exactly one form. Time, replay
and revocation are judged at the gate, which has a clock and a memory; this module has neither.
"""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

from mqtt.contract import base45, envelope
from mqtt.contract.errors import ContractError
from mqtt.contract.ids import PSEUDONYM_BYTES
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyRecord, KeyScope

__all__ = [
    "ANY_GATE",
    "PASS_KID_BYTES",
    "PREFIX",
    "TEXT_CHARACTERS",
    "EntryPass",
    "PassKind",
    "find_key",
    "gate_tag",
    "issue",
    "parse",
    "pass_kid",
    "site_tag",
    "verify",
]

PREFIX = "AC1:"
TEXT_CHARACTERS = 154
"""Length of every pass text: the capacity of QR version 6-M in alphanumeric mode."""
PASS_KID_BYTES = 3
ANY_GATE = bytes(2)
"""The home gate tag of a pass that has no home gate."""

_FORMAT = 1
_BODY = struct.Struct(">B3s4sII8s8sBB2s")
_DAY_S = 86_400
_NO_ID = bytes(PSEUDONYM_BYTES)


class PassKind(IntEnum):
    """Who carries the pass and how long it lasts."""

    RESIDENT_WINDOW = 1
    PAPER = 2
    SLIP = 3
    VISITOR = 4


_SCOPES: Mapping[PassKind, KeyScope] = {
    PassKind.RESIDENT_WINDOW: KeyScope.RESIDENT_PASS,
    PassKind.PAPER: KeyScope.PAPER_PASS,
    PassKind.SLIP: KeyScope.SLIP_PASS,
    PassKind.VISITOR: KeyScope.VISITOR_PASS,
}
_LONGEST_S: Mapping[PassKind, int] = {
    PassKind.RESIDENT_WINDOW: 300,
    PassKind.PAPER: 3_660 * _DAY_S,
    PassKind.SLIP: 31 * _DAY_S,
    PassKind.VISITOR: 366 * _DAY_S,
}


@dataclass(frozen=True, slots=True)
class EntryPass:
    """One pass, unsigned.

    `site_tag` comes from `site_tag()`, `pass_id` and `credential` are 8 random bytes, the window is
    UTC in seconds with both ends included. `uses` (0-255, 0 = not counted),
    `hours_from_first_use` (0-255, 0 = none) and `home_gate_tag` (from `gate_tag()`, or `ANY_GATE`)
    belong to visitor passes only; a pass with counted uses needs a home gate, because uses cannot
    be counted across gates that do not hear each other. `kid` is filled in by `issue`.
    """

    kind: PassKind
    site_tag: bytes
    pass_id: bytes
    credential: bytes
    not_before_s: int
    not_after_s: int
    uses: int = 0
    hours_from_first_use: int = 0
    home_gate_tag: bytes = ANY_GATE
    kid: bytes = bytes(PASS_KID_BYTES)


def site_tag(site: str) -> bytes:
    """Return the 4 bytes that name `site` in a pass."""
    return hashlib.sha256(site.encode()).digest()[:4]


def gate_tag(site: str, gate: str) -> bytes:
    """Return the 2 bytes that name a home gate in a pass; never zero."""
    digest = hashlib.sha256(f"{site}/{gate}".encode()).digest()
    return digest[:2] if digest[:2] != ANY_GATE else b"\x00\x01"


def pass_kid(public_key: bytes) -> bytes:
    """Return the 3 bytes that name a key in a pass.

    Whoever makes keys must take another one when this equals that of a key in use: an ambiguous
    name is refused.
    """
    return envelope.key_id(public_key)[:PASS_KID_BYTES]


def issue(pass_: EntryPass, signer: envelope.Signer) -> str:
    """Return the text for the QR code. Raises ContractError(`invalid_pass`) for a bad field."""
    named = replace(pass_, kid=pass_kid(signer.public_key))
    _check_fields(named)
    body = _pack(named)
    return PREFIX + base45.encode(body + signer.sign(_signed_bytes(named.kind, body)))


def parse(text: str) -> EntryPass:
    """Return what `text` claims, without checking the signature.

    Any text may be given; one of the wrong length costs nothing. Raises
    ContractError(`invalid_pass`) and nothing else.
    """
    return _take_apart(text)[0]


def verify(text: str, site: str, keys: Mapping[bytes, KeyRecord], now_ms: int | None) -> EntryPass:
    """Return the pass if it was signed for `site` by a key that may sign its kind now.

    `keys` maps the 8-byte key id to its record; `now_ms` is UTC, or None while the clock is not
    trusted (the key's own window is then not judged). Raises ContractError: `invalid_pass`,
    `wrong_site`, `unknown_pass_key` (also for an ambiguous or ended key), `key_out_of_scope`.
    """
    pass_, body, signature = _take_apart(text)
    if pass_.site_tag != site_tag(site):
        raise ContractError(ReasonCode.WRONG_SITE)
    record = find_key(pass_.kid, keys, _SCOPES[pass_.kind], now_ms)
    try:
        envelope.verify(record.public_key, signature, _signed_bytes(pass_.kind, body))
    except ContractError as error:
        raise ContractError(ReasonCode.INVALID_PASS) from error
    return pass_


def find_key(
    kid_start: bytes, keys: Mapping[bytes, KeyRecord], scope: KeyScope, now_ms: int | None
) -> KeyRecord:
    """Return the one key whose id starts with `kid_start`, if it may sign `scope` now.

    Raises ContractError: `unknown_pass_key` for none, several or one outside its window,
    `key_out_of_scope`.
    """
    found = [record for kid, record in keys.items() if kid.startswith(kid_start)]
    if len(found) != 1:
        raise ContractError(ReasonCode.UNKNOWN_PASS_KEY)
    record = found[0]
    if scope not in record.scopes:
        raise ContractError(ReasonCode.KEY_OUT_OF_SCOPE)
    if now_ms is not None and not record.not_before_ms <= now_ms <= record.not_after_ms:
        raise ContractError(ReasonCode.UNKNOWN_PASS_KEY)
    return record


def _signed_bytes(kind: PassKind, body: bytes) -> bytes:
    return b"ac1/pass/" + kind.name.lower().encode() + b"\x00" + body


def _pack(pass_: EntryPass) -> bytes:
    return _BODY.pack(
        _FORMAT << 4 | pass_.kind,
        pass_.kid,
        pass_.site_tag,
        pass_.not_before_s,
        pass_.not_after_s,
        pass_.pass_id,
        pass_.credential,
        pass_.uses,
        pass_.hours_from_first_use,
        pass_.home_gate_tag,
    )


def _take_apart(text: str) -> tuple[EntryPass, bytes, bytes]:
    if len(text) != TEXT_CHARACTERS or not text.startswith(PREFIX):
        raise ContractError(ReasonCode.INVALID_PASS)
    try:
        token = base45.decode(text[len(PREFIX) :])
    except ContractError as error:
        raise ContractError(ReasonCode.INVALID_PASS) from error
    body, signature = token[: _BODY.size], token[_BODY.size :]
    head, kid, site, start, end, pass_id, credential, uses, hours, home = _BODY.unpack(body)
    if head >> 4 != _FORMAT or head & 15 not in set(PassKind):
        raise ContractError(ReasonCode.INVALID_PASS)
    kind = PassKind(head & 15)
    pass_ = EntryPass(kind, site, pass_id, credential, start, end, uses, hours, home, kid)
    _check_fields(pass_)
    return pass_, body, signature


def _check_fields(pass_: EntryPass) -> None:
    """Refuse what the kind does not allow, so that issuing and reading agree."""
    lengths = (len(pass_.site_tag), len(pass_.pass_id), len(pass_.credential), len(pass_.kid))
    counted = pass_.uses != 0 or pass_.hours_from_first_use != 0
    at_home = pass_.home_gate_tag != ANY_GATE
    good = (
        lengths == (4, PSEUDONYM_BYTES, PSEUDONYM_BYTES, PASS_KID_BYTES)
        and len(pass_.home_gate_tag) == len(ANY_GATE)
        and _NO_ID not in {pass_.pass_id, pass_.credential}
        and 0 <= pass_.not_before_s < pass_.not_after_s < 1 << 32
        and pass_.not_after_s - pass_.not_before_s <= _LONGEST_S[pass_.kind]
        and 0 <= pass_.uses <= 255
        and 0 <= pass_.hours_from_first_use <= 255
        and (pass_.kind is PassKind.VISITOR or not (counted or at_home))
        and (at_home or pass_.uses == 0)
    )
    if not good:
        raise ContractError(ReasonCode.INVALID_PASS)
