"""Take over 20,000 old fobs: preview, confirm, claim by a tap, undo."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine, func, select

from controller.domain.cards import Card
from controller.domain.fobs.forms import FobForm, FobReading
from controller.domain.fobs.rows import FobFaultKind
from controller.domain.moment import DAY_MS
from controller.domain.roles import Actor
from controller.ingest.core import IngestCore
from controller.services.compiling import compile_gates
from controller.services.credentials import FobDraft, enrol_fob
from controller.services.moving.claims import CLAIM_MS, claim_figures, open_claim, settle_claims
from controller.services.moving.fob_lists import FobOrder, FobsTaken, apply_fobs, undo_fobs
from controller.services.moving.fob_plan import FobPreview, Origin, preview_fobs
from controller.services.records import index_passages
from controller.storage.models import CredentialRow, FobClaimRow, GateRow, HolderRow, RevocationRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.errors import RefusedError
from mqtt.contract.events import EventKind, Outcome, Personal
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import CredentialRecord
from mqtt.contract.topics import DocumentName
from tests.support.compound import NOW, RESIDENTS, Compound, add_resident, build_compound, later
from tests.support.gate_events import Recorder, Said

DECIMAL = FobReading(FobForm.DECIMAL)
UNTIL_MS = NOW.utc_ms + 60 * DAY_MS
LIST = """卡号,房号,姓名
0000000101,1-1-101,甲
0000000102,1-1-101,
0000000103,9-9-909,谁
0000000104,1-1-101,甲
0000000104,1-1-102,乙
0000000105,,
0000000099,1-1-101,甲
""".encode("gbk")


@pytest.fixture
def home(engine: Engine) -> Compound:
    """Make a compound with two residents; fob 99 is registered already."""
    made = build_compound(engine)
    with UnitOfWork(engine) as uow:
        first = add_resident(uow, "甲", "1-1-101")
        add_resident(uow, "乙", "1-1-102")
        enrol_fob(uow, made.manager, FobDraft(first, 99, RESIDENTS), NOW)
        uow.commit()
    return made


def look(uow: UnitOfWork, raw: bytes = LIST) -> FobPreview:
    return preview_fobs(uow, raw, DECIMAL, RESIDENTS, NOW)


def order_of(uow: UnitOfWork, raw: bytes = LIST) -> FobOrder:
    return FobOrder(raw, DECIMAL, RESIDENTS, UNTIL_MS, look(uow, raw).token)


def take_over(engine: Engine, home: Compound, raw: bytes = LIST) -> FobsTaken:
    with UnitOfWork(engine) as uow:
        done = apply_fobs(uow, home.manager, order_of(uow, raw), NOW)
        uow.commit()
    return done


def holder_named(uow: UnitOfWork, name: str) -> bytes:
    return uow.session.scalars(select(HolderRow.id).where(HolderRow.name == name)).one()


def fob_of(uow: UnitOfWork, number: int) -> CredentialRow:
    found = select(CredentialRow).where(
        CredentialRow.card_value == Card(number, 32).stored, CredentialRow.ended_at_ms.is_(None)
    )
    return uow.session.scalars(found).one()


def tap(
    engine: Engine,
    home: Compound,
    number: int,
    seq: int,
    kind: EventKind = EventKind.DECISION,
    *,
    after_s: int = 5,
) -> None:
    with UnitOfWork(engine, writes=False) as uow:
        row = fob_of(uow, number)
    said = Said(
        kind,
        outcome=Outcome.GRANTED,
        at_s=NOW.utc_s + after_s,
        person=Personal(row.holder_id, row.id),
    )
    IngestCore(engine, home.site).take([Recorder().batch(seq, said)], NOW)


def test_a_preview_sorts_every_fob_and_changes_nothing(engine: Engine, home: Compound) -> None:
    with UnitOfWork(engine, writes=False) as uow:
        seen = look(uow)
        count = uow.session.scalar(select(func.count()).select_from(CredentialRow))
    assert count == 1
    assert [(plan.card.value, plan.origin, plan.rows) for plan in seen.plans] == [
        (101, Origin.PERSON, (2,)),
        (102, Origin.DWELLING, (3,)),
        (103, Origin.ORPHAN, (4,)),
        (104, Origin.SHARED, (5, 6)),
        (105, Origin.ORPHAN, (7,)),
    ]
    assert seen.known == (8,)
    assert (seen.faults, seen.unread) == ((), ())


def test_fobs_that_no_reader_carries_are_listed(engine: Engine, home: Compound) -> None:
    with UnitOfWork(engine, writes=False) as uow:
        seen = preview_fobs(uow, LIST, FobReading(FobForm.DECIMAL, 24), RESIDENTS, NOW)
    assert home.manager.role is not None
    assert (seen.plans, seen.unread) == ((), (2, 3, 4, 5, 6, 7, 8))


def test_nothing_is_taken_over_unless_confirmed_as_seen(engine: Engine, home: Compound) -> None:
    with UnitOfWork(engine) as uow:
        good = order_of(uow)
        lost = "卡号\n1.23E+09\n".encode()
        for order, code in (
            (replace(good, token=""), ReasonCode.CONFLICT),
            (replace(good, raw=LIST + b"7,,\n"), ReasonCode.CONFLICT),
            (replace(good, open_until_ms=NOW.utc_ms), ReasonCode.CONFIG_INVALID),
            (replace(good, open_until_ms=NOW.utc_ms + 367 * DAY_MS), ReasonCode.CONFIG_INVALID),
            (replace(good, raw=lost), ReasonCode.CONFIG_INVALID),
        ):
            with pytest.raises(RefusedError) as caught:
                apply_fobs(uow, home.manager, order, NOW)
            assert caught.value.code is code
        assert [fault.kind for fault in look(uow, lost).faults] == [FobFaultKind.LOST_DIGITS]


def test_B04_a_gate_that_would_be_too_full_is_named(engine: Engine, home: Compound) -> None:
    with UnitOfWork(engine) as uow:
        uow.need(GateRow, "gate-south").credential_capacity = 5
        with pytest.raises(RefusedError) as caught:
            apply_fobs(uow, home.manager, order_of(uow), NOW)
    assert (caught.value.code, caught.value.detail) == (ReasonCode.CAPACITY, "gate-south: 5")


def test_every_fob_opens_and_unclaimed_ones_only_until_the_date(
    engine: Engine, home: Compound
) -> None:
    done = take_over(engine, home)
    assert (done.fobs, done.unclaimed) == (5, 4)
    with UnitOfWork(engine) as uow:
        compiled = compile_gates(uow, home.site, ("gate-south",), NOW)["gate-south"]
        records = [
            codec.decode(raw, CredentialRecord)
            for raw in compiled[DocumentName.CREDENTIALS].values()
        ]
        ends = {record.card[0]: record.valid_until_ms for record in records if record.card}
        assert set(ends) == {99, 101, 102, 103, 104, 105}
        assert [number for number, end in sorted(ends.items()) if end == UNTIL_MS] == [
            102,
            103,
            104,
            105,
        ]
        after = compile_gates(uow, home.site, ("gate-south",), later(61 * DAY_MS))
        assert len(after["gate-south"][DocumentName.CREDENTIALS]) == 2


@pytest.mark.parametrize("kind", [EventKind.DECISION, EventKind.SHADOW])
def test_a_tap_claims_a_fob_live_and_in_shadow(
    engine: Engine, home: Compound, kind: EventKind
) -> None:
    take_over(engine, home)
    with UnitOfWork(engine) as uow:
        second = holder_named(uow, "乙")
        open_claim(uow, Actor(second), second, "door-south-in", NOW)
        uow.commit()
    tap(engine, home, 104, 0, kind)
    with UnitOfWork(engine) as uow:
        assert settle_claims(uow, later(CLAIM_MS - 1)) == 0
        assert settle_claims(uow, later(CLAIM_MS)) == 1
        row = fob_of(uow, 104)
        assert row.holder_id == second
        assert row.valid_until_ms > UNTIL_MS
        figures = claim_figures(uow)
        assert (figures.fobs, figures.claimed, figures.unclaimed) == (5, 1, 3)
        assert figures.open_until_ms == UNTIL_MS
        assert settle_claims(uow, later(2 * CLAIM_MS)) == 0


def test_two_fobs_in_one_claim_are_nobodys_and_a_strangers_claim_is_refused(
    engine: Engine, home: Compound
) -> None:
    take_over(engine, home)
    with UnitOfWork(engine) as uow:
        first, second = holder_named(uow, "甲"), holder_named(uow, "乙")
        claim = open_claim(uow, home.manager, second, "door-south-in", NOW)
        for actor, holder, code in (
            (Actor(first), second, ReasonCode.NOT_ALLOWED),
            (Actor(first), first, ReasonCode.CONFLICT),
        ):
            with pytest.raises(RefusedError) as caught:
                open_claim(uow, actor, holder, "door-south-in", NOW)
            assert caught.value.code is code
        uow.commit()
    tap(engine, home, 104, 0)
    tap(engine, home, 105, 1)
    with UnitOfWork(engine) as uow:
        assert settle_claims(uow, later(CLAIM_MS)) == 0
        assert uow.need(FobClaimRow, claim.id).outcome == "ambiguous"
        assert fob_of(uow, 104).holder_id != second


def test_undo_leaves_claimed_fobs_and_no_trace_of_unused_ones(
    engine: Engine, home: Compound
) -> None:
    done = take_over(engine, home)
    tap(engine, home, 105, 0, after_s=-60)
    with UnitOfWork(engine) as uow:
        index_passages(uow)
        second = holder_named(uow, "乙")
        open_claim(uow, Actor(second), second, "door-south-in", NOW)
        uow.commit()
    tap(engine, home, 104, 1)
    with UnitOfWork(engine) as uow:
        settle_claims(uow, later(CLAIM_MS))
        assert undo_fobs(uow, home.manager, done.list_id, "wrong list", later(DAY_MS)) == 4
        uow.commit()
    with UnitOfWork(engine) as uow:
        left = uow.session.scalars(
            select(CredentialRow.card_value).where(CredentialRow.ended_at_ms.is_(None))
        )
        assert sorted(int(value, 16) for value in left) == [99, 104]
        assert uow.session.scalar(select(func.count()).select_from(RevocationRow)) == 2
        with pytest.raises(RefusedError) as caught:
            undo_fobs(uow, home.manager, done.list_id, "again", later(DAY_MS))
        assert caught.value.code is ReasonCode.CONFLICT
        assert len(look(uow).plans) == 4


def test_a_list_of_20_000_fobs_is_previewed_taken_over_and_undone(
    engine: Engine, home: Compound
) -> None:
    rows = "".join(f"{number:010},{number % 9000}\n" for number in range(1_000_000, 1_020_000))
    raw = ("卡号,房号\n" + rows).encode()
    with UnitOfWork(engine) as uow:
        for gate in ("gate-south", "gate-north"):
            uow.need(GateRow, gate).credential_capacity = 30_000
        seen = look(uow, raw)
        assert seen.count(Origin.ORPHAN) == len(seen.plans) == 20_000
        done = apply_fobs(uow, home.manager, order_of(uow, raw), NOW)
        uow.commit()
    with UnitOfWork(engine) as uow:
        compiled = compile_gates(uow, home.site, ("gate-south",), NOW)["gate-south"]
        assert len(compiled[DocumentName.CREDENTIALS]) == 20_001
        assert undo_fobs(uow, home.manager, done.list_id, "practice", NOW) == 20_000
        assert uow.session.scalar(select(func.count()).select_from(CredentialRow)) == 1
