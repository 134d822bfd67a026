"""What the controller issues, a gate's own code lets in; what it ends, the gate refuses."""

import pytest
from sqlalchemy import Engine

from controller.domain.roles import Actor
from controller.services import leaving, passes
from controller.services.compiling import compile_gates
from controller.services.holders import add_dwelling
from controller.services.passes import phone_page
from controller.services.ports import MemoryKeystore
from controller.services.seed import SeedPerson, SeedResult, seed_compound
from controller.services.seed_gates import SOUTH
from controller.services.site import Site
from controller.storage.unit_of_work import UnitOfWork
from edge.domain.authenticate import Authenticated, authenticate
from edge.domain.authorise import DoorView, authorise
from edge.domain.card_bits import CardBits
from edge.domain.card_tier import CardTier
from edge.domain.gate_memory import GateMemory
from edge.domain.knowledge import Knowledge
from edge.domain.model import (
    AccessAttempt,
    CardClaim,
    Claim,
    ClockTrust,
    Moment,
    PassClaim,
    PinClaim,
)
from mqtt.contract.documents import Held, digest_of
from mqtt.contract.events import AdapterKind, Method, Personal
from mqtt.contract.ids import SiteId
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from tests.support.compound import NOW

AT = Moment(1_000, NOW.utc_ms, ClockTrust.SYNCED)


def gate_of(uow: UnitOfWork, site: Site) -> Knowledge:
    compiled = compile_gates(uow, site, (SOUTH,), NOW)[SOUTH]
    held = {name: Held(1, digest_of(records), records) for name, records in compiled.items()}
    return Knowledge.from_documents(site.name, SOUTH, held)


def answer(knowledge: Knowledge, method: Method, claim: Claim) -> ReasonCode:
    attempt = AccessAttempt("south-in", method, claim, 900, AdapterKind.SIMULATED)
    found = authenticate(attempt, knowledge, GateMemory(), AT)
    if not isinstance(found, Authenticated):
        return found.reason
    return authorise(found.bearer, "south-in", AT, DoorView(), knowledge.rules).reason


def tries(uow: UnitOfWork, site: Site, person: SeedPerson) -> dict[str, tuple[Method, Claim]]:
    found: dict[str, tuple[Method, Claim]] = {}
    if person.card is not None:
        card = CardBits(person.card.value, person.card.length)
        found["fob"] = (Method.FOB, CardClaim(card, CardTier.CLONABLE))
    if person.paper is not None:
        found["paper"] = (Method.QR, PassClaim(person.paper.text))
    if person.pin is not None:
        found["pin"] = (Method.PIN, PinClaim(person.pin.digits))
        found["duress"] = (Method.PIN, PinClaim(person.pin.duress_digits))
    if person.phone:
        page = phone_page(uow, site, person.phone, NOW)
        found["phone"] = (Method.QR, PassClaim(page.windows[0][1]))
    return found


@pytest.fixture
def compound(engine: Engine) -> tuple[Site, SeedResult]:
    site = Site(SiteId("tongxing"), "Asia/Shanghai", MemoryKeystore())
    with UnitOfWork(engine) as uow:
        made = seed_compound(uow, site, NOW)
        uow.commit()
    return site, made


def test_everything_issued_opens_and_everything_ended_does_not(
    engine: Engine, compound: tuple[Site, SeedResult]
) -> None:
    site, made = compound
    with UnitOfWork(engine) as uow:
        knowledge = gate_of(uow, site)
        for key in ("elder", "owner", "child", "tenant"):
            person = made.person(key)
            for name, (method, claim) in tries(uow, site, person).items():
                assert answer(knowledge, method, claim) is ReasonCode.GRANTED, (key, name)
        assert answer(knowledge, Method.QR, PassClaim(made.visitor.text)) is ReasonCode.GRANTED
        lost = CardClaim(CardBits(made.lost_card.value, 32), CardTier.CLONABLE)
        assert answer(knowledge, Method.FOB, lost) is ReasonCode.REVOKED
        unknown = CardClaim(CardBits(made.lost_card.value + 1, 32), CardTier.CLONABLE)
        assert answer(knowledge, Method.FOB, unknown) is ReasonCode.UNKNOWN_CREDENTIAL


def test_after_a_move_out_nothing_of_the_household_opens(
    engine: Engine, compound: tuple[Site, SeedResult]
) -> None:
    site, made = compound
    with UnitOfWork(engine) as uow:
        owner = made.person("owner")
        ways = tries(uow, site, owner)
        flat = add_dwelling(uow, owner.dwelling)
        manager = Actor(made.with_role(Role.MANAGER).id, Role.MANAGER)
        leaving.move_out(uow, site, manager, owner.holder, dwelling=flat, moment=NOW)
        knowledge = gate_of(uow, site)
        refused = {name: answer(knowledge, *way) for name, way in ways.items()}
        assert ReasonCode.GRANTED not in refused.values()
        assert refused["fob"] is refused["phone"] is ReasonCode.REVOKED
        assert answer(knowledge, Method.QR, PassClaim(made.visitor.text)) is ReasonCode.REVOKED
        elder = made.person("elder")
        for method, claim in tries(uow, site, elder).values():
            assert answer(knowledge, method, claim) is ReasonCode.GRANTED


def test_old_paper_works_until_the_new_one_was_used(
    engine: Engine, compound: tuple[Site, SeedResult]
) -> None:
    site, made = compound
    with UnitOfWork(engine) as uow:
        paper = made.person("elder").paper
        assert paper is not None
        manager = Actor(made.with_role(Role.MANAGER).id, Role.MANAGER)
        new = passes.issue_successor(uow, site, manager, paper.credential, NOW)
        knowledge = gate_of(uow, site)
        assert answer(knowledge, Method.QR, PassClaim(paper.text)) is ReasonCode.GRANTED
        later_at = Moment(5_000, NOW.utc_ms + 5_000, ClockTrust.SYNCED)
        attempt = AccessAttempt(
            "south-in", Method.QR, PassClaim(new.text), 900, AdapterKind.SIMULATED
        )
        used = authenticate(attempt, knowledge, GateMemory(), later_at)
        assert isinstance(used, Authenticated)
        note = used.note
        passes.note_use(uow, Personal(b"", paper.credential, note=note), NOW)
        knowledge = gate_of(uow, site)
        assert answer(knowledge, Method.QR, PassClaim(paper.text)) is ReasonCode.REVOKED
