"""Read the vector files as another implementation would, and refuse their bad ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from equalgate import contract_samples as sample
from equalgate import schemas
from mqtt.contract import (
    audit,
    base45,
    checkpoint,
    codec,
    commands,
    documents,
    entry_pass,
    envelope,
    events,
    presence,
    redemption,
    revocation,
)
from mqtt.contract.errors import ContractError
from mqtt.contract.topics import DocumentName

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests" / "vectors"


def vectors(name: str) -> Any:
    content = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
    assert content["source"]
    return content


def message(what: str) -> bytes:
    found = {row["what"]: row["cbor"] for row in vectors("signed_messages")["messages"]}
    return bytes.fromhex(found[what])


def test_every_generated_file_is_up_to_date() -> None:
    assert schemas.stale(ROOT) == [], "run: python -m equalgate.schemas write, then vectors"


def test_a_changed_generated_file_is_noticed(tmp_path: Path) -> None:
    schemas.write(tmp_path, schemas.reference_texts())
    (tmp_path / "docs/reference/reasons.md").write_text("old")
    (tmp_path / "docs/reference/schemas/no-such-model.json").write_text("{}")
    found = schemas.stale(tmp_path)
    assert "docs/reference/reasons.md" in found
    assert "docs/reference/schemas/no-such-model.json" in found
    assert "docs/reference/schemas/leaf.json" not in found


def test_base45_vectors_of_the_rfc() -> None:
    content = vectors("base45")
    for row in content["valid"]:
        assert base45.encode(bytes.fromhex(row["hex"])) == row["text"]
        assert base45.decode(row["text"]).hex() == row["hex"]
    for text in content["invalid"]:
        with pytest.raises(ContractError):
            base45.decode(text)


def test_codec_vectors() -> None:
    content = vectors("codec")
    for row in content["valid"]:
        data = bytes.fromhex(row["cbor"])
        assert codec.encode_plain(codec.decode_plain(data)) == data
    for row in content["invalid"]:
        with pytest.raises(ContractError):
            codec.decode_plain(bytes.fromhex(row["cbor"]))


def test_envelope_vectors() -> None:
    content = vectors("envelope")
    public_key = bytes.fromhex(content["public_key"])
    keys = {envelope.key_id(public_key): public_key}
    for row in content["valid"]:
        opened = envelope.open_envelope(bytes.fromhex(row["cbor"]), row["type"], keys)
        assert (opened.version, opened.body.hex()) == (row["version"], row["body"])
    for row in content["invalid"]:
        with pytest.raises(ContractError) as caught:
            envelope.open_envelope(bytes.fromhex(row["cbor"]), "sample", keys)
        assert caught.value.code == row["code"], row["what"]


def test_entry_pass_vectors() -> None:
    content = vectors("entry_pass")
    site, now_ms = content["site"], content["now_ms"]
    for row in content["valid"]:
        pass_ = entry_pass.verify(row["text"], site, sample.keys(), now_ms)
        assert pass_.kind.name.lower() == row["what"]
    for row in content["invalid"]:
        with pytest.raises(ContractError) as caught:
            entry_pass.verify(row["text"], site, sample.keys(), now_ms)
        assert caught.value.code == row["code"], row["what"]


def test_carried_revocation_vectors() -> None:
    content = vectors("carried_revocation")
    where = (content["site"], content["gate"], sample.keys(), sample.NOW_MS)
    for row in content["valid"]:
        opened = revocation.open_carried(row["text"], *where)
        assert [[id_.hex(), until_s] for id_, until_s in opened.entries] == row["entries"]
    for row in content["invalid"]:
        with pytest.raises(ContractError) as caught:
            revocation.open_carried(row["text"], *where)
        assert caught.value.code == row["code"], row["what"]


def test_checkpoint_vectors() -> None:
    content = vectors("checkpoint")
    gate_key = bytes.fromhex(content["gate_key"])
    witness = (content["witness"], bytes.fromhex(content["witness_key"]))
    for row in content["valid"]:
        assert checkpoint.open_checkpoint(row["note"], gate_key) == sample.checkpoint()
        opened = checkpoint.open_cosigned(row["cosigned"], gate_key, *witness)
        assert opened == checkpoint.Cosigned(sample.checkpoint(), row["at_s"])
    for row in content["invalid"]:
        with pytest.raises(ContractError) as caught:
            checkpoint.open_checkpoint(row["note"], gate_key)
        assert caught.value.code == row["code"], row["what"]


def test_audit_vectors_of_the_reference_tree() -> None:
    content = vectors("audit")
    hashes = [audit.leaf_hash(bytes.fromhex(leaf)) for leaf in content["leaves"]]
    roots = [bytes.fromhex(root) for root in content["roots"]]
    # Roots published with the first RFC 6962 implementations.
    assert roots[1].hex().startswith("6e340b9cffb37a98")
    assert roots[8].hex().startswith("5dc9da79a70659a9")
    assert [audit.root_of(hashes[:size]) for size in range(9)] == roots
    proof = [bytes.fromhex(node) for node in content["inclusion_of_5_in_7"]]
    assert audit.verify_inclusion(hashes[5], 5, 7, proof, roots[7])
    proof = [bytes.fromhex(node) for node in content["consistency_from_3_to_7"]]
    assert audit.verify_consistency(3, roots[3], 7, roots[7], proof)


def test_signed_message_vectors_open() -> None:
    gate_key = sample.signer("gate").public_key
    opened = events.open_batch(message("events"), gate_key)
    assert [leaf.seq for leaf in opened.leaves] == [0, 1, 2]
    assert [person is None for person in opened.persons] == [False, True, False]
    ack_key = sample.signer("ack").public_key
    acks = {envelope.key_id(ack_key): ack_key}
    assert events.open_ack(message("ack"), sample.SITE, sample.GATE, acks).upto == 3
    tracker = presence.PresenceTracker(
        sample.SITE, sample.GATE, {envelope.key_id(gate_key): gate_key}
    )
    assert tracker.hear_birth(message("birth")) == sample.birth()
    assert tracker.hear_heartbeat(message("heartbeat_v2")).face_state == "not_installed"
    feed = redemption.open_feed(message("redemption"), sample.SITE, sample.GATE, sample.keys())
    assert feed == sample.feed()


def test_signed_document_and_command_vectors_open() -> None:
    document_key = sample.signer("document").public_key
    keys = {envelope.key_id(document_key): document_key}
    header = documents.open_header(
        message("document_header"), sample.SITE, sample.GATE, DocumentName.LEASES, keys
    )
    chunk = codec.decode(message("document_chunk"), documents.Chunk)
    assert documents.apply(documents.Held(0, b"", {}), header, [chunk]) == sample.document()[1]
    command_key = sample.signer("command").public_key
    context = commands.CommandContext(
        sample.SITE,
        sample.GATE,
        sample.BOOT_ID,
        60_000,
        {envelope.key_id(command_key): command_key},
        sample.roster(),
        open_needs_own_key=True,
    )
    assert commands.check_command(message("command"), context, retained=False) == sample.command()


def test_bad_use_of_the_generator_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert schemas.main(["paint"]) == 2
    assert "python -m equalgate.schemas write" in capsys.readouterr().err
