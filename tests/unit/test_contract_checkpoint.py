"""Checkpoints and cosignatures in the public C2SP formats."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from equalgate import contract_samples as sample
from mqtt.contract import checkpoint, envelope
from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode

GATE = sample.signer("gate")
WITNESS = sample.signer("witness")
NAME = "tongxing-court/witness"
NOTE = checkpoint.make_checkpoint(sample.checkpoint(), GATE)
COSIGNED = checkpoint.cosign(NOTE, NAME, WITNESS, 1_795_000_000)


def test_the_published_note_vector_verifies() -> None:
    """Key, text and signature of the example in the documentation of Go's sumdb/note package."""
    name, hashed, encoded = [
        "PeterNeumann",
        "c74f20a3",
        "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ]
    public_key = base64.b64decode(encoded)[1:]
    signature = base64.b64decode(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    assert checkpoint.key_hash(name, 0x01, public_key).hex() == hashed
    assert signature[:4].hex() == hashed
    envelope.verify(public_key, signature[4:], text.encode())


def test_a_note_verifies_with_an_implementation_written_from_the_specification() -> None:
    body, signatures = COSIGNED.split("\n\n")
    text = body + "\n"
    gate_line, witness_line, end = signatures.split("\n")
    assert end == ""
    origin = text.split("\n")[0]
    _, name, encoded = gate_line.split(" ")
    raw = base64.b64decode(encoded)
    expected = hashlib.sha256(f"{origin}\n\x01".encode() + GATE.public_key).digest()[:4]
    assert (name, raw[:4]) == (origin, expected)
    Ed25519PublicKey.from_public_bytes(GATE.public_key).verify(raw[4:], text.encode())
    _, name, encoded = witness_line.split(" ")
    raw = base64.b64decode(encoded)
    expected = hashlib.sha256(f"{NAME}\n\x04".encode() + WITNESS.public_key).digest()[:4]
    assert (name, raw[:4], len(raw)) == (NAME, expected, 76)
    signed = f"cosignature/v1\ntime {int.from_bytes(raw[4:12], 'big')}\n{text}".encode()
    Ed25519PublicKey.from_public_bytes(WITNESS.public_key).verify(raw[12:], signed)


def test_round_trip_with_and_without_a_witness() -> None:
    assert checkpoint.open_checkpoint(NOTE, GATE.public_key) == sample.checkpoint()
    assert checkpoint.open_checkpoint(COSIGNED, GATE.public_key) == sample.checkpoint()
    opened = checkpoint.open_cosigned(COSIGNED, GATE.public_key, NAME, WITNESS.public_key)
    assert opened == checkpoint.Cosigned(sample.checkpoint(), 1_795_000_000)


def test_a_witness_that_did_not_sign_is_told() -> None:
    with pytest.raises(ContractError) as caught:
        checkpoint.open_cosigned(NOTE, GATE.public_key, NAME, WITNESS.public_key)
    assert caught.value.code is ReasonCode.UNKNOWN_KEY
    with pytest.raises(ContractError) as caught:
        checkpoint.open_cosigned(COSIGNED, GATE.public_key, "another", WITNESS.public_key)
    assert caught.value.code is ReasonCode.UNKNOWN_KEY


def test_a_changed_time_is_refused() -> None:
    head, line = COSIGNED.rstrip("\n").rsplit(" ", 1)
    raw = bytearray(base64.b64decode(line))
    raw[11] ^= 1
    changed = f"{head} {base64.b64encode(raw).decode()}\n"
    with pytest.raises(ContractError) as caught:
        checkpoint.open_cosigned(changed, GATE.public_key, NAME, WITNESS.public_key)
    assert caught.value.code is ReasonCode.BAD_SIGNATURE


def test_any_changed_character_is_refused() -> None:
    for place in range(len(NOTE)):
        for other in ("A", "\n", "0", "é"):
            changed = NOTE[:place] + other + NOTE[place + 1 :]
            if changed != NOTE:
                with pytest.raises(ContractError):
                    checkpoint.open_checkpoint(changed, GATE.public_key)


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", NOTE * 2, NOTE + "x", NOTE + "\n", "x" * 20_000, NOTE + "— a AAAA\n" * 16],
)
def test_other_texts_are_malformed(text: str) -> None:
    with pytest.raises(ContractError) as caught:
        checkpoint.open_checkpoint(text, GATE.public_key)
    assert caught.value.code is ReasonCode.MALFORMED


def test_signatures_of_others_are_ignored_but_not_two_of_one_key() -> None:
    stranger = checkpoint.cosign(NOTE, "stranger", sample.signer("guard"), 1)
    assert checkpoint.open_checkpoint(stranger, GATE.public_key) == sample.checkpoint()
    doubled = NOTE + NOTE.split("\n\n")[1]
    with pytest.raises(ContractError):
        checkpoint.open_checkpoint(doubled, GATE.public_key)


@pytest.mark.parametrize(
    "bad",
    [
        checkpoint.Checkpoint("a", "gate-north", 1, 1, bytes(32)),
        checkpoint.Checkpoint("tongxing-court", "gate/north", 1, 1, bytes(32)),
        checkpoint.Checkpoint("tongxing-court", "gate-north", -1, 1, bytes(32)),
        checkpoint.Checkpoint("tongxing-court", "gate-north", 1, 10**19, bytes(32)),
        checkpoint.Checkpoint("tongxing-court", "gate-north", 1, 1, bytes(31)),
    ],
)
def test_a_bad_checkpoint_is_not_signed(bad: checkpoint.Checkpoint) -> None:
    with pytest.raises(ContractError):
        checkpoint.make_checkpoint(bad, GATE)


def test_a_witness_name_with_a_space_is_refused() -> None:
    with pytest.raises(ContractError):
        checkpoint.cosign(NOTE, "two words", WITNESS, 1)
