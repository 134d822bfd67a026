"""Witness codes and admissions: what holds, and what is refused."""

import msgspec
import pytest

from mqtt.contract import base45, codec
from mqtt.contract.admission import Admission, open_admission, seal_admission
from mqtt.contract.drill import DrillList, list_hash
from mqtt.contract.envelope import Ed25519Signer
from mqtt.contract.errors import ContractError
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.witness import (
    ANSWER_PREFIX,
    COUNTERS,
    WitnessAnswer,
    fingerprint,
    nonce_text,
    open_answer,
    read_nonce,
    seal_answer,
)

GATE = Ed25519Signer.from_seed(b"g" * 32)
OTHER = Ed25519Signer.from_seed(b"o" * 32)
NONCE = bytes(range(16))
ANSWER = WitnessAnswer(
    nonce=NONCE,
    site="tongxing",
    gate="gate-south",
    public_key=GATE.public_key,
    epoch=1,
    size=42,
    root=b"r" * 32,
    at_ms=1_795_000_000_000,
    clock_level=0,
    config=b"c" * 32,
    policy=b"p" * 32,
    software="equalgate 0.1.0",
    software_hash=b"s" * 32,
    face_state="ready",
    counters=(0,) * len(COUNTERS),
    adapter_kind=AdapterKind.SIMULATED,
)
NOW = 1_795_000_000_000
ADMISSION = Admission("tongxing", "li", "李检查", NOW, NOW + 86_400_000, b"n" * 16)


def test_an_answer_fits_a_code_and_is_bound_to_the_nonce_and_the_key() -> None:
    text = seal_answer(ANSWER, GATE)
    assert len(text) < 1_000
    assert open_answer(text, NONCE) == ANSWER
    assert read_nonce(nonce_text(NONCE)) == NONCE
    assert fingerprint(GATE.public_key) != fingerprint(OTHER.public_key)
    with pytest.raises(ContractError) as caught:
        open_answer(text, b"x" * 16)
    assert caught.value.code is ReasonCode.WRONG_AUDIENCE


def test_an_answer_by_another_key_or_with_a_changed_byte_is_refused() -> None:
    with pytest.raises(ContractError):
        open_answer(seal_answer(ANSWER, OTHER))
    raw = base45.decode(seal_answer(ANSWER, GATE)[len(ANSWER_PREFIX) :])
    for at in range(0, len(raw), 7):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises(ContractError):
            open_answer(ANSWER_PREFIX + base45.encode(changed))


@pytest.mark.parametrize("text", ["ACW1:", "ACW1:!!", "ACW1:" + "0" * 60, "AC1:ABC", ""])
def test_what_is_no_nonce_is_refused(text: str) -> None:
    with pytest.raises(ContractError):
        read_nonce(text)


def test_an_admission_is_for_one_site_one_time_and_one_district() -> None:
    data = seal_admission(ADMISSION, GATE)
    assert open_admission(data, "tongxing", GATE.public_key, NOW) == ADMISSION
    for site, key, at in (
        ("elsewhere", GATE.public_key, NOW),
        ("tongxing", OTHER.public_key, NOW),
        ("tongxing", b"", NOW),
        ("tongxing", GATE.public_key, NOW + 86_400_000),
        ("tongxing", GATE.public_key, NOW - 2 * 86_400_000),
    ):
        with pytest.raises(ContractError):
            open_admission(data, site, key, at)


def test_a_drills_list_hashes_as_it_stands() -> None:
    listed = DrillList(1, b"d" * 8, (b"a" * 8, b"b" * 8), b"s" * 16)
    other = msgspec.structs.replace(listed, salt=b"t" * 16)

    assert list_hash(codec.encode(listed)) != list_hash(codec.encode(other))
    with pytest.raises(ContractError):
        list_hash(b"no list")
