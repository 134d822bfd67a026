"""Restore with real processes: gates are asked first, and what they know to have ended stays."""

from pathlib import Path

from sqlalchemy import select

from controller.services.backup import backup, restore
from controller.storage.engine import make_engine
from controller.storage.models import CredentialRow, RevocationRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.client.port import Message
from mqtt.contract import codec
from mqtt.contract.documents import Held, digest_of
from mqtt.contract.ids import id_to_text
from mqtt.contract.read_back import held_parts
from mqtt.contract.records import RevocationRecord
from tests.support.compound import GATE_KEYS
from tests.support.controller_site import ControllerSite, running_site, until
from tests.support.example import DATABASE, SITE

GATE = "gate-south"


def a_fob(site: ControllerSite) -> tuple[bytes, int]:
    with UnitOfWork(site.engine, writes=False) as uow:
        row = uow.session.scalars(select(CredentialRow).where(CredentialRow.carrier == "fob"))
        fob = row.first()
        assert fob is not None
        return fob.id, fob.valid_until_ms


def is_ended(url: str, fob: bytes) -> bool:
    engine = make_engine(url)
    try:
        with UnitOfWork(engine, writes=False) as uow:
            known = uow.find(RevocationRow, fob) is not None
            return known and uow.need(CredentialRow, fob).ended_at_ms is not None
    finally:
        engine.dispose()


def test_a_fob_that_ended_after_the_backup_stays_ended(tmp_path: Path) -> None:
    with running_site(tmp_path) as site:
        url, copy = f"sqlite:///{tmp_path / DATABASE}", tmp_path / "backup.db"
        fob, until_ms = a_fob(site)
        backup(url, copy)
        site.engine.dispose()
        (tmp_path / DATABASE).unlink()
        restore(url, copy)
        gate = site.gate(GATE)
        site.run("serve")
        until(lambda: bool(gate.heard("dn/tell")))
        assert gate.heard("dn/want/revocations") == []
        assert gate.heard("dn/want/credentials") == []
        records = {id_to_text(fob): codec.encode(RevocationRecord(until_ms))}
        held = Held(7, digest_of(records), records)
        nonce = gate.heard("dn/tell")[-1].payload
        for part in held_parts(SITE, GATE, nonce, held, GATE_KEYS[GATE]):
            gate.say(Message(f"ac/1/{SITE}/{GATE}/up/held", part, 1))
        until(lambda: is_ended(url, fob))
        until(lambda: bool(gate.heard("dn/want/revocations")))


def test_the_same_database_without_a_restore_asks_nothing(tmp_path: Path) -> None:
    """The test above can fail: a database in use is published at once."""
    with running_site(tmp_path) as site:
        gate = site.gate(GATE)
        site.run("serve")
        until(lambda: bool(gate.heard("dn/want/revocations")))
        assert gate.heard("dn/tell") == []
