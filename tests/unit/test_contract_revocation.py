"""Ended ids, and the code that a guard carries to an offline gate."""

from dataclasses import replace

import pytest
import segno

from equalgate import contract_samples as sample
from mqtt.contract import base45, codec, entry_pass, revocation
from mqtt.contract.errors import ContractError
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import RevocationRecord
from mqtt.contract.revocation import CarriedRevocation

SIGNER = sample.signer("revocation")
GOOD = sample.carried()
SITE_WIDE = replace(GOOD, gate_tag=entry_pass.ANY_GATE, version_floor=0)


def opened(text: str, site: str = sample.SITE, gate: str = sample.GATE) -> CarriedRevocation:
    return revocation.open_carried(text, site, gate, sample.keys(), sample.NOW_MS)


def code_of(text: str, site: str = sample.SITE, gate: str = sample.GATE) -> ReasonCode:
    with pytest.raises(ContractError) as caught:
        opened(text, site, gate)
    return caught.value.code


def test_an_entry_counts_until_its_end_and_always_without_a_clock() -> None:
    record = codec.encode(RevocationRecord(5_000))
    known = revocation.read_revocations({id_to_text(b"credent1"): record})
    assert revocation.is_revoked(known, b"credent1", 5_000)
    assert not revocation.is_revoked(known, b"credent1", 5_001)
    assert revocation.is_revoked(known, b"credent1", None)
    assert not revocation.is_revoked(known, b"credent2", None)


@pytest.mark.parametrize(
    ("key", "raw"), [("not-base32", b"\xa0"), ("mnzgkzdfnz2de", b"\xa0"), ("ga", b"")]
)
def test_a_bad_record_is_refused(key: str, raw: bytes) -> None:
    with pytest.raises(ContractError):
        revocation.read_revocations({key: raw})


def test_carried_round_trip_for_one_gate_and_for_all() -> None:
    assert opened(revocation.issue_carried(GOOD, SIGNER)) == GOOD
    text = revocation.issue_carried(SITE_WIDE, SIGNER)
    assert opened(text, gate="gate-south") == SITE_WIDE


def test_it_is_refused_elsewhere() -> None:
    text = revocation.issue_carried(GOOD, SIGNER)
    assert code_of(text, site="another-site") is ReasonCode.WRONG_SITE
    assert code_of(text, gate="gate-south") is ReasonCode.WRONG_AUDIENCE
    pass_key = revocation.issue_carried(GOOD, sample.signer("paper_pass"))
    assert code_of(pass_key) is ReasonCode.KEY_OUT_OF_SCOPE


def test_six_entries_fit_a_code_of_version_9_m() -> None:
    entries = tuple((bytes([number]) * 8, 2_000_000_000) for number in range(1, 7))
    text = revocation.issue_carried(replace(GOOD, entries=entries), SIGNER)
    code = segno.make(text, error="m", boost_error=False)
    assert (code.designator, code.mode) == ("9-M", "alphanumeric")


def test_every_flipped_bit_is_refused() -> None:
    token = base45.decode(revocation.issue_carried(GOOD, SIGNER)[4:])
    for bit in range(len(token) * 8):
        flipped = bytearray(token)
        flipped[bit // 8] ^= 1 << bit % 8
        code_of("AR1:" + base45.encode(bytes(flipped)))


def test_a_well_signed_body_that_contradicts_itself_is_invalid() -> None:
    body = bytearray(base45.decode(revocation.issue_carried(GOOD, SIGNER)[4:])[:-64])
    assert body[22] == len(GOOD.entries)
    for place, value in ((0, 2), (22, 1), (22, 3)):
        changed = bytes(body[:place]) + bytes([value]) + bytes(body[place + 1 :])
        token = changed + SIGNER.sign(b"ac1/carried-revocation\x00" + changed)
        assert code_of("AR1:" + base45.encode(token)) is ReasonCode.INVALID_PASS


@pytest.mark.parametrize("text", ["", "AR1:", "AR1:" + "0" * 120, "AR1:" + "0" * 7_000, "AC1:00"])
def test_hostile_texts_are_invalid(text: str) -> None:
    assert code_of(text) is ReasonCode.INVALID_PASS


@pytest.mark.parametrize(
    "bad",
    [
        replace(GOOD, entries=()),
        replace(GOOD, entries=tuple((bytes([n]) * 8, 9) for n in range(1, 8))),
        replace(GOOD, entries=(GOOD.entries[1], GOOD.entries[0])),
        replace(GOOD, entries=(GOOD.entries[0], GOOD.entries[0])),
        replace(GOOD, entries=((b"short", 9),)),
        replace(GOOD, entries=((b"credent1", 0),)),
        replace(GOOD, gate_tag=entry_pass.ANY_GATE),
        replace(GOOD, version_floor=-1),
        replace(GOOD, issued_at_s=1 << 32),
        replace(GOOD, site_tag=b""),
    ],
)
def test_a_bad_field_is_not_issued(bad: CarriedRevocation) -> None:
    with pytest.raises(ContractError):
        revocation.issue_carried(bad, SIGNER)


def test_it_counts_until_the_document_speaks_for_itself() -> None:
    assert GOOD.counts_beside(11)
    assert not GOOD.counts_beside(12)
    assert SITE_WIDE.counts_beside(10_000)
