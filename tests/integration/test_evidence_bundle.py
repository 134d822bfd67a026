"""A bundle made from either database is INTACT; whatever is changed in it is found."""

import io
import random
import zipfile
from collections import Counter

import pytest
from sqlalchemy import Engine, delete, select, update

from controller.services.evidence import Period
from controller.storage.models import EventRow, GateHeadRow, RuleFindingRow
from controller.storage.unit_of_work import UnitOfWork
from equalgate.verifying.base import Verdict
from equalgate.verifying.program import verify_bundle
from mqtt.contract.rules import rules
from tests.support.evidence_site import EvidenceSite, open_evidence_site
from tests.support.face_desk import NORTH, SOUTH


@pytest.fixture
def site(engine: Engine) -> EvidenceSite:
    return open_evidence_site(engine)


def verdict(data: bytes) -> Verdict:
    return verify_bundle(io.BytesIO(data)).verdict


def test_a_bundle_is_intact_and_says_what_was_checked(site: EvidenceSite) -> None:
    data, made = site.bundle()
    found = verify_bundle(io.BytesIO(data))
    assert found.altered == []
    assert found.incomplete == []
    assert found.verdict is Verdict.INTACT
    assert made.records == 200
    assert [(log.gate, log.count, log.witnessed) for log in found.logs] == [
        (NORTH, 100, 100),
        (SOUTH, 100, 100),
    ]
    with UnitOfWork(site.engine, writes=False) as uow:
        present = select(RuleFindingRow.verdict).where(RuleFindingRow.until_ms.is_(None))
        kept = Counter(uow.session.scalars(present))
    assert {name: count for name, count in found.rules.items() if count} == kept
    assert sum(kept.values()) == len(rules())


def test_the_same_contents_give_the_same_bytes_and_any_zip_program_reads_them(
    site: EvidenceSite,
) -> None:
    data, _ = site.bundle()
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        assert "VERIFY.txt" in opened.namelist()
    assert site.bundle()[0] == data


def test_no_holder_is_in_a_bundle(site: EvidenceSite) -> None:
    who = site.desk.resident()
    site.desk.opt_in(who)
    data, _ = site.bundle()
    assert b"holder-1" not in data
    assert who.holder not in data
    assert who.holder.hex().encode() not in data


def test_a_later_period_begins_in_the_middle_and_is_intact(site: EvidenceSite) -> None:
    with site.engine.begin() as connection:
        late = update(EventRow).where(EventRow.seq >= 37)
        connection.execute(late.values(at_s=EventRow.at_s + 100_000))
    begin = (site.desk.moment.utc_s + 50_000) * 1000
    data, made = site.bundle(Period(begin))
    found = verify_bundle(io.BytesIO(data))
    assert found.verdict is Verdict.INTACT, found.altered + found.incomplete
    assert made.records == 126
    assert {log.first for log in found.logs} == {37}


def test_J14_a_changed_record_is_altered_and_named(site: EvidenceSite) -> None:
    with site.engine.begin() as connection:
        row = connection.execute(
            EventRow.__table__.select().where(EventRow.gate == SOUTH, EventRow.seq == 48)
        ).one()
        other = row.leaf.replace(b"granted", b"refused", 1)
        assert other != row.leaf
        connection.execute(update(EventRow).where(EventRow.id == row.id).values(leaf=other))
    found = verify_bundle(io.BytesIO(site.bundle()[0]))
    assert found.verdict is Verdict.ALTERED
    assert any(SOUTH in text for text in found.altered)


def test_J14_a_log_cut_below_its_witness_is_no_intact_one(site: EvidenceSite) -> None:
    with site.engine.begin() as connection:
        gone = delete(EventRow).where(EventRow.gate == SOUTH, EventRow.seq >= 90)
        connection.execute(gone)
    assert verdict(site.bundle()[0]) is not Verdict.INTACT


def test_J14_without_a_checkpoint_a_log_is_incomplete(site: EvidenceSite) -> None:
    with site.engine.begin() as connection:
        connection.execute(delete(GateHeadRow).where(GateHeadRow.gate == NORTH))
    found = verify_bundle(io.BytesIO(site.bundle()[0]))
    assert found.verdict is Verdict.INCOMPLETE
    assert any("no checkpoint" in text for text in found.incomplete)


def test_records_newer_than_the_witness_are_told(site: EvidenceSite) -> None:
    site.record(SOUTH, 20, first=100)
    found = verify_bundle(io.BytesIO(site.bundle()[0]))
    assert found.verdict is Verdict.INTACT
    south = next(log for log in found.logs if log.gate == SOUTH)
    assert (south.count, south.witnessed) == (120, 100)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_10_000_random_mutations_are_never_intact(site: EvidenceSite) -> None:
    data, _ = site.bundle()
    draw = random.Random(20261127)
    for _ in range(10_000):
        changed = bytearray(data)
        at = draw.randrange(len(data))
        match draw.randrange(4):
            case 0:
                changed[at] ^= 1 << draw.randrange(8)
            case 1:
                del changed[at : at + draw.randrange(1, 40)]
            case 2:
                changed[at:at] = draw.randbytes(draw.randrange(1, 40))
            case _:
                other = draw.randrange(len(data))
                changed[at : at + 8], changed[other : other + 8] = (
                    changed[other : other + 8],
                    changed[at : at + 8],
                )
        if bytes(changed) != data:
            assert verdict(bytes(changed)) is not Verdict.INTACT
