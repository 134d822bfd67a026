"""The controller's two processes, a real mosquitto and a gate's session, end to end."""

import os
import signal
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from controller.services.keys import key_records
from controller.storage.unit_of_work import UnitOfWork
from mqtt.client.port import Message
from mqtt.contract import codec
from mqtt.contract.audit import EMPTY_ROOT
from mqtt.contract.commands import CommandContext, CommandResult, Operation, check_command
from mqtt.contract.documents import Chunk, DocumentHeader, Get, Held, Wanted, apply, open_header
from mqtt.contract.ids import id_from_text, id_to_text
from mqtt.contract.keys import keys_for
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyScope, Role, StaffRecord
from mqtt.contract.topics import DocumentName
from tests.support.compound import GATE_KEYS
from tests.support.controller_site import ControllerSite, GateClient, running_site, started, until
from tests.support.gate_events import Recorder

SOUTH = Recorder(access_point="south-in")
NORTH = Recorder("gate-north", access_point="north-in", signer=GATE_KEYS["gate-north"])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ControllerSite]:
    with running_site(tmp_path) as running:
        yield running


@pytest.fixture
def manager(site: ControllerSite) -> Iterator[httpx.Client]:
    """Give the manager's browser at a controller that runs with its ingest."""
    site.run("serve", "--with-ingest")
    client = httpx.Client(base_url=site.url, headers={"origin": site.url}, timeout=20)
    until(lambda: is_up(client))
    until(lambda: site.log("serve").count("mqtt_connected") == 2)
    staff = site.seed.with_role(Role.MANAGER)
    body = {"login": staff.login, "password": staff.password}
    assert client.post("/api/v1/session", json=body).status_code == 201
    yield client
    client.close()


def is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").is_success
    except httpx.TransportError:
        return False


def keys(site: ControllerSite, scope: KeyScope) -> dict[bytes, bytes]:
    with UnitOfWork(site.engine, writes=False) as uow:
        found = key_records(uow, started())
    return keys_for({bytes.fromhex(kid): record for kid, record in found.items()}, scope, None)


class Documents:
    """A gate's side of documents: asks for what the newest header says and applies it."""

    def __init__(self, site: ControllerSite, gate: GateClient, recorder: Recorder) -> None:
        self.keys = keys(site, KeyScope.DOCUMENT)
        self.gate, self.recorder = gate, recorder
        self.held: dict[DocumentName, Held] = {}
        self.asked: dict[DocumentName, int] = {}

    def header(self, name: DocumentName) -> DocumentHeader | None:
        found = self.gate.heard(f"dn/want/{name.value}")
        headers = [
            open_header(m.payload, "tongxing", self.recorder.gate, name, self.keys) for m in found
        ]
        return max(headers, key=lambda header: header.version, default=None)

    def follow(self, name: DocumentName) -> Held:
        """Take what is there; ask for what is not."""
        held = self.held.get(name, Held(0, EMPTY_ROOT, {}))
        header = self.header(name)
        if header is None or header.version <= held.version:
            return held
        chunks = [
            codec.decode(message.payload, Chunk)
            for message in self.gate.heard(f"dn/doc/{name.value}")
        ]
        fitting = {c.index: c for c in chunks if c.version == header.version}
        if fitting and len(fitting) == next(iter(fitting.values())).total:
            self.held[name] = apply(held, header, fitting.values())
        elif self.asked.get(name) != header.version:
            self.asked[name] = header.version
            wants = Wanted.DELTA if held.version else Wanted.FULL
            get = Get(held.version, held.digest, wants)
            topic = self.recorder.topic(f"up/get/{name.value}")
            self.gate.say(Message(topic, codec.encode(get), 1))
        return self.held.get(name, held)


def joined(site: ControllerSite, recorder: Recorder) -> tuple[GateClient, Documents]:
    gate = site.gate(recorder.gate)
    gate.say(recorder.birth(1_000))
    return gate, Documents(site, gate, recorder)


def test_F11_a_new_fob_is_at_every_online_gate_within_two_seconds(
    site: ControllerSite, manager: httpx.Client
) -> None:
    gates = [joined(site, recorder)[1] for recorder in (SOUTH, NORTH)]
    name = DocumentName.CREDENTIALS
    until(lambda: all(len(gate.follow(name).records) > 10 for gate in gates))
    resident = manager.get("/api/v1/residents").json()[0]["id"]
    waits = []
    for number in range(8):
        body = {"number": f"0x5500{number:04x}", "length": 32, "levels": ["residents"]}
        begun = time.monotonic()
        made = manager.post(f"/api/v1/residents/{resident}/fobs", json=body)
        assert made.status_code == 201, made.text
        credential = made.json()["credential"]
        until(lambda: all(credential in gate.follow(name).records for gate in gates))  # noqa: B023
        waits.append(time.monotonic() - begun)
    assert statistics.median(waits) < 1
    assert max(waits) < 2


def test_an_ended_credential_is_revoked_at_the_gate(
    site: ControllerSite, manager: httpx.Client
) -> None:
    _, south = joined(site, SOUTH)
    until(lambda: bool(south.follow(DocumentName.CREDENTIALS).records))
    fob = id_to_text(site.seed.person("owner").fob)
    assert fob in south.follow(DocumentName.CREDENTIALS).records
    assert manager.post(f"/api/v1/credentials/{fob}/lost").is_success
    until(lambda: fob in south.follow(DocumentName.REVOCATIONS).records, within_s=5)


def test_a_remote_open_arrives_signed_for_this_boot_and_its_answer_is_shown(
    site: ControllerSite, manager: httpx.Client
) -> None:
    gate, south = joined(site, SOUTH)
    gate.say(SOUTH.heartbeat(2_000))
    until(lambda: manager.get("/api/v1/gates/gate-south").json()["online"])
    until(lambda: bool(south.follow(DocumentName.ROSTER).records))
    order = {"gate": "gate-south", "access_point": "south-in", "reason": "送药"}
    given = manager.post("/api/v1/commands", json=order)
    assert given.status_code == 202, given.text
    until(lambda: len(gate.heard("dn/cmd")) == 1)
    (message,) = gate.heard("dn/cmd")
    assert not message.retain
    roster = south.follow(DocumentName.ROSTER).records
    context = CommandContext(
        site="tongxing",
        gate="gate-south",
        boot_id=bytes([1]) * 16,
        now_mono_ms=2_000,
        keys=keys(site, KeyScope.COMMAND),
        roster={id_from_text(key): codec.decode(raw, StaffRecord) for key, raw in roster.items()},
    )
    command = check_command(message.payload, context, retained=False)
    assert (command.op, command.access_point) == (Operation.OPEN, "south-in")
    assert 2_000 + 10_000 <= command.deadline_mono_ms <= 2_000 + 20_000
    answer = msgspec.json.encode(CommandResult(given.json()["id"], True, ReasonCode.REMOTE_OPEN))
    gate.say(Message(SOUTH.topic("up/rsp"), answer, 1))
    shown = f"/api/v1/commands/{given.json()['id']}"
    until(lambda: manager.get(shown).json()["state"] == "done")
    north = site.gate("gate-north")
    forged = msgspec.json.encode(CommandResult(given.json()["id"], False, ReasonCode.LATE))
    north.say(Message(NORTH.topic("up/rsp"), forged, 1))
    time.sleep(0.3)
    assert manager.get(shown).json()["state"] == "done"


def test_headers_are_back_after_the_broker_lost_what_it_retained(
    site: ControllerSite, manager: httpx.Client
) -> None:
    _, south = joined(site, SOUTH)
    until(lambda: len(south.follow(DocumentName.CONFIG).records) > 0)
    site.broker.kill()
    for file in (site.folder / "broker" / "data").glob("*"):
        file.unlink()
    site.broker.start()
    until(lambda: manager.get("/api/v1/health").json()["broker"], within_s=90)
    late = site.gate("gate-north")
    until(lambda: len(late.heard("dn/want/config")) == 1, within_s=10)


def test_ingest_is_begun_again_when_it_dies_and_ends_with_its_parent(
    site: ControllerSite, manager: httpx.Client
) -> None:
    gate, _ = joined(site, SOUTH)
    until(lambda: site.count("gate_presence") == 1)
    (serve,) = site.processes
    children = children_of(serve.pid)
    assert len(children) == 1
    ingest = Path("/proc") / children[0]
    os.kill(int(children[0]), signal.SIGKILL)
    gate.say(SOUTH.batch(0))
    until(lambda: site.count("events") == 1)
    again = children_of(serve.pid)
    assert again != children
    serve.kill()
    until(lambda: not (Path("/proc") / again[0]).exists() or is_zombie(again[0]), within_s=10)
    assert not ingest.exists()


def children_of(pid: int) -> list[str]:
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return [child for file in files for child in file.read_text().split()]


def is_zombie(pid: str) -> bool:
    return ") Z " in (Path("/proc") / pid / "stat").read_text()


def test_serve_ends_in_order_while_a_stream_is_open(
    site: ControllerSite, manager: httpx.Client
) -> None:
    (serve,) = site.processes
    with manager.stream("GET", "/api/v1/events/stream") as response:
        next(response.iter_lines())
        begun = time.monotonic()
        serve.terminate()
        assert serve.wait(15) == 0
    assert time.monotonic() - begun < 8
    assert "Traceback" not in site.log("serve")
