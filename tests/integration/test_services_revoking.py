import pytest
from sqlalchemy import Engine

from controller.domain.roles import Actor
from controller.services import credentials
from controller.services.credentials import FobDraft
from controller.services.documents import compile_all
from controller.services.keys import key_records
from controller.services.revoking import carried_for
from controller.storage.models import CredentialRow, DocumentRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.errors import ContractError, RefusedError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from mqtt.contract.revocation import open_carried
from tests.support.compound import NOW, RESIDENTS, add_resident, build_compound, later

GUARD = Actor(b"guard---", Role.GUARD)


def test_a_guard_carries_the_newest_endings_to_one_gate(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        with pytest.raises(RefusedError) as caught:
            carried_for(uow, home.site, GUARD, "gate-south", NOW)
        assert caught.value.code is ReasonCode.NOT_FOUND
        compile_all(uow, home.site, NOW)
        ended = []
        for number in range(8):
            draft = FobDraft(add_resident(uow, f"住户{number}"), number, RESIDENTS)
            fob = credentials.enrol_fob(uow, home.manager, draft, NOW)
            at = later(1_000 * (number + 1))
            credentials.report_lost(uow, home.site, GUARD, fob, at)
            ended.append(fob)
        text = carried_for(uow, home.site, GUARD, "gate-south", later(9_000))
        known = {bytes.fromhex(kid): each for kid, each in key_records(uow, NOW).items()}
        opened = open_carried(text, home.site.name, "gate-south", known, NOW.utc_ms)
        assert {id_ for id_, _ in opened.entries} == set(ended[2:])
        until_ms = uow.need(CredentialRow, ended[7]).valid_until_ms
        assert dict(opened.entries)[ended[7]] * 1000 >= until_ms
        compile_all(uow, home.site, later(9_000))
        version = uow.need(DocumentRow, ("gate-south", "revocations")).version
        assert opened.version_floor == version
        text = carried_for(uow, home.site, GUARD, "gate-south", later(9_500))
        again = open_carried(text, home.site.name, "gate-south", known, NOW.utc_ms)
        assert again.version_floor == version
        with pytest.raises(ContractError):
            open_carried(text, home.site.name, "gate-north", known, NOW.utc_ms)
        inspector = Actor(b"inspect-", Role.INSPECTOR)
        with pytest.raises(RefusedError):
            carried_for(uow, home.site, inspector, "gate-south", NOW)
