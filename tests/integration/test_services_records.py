"""Own records on both databases: whose they are, how long they stay, and what holds them."""

from sqlalchemy import Engine, func, select

from controller.domain.complaints import ComplaintTopic
from controller.domain.moment import DAY_MS, Moment
from controller.domain.roles import Actor
from controller.ingest.core import IngestCore
from controller.services.complaints import answer_complaint, complain
from controller.services.disputes import dispute
from controller.services.records import forget_old, own_records
from controller.services.site import Site
from controller.storage.models import EventRow, PassageRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.link import WebLink
from mqtt.contract.events import Personal
from tests.support.compound import NOW, Compound, add_resident, build_compound, later
from tests.support.gate_events import Recorder, Said

GATE = Recorder()


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.moment = NOW

    def __call__(self) -> Moment:
        return self.moment


def people(engine: Engine) -> tuple[bytes, bytes]:
    with UnitOfWork(engine) as uow:
        two = add_resident(uow, "陈奶奶"), add_resident(uow, "何文博", "1-1-101")
        uow.commit()
    return two


def taps(engine: Engine, compound: Compound, *holders: bytes) -> None:
    """Let people tap a minute apart, and the controller's own process learn of it."""
    said = [
        Said(at_s=NOW.utc_s + 60 * number, person=Personal(holder, b"creden-1"))
        for number, holder in enumerate(holders)
    ]
    IngestCore(engine, compound.site).take([GATE.batch(0, *said)], NOW)
    keep(engine, compound.site, NOW)


def keep(engine: Engine, site: Site, moment: Moment) -> None:
    """Let the web process do once what it does all the time."""
    clock = Clock()
    clock.moment = moment
    WebLink(engine, site, clock).step(0)


def count(engine: Engine, what: type[PassageRow]) -> int:
    with UnitOfWork(engine, writes=False) as uow:
        return uow.session.scalar(select(func.count()).select_from(what)) or 0


def test_everybody_has_own_records_newest_first_with_the_days_that_are_left(
    engine: Engine,
) -> None:
    compound = build_compound(engine)
    one, other = people(engine)
    taps(engine, compound, one, other, one)
    with UnitOfWork(engine, writes=False) as uow:
        mine = own_records(uow, one, later(5 * DAY_MS))
        assert [row.at_ms for row in mine] == [NOW.utc_ms + 120_000, NOW.utc_ms]
        assert {row.days_left for row in mine} == {25, 26}
        assert len(own_records(uow, one, NOW, limit=1)) == 1
        assert len(own_records(uow, other, NOW)) == 1


def test_after_30_days_nobody_knows_whose_it_was_and_the_record_itself_stays(
    engine: Engine,
) -> None:
    compound = build_compound(engine)
    one, _ = people(engine)
    taps(engine, compound, one)
    keep(engine, compound.site, later(30 * DAY_MS - 1_000))
    assert count(engine, PassageRow) == 1
    keep(engine, compound.site, later(30 * DAY_MS + 1_000))
    assert count(engine, PassageRow) == 0
    with UnitOfWork(engine, writes=False) as uow:
        row = uow.session.scalars(select(EventRow)).one()
        assert (row.personal, row.salt) == (None, None)
        assert row.leaf


def test_a_dispute_holds_its_record_and_a_complaint_all_until_60_days_after_the_answer(
    engine: Engine,
) -> None:
    compound = build_compound(engine)
    one, other = people(engine)
    taps(engine, compound, one, other)
    with UnitOfWork(engine) as uow:
        event = own_records(uow, one, NOW)[0].event
        dispute(uow, Actor(one), event, NOW)
        row = complain(uow, ComplaintTopic.STAFF, "等了半小时", NOW, holder=other)
        uow.commit()
        number = row.id
    old = later(40 * DAY_MS)
    with UnitOfWork(engine) as uow:
        assert forget_old(uow, old) == 0
        assert own_records(uow, other, old)[0].days_left is None
        answer_complaint(uow, compound.manager, number, "已处理", old)
        uow.commit()
    with UnitOfWork(engine) as uow:
        assert forget_old(uow, later(99 * DAY_MS)) == 0
        assert forget_old(uow, later(101 * DAY_MS)) == 1
        assert own_records(uow, other, later(101 * DAY_MS)) == ()
        assert len(own_records(uow, one, later(101 * DAY_MS))) == 1
        uow.commit()
