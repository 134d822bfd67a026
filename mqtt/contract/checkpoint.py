"""Sign the state of a gate's log so that a witness can countersign it (C2SP, the public formats).

- tlog-checkpoint (https://c2sp.org/tlog-checkpoint): origin `<site>/<gate>/<epoch>`, size, root in
  base64, one line each; no extension lines.
- signed-note (https://c2sp.org/signed-note): an empty line, then one line for each signature,
  `— <name> <base64 of key hash and signature>`; the key hash is the first 4 bytes of
  SHA-256(name || 0x0A || type || public key), type 0x01 for Ed25519. A gate signs under its origin.
- tlog-cosignature (https://c2sp.org/tlog-cosignature): type 0x04 signs `cosignature/v1`, a line
  `time <POSIX seconds>` and the checkpoint; the time stands before the signature, 8 bytes.

Reading is strict: each checkpoint has one form; signatures by others are ignored.
"""

import base64
import hashlib
import re
from dataclasses import dataclass

from mqtt.contract import audit, envelope
from mqtt.contract.errors import ContractError
from mqtt.contract.ids import parse_name
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "Checkpoint",
    "Cosigned",
    "cosign",
    "key_hash",
    "make_checkpoint",
    "open_checkpoint",
    "open_cosigned",
    "open_witnessed",
    "witnessed",
]

_ED25519 = 0x01
_COSIGNATURE = 0x04
_MAX_CHARACTERS = 16_384
_MAX_SIGNATURES = 16
_BODY = re.compile(
    r"([a-z0-9-]{4,40})/([a-z0-9-]{4,40})/(0|[1-9][0-9]{0,18})\n"
    r"(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n\Z"
)
_SIGNATURE_LINE = re.compile(r"— ([!-*,-~]{1,128}) ([A-Za-z0-9+/]+={0,2})\Z")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree of one epoch of one gate: `size` leaves under `root` (32 bytes)."""

    site: str
    gate: str
    epoch: int
    size: int
    root: bytes

    @property
    def origin(self) -> str:
        """Return the name of the log, which is also the name that its gate signs under."""
        return f"{self.site}/{self.gate}/{self.epoch}"

    @property
    def body(self) -> str:
        """Return the text that is signed. Raises ContractError(`malformed`) for a bad field."""
        parse_name(self.site)
        parse_name(self.gate)
        numbers = 0 <= self.epoch < 10**19 and 0 <= self.size < 10**19
        if not numbers or len(self.root) != audit.HASH_BYTES:
            raise ContractError(ReasonCode.MALFORMED, "checkpoint")
        root = base64.b64encode(self.root).decode("ascii")
        return f"{self.origin}\n{self.size}\n{root}\n"


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint that a witness has seen at `at_s` (POSIX seconds by the witness's clock)."""

    checkpoint: Checkpoint
    at_s: int


def key_hash(name: str, type_: int, public_key: bytes) -> bytes:
    """Return the 4 bytes that name a key in a signed note."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([type_]) + public_key).digest()[:4]


def make_checkpoint(checkpoint: Checkpoint, signer: envelope.Signer) -> str:
    """Return the note that a gate signs. Raises ContractError for a bad field."""
    body = checkpoint.body
    hashed = key_hash(checkpoint.origin, _ED25519, signer.public_key)
    return f"{body}\n{_line(checkpoint.origin, hashed + signer.sign(body.encode()))}"


def open_checkpoint(text: str, public_key: bytes) -> Checkpoint:
    """Return the checkpoint if the gate's key signed it.

    Raises ContractError: `malformed`, `unknown_key` (no line of that key), `bad_signature`.
    """
    checkpoint, body, lines = _split(text)
    hashed = key_hash(checkpoint.origin, _ED25519, public_key)
    signature = _find(lines, checkpoint.origin, hashed)
    envelope.verify(public_key, signature, body.encode())
    return checkpoint


def cosign(text: str, witness: str, signer: envelope.Signer, at_s: int) -> str:
    """Return `text` with the line of a witness added.

    The caller has opened the checkpoint and checked that it is consistent with what it witnessed
    before. `witness` is a name without spaces or plus signs. Raises ContractError(`malformed`).
    """
    _, body, _ = _split(text)
    hashed = key_hash(witness, _COSIGNATURE, signer.public_key)
    signature = signer.sign(_cosigned_bytes(body, at_s))
    noted = text + _line(witness, hashed + at_s.to_bytes(8, "big") + signature)
    _split(noted)
    return noted


def witnessed(said: Checkpoint, witness: str, signer: envelope.Signer, at_s: int) -> str:
    """Return a checkpoint with a witness's line alone.

    For logs whose owner signs its heads in another form, such as a gate in its heartbeats; the
    caller has checked that signature. Raises ContractError(`malformed`).
    """
    body = said.body
    hashed = key_hash(witness, _COSIGNATURE, signer.public_key)
    signature = signer.sign(_cosigned_bytes(body, at_s))
    return f"{body}\n{_line(witness, hashed + at_s.to_bytes(8, 'big') + signature)}"


def open_cosigned(text: str, gate_key: bytes, witness: str, witness_key: bytes) -> Cosigned:
    """Return the checkpoint if the gate and the witness both signed it.

    Raises ContractError: `malformed`, `unknown_key`, `bad_signature`.
    """
    open_checkpoint(text, gate_key)
    return open_witnessed(text, witness, witness_key)


def open_witnessed(text: str, witness: str, witness_key: bytes) -> Cosigned:
    """Return the checkpoint if the witness signed it; nothing is said of the log's owner.

    Raises ContractError: `malformed`, `unknown_key`, `bad_signature`.
    """
    said, body, lines = _split(text)
    payload = _find(lines, witness, key_hash(witness, _COSIGNATURE, witness_key))
    at_s = int.from_bytes(payload[:8], "big")
    envelope.verify(witness_key, payload[8:], _cosigned_bytes(body, at_s))
    return Cosigned(said, at_s)


def _cosigned_bytes(body: str, at_s: int) -> bytes:
    return f"cosignature/v1\ntime {at_s}\n{body}".encode()


def _line(name: str, payload: bytes) -> str:
    return f"— {name} {base64.b64encode(payload).decode('ascii')}\n"


def _split(text: str) -> tuple[Checkpoint, str, list[tuple[str, bytes]]]:
    """Return the checkpoint, the signed text and (name, payload) of each signature line."""
    body, separator, signatures = text[:_MAX_CHARACTERS].partition("\n\n")
    found = _BODY.match(body + "\n")
    lines = signatures.split("\n")
    whole = len(text) <= _MAX_CHARACTERS and separator and found and lines.pop() == ""
    if not whole or found is None or not 0 < len(lines) <= _MAX_SIGNATURES:
        raise ContractError(ReasonCode.MALFORMED, "checkpoint")
    site, gate, epoch, size, root = found.groups()
    checkpoint = Checkpoint(site, gate, int(epoch), int(size), _unbase64(root))
    return checkpoint, body + "\n", [_read_line(line) for line in lines]


def _read_line(line: str) -> tuple[str, bytes]:
    found = _SIGNATURE_LINE.match(line)
    if found is None:
        raise ContractError(ReasonCode.MALFORMED, "signature line")
    return found[1], _unbase64(found[2])


def _unbase64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ContractError(ReasonCode.MALFORMED, "base64") from error
    if base64.b64encode(raw).decode("ascii") != text:
        raise ContractError(ReasonCode.MALFORMED, "base64")
    return raw


def _find(lines: list[tuple[str, bytes]], name: str, hashed: bytes) -> bytes:
    """Return the one payload of the named key; two lines of one key are refused."""
    found = [payload[4:] for said, payload in lines if said == name and payload[:4] == hashed]
    if not found:
        raise ContractError(ReasonCode.UNKNOWN_KEY)
    if len(found) > 1:
        raise ContractError(ReasonCode.MALFORMED, "signature line")
    return found[0]
