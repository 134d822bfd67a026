"""After a restore nothing is published to a gate before it has told what it knows to have ended."""

import pytest
from sqlalchemy import Engine, func, select

from controller.domain.credentials import EndReason
from controller.services import credentials
from controller.services.credentials import FobDraft
from controller.services.documents import heard_birth
from controller.services.read_back import HOLD_KEY, let_go, questions, waits_for
from controller.storage.models import (
    CredentialRow,
    DocumentRow,
    HolderRow,
    RevocationRow,
    SiteValueRow,
)
from controller.storage.unit_of_work import UnitOfWork
from controller.web.gate_told import GateTold
from mqtt.contract.documents import Held, digest_of
from mqtt.contract.envelope import Ed25519Signer
from mqtt.contract.errors import ContractError
from mqtt.contract.ids import id_to_text
from mqtt.contract.read_back import held_parts
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import DocumentName
from tests.integration.test_services_documents import SOUTH, Rig, rig
from tests.support.compound import GATE_KEYS, NOW, RESIDENTS, add_resident


@pytest.fixture
def south(engine: Engine) -> Rig:
    """Give a gate whose controller was restored to the day before a fob was reported lost."""
    made = rig(engine)
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, "甲")
        lost = credentials.enrol_fob(uow, made.home.manager, FobDraft(holder, 7, RESIDENTS), NOW)
        credentials.enrol_fob(uow, made.home.manager, FobDraft(holder, 8, RESIDENTS), NOW)
        uow.commit()
    made.sync()
    with UnitOfWork(engine) as uow:
        credentials.end_credential(
            uow, made.site, made.home.manager, lost, EndReason.LOST, moment=NOW
        )
        uow.commit()
    made.sync()
    with UnitOfWork(engine) as uow:
        row = uow.need(CredentialRow, lost)
        row.ended_at_ms, row.end_reason = None, ""
        uow.session.query(RevocationRow).delete()
        uow.session.add(SiteValueRow(name=HOLD_KEY, value=b"*"))
        uow.commit()
    return made


def lost_fob(engine: Engine) -> CredentialRow:
    with UnitOfWork(engine, writes=False) as uow:
        found = select(CredentialRow).where(CredentialRow.card_value == "7")
        return uow.session.scalars(found).one()


def told(south: Rig, nonce: bytes, held: Held | None = None) -> list[bytes]:
    signer = GATE_KEYS[SOUTH]
    known = held or south.held(DocumentName.REVOCATIONS)
    return held_parts(south.site.name, SOUTH, nonce, known, signer)


def test_a_fob_lost_after_the_backup_stays_lost(engine: Engine, south: Rig) -> None:
    before = south.held(DocumentName.REVOCATIONS)
    assert len(before.records) == 1
    assert south.sync() == []
    assert heard_birth(engine, south.site, south.publisher, south.birth(), NOW) == ()
    assert south.held(DocumentName.REVOCATIONS) is before
    ears = GateTold(south.site.name)
    with UnitOfWork(engine, writes=False) as uow:
        asked = [each.topic for each in questions(uow, south.site, ears.nonce)]
    assert asked == ["ac/1/tongxing/gate-north/dn/tell", "ac/1/tongxing/gate-south/dn/tell"]
    (part,) = told(south, ears.nonce)
    assert ears.hear(engine, SOUTH, part, NOW)
    assert lost_fob(engine).ended_at_ms == NOW.utc_ms
    heard_birth(engine, south.site, south.publisher, south.birth(), NOW)
    south.deliver()
    assert id_to_text(lost_fob(engine).id) in south.held(DocumentName.REVOCATIONS).records
    with UnitOfWork(engine, writes=False) as uow:
        assert waits_for(uow) == {"gate-north"}


def test_without_the_reading_back_the_lost_fob_would_open_again(engine: Engine, south: Rig) -> None:
    """The test above can fail: let go by hand, the gate forgets what only it knew."""
    with UnitOfWork(engine) as uow:
        let_go(uow, south.home.manager, SOUTH, "gate is broken", NOW)
        uow.commit()
    heard_birth(engine, south.site, south.publisher, south.birth(), NOW)
    south.deliver()
    south.sync()
    assert south.held(DocumentName.REVOCATIONS).records == {}


def test_recorded_forged_and_foreign_answers_are_worth_nothing(engine: Engine, south: Rig) -> None:
    ears = GateTold(south.site.name)
    forger = Ed25519Signer.from_seed(b"f" * 32)
    empty = Held(9, b"", {})
    for payload, code in (
        (told(south, b"r" * 16)[0], ReasonCode.REPLAYED),
        (held_parts(south.site.name, SOUTH, ears.nonce, empty, forger)[0], ReasonCode.UNKNOWN_KEY),
        (
            held_parts("other-site", SOUTH, ears.nonce, empty, GATE_KEYS[SOUTH])[0],
            ReasonCode.WRONG_AUDIENCE,
        ),
        (told(south, ears.nonce, empty)[0], ReasonCode.DIGEST_MISMATCH),
        (b"garbage", ReasonCode.MALFORMED),
    ):
        with pytest.raises(ContractError) as caught:
            ears.hear(engine, SOUTH, payload, NOW)
        assert caught.value.code is code
    with pytest.raises(ContractError) as caught:
        told(south, b"short")
    assert caught.value.code is ReasonCode.WRONG_SHAPE
    with UnitOfWork(engine, writes=False) as uow:
        assert SOUTH in waits_for(uow)


def test_a_long_list_comes_in_parts_in_any_order(engine: Engine, south: Rig) -> None:
    body = next(iter(south.held(DocumentName.REVOCATIONS).records.values()))
    wide = {id_to_text(number.to_bytes(8, "big")): body for number in range(1, 3_001)}
    ears = GateTold(south.site.name)
    parts = told(south, ears.nonce, Held(40, digest_of(wide), wide))
    assert len(parts) > 1
    assert [ears.hear(engine, SOUTH, part, NOW) for part in reversed(parts)] == [
        *[False] * (len(parts) - 1),
        True,
    ]
    with UnitOfWork(engine, writes=False) as uow:
        assert uow.session.scalar(select(func.count()).select_from(RevocationRow)) == 3_000
        assert uow.session.scalar(select(func.count()).select_from(HolderRow)) == 1
        assert uow.need(DocumentRow, (SOUTH, "revocations")).version == 2
