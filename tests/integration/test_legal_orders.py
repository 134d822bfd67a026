"""Orders of courts and authorities: two people, one act, a certificate with receipts."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from controller.domain.moment import DAY_MS
from controller.domain.roles import Actor
from controller.ingest.core import IngestCore
from controller.services.credentials import FobDraft, credentials_of, enrol_fob
from controller.services.desk.orders import (
    DELETE_WITHIN_MS,
    OrderDraft,
    OrderKind,
    approve_order,
    carry_out,
    held_people,
    order_requests,
    orders,
    record_order,
)
from controller.services.records import index_passages
from controller.storage.models import LegalOrderRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.errors import RefusedError
from mqtt.contract.events import Personal
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from tests.support.compound import NOW, RESIDENTS, Compound, add_resident, build_compound, later
from tests.support.gate_events import Recorder, Said

OTHER = Actor(b"manager2", Role.MANAGER)
ENDS_MS = NOW.utc_ms + 90 * DAY_MS


def person(engine: Engine, home: Compound) -> bytes:
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, "甲")
        enrol_fob(uow, home.manager, FobDraft(holder, 7, RESIDENTS), NOW)
        uow.commit()
    return holder


def order(kind: OrderKind, holder: bytes) -> OrderDraft:
    period = (NOW.utc_ms - DAY_MS, NOW.utc_ms + DAY_MS) if kind is OrderKind.DISCLOSE else (0, 0)
    return OrderDraft(kind, "杭州市西湖区人民法院", "(2026)浙0106民初1号", holder, ENDS_MS, *period)


def approved(uow: UnitOfWork, home: Compound, draft: OrderDraft) -> LegalOrderRow:
    row = record_order(uow, home.manager, draft, NOW)
    return approve_order(uow, OTHER, row.id, NOW)


def test_an_order_needs_authority_number_end_and_a_second_person(engine: Engine) -> None:
    home = build_compound(engine)
    holder = person(engine, home)
    good = order(OrderKind.DISCLOSE, holder)
    with UnitOfWork(engine) as uow:
        for draft, field in (
            (replace(good, authority=" "), "authority"),
            (replace(good, document_number=""), "document_number"),
            (replace(good, ends_at_ms=NOW.utc_ms), "ends_at"),
            (replace(good, to_ms=None), "period"),
        ):
            with pytest.raises(RefusedError) as caught:
                record_order(uow, home.manager, draft, NOW)
            assert (caught.value.code, caught.value.detail) == (ReasonCode.CONFIG_INVALID, field)
        row = record_order(uow, home.manager, good, NOW)
        for attempt in (
            lambda: approve_order(uow, home.manager, row.id, NOW),
            lambda: carry_out(uow, home.site, home.manager, row.id, NOW),
        ):
            with pytest.raises(RefusedError) as caught:
                attempt()
            assert caught.value.code is ReasonCode.SECOND_PERSON_MISSING
        with pytest.raises(RefusedError) as caught:
            record_order(uow, Actor(b"inspecto", Role.INSPECTOR), good, NOW)
        assert caught.value.code is ReasonCode.ROLE_NOT_ALLOWED
        approve_order(uow, OTHER, row.id, NOW)
        with pytest.raises(RefusedError) as caught:
            carry_out(uow, home.site, OTHER, row.id, later(91 * DAY_MS))
        assert caught.value.code is ReasonCode.EXPIRED


def test_what_is_disclosed_is_the_period_and_names_no_way_in(engine: Engine) -> None:
    home = build_compound(engine)
    holder = person(engine, home)
    said = [
        Said(at_s=NOW.utc_s, person=Personal(holder)),
        Said(at_s=NOW.utc_s + 5 * 86_400, person=Personal(holder)),
        Said(at_s=NOW.utc_s, person=Personal(b"somebody")),
    ]
    IngestCore(engine, home.site).take([Recorder().batch(0, *said)], NOW)
    with UnitOfWork(engine) as uow:
        index_passages(uow)
        row = approved(uow, home, order(OrderKind.DISCLOSE, holder))
        text = carry_out(uow, home.site, home.manager, row.id, NOW)
        assert text.splitlines()[1:] == [f"{NOW.utc_s},gate-south,door-south-in,granted"]
        assert "fob" not in text
        assert len(row.result_hash) == 32
        with pytest.raises(RefusedError) as caught:
            carry_out(uow, home.site, home.manager, row.id, NOW)
        assert caught.value.code is ReasonCode.CONFLICT


def test_preserving_holds_one_person_until_the_order_ends(engine: Engine) -> None:
    home = build_compound(engine)
    holder = person(engine, home)
    with UnitOfWork(engine) as uow:
        row = approved(uow, home, order(OrderKind.PRESERVE, holder))
        assert held_people(uow, NOW) == frozenset()
        assert carry_out(uow, home.site, home.manager, row.id, NOW) == ""
        assert held_people(uow, NOW) == {holder}
        assert held_people(uow, later(90 * DAY_MS)) == frozenset()


def test_a_deletion_is_due_in_five_days_and_opens_a_request(engine: Engine) -> None:
    home = build_compound(engine)
    holder = person(engine, home)
    with UnitOfWork(engine) as uow:
        row = approved(uow, home, order(OrderKind.DELETE, holder))
        assert row.due_at_ms == NOW.utc_ms + DELETE_WITHIN_MS
        assert order_requests(uow, row, NOW) == ()
        carry_out(uow, home.site, home.manager, row.id, NOW)
        (request,) = order_requests(uow, row, NOW)
        assert request.progress.is_closed
        assert len(credentials_of(uow, home.site, home.manager, holder, NOW)) == 1
        assert [each.id for each in orders(uow)] == [row.id]


def test_access_ends_by_order_even_the_last_credential(engine: Engine) -> None:
    home = build_compound(engine)
    holder = person(engine, home)
    with UnitOfWork(engine) as uow:
        row = approved(uow, home, order(OrderKind.END_ACCESS, holder))
        carry_out(uow, home.site, home.manager, row.id, NOW)
        assert credentials_of(uow, home.site, home.manager, holder, NOW) == ()
