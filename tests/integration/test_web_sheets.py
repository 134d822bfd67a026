"""The yearly sheets: printed from the same data, small numbers left out, names for the manager."""

import pytest
from sqlalchemy import Engine

from controller.services.evidence.sheets import SheetKind, sheet
from controller.storage.unit_of_work import UnitOfWork
from tests.support.evidence_site import open_evidence_site


@pytest.mark.parametrize("kind", SheetKind)
def test_every_sheet_is_made_and_says_that_hardware_is_simulated(
    engine: Engine, kind: SheetKind
) -> None:
    site = open_evidence_site(engine, each=20)
    who = site.desk.resident()
    site.desk.opt_in(who)
    site.bundle()
    with UnitOfWork(engine, writes=False) as uow:
        made = sheet(uow, site.desk.site, kind, site.desk.moment)
    assert made.simulated
    assert made.parts
    said = str(made)
    assert "compliant" not in said.lower()
    assert who.holder.hex() not in said
    if kind is SheetKind.OWNERS:
        people = next(part for part in made.parts if part.title[1].startswith("People"))
        assert {row[1] for row in people.rows} <= {"<10", "0"}
    if kind is SheetKind.MINORS:
        assert ("MI-01" in said, "PI-01" in said) == (True, False)
