"""A month's numbers follow from the gates' leaves alone, on both databases."""

import pytest
from sqlalchemy import Engine, select

from controller.domain.moment import DAY_MS, HOUR_MS
from controller.ingest.core import IngestCore
from controller.services.parity.months import (
    cells,
    count_month,
    keep_parity,
    last_months,
    month_of,
)
from controller.services.parity.steering import steering
from controller.storage.models import EventRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.events import Method, Outcome
from mqtt.contract.parity import ParityTally
from mqtt.contract.reasons import ReasonCode
from tests.support.compound import NOW, Compound, build_compound, later
from tests.support.gate_events import Recorder, Said

MONTH = "2026-11"


@pytest.fixture
def compound(engine: Engine) -> Compound:
    return build_compound(engine)


def play(engine: Engine, compound: Compound, count: int) -> None:
    """Let a gate record openings and refusals of three ways."""
    gate, core = Recorder(access_point="door-south-in"), IngestCore(engine, compound.site)
    ways = (Method.QR, Method.FOB, Method.FACE)
    said = [
        Said(
            method=ways[at % 3],
            outcome=Outcome.DENIED if at % 7 == 0 else Outcome.GRANTED,
            reason=ReasonCode.UNKNOWN_CREDENTIAL if at % 7 == 0 else ReasonCode.GRANTED,
            at_s=NOW.utc_s + 13 * at,
        )
        for at in range(count)
    ]
    core.take([gate.batch(at, *said[at : at + 32]) for at in range(0, count, 32)], NOW)


def test_J13_a_month_equals_a_recount_of_the_raw_leaves(compound: Compound, engine: Engine) -> None:
    play(engine, compound, 200)
    with UnitOfWork(engine) as uow:
        counted = count_month(uow, MONTH, NOW)
        again = count_month(uow, MONTH, NOW)
        uow.commit()
        leaves = uow.session.scalars(select(EventRow.leaf).order_by(EventRow.seq)).all()
    tally = ParityTally()
    for leaf in leaves:
        fields = codec.decode_plain(leaf)
        assert isinstance(fields, list | tuple)
        tally.add_leaf(fields)
    assert [cell.row for cell in counted] == list(tally.rows())
    assert counted == again
    assert sum(cell.row.simulated for cell in counted) == 200
    assert not any(cell.row.granted for cell in counted)  # simulated hardware proves nothing


def test_the_present_month_is_counted_every_hour_and_the_last_one_until_late_events_are_in(
    compound: Compound, engine: Engine
) -> None:
    play(engine, compound, 10)
    with UnitOfWork(engine) as uow:
        assert keep_parity(uow, NOW)
        assert not keep_parity(uow, later(HOUR_MS // 2))
        assert keep_parity(uow, later(HOUR_MS + 1))
        december = later(20 * DAY_MS)
        assert month_of(december.utc_ms) == "2026-12"
        assert keep_parity(uow, december)
        assert len(cells(uow, (MONTH,))) == 3
        uow.commit()
    assert last_months(NOW, 12)[0] == "2025-12"


def test_without_face_nobody_is_steered(compound: Compound, engine: Engine) -> None:
    assert compound.site.name
    with UnitOfWork(engine, writes=False) as uow:
        assert not steering(uow, NOW).is_noticed
