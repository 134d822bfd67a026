"""The index of credentials and the small maps under it."""

import random

import msgspec

from edge.domain.credential_index import CredentialIndex
from edge.domain.facts import FactMap
from edge.domain.knowledge import Knowledge
from mqtt.contract import codec
from mqtt.contract.documents import Held
from mqtt.contract.events import Method
from mqtt.contract.ids import id_to_text
from mqtt.contract.pin_hash import hash_pin
from mqtt.contract.records import ScheduleRecord
from mqtt.contract.topics import DocumentName
from tests.support.gate_factories import (
    CARD,
    FOB,
    GATE,
    IN,
    PAD_PIN,
    SITE,
    Papers,
    credential_id,
    make_credential,
    with_pin,
)


def raw(number: int) -> tuple[str, bytes]:
    record = make_credential(holder=number, card=(number, 24))
    return id_to_text(credential_id(number)), codec.encode(record)


def fresh(records: dict[str, bytes]) -> CredentialIndex:
    return CredentialIndex().updated(records)


def test_updating_equals_building_anew() -> None:
    chance = random.Random(7)
    index, records = CredentialIndex(), dict[str, bytes]()
    for _ in range(200):
        records = dict(records)
        for _ in range(chance.randint(1, 4)):
            number = chance.randint(1, 30)
            key = id_to_text(credential_id(number))
            match chance.randint(0, 3):
                case 0:
                    records.pop(key, None)
                case 1:
                    records[key] = codec.encode(with_pin("1234") if number == 1 else NO_CARD)
                case 2:
                    records[key] = b"\xff broken"
                case _:
                    card = (chance.randint(1, 5), 24)
                    records[key] = codec.encode(make_credential(card=card))
        index = index.updated(records)
        built = fresh(records)
        assert index.records == built.records
        assert {card: set(ids) for card, ids in index.by_card.items()} == {
            card: set(ids) for card, ids in built.by_card.items()
        }
        assert (index.pins, index.unreadable) == (built.pins, built.unreadable)


NO_CARD = make_credential(Method.QR)


def test_unchanged_records_are_not_read_again() -> None:
    records = dict([raw(1), raw(2)])
    index = fresh(records)
    assert index.updated(records) is index
    later = index.updated({**records, **dict([raw(3)])})
    assert later.get(credential_id(1)) is index.get(credential_id(1))


def test_knowledge_keeps_what_it_read_before() -> None:
    papers = Papers()
    first = papers.knowledge()
    papers.credentials[credential_id(9)] = make_credential(card=(9, 24))
    second = Knowledge.from_documents(SITE, GATE, papers.documents(), previous=first)
    assert second.credentials.get(FOB) is first.credentials.get(FOB)
    assert second.credentials.of_card((9, 24)) == (credential_id(9),)


def test_a_gate_without_documents_knows_nothing_and_says_so() -> None:
    empty = Knowledge.from_documents(SITE, GATE, {})
    assert (empty.rules.places, empty.credentials.records, empty.roster) == ({}, {}, {})
    assert empty.list_age_ms(1_000) == 1_000


def test_the_rules_leave_the_ways_in_behind() -> None:
    known = Papers().knowledge()
    assert Method.FOB in known.fitted[IN]
    assert not hasattr(known.rules.places[IN], "methods")
    assert known.rules.schedules["always"] == ScheduleRecord(always=True)


def test_a_card_in_the_index_names_its_length() -> None:
    credentials = Papers().knowledge().credentials
    assert credentials.of_card((CARD.value, CARD.length)) == (FOB,)
    assert credentials.of_card((CARD.value, CARD.length + 1)) == ()


def test_a_new_salt_finds_old_and_new_pins_for_a_while() -> None:
    papers = Papers()
    salt = b"another-pinsalt!"
    record = msgspec.structs.replace(
        papers.credentials[PAD_PIN], pin_salt=salt, pin_hash=hash_pin("224466", salt)
    )
    papers.credentials[credential_id(8)] = record
    index = papers.knowledge().credentials
    found = [index.find_pin(digits) for digits in ("135790", "224466")]
    assert [one.credential for one in found if one] == [PAD_PIN, credential_id(8)]


def test_a_fact_map_behaves_like_a_dictionary() -> None:
    chance = random.Random(11)
    facts, mirror = FactMap[int](), dict[bytes, int]()
    for _ in range(2_000):
        key = chance.randbytes(chance.randint(0, 2))
        if chance.random() < 0.3:
            facts, _ = facts.drop(key), mirror.pop(key, None)
        else:
            value = chance.randint(0, 9)
            facts = facts.put(key, value)
            mirror[key] = value
        assert facts.get(key) == mirror.get(key)
        assert (key in facts) is (key in mirror)
    assert dict(facts.items()) == mirror
    assert len(facts) == len(mirror)
    assert FactMap.of(mirror.items()) == facts


def test_an_old_fact_map_does_not_change() -> None:
    before = FactMap.of([(b"a", 1)])
    before.put(b"a", 2)
    before.drop(b"a")
    assert before.get(b"a") == 1


def test_documents_of_another_version_are_named() -> None:
    documents = Papers(version=5).documents()
    documents[DocumentName.LEASES] = Held(7, b"", {})
    versions = Knowledge.from_documents(SITE, GATE, documents).versions
    assert (versions[DocumentName.POLICY], versions[DocumentName.LEASES]) == (5, 7)
