"""What the web process learns from events, on both databases: uses of passes, live lists."""

import secrets

from sqlalchemy import Engine, select

from controller.domain.roles import Actor
from controller.ingest.core import IngestCore
from controller.services.passes import issue_paper, issue_successor
from controller.storage.models import CredentialRow, RevocationRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web import lookup
from controller.web.uses import has_unlearned, learn_uses
from mqtt.contract.events import Method, Outcome, Personal
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode
from tests.support.compound import NOW, RESIDENTS, Compound, add_resident, build_compound, later
from tests.support.gate_events import Recorder, Said

GATE = Recorder()
ZONE = "Asia/Shanghai"


def successor(engine: Engine, compound: Compound) -> tuple[bytes, bytes, bytes]:
    """Give a credential whose paper was printed anew, with its old and new pass id."""
    actor: Actor = compound.manager
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, "陈奶奶")
        paper = issue_paper(uow, compound.site, actor, holder, levels=RESIDENTS, moment=NOW)
        old = uow.need(CredentialRow, paper.credential).pass_id
        issue_successor(uow, compound.site, actor, paper.credential, later(1_000))
        new = uow.need(CredentialRow, paper.credential).pass_id
        uow.commit()
    assert old is not None
    assert new is not None
    return paper.credential, old, new


def used(credential: bytes, pass_id: bytes, outcome: Outcome = Outcome.GRANTED) -> Said:
    person = Personal(b"holder-1", credential, note=f"pass={id_to_text(pass_id)}")
    return Said(method=Method.QR, outcome=outcome, person=person)


def learn(engine: Engine) -> int:
    with UnitOfWork(engine) as uow:
        count = learn_uses(uow, later(60_000))
        uow.commit()
    return count


def revoked(engine: Engine) -> list[bytes]:
    with UnitOfWork(engine, writes=False) as uow:
        return list(uow.session.scalars(select(RevocationRow.id)))


def test_old_paper_ends_when_its_successor_is_first_used(engine: Engine) -> None:
    compound = build_compound(engine)
    credential, old, new = successor(engine, compound)
    core = IngestCore(engine, compound.site)
    core.take([GATE.batch(0, used(credential, old), used(credential, new, Outcome.DENIED))], NOW)
    assert learn(engine) == 1
    assert revoked(engine) == []
    core.take([GATE.batch(2, used(credential, new))], NOW)
    with UnitOfWork(engine, writes=False) as uow:
        assert has_unlearned(uow)
    assert learn(engine) == 1
    assert revoked(engine) == [old]
    with UnitOfWork(engine, writes=False) as uow:
        row = uow.need(CredentialRow, credential)
        assert row.first_used_at_ms == later(60_000).utc_ms
        assert not has_unlearned(uow)
    assert learn(engine) == 0


def test_odd_notes_and_strangers_change_nothing(engine: Engine) -> None:
    compound = build_compound(engine)
    core = IngestCore(engine, compound.site)
    notes = ("", "pass=", "pass=!!", "fob=aaaa", "pass=aaaaaaaaaaaaa and more")
    odd = [
        Said(method=Method.QR, person=Personal(b"holder-1", secrets.token_bytes(8), b"", note))
        for note in notes
    ]
    core.take([GATE.batch(0, *odd)], NOW)
    assert learn(engine) == len(notes)
    assert revoked(engine) == []


def test_lists_are_the_same_on_both_databases(engine: Engine) -> None:
    compound = build_compound(engine)
    core = IngestCore(engine, compound.site)
    refused = Said(outcome=Outcome.DENIED, reason=ReasonCode.UNKNOWN_CREDENTIAL, person=None)
    core.take([GATE.birth(1_000), GATE.heartbeat(2_000), GATE.batch(0, Said(), refused)], NOW)
    core.take([GATE.batch(5, Said())], NOW)
    with UnitOfWork(engine, writes=False) as uow:
        newest = lookup.newest_event(uow)
        after = lookup.events_after(uow, ZONE, newest - 2, 10)
        before = lookup.events_before(uow, ZONE, limit=10, gate="gate-south")
        gates = {gate.name: gate for gate in lookup.gates(uow, ZONE, NOW)}
        alarms = lookup.alarms(uow, ZONE)
    assert [event.reason for event in after] == ["unknown_credential", "granted"]
    assert [event.outcome for event in before] == ["granted", "denied", "granted"]
    assert gates["gate-south"].online
    assert not gates["gate-north"].online
    assert gates["gate-north"].heard_at == ""
    assert alarms == []
