from dataclasses import replace

import pytest
from sqlalchemy import Engine, func, select

from controller.domain.import_rows import RowFaultKind
from controller.domain.roles import Actor
from controller.services import credentials
from controller.services.credentials import FobDraft
from controller.services.import_plan import Counts, ImportPreview, preview
from controller.services.importing import ImportOrder, apply_import
from controller.storage.models import CredentialRow, HolderRow, ResidenceRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from tests.support.compound import NOW, RESIDENTS, Compound, add_resident, build_compound

HEAD = "房号,姓名,电话,身份,卡号\n"


def look(engine: Engine, raw: bytes, levels: tuple[str, ...] = RESIDENTS) -> ImportPreview:
    with UnitOfWork(engine, writes=False) as uow:
        return preview(uow, raw, levels, NOW)


def count(engine: Engine, model: type[HolderRow | CredentialRow]) -> int:
    with UnitOfWork(engine, writes=False) as uow:
        return uow.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def home(engine: Engine) -> Compound:
    """Make a compound with three residents, of whom two have fobs."""
    made = build_compound(engine)
    with UnitOfWork(engine) as uow:
        same, changed = add_resident(uow, "甲", "1-1-101"), add_resident(uow, "乙", "1-1-101")
        add_resident(uow, "丙", "1-1-101")
        credentials.enrol_fob(uow, made.manager, FobDraft(same, 11, RESIDENTS), NOW)
        credentials.enrol_fob(uow, made.manager, FobDraft(changed, 22, ("south-only",)), NOW)
        uow.commit()
    return made


LIST = (HEAD + "1-1-101,甲,,业主,11\n1-1-101,乙,,业主,33\n2-1-201,丁,139,租户,\n").encode("gbk")


def test_B10_a_preview_counts_per_gate_and_changes_nothing(engine: Engine, home: Compound) -> None:
    before = count(engine, HolderRow)
    with UnitOfWork(engine) as uow:
        third = uow.session.scalars(select(HolderRow.id).where(HolderRow.name == "丙")).one()
        credentials.enrol_fob(uow, home.manager, FobDraft(third, 44, RESIDENTS), NOW)
        uow.commit()
    seen = look(engine, LIST)
    assert seen.faults == ()
    assert seen.total == Counts(add=1, change=1, delete=1, unchanged=1)
    assert seen.per_gate == {
        "gate-north": Counts(add=1, change=0, delete=1, unchanged=1),
        "gate-south": Counts(add=1, change=1, delete=1, unchanged=1),
    }
    assert count(engine, HolderRow) == before


def test_B10_nothing_is_applied_until_it_is_confirmed_as_seen(
    engine: Engine, home: Compound
) -> None:
    seen = look(engine, LIST)
    good = ImportOrder(LIST, RESIDENTS, seen.token)
    for order in (
        replace(good, token=""),
        replace(good, raw=LIST + b"2-1-202,x,,,\n"),
        replace(good, levels=("south-only",)),
    ):
        with pytest.raises(RefusedError) as caught:
            apply_import(engine, home.site, home.manager, order, NOW)
        assert caught.value.code is ReasonCode.CONFLICT
    with pytest.raises(RefusedError) as caught:
        apply_import(engine, home.site, Actor(b"guard---", Role.GUARD), good, NOW)
    assert caught.value.code is ReasonCode.ROLE_NOT_ALLOWED
    assert look(engine, LIST).token == seen.token
    done = apply_import(engine, home.site, home.manager, good, NOW)
    assert [row for row, _ in done.papers] == [4]
    assert done.papers[0][1].text.startswith("AC1:")
    assert look(engine, LIST).total == Counts(add=0, change=0, delete=1, unchanged=3)
    with pytest.raises(RefusedError):
        apply_import(engine, home.site, home.manager, good, NOW)
    with UnitOfWork(engine, writes=False) as uow:
        fobs = select(CredentialRow.card_value, CredentialRow.levels).where(
            CredentialRow.carrier == "fob", CredentialRow.ended_at_ms.is_(None)
        )
        found = {int(row.card_value, 16): row.levels for row in uow.session.execute(fobs)}
    assert found == {11: RESIDENTS, 33: ("south-only",)}


def test_B10_people_move_out_by_a_list_only_when_that_was_asked(
    engine: Engine, home: Compound
) -> None:
    order = ImportOrder(LIST, RESIDENTS, look(engine, LIST).token, with_deletions=True)
    apply_import(engine, home.site, home.manager, order, NOW)
    assert look(engine, LIST).total == Counts(unchanged=3)
    with UnitOfWork(engine, writes=False) as uow:
        ended = select(func.count()).where(ResidenceRow.ended_at_ms.is_not(None))
        assert uow.session.scalar(ended) == 1


def test_B10_faults_of_cards_name_the_row_and_refuse_the_whole(
    engine: Engine, home: Compound
) -> None:
    raw = (HEAD + f"1-1-101,乙,,,11\n2-1-201,丁,,,{1 << 40}\n2-1-202,=x,,,\n").encode()
    seen = look(engine, raw)
    assert [(each.row, each.kind) for each in seen.faults] == [
        (2, RowFaultKind.ASSIGNED),
        (3, RowFaultKind.DOES_NOT_FIT),
        (4, RowFaultKind.FORMULA),
    ]
    before = count(engine, CredentialRow)
    order = ImportOrder(raw, RESIDENTS, seen.token)
    with pytest.raises(RefusedError) as caught:
        apply_import(engine, home.site, home.manager, order, NOW)
    assert caught.value.detail == "row 2 fob: assigned"
    assert count(engine, CredentialRow) == before


def test_B10_five_thousand_rows_are_previewed_in_seconds(engine: Engine, home: Compound) -> None:
    rows = [f"{n % 50}-{n % 7}-{n},住户{n},,业主,{1000 + n}" for n in range(5_000)]
    seen = look(engine, (HEAD + "\n".join([*rows, *rows[:40]])).encode())
    assert seen.total.add == 5_000
    assert seen.repeated == 40
    assert seen.faults == ()
