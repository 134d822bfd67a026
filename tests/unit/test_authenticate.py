"""Authentication by fob, PIN and guard; revocation, expiry, clock trust; no error grants (B07)."""

from dataclasses import replace

import msgspec
import pytest

from edge.domain.authenticate import Authenticated, authenticate
from edge.domain.card_formats import CardBits, CardTier
from edge.domain.gate_memory import PAD, GateMemory, Shift
from edge.domain.model import (
    AccessAttempt,
    CardClaim,
    Claim,
    ClockTrust,
    FaceClaim,
    GuardClaim,
    Moment,
    PassClaim,
    PinClaim,
    Refusal,
)
from edge.domain.pin_lockout import PinLockout
from mqtt.contract.documents import Held
from mqtt.contract.errors import ContractError
from mqtt.contract.events import Method
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyRecord, Role
from mqtt.contract.topics import DocumentName
from tests.support.gate_factories import (
    CARD,
    FACE_SETTINGS,
    FOB,
    GUARD,
    GUARD_CARD,
    GUARD_PIN,
    IN,
    NOON,
    PAD_PIN,
    SALT,
    SIMULATED,
    Papers,
    credential_id,
    make_access_point,
    make_credential,
    make_pass,
    make_staff,
    person,
    with_pin,
)

AT = Moment(10_000, NOON)
MEMORY = GateMemory()
WAYS = (Method.QR, Method.FOB, Method.PIN, Method.FACE)


def ask(
    method: Method,
    claim: Claim,
    papers: Papers | None = None,
    memory: GateMemory = MEMORY,
    *,
    at: Moment = AT,
    place: str = IN,
) -> Authenticated | Refusal:
    attempt = AccessAttempt(place, method, claim, at.mono_ms, SIMULATED)
    return authenticate(attempt, (papers or Papers()).knowledge(), memory, at)


def fob(card: CardBits = CARD, pin: str = "") -> CardClaim:
    return CardClaim(card, CardTier.CLONABLE, pin)


def reason(found: Authenticated | Refusal) -> ReasonCode:
    return found.reason if isinstance(found, Refusal) else ReasonCode.GRANTED


def with_fob(**changes: object) -> Papers:
    papers = Papers()
    record = make_credential(card=(CARD.value, CARD.length))
    papers.credentials[FOB] = msgspec.structs.replace(record, **changes)
    return papers


def test_a_registered_fob_names_its_holder() -> None:
    found = ask(Method.FOB, fob())
    assert isinstance(found, Authenticated)
    assert (found.bearer.holder, found.bearer.credential) == (person(1), FOB)
    assert found.bearer.levels == ("residents",)


def test_an_unknown_fob_is_noted_for_the_manager() -> None:
    found = ask(Method.FOB, fob(CardBits(0xABCDEF, 24)))
    assert found == Refusal(ReasonCode.UNKNOWN_CREDENTIAL, note="24:abcdef")
    assert "abcdef" not in repr(found)


def test_the_length_is_part_of_a_card() -> None:
    assert reason(ask(Method.FOB, fob(CardBits(CARD.value, 32)))) is ReasonCode.UNKNOWN_CREDENTIAL


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"valid_until_ms": NOON - 1}, ReasonCode.EXPIRED),
        ({"valid_until_ms": NOON}, ReasonCode.GRANTED),
        ({"valid_from_ms": NOON + 1}, ReasonCode.NOT_YET_VALID),
        ({"valid_from_ms": NOON}, ReasonCode.GRANTED),
    ],
)
def test_validity_includes_both_ends(changes: dict[str, object], expected: ReasonCode) -> None:
    found = ask(Method.FOB, fob(), with_fob(**changes))
    assert reason(found) is expected
    if isinstance(found, Refusal):
        assert (found.holder, found.credential) == (person(1), FOB)


def test_an_unknown_clock_lets_residents_in_unless_it_has_certainly_ended() -> None:
    unknown = replace(AT, trust=ClockTrust.UNKNOWN)
    later = with_fob(valid_from_ms=NOON + 1)
    assert reason(ask(Method.FOB, fob(), later, at=unknown)) is ReasonCode.GRANTED
    ended = with_fob(valid_until_ms=NOON - 1)
    assert reason(ask(Method.FOB, fob(), ended, at=unknown)) is ReasonCode.EXPIRED


def test_holdover_widens_validity_by_the_clocks_error() -> None:
    holdover = replace(AT, trust=ClockTrust.HOLDOVER, error_ms=500)
    assert reason(ask(Method.FOB, fob(), with_fob(valid_until_ms=NOON - 500), at=holdover)) is (
        ReasonCode.GRANTED
    )
    assert reason(ask(Method.FOB, fob(), with_fob(valid_until_ms=NOON - 501), at=holdover)) is (
        ReasonCode.EXPIRED
    )


def test_revocation_by_list_and_by_a_carried_notice() -> None:
    papers = Papers(revoked={FOB: NOON + 1})
    assert reason(ask(Method.FOB, fob(), papers)) is ReasonCode.REVOKED
    carried = replace(MEMORY, revoked=MEMORY.revoked.put(FOB, NOON + 1))
    assert reason(ask(Method.FOB, fob(), memory=carried)) is ReasonCode.REVOKED


def test_a_fob_given_out_again_belongs_to_its_new_holder() -> None:
    papers = with_fob(valid_until_ms=NOON - 1)
    card = (CARD.value, CARD.length)
    papers.credentials[credential_id(50)] = make_credential(holder=2, card=card)
    found = ask(Method.FOB, fob(), papers)
    assert isinstance(found, Authenticated)
    assert found.bearer.holder == person(2)


def fob_and_pin() -> Papers:
    papers = Papers()
    record = with_pin("4321", duress="1234", method=Method.FOB, fob_needs_pin=True)
    papers.credentials[FOB] = make_credential(
        card=(CARD.value, CARD.length),
        pin_salt=record.pin_salt,
        pin_hash=record.pin_hash,
        duress_hash=record.duress_hash,
        fob_needs_pin=True,
    )
    return papers


def test_fob_and_pin() -> None:
    papers = fob_and_pin()
    assert reason(ask(Method.FOB, fob(), papers)) is ReasonCode.PIN_REQUIRED
    assert reason(ask(Method.FOB, fob(pin="9999"), papers)) is ReasonCode.PIN_WRONG
    assert reason(ask(Method.FOB, fob(pin="4321"), papers)) is ReasonCode.GRANTED
    duress = ask(Method.FOB, fob(pin="1234"), papers)
    assert isinstance(duress, Authenticated)
    assert duress.bearer.duress


def test_a_locked_pad_does_not_lock_fob_and_pin() -> None:
    locked = PinLockout((), AT.mono_ms + 60_000)
    pad = replace(MEMORY, pin_locks=MEMORY.pin_locks.put(PAD, locked))
    assert reason(ask(Method.PIN, PinClaim("135790"), memory=pad)) is ReasonCode.PIN_LOCKED
    papers = fob_and_pin()
    assert reason(ask(Method.FOB, fob(pin="4321"), papers, pad)) is ReasonCode.GRANTED
    own = replace(MEMORY, pin_locks=MEMORY.pin_locks.put(FOB, locked))
    assert reason(ask(Method.FOB, fob(pin="4321"), papers, own)) is ReasonCode.PIN_LOCKED


def test_a_pin_alone_is_found_by_one_hash() -> None:
    found = ask(Method.PIN, PinClaim("135790"))
    assert isinstance(found, Authenticated)
    assert found.bearer.credential == PAD_PIN
    assert not found.bearer.duress
    duress = ask(Method.PIN, PinClaim("097531"))
    assert isinstance(duress, Authenticated)
    assert duress.bearer.duress
    assert reason(ask(Method.PIN, PinClaim("000000"))) is ReasonCode.PIN_WRONG


def test_the_pin_of_a_fob_opens_nothing_alone() -> None:
    assert reason(ask(Method.PIN, PinClaim("4321"), fob_and_pin())) is ReasonCode.PIN_WRONG


def test_a_thousand_pins_cost_one_hash_each_try(monkeypatch: pytest.MonkeyPatch) -> None:
    papers = Papers()
    one = with_pin("111111")
    for number in range(1_000):
        papers.credentials[credential_id(10_000 + number)] = make_credential(
            Method.PIN, pin_salt=SALT, pin_hash=number.to_bytes(32, "big"), holder=number
        )
    papers.credentials[credential_id(9_999)] = one
    knowledge = papers.knowledge()
    tries: list[str] = []

    def counted(digits: str, salt: bytes) -> bytes:
        tries.append(digits)
        return one.pin_hash

    monkeypatch.setattr("edge.domain.credential_index.hash_pin", counted)
    assert knowledge.credentials.find_pin("111111") is not None
    assert len(tries) == 1


def test_the_guard_releases_only_while_on_duty_and_in_the_roster() -> None:
    claim = GuardClaim(GUARD)
    assert reason(ask(Method.GUARD, claim)) is ReasonCode.ROLE_NOT_ALLOWED
    on_duty = replace(MEMORY, shift=Shift(GUARD, 0))
    found = ask(Method.GUARD, claim, memory=on_duty)
    assert isinstance(found, Authenticated)
    assert found.bearer.released
    assert found.bearer.actor == GUARD
    papers = Papers()
    papers.roster = {
        key: make_staff(GUARD_CARD, GUARD_PIN, valid_until_ms=NOON - 1) for key in papers.roster
    }
    assert reason(ask(Method.GUARD, claim, papers, on_duty)) is ReasonCode.ROLE_NOT_ALLOWED
    papers.roster = {
        key: make_staff(GUARD_CARD, GUARD_PIN, role=Role.INSPECTOR) for key in papers.roster
    }
    assert reason(ask(Method.GUARD, claim, papers, on_duty)) is ReasonCode.ROLE_NOT_ALLOWED


def test_a_way_that_is_not_fitted_is_not_installed() -> None:
    papers = Papers()
    papers.access_points[IN] = make_access_point(methods=(Method.QR, Method.FOB))
    assert reason(ask(Method.PIN, PinClaim("135790"), papers)) is ReasonCode.METHOD_NOT_INSTALLED
    assert reason(ask(Method.FOB, fob(), place="nowhere")) is ReasonCode.WRONG_ACCESS_POINT


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize(
    "claim",
    [fob(), PinClaim("135790"), PassClaim(make_pass()), GuardClaim(GUARD), FaceClaim(person(1))],
)
def test_B07_a_claim_under_a_wrong_name_is_refused(method: Method, claim: Claim) -> None:
    fits = {CardClaim: Method.FOB, PinClaim: Method.PIN, PassClaim: Method.QR}
    papers = Papers()
    papers.access_points[IN] = make_access_point(methods=WAYS)
    papers.face[IN] = FACE_SETTINGS
    expected = method is fits.get(type(claim))
    assert (reason(ask(method, claim, papers)) is ReasonCode.GRANTED) is expected


class BrokenKeys(dict[bytes, KeyRecord]):
    """A keys document that cannot be read."""

    def __init__(self, code: ReasonCode) -> None:
        super().__init__()
        self.code = code

    def items(self) -> object:  # type: ignore[override]  # it only raises
        raise ContractError(self.code)


@pytest.mark.parametrize("code", list(ReasonCode))
def test_B07_no_internal_error_grants(code: ReasonCode) -> None:
    knowledge = replace(Papers().knowledge(), keys=BrokenKeys(code))
    attempt = AccessAttempt(IN, Method.QR, PassClaim(make_pass()), AT.mono_ms, SIMULATED)
    found = authenticate(attempt, knowledge, MEMORY, AT)
    assert isinstance(found, Refusal)
    assert found.reason is not ReasonCode.GRANTED


def test_B07_a_record_that_cannot_be_read_is_an_unknown_fob() -> None:
    papers = Papers()
    documents = papers.documents()
    credentials = documents[DocumentName.CREDENTIALS]
    broken = {key: raw[:-1] for key, raw in credentials.records.items()}
    documents[DocumentName.CREDENTIALS] = Held(2, b"", broken)
    knowledge = type(papers.knowledge()).from_documents("site-1", "gate-1", documents)
    assert knowledge.credentials.unreadable == len(broken)
    knowledge = replace(knowledge, fitted={IN: frozenset({Method.FOB})})
    attempt = AccessAttempt(IN, Method.FOB, fob(), AT.mono_ms, SIMULATED)
    found = authenticate(attempt, knowledge, MEMORY, AT)
    assert reason(found) is ReasonCode.UNKNOWN_CREDENTIAL
