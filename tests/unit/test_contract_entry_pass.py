"""Passes: size, strictness, who may sign what."""

from dataclasses import replace

import pytest
import segno

from equalgate import contract_samples as sample
from mqtt.contract import base45, entry_pass
from mqtt.contract.entry_pass import EntryPass, PassKind
from mqtt.contract.envelope import key_id
from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyRecord, KeyScope

PAPER = sample.passes()["paper"][1]
VISITOR = sample.passes()["visitor"][1]


def issued(what: str) -> str:
    who, pass_ = sample.passes()[what]
    return entry_pass.issue(pass_, sample.signer(who))


def code_of(text: str, now_ms: int | None = sample.NOW_MS) -> ReasonCode:
    with pytest.raises(ContractError) as caught:
        entry_pass.verify(text, sample.SITE, sample.keys(), now_ms)
    return caught.value.code


def test_every_kind_fits_a_code_of_version_6_m() -> None:
    for what in sample.passes():
        text = issued(what)
        assert len(text) == entry_pass.TEXT_CHARACTERS
        code = segno.make(text, error="m", boost_error=False, micro=False)
        assert (code.designator, code.mode) == ("6-M", "alphanumeric")


def test_what_was_issued_is_what_is_verified() -> None:
    for what, (who, pass_) in sample.passes().items():
        verified = entry_pass.verify(issued(what), sample.SITE, sample.keys(), sample.NOW_MS)
        kid = entry_pass.pass_kid(sample.signer(who).public_key)
        assert verified == replace(pass_, kid=kid)
        assert entry_pass.parse(issued(what)) == verified


def test_every_flipped_bit_of_the_token_is_refused() -> None:
    for what in sample.passes():
        token = base45.decode(issued(what)[4:])
        for bit in range(len(token) * 8):
            flipped = bytearray(token)
            flipped[bit // 8] ^= 1 << bit % 8
            code_of("AC1:" + base45.encode(bytes(flipped)))


def test_every_flipped_bit_of_the_text_is_refused() -> None:
    text = issued("paper").encode()
    for bit in range(len(text) * 8):
        flipped = bytearray(text)
        flipped[bit // 8] ^= 1 << bit % 8
        code_of(flipped.decode("latin-1"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AC1:",
        "AC1:" + "0" * 149,
        "AC1:" + "0" * 150,
        "AC1:" + ":" * 150,
        "AC1:" + "同" * 150,
        "AC1:" + "\x00" * 150,
        "AC1:" + "\ud800" * 150,
        "ac1:" + "0" * 150,
        "0" * 7_000,
        "' OR 1=1 --",
        "%s%n{0}",
    ],
)
def test_I01_hostile_texts_are_invalid_and_nothing_else(text: str) -> None:
    assert code_of(text) is ReasonCode.INVALID_PASS


def test_41_a_pass_of_another_site_is_told_apart() -> None:
    foreign = replace(PAPER, site_tag=entry_pass.site_tag("another-site"))
    text = entry_pass.issue(foreign, sample.signer("paper_pass"))
    assert code_of(text) is ReasonCode.WRONG_SITE


@pytest.mark.parametrize("who", ["resident_pass", "slip_pass", "visitor_pass", "command", "gate"])
def test_a_key_signs_its_own_kind_only(who: str) -> None:
    text = entry_pass.issue(PAPER, sample.signer(who))
    assert code_of(text) is ReasonCode.KEY_OUT_OF_SCOPE


def test_a_key_counts_in_its_window_only() -> None:
    text = issued("paper")
    signer = sample.signer("paper_pass")
    record = KeyRecord(signer.public_key, (KeyScope.PAPER_PASS,), 1_000, 2_000)
    keys = {key_id(signer.public_key): record}
    for now_ms in (1_000, 2_000, None):
        entry_pass.verify(text, sample.SITE, keys, now_ms)
    for now_ms in (999, 2_001):
        with pytest.raises(ContractError) as caught:
            entry_pass.verify(text, sample.SITE, keys, now_ms)
        assert caught.value.code is ReasonCode.UNKNOWN_PASS_KEY


def test_an_ambiguous_key_name_is_refused() -> None:
    kid = key_id(sample.signer("paper_pass").public_key)
    keys = sample.keys()
    twin = kid[:3] + bytes(5)
    with pytest.raises(ContractError) as caught:
        entry_pass.verify(issued("paper"), sample.SITE, {**keys, twin: keys[kid]}, sample.NOW_MS)
    assert caught.value.code is ReasonCode.UNKNOWN_PASS_KEY


def test_the_kind_is_part_of_what_is_signed() -> None:
    """A signature over a slip must not hold for the same body called paper."""
    signer = sample.signer("slip_pass")
    slip = entry_pass.issue(
        replace(PAPER, kind=PassKind.SLIP, not_after_s=PAPER.not_before_s + 60), signer
    )
    body = bytearray(base45.decode(slip[4:]))
    body[0] = body[0] & 0xF0 | PassKind.PAPER
    both = KeyRecord(
        signer.public_key, (KeyScope.SLIP_PASS, KeyScope.PAPER_PASS), 0, 2 * sample.NOW_MS
    )
    keys = {key_id(signer.public_key): both}
    entry_pass.verify(slip, sample.SITE, keys, sample.NOW_MS)
    with pytest.raises(ContractError):
        entry_pass.verify("AC1:" + base45.encode(bytes(body)), sample.SITE, keys, sample.NOW_MS)


def test_a_well_signed_body_of_another_format_or_kind_is_invalid() -> None:
    signer = sample.signer("paper_pass")
    body = base45.decode(issued("paper")[4:])[:36]
    for head in (0x02, 0x22, 0x10, 0x15, 0x1F):
        changed = bytes([head]) + body[1:]
        token = changed + signer.sign(b"ac1/pass/paper\x00" + changed)
        assert code_of("AC1:" + base45.encode(token)) is ReasonCode.INVALID_PASS


@pytest.mark.parametrize(
    "bad",
    [
        replace(PAPER, uses=1),
        replace(PAPER, hours_from_first_use=1),
        replace(PAPER, home_gate_tag=b"\x00\x01"),
        replace(PAPER, not_after_s=PAPER.not_before_s),
        replace(PAPER, not_after_s=PAPER.not_before_s + 3_661 * 86_400),
        replace(PAPER, not_before_s=-1),
        replace(PAPER, not_after_s=1 << 32),
        replace(PAPER, pass_id=bytes(8)),
        replace(PAPER, pass_id=b"short"),
        replace(PAPER, credential=bytes(8)),
        replace(PAPER, site_tag=b"abc"),
        replace(PAPER, kind=PassKind.RESIDENT_WINDOW),
        replace(PAPER, kind=PassKind.SLIP),
        replace(VISITOR, uses=256),
        replace(VISITOR, uses=-1),
        replace(VISITOR, hours_from_first_use=256),
        replace(VISITOR, home_gate_tag=entry_pass.ANY_GATE),
        replace(VISITOR, home_gate_tag=b"abc"),
    ],
)
def test_a_field_that_the_kind_does_not_allow_is_not_issued(bad: EntryPass) -> None:
    with pytest.raises(ContractError) as caught:
        entry_pass.issue(bad, sample.signer("paper_pass"))
    assert caught.value.code is ReasonCode.INVALID_PASS


def test_a_visitor_pass_without_counted_uses_needs_no_home() -> None:
    free = replace(VISITOR, uses=0, home_gate_tag=entry_pass.ANY_GATE)
    text = entry_pass.issue(free, sample.signer("visitor_pass"))
    assert entry_pass.parse(text).home_gate_tag == entry_pass.ANY_GATE


def test_E09_a_pass_beyond_2038_and_2036_keeps_its_window() -> None:
    late = replace(PAPER, not_before_s=2_147_483_647, not_after_s=2_147_483_648 + 86_400)
    text = entry_pass.issue(late, sample.signer("paper_pass"))
    assert entry_pass.parse(text).not_after_s == 2_147_570_048


def test_gate_tags_are_never_zero_and_differ_by_site() -> None:
    tags = {entry_pass.gate_tag(f"site-{number}", "gate-1") for number in range(500)}
    assert entry_pass.ANY_GATE not in tags
    assert len(tags) > 490
