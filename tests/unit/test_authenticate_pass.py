"""Signed passes at the gate: windows, paper, slips, visitors (B03, I03-I05, notes §1.6)."""

from dataclasses import replace

import pytest

from edge.domain.authenticate_pass import (
    IdentifiedPass,
    PaperSpend,
    UseSpend,
    WindowSpend,
    identify_pass,
)
from edge.domain.gate_memory import GateMemory, Uses, Windows
from edge.domain.model import ClockTrust, Moment, Refusal
from edge.domain.standing import Scene
from mqtt.contract.entry_pass import PassKind
from mqtt.contract.errors import ContractError
from mqtt.contract.events import Method
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import ConfigRecord
from tests.support.gate_factories import (
    FOB,
    GATE,
    HOUR,
    IN,
    NOON,
    OTHER_GATE,
    OUT,
    PHONE,
    Papers,
    credential_id,
    make_credential,
    make_pass,
    person,
    visitor_pass,
)

AT = Moment(10_000, NOON)
MEMORY = GateMemory()
SECOND = 1_000
WINDOW = make_pass(PassKind.RESIDENT_WINDOW)


def later(ms: int, trust: ClockTrust = ClockTrust.SYNCED, error_ms: int = 0) -> Moment:
    return Moment(AT.mono_ms + max(ms, 0), NOON + ms, trust, error_ms)


def ask(
    text: str,
    at: Moment = AT,
    memory: GateMemory = MEMORY,
    papers: Papers | None = None,
    place: str = IN,
) -> IdentifiedPass | Refusal:
    return identify_pass(text, Scene(place, (papers or Papers()).knowledge(), memory, at))


def reason(found: IdentifiedPass | Refusal) -> ReasonCode:
    return found.reason if isinstance(found, Refusal) else ReasonCode.GRANTED


def used(text: str, memory: GateMemory = MEMORY, at: Moment = AT, place: str = IN) -> GateMemory:
    """Return the memory after a grant by `text`."""
    found = ask(text, at, memory, place=place)
    assert isinstance(found, IdentifiedPass)
    match found.spend:
        case WindowSpend(credential, use):
            known = memory.windows.get(credential) or Windows()
            with_use = known.with_use(use, at.utc_ms)
            return replace(memory, windows=memory.windows.put(credential, with_use))
        case PaperSpend(credential, start_s):
            return replace(memory, papers=memory.papers.put(credential, start_s))
        case UseSpend(pass_id, number, until_ms):
            uses = memory.uses.get(pass_id) or Uses()
            uses = Uses((*uses.redeemed, (GATE, number, at.utc_ms)), until_ms)
            return replace(memory, uses=memory.uses.put(pass_id, uses))
        case None:
            return memory


@pytest.mark.parametrize(
    ("ms", "expected"),
    [
        (-31 * SECOND, ReasonCode.NOT_YET_VALID),
        (-30 * SECOND, ReasonCode.GRANTED),
        (0, ReasonCode.GRANTED),
        (59 * SECOND, ReasonCode.GRANTED),
        (89 * SECOND, ReasonCode.GRANTED),
        (91 * SECOND, ReasonCode.STALE),
        (180 * SECOND, ReasonCode.STALE),
    ],
)
def test_E07_I04_a_phone_window_lives_a_minute_and_the_skew(ms: int, expected: ReasonCode) -> None:
    assert reason(ask(WINDOW, later(ms))) is expected


def test_the_same_window_works_once_at_each_access_point() -> None:
    memory = used(WINDOW)
    assert reason(ask(WINDOW, memory=memory)) is ReasonCode.REPLAYED
    assert reason(ask(WINDOW, memory=memory, place=OUT)) is ReasonCode.GRANTED
    assert reason(ask(WINDOW, later(180 * SECOND), memory)) is ReasonCode.STALE
    following = make_pass(PassKind.RESIDENT_WINDOW, NOON + 60 * SECOND)
    assert reason(ask(following, later(45 * SECOND), memory)) is ReasonCode.GRANTED


def test_a_site_may_set_shorter_windows_and_skew() -> None:
    papers = Papers(gate=ConfigRecord(phone_window_s=30, phone_skew_s=10))
    assert reason(ask(WINDOW, later(40 * SECOND), papers=papers)) is ReasonCode.GRANTED
    assert reason(ask(WINDOW, later(41 * SECOND), papers=papers)) is ReasonCode.STALE


def test_holdover_widens_the_window_by_the_drift_bound() -> None:
    assert reason(ask(WINDOW, later(95 * SECOND, ClockTrust.HOLDOVER, 6_000))) is ReasonCode.GRANTED
    assert reason(ask(WINDOW, later(99 * SECOND, ClockTrust.HOLDOVER, 6_000))) is ReasonCode.STALE


def test_E06_an_unknown_clock_takes_only_windows_newer_than_the_newest() -> None:
    unknown = later(0, ClockTrust.UNKNOWN)
    future = make_pass(PassKind.RESIDENT_WINDOW, NOON + 5 * HOUR)
    assert reason(ask(future, unknown)) is ReasonCode.GRANTED
    memory = used(future, at=unknown)
    assert reason(ask(future, unknown, memory)) is ReasonCode.REPLAYED
    assert reason(ask(WINDOW, unknown, memory)) is ReasonCode.STALE
    before = make_pass(PassKind.RESIDENT_WINDOW, NOON - HOUR)
    assert reason(ask(before, unknown)) is ReasonCode.STALE


@pytest.mark.parametrize("kind", [PassKind.PAPER, PassKind.SLIP])
def test_printed_passes_have_their_window(kind: PassKind) -> None:
    text = make_pass(kind)
    assert reason(ask(text)) is ReasonCode.GRANTED
    assert reason(ask(text, later(-2 * 60 * SECOND))) is ReasonCode.NOT_YET_VALID
    assert reason(ask(text, later(200 * 24 * HOUR))) is ReasonCode.EXPIRED
    assert reason(ask(text, later(-HOUR, ClockTrust.UNKNOWN))) is ReasonCode.GRANTED
    assert reason(ask(text, later(200 * 24 * HOUR, ClockTrust.UNKNOWN))) is ReasonCode.EXPIRED


def test_the_old_paper_works_until_the_new_one_is_first_used() -> None:
    old = make_pass(at_ms=NOON - 24 * HOUR, pass_id=credential_id(1_001))
    new = make_pass(pass_id=credential_id(1_002))
    assert reason(ask(old, memory=used(old))) is ReasonCode.GRANTED
    memory = used(new, used(old))
    assert reason(ask(old, memory=memory)) is ReasonCode.REVOKED
    assert reason(ask(new, memory=memory)) is ReasonCode.GRANTED


def test_a_slip_does_not_end_the_paper() -> None:
    slip = make_pass(PassKind.SLIP, pass_id=credential_id(1_003))
    found = ask(slip)
    assert isinstance(found, IdentifiedPass)
    assert found.spend is None


def test_a_pass_dies_with_its_credential_and_by_its_own_id() -> None:
    papers = Papers(revoked={PHONE: NOON + HOUR})
    assert reason(ask(make_pass(), papers=papers)) is ReasonCode.REVOKED
    papers = Papers(revoked={credential_id(900): NOON + HOUR})
    found = ask(make_pass(), papers=papers)
    assert isinstance(found, Refusal)
    assert (found.reason, found.holder) == (ReasonCode.REVOKED, person(1))
    papers = Papers()
    papers.credentials[PHONE] = make_credential(Method.QR, valid_until_ms=NOON - 1)
    assert reason(ask(make_pass(), papers=papers)) is ReasonCode.EXPIRED
    del papers.credentials[PHONE]
    assert reason(ask(make_pass(), papers=papers)) is ReasonCode.UNKNOWN_CREDENTIAL


def test_a_pass_needs_a_credential_of_its_own_kind() -> None:
    assert reason(ask(make_pass(credential=FOB))) is ReasonCode.INVALID_PASS


@pytest.mark.parametrize("text", ["", "1234567", "123456789012", "AC1:", "AC1:" + "0" * 150])
def test_I05_what_is_no_pass_is_invalid(text: str) -> None:
    with pytest.raises(ContractError) as caught:
        ask(text)
    assert caught.value.code is ReasonCode.INVALID_PASS


def test_a_visitors_signed_pass_is_its_own_right() -> None:
    found = ask(visitor_pass(uses=1))
    assert isinstance(found, IdentifiedPass)
    assert found.bearer.carries_right
    assert found.bearer.visitor
    assert found.bearer.durable_first
    assert reason(ask(visitor_pass(), later(13 * HOUR))) is ReasonCode.EXPIRED


def test_I11_a_registered_visitor_has_the_credentials_rights_and_ends_with_it() -> None:
    papers = Papers()
    carer = credential_id(60)
    papers.credentials[carer] = make_credential(Method.QR, levels=("carers",))
    found = ask(visitor_pass(credential=carer), papers=papers)
    assert isinstance(found, IdentifiedPass)
    assert found.bearer.levels == ("carers",)
    assert not found.bearer.carries_right
    papers.revoked[carer] = NOON + HOUR
    assert reason(ask(visitor_pass(credential=carer), papers=papers)) is ReasonCode.REVOKED
    del papers.credentials[carer]
    assert reason(ask(visitor_pass(credential=carer), papers=papers)) is ReasonCode.REVOKED


def test_B03_uses_and_hours_from_the_first_use() -> None:
    text = visitor_pass(uses=3, hours_from_first_use=8)
    memory = MEMORY
    for hour in range(3):
        at = later(hour * HOUR)
        assert reason(ask(text, at, memory)) is ReasonCode.GRANTED
        memory = used(text, memory, at)
    assert reason(ask(text, later(3 * HOUR), memory)) is ReasonCode.USES_SPENT
    once = used(text)
    assert reason(ask(text, later(8 * HOUR), once)) is ReasonCode.GRANTED
    assert reason(ask(text, later(8 * HOUR + 1), once)) is ReasonCode.EXPIRED


def test_I03_another_gates_redemption_spends_the_use_here() -> None:
    heard = Uses(((OTHER_GATE, 1, NOON - SECOND),))
    memory = replace(MEMORY, uses=MEMORY.uses.put(credential_id(900), heard))
    assert reason(ask(visitor_pass(uses=1), memory=memory)) is ReasonCode.USES_SPENT


def test_away_from_home_a_visitor_needs_both_feeds_fresh() -> None:
    text = visitor_pass(home=OTHER_GATE, uses=1)
    assert reason(ask(text)) is ReasonCode.HOME_GATE_ONLY
    fresh = AT.mono_ms - 60_000
    both = replace(MEMORY, feeds={GATE: fresh, OTHER_GATE: fresh})
    assert reason(ask(text, memory=both)) is ReasonCode.GRANTED
    for feeds in ({GATE: fresh}, {OTHER_GATE: fresh}, {GATE: fresh - 1, OTHER_GATE: fresh}):
        one = replace(MEMORY, feeds=feeds)
        assert reason(ask(text, memory=one)) is ReasonCode.HOME_GATE_ONLY


def test_an_unknown_clock_sends_visitors_to_the_guard() -> None:
    unknown = later(0, ClockTrust.UNKNOWN)
    assert reason(ask(visitor_pass(), unknown)) is ReasonCode.CLOCK_UNTRUSTED
