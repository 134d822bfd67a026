"""Ingest as a real process behind a real mosquitto: killed at its boundaries, nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from controller.services.keys import key_records
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.events import Ack, open_ack
from mqtt.contract.keys import keys_for
from mqtt.contract.records import KeyScope
from tests.support.controller_site import ControllerSite, GateClient, running_site, started, until
from tests.support.gate_events import Recorder, Said

GATE = Recorder()
BOUNDARIES = ("before_commit", "after_commit", "after_gate_ack")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ControllerSite]:
    with running_site(tmp_path) as running:
        yield running


def acks(site: ControllerSite, gate: GateClient) -> list[Ack]:
    with UnitOfWork(site.engine, writes=False) as uow:
        records = {
            bytes.fromhex(kid): record for kid, record in key_records(uow, started()).items()
        }
    keys = keys_for(records, KeyScope.ACK, None)
    return [open_ack(m.payload, "tongxing", "gate-south", keys) for m in gate.heard("dn/ack")]


def upto(site: ControllerSite, gate: GateClient) -> int:
    return max((ack.upto for ack in acks(site, gate)), default=0)


def sent_until_acked(site: ControllerSite, gate: GateClient, count: int) -> None:
    """Do what a gate's outbox does: send everything that is not acknowledged, until it is."""
    for _ in range(20):
        first = upto(site, gate)
        for message in GATE.run(first, count - first):
            gate.say(message)
        try:
            until(lambda: upto(site, gate) == count, within_s=2)
        except AssertionError:
            continue
        return
    raise AssertionError(f"{upto(site, gate)} of {count}: {site.log('ingest')}")


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_F07_killed_at_a_boundary_every_event_is_stored_once(
    site: ControllerSite, boundary: str
) -> None:
    process = site.ingest(EQUALGATE_INGEST_CRASH_AT=f"{boundary}:2")
    gate = site.gate("gate-south")
    gate.say(GATE.birth(1_000))
    until(lambda: site.count("gate_presence") == 1)
    for message in GATE.run(0, 320):
        gate.say(message)
    assert process.wait(20) == -9
    site.ingest()
    sent_until_acked(site, gate, 320)
    with site.engine.connect() as connection:
        rows = connection.execute(text("SELECT seq FROM events ORDER BY seq")).scalars().all()
    assert rows == list(range(320))
    assert site.count("alarms") == 0


def test_200_live_events_one_by_one_are_each_acknowledged(site: ControllerSite) -> None:
    process = site.ingest()
    gate = site.gate("gate-south")
    gate.say(GATE.birth(1_000))
    until(lambda: site.count("gate_presence") == 1)
    for seq in range(200):
        gate.say(GATE.batch(seq))
    until(lambda: upto(site, gate) == 200)
    sizes = [ack.upto for ack in acks(site, gate)]
    assert sizes == sorted(sizes)
    assert site.count("events") == 200
    process.terminate()
    assert process.wait(10) == 0


def test_a_birth_while_ingest_is_away_is_heard_afterwards(site: ControllerSite) -> None:
    process = site.ingest()
    gate = site.gate("gate-south")
    gate.say(GATE.birth(1_000))
    until(lambda: site.count("gate_presence") == 1)
    process.kill()
    process.wait(10)
    gate.say(GATE.rebooted().birth(500))
    site.ingest()
    until(lambda: boot_counter(site) == 2)


def boot_counter(site: ControllerSite) -> int:
    with site.engine.connect() as connection:
        found = connection.execute(text("SELECT boot_counter FROM gate_presence"))
        return int(found.scalar_one())


def test_poison_does_not_hold_up_the_queue(site: ControllerSite) -> None:
    site.ingest()
    gate = site.gate("gate-south")
    gate.say(GATE.birth(1_000))
    until(lambda: site.count("gate_presence") == 1)
    stranger = Recorder(signer=Recorder("gate-north").signer.from_seed(b"z" * 32))
    for _ in range(50):
        gate.say(stranger.batch(0))
    gate.say(GATE.batch(0, *[Said()] * 5))
    until(lambda: upto(site, gate) == 5)
    assert site.count("alarms") == 1
