"""A pass verifies if and only if it is untouched; hostile text is refused and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from hypothesis import assume, given
from hypothesis import strategies as st

from equalgate import contract_samples as sample
from mqtt.contract import checkpoint, entry_pass, revocation
from mqtt.contract.entry_pass import EntryPass, PassKind
from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode

SIGNERS = {
    PassKind.RESIDENT_WINDOW: sample.signer("resident_pass"),
    PassKind.PAPER: sample.signer("paper_pass"),
    PassKind.SLIP: sample.signer("slip_pass"),
    PassKind.VISITOR: sample.signer("visitor_pass"),
}
IDS = st.binary(min_size=8, max_size=8).filter(any)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
KEYS = sample.keys()
REFUSALS = {
    ReasonCode.INVALID_PASS,
    ReasonCode.WRONG_SITE,
    ReasonCode.WRONG_AUDIENCE,
    ReasonCode.UNKNOWN_PASS_KEY,
}


def code_of(call: Callable[[], object]) -> ReasonCode | None:
    try:
        call()
    except ContractError as error:
        return error.code
    return None


@st.composite
def entry_passes(draw: st.DrawFn) -> EntryPass:
    kind = draw(st.sampled_from(PassKind))
    start = draw(st.integers(0, 2**32 - 400))
    made = EntryPass(
        kind,
        entry_pass.site_tag(sample.SITE),
        draw(IDS),
        draw(IDS),
        start,
        start + draw(st.integers(1, 300)),
    )
    if kind is not PassKind.VISITOR:
        return made
    home = draw(st.binary(min_size=2, max_size=2))
    uses = draw(st.integers(0, 255)) if any(home) else 0
    hours = draw(st.integers(0, 255))
    return replace(made, uses=uses, hours_from_first_use=hours, home_gate_tag=home)


@given(entry_passes())
def test_an_issued_pass_verifies_and_says_the_same(pass_: EntryPass) -> None:
    signer = SIGNERS[pass_.kind]
    text = entry_pass.issue(pass_, signer)
    verified = entry_pass.verify(text, sample.SITE, KEYS, sample.NOW_MS)
    assert verified == replace(pass_, kid=entry_pass.pass_kid(signer.public_key))
    assert entry_pass.issue(verified, signer) == text


@given(entry_passes(), st.data())
def test_a_touched_pass_never_verifies(pass_: EntryPass, data: st.DataObject) -> None:
    text = entry_pass.issue(pass_, SIGNERS[pass_.kind])
    places = data.draw(st.lists(st.integers(0, len(text) - 1), min_size=1, max_size=3))
    changed = list(text)
    for place in places:
        changed[place] = data.draw(st.sampled_from(ALPHABET))
    assume("".join(changed) != text)
    try:
        entry_pass.verify("".join(changed), sample.SITE, KEYS, sample.NOW_MS)
    except ContractError:
        return
    raise AssertionError("a touched pass was verified")


@given(st.text(max_size=400) | st.text(ALPHABET, min_size=150, max_size=150))
def test_i01_any_text_is_invalid_and_nothing_else(text: str) -> None:
    for hostile in (text, f"AC1:{text}"):
        assert code_of(partial(entry_pass.parse, hostile)) in {
            None,
            ReasonCode.INVALID_PASS,
        }
    for hostile in (text, f"AR1:{text}"):
        opened = partial(revocation.open_carried, hostile, sample.SITE, sample.GATE, KEYS, None)
        assert code_of(opened) in REFUSALS


@given(st.text(max_size=300), st.integers(0, 400))
def test_any_text_spliced_into_a_checkpoint_is_refused(text: str, at: int) -> None:
    note = checkpoint.make_checkpoint(sample.checkpoint(), sample.signer("gate"))
    spliced = note[:at] + text + note[at:]
    assume(spliced != note)
    try:
        opened = checkpoint.open_checkpoint(spliced, sample.signer("gate").public_key)
    except ContractError:
        return
    assert opened == sample.checkpoint()
    assert spliced.startswith(note)


@given(
    st.integers(0, 2**32 - 1),
    st.dictionaries(st.binary(min_size=8, max_size=8), st.integers(1, 2**32 - 1), max_size=6),
)
def test_a_carried_revocation_goes_there_and_back(at_s: int, entries: dict[bytes, int]) -> None:
    assume(entries)
    carried = replace(sample.carried(), issued_at_s=at_s, entries=tuple(sorted(entries.items())))
    text = revocation.issue_carried(carried, sample.signer("revocation"))
    opened = revocation.open_carried(text, sample.SITE, sample.GATE, KEYS, None)
    assert opened == carried
