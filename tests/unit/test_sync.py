"""Documents over the in-memory broker: adopted, refused, asked again, saved."""

import pytest

from edge.adapters.memory_store import MemoryDisk
from mqtt.client.port import Message
from mqtt.contract import codec
from mqtt.contract.documents import Get, chunks_of
from mqtt.contract.events import Direction, Method
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import (
    AccessPointRecord,
    ConfigRecord,
    CredentialRecord,
    LevelRecord,
    PortalRecord,
    ScheduleRecord,
)
from mqtt.contract.topics import DocumentName, TopicKind
from tests.support.gate_link import GateLink
from tests.support.gate_log import GATE, NOON_MS, SITE

CREDENTIALS = DocumentName.CREDENTIALS


@pytest.fixture
def disk() -> MemoryDisk:
    return MemoryDisk()


@pytest.fixture
def link(disk: MemoryDisk) -> GateLink:
    made = GateLink(disk)
    made.start()
    return made


def fob(number: int) -> bytes:
    return codec.encode(
        CredentialRecord(b"holder-1", Method.FOB, ("residents",), 0, NOON_MS * 2, card=(number, 26))
    )


def fobs(count: int) -> dict[str, bytes]:
    return {id_to_text(number.to_bytes(8, "big")): fob(number) for number in range(count)}


def config(*methods: Method) -> dict[str, bytes]:
    return {
        "gate": codec.encode(ConfigRecord()),
        "portal:north": codec.encode(PortalRecord()),
        "ap:north-in": codec.encode(AccessPointRecord("north", Direction.IN, methods)),
    }


def knows_fob(link: GateLink, number: int) -> bool:
    return (number, 26) in link.knowledge.credentials.by_card


def gets(link: GateLink) -> list[Get]:
    return [codec.decode(raw, Get) for raw in link.payloads(TopicKind.GET)]


def test_keys_and_roster_arrive_and_are_saved(link: GateLink, disk: MemoryDisk) -> None:
    assert set(disk.documents) == {DocumentName.KEYS, DocumentName.ROSTER}
    assert ("document", ReasonCode.ADOPTED, "keys 1") in link.observed()
    assert len(link.knowledge.roster) == 1
    assert link.confirmed >= 2


def test_a_new_fob_is_known_within_a_step_and_only_the_difference_travels(
    link: GateLink,
) -> None:
    link.publish_document(CREDENTIALS, 1, fobs(3_000))
    link.step()
    assert knows_fob(link, 2_999)
    before = len(link.heard)
    link.publish_document(CREDENTIALS, 2, fobs(3_001))
    link.step()
    assert knows_fob(link, 3_000)
    asked = codec.decode(link.heard[before][1].payload, Get)
    assert (asked.want, asked.have_version) == ("delta", 1)


def test_documents_survive_a_restart(link: GateLink, disk: MemoryDisk) -> None:
    link.publish_document(CREDENTIALS, 4, fobs(10))
    link.step()
    assert disk.documents[CREDENTIALS].version == 4
    assert len(disk.documents[CREDENTIALS].records) == 10


def test_a_rollback_is_refused_and_told(link: GateLink) -> None:
    link.publish_document(CREDENTIALS, 4, fobs(10))
    link.step()
    link.publish_document(CREDENTIALS, 3, fobs(99))
    link.step()
    assert ("document", ReasonCode.ROLLBACK, "credentials") in link.observed()
    assert not knows_fob(link, 98)


def test_what_would_open_for_a_face_only_is_refused_at_the_gate(
    link: GateLink, disk: MemoryDisk
) -> None:
    link.publish_document(DocumentName.CONFIG, 1, config(Method.QR, Method.FOB))
    link.step()
    good = disk.documents[DocumentName.CONFIG]
    link.publish_document(DocumentName.CONFIG, 2, config(Method.FACE))
    link.run(30_000)
    refused = [item for item in link.observed() if item[2] == "config"]
    assert refused
    assert refused[0][1] is not ReasonCode.ADOPTED
    assert disk.documents[DocumentName.CONFIG] == good
    assert link.knowledge.fitted["north-in"] == frozenset({Method.QR, Method.FOB})


def test_a_combination_that_cannot_be_used_waits_for_its_other_half(
    link: GateLink, disk: MemoryDisk
) -> None:
    link.publish_document(DocumentName.CONFIG, 1, config(Method.QR))
    link.step()
    free = dict(config(Method.QR)) | {
        "portal:north": codec.encode(PortalRecord(free_schedule="mornings"))
    }
    link.publish_document(DocumentName.CONFIG, 2, free)
    link.step()
    assert disk.documents[DocumentName.CONFIG].version == 1
    policy = {
        "schedule:mornings": codec.encode(ScheduleRecord(always=True)),
        "level:residents": codec.encode(LevelRecord(())),
    }
    link.publish_document(DocumentName.POLICY, 1, policy)
    link.step()
    assert disk.documents[DocumentName.CONFIG].version == 2
    assert disk.documents[DocumentName.POLICY].version == 1
    assert link.knowledge.versions[DocumentName.CONFIG] == 2


def test_a_revocation_is_in_force_although_the_disk_is_full_and_is_saved_later(
    link: GateLink, disk: MemoryDisk
) -> None:
    disk.faults.refusal = ReasonCode.DISK_FULL
    link.publish_document(CREDENTIALS, 1, fobs(5))
    link.step()
    assert knows_fob(link, 4)
    assert CREDENTIALS not in disk.documents
    disk.faults.refusal = None
    link.run(2_000)
    assert len(disk.documents[CREDENTIALS].records) == 5


def test_chunks_that_were_lost_are_asked_for_again(link: GateLink) -> None:
    answers = link.answer
    lost: list[DocumentName] = []

    def lose_one(name: DocumentName, asked: Get) -> None:
        if name is CREDENTIALS and not lost:
            lost.append(name)
        else:
            answers(name, asked)

    link.answer = lose_one  # type: ignore[method-assign]  # a network that loses one answer
    link.publish_document(CREDENTIALS, 1, fobs(5))
    link.step()
    assert not knows_fob(link, 4)
    link.run(7_000)
    assert knows_fob(link, 4)


def test_a_hostile_broker_cannot_make_the_gate_ask_without_end(link: GateLink) -> None:
    link.answer = lambda *_: None  # type: ignore[method-assign]  # the controller is away
    link.publish_document(CREDENTIALS, 2, fobs(5))
    link.step()
    spoiled = chunks_of(CREDENTIALS, 2, 0, fobs(4), ())[0]
    topic = f"ac/1/{SITE}/{GATE}/dn/doc/credentials"
    before = len(gets(link))
    for _ in range(200):
        link.desk.publish(Message(topic, spoiled, 0))
        link.step()
    assert len(gets(link)) - before <= 3
    refused = [item for item in link.observed() if item[2] == "credentials"]
    assert refused == [("document", ReasonCode.DIGEST_MISMATCH, "credentials")]


def test_a_header_that_nobody_signed_changes_nothing(link: GateLink) -> None:
    versions = dict(link.knowledge.versions)
    link.desk.publish(Message(f"ac/1/{SITE}/{GATE}/dn/want/credentials", b"x" * 200, 1))
    link.step()
    assert link.knowledge.versions == versions
    assert ("document", ReasonCode.NOT_CANONICAL, "credentials") in link.observed()


def test_what_is_held_is_confirmed_by_its_header(link: GateLink) -> None:
    before = link.confirmed
    link._want(DocumentName.ROSTER, 1)
    link.step()
    assert link.confirmed == before + 1
