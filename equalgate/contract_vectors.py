"""Write test vectors of the wire, good and bad, always the same bytes.

Another implementation reads the same files; `tests/vectors` holds them.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from equalgate import contract_samples as sample
from mqtt.contract import (
    audit,
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
from mqtt.contract import checkpoint as notes

__all__ = ["VECTORS", "Json", "vector_texts"]

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json] | None"

_OURS = "EqualGate, made by python -m equalgate.schemas vectors from fixed seeds"


def _base45() -> Json:
    pairs = {"AB": "BB8", "Hello!!": "%69 VD92EX0", "base-45": "UJCLQE7W581", "ietf!": "QED8WEX0"}
    return {
        "source": "RFC 9285 sections 4.3, 4.4 and 6",
        "valid": [{"hex": raw.encode().hex(), "text": text} for raw, text in pairs.items()],
        "invalid": ["A", "GGW", ":::", "ab8", "BB8A", "::", "Ä00"],
    }


def _codec() -> Json:
    good: dict[str, codec.Plain] = {
        "an array of everything": [0, 23, 24, -1, True, None, "同行", b"\x00\xff", []],
        "a map in the order of its keys": {"b": 1, "aa": 2},
        "the largest number": 2**64 - 1,
    }
    bad = {
        "a number that is longer than needed": "1801",
        "a float": "f93c00",
        "a tag": "c100",
        "a bignum": "c249010000000000000000",
        "an array without a length": "9f01ff",
        "a key that is not text": "a10102",
        "a key twice": "a2616101616102",
        "keys out of order": "a2616201616101",
        "undefined": "f7",
        "a simple value": "e0",
        "bytes left over": "0000",
        "an end too early": "8201",
        "text that is not UTF-8": "61ff",
        "13 levels": "81" * 13 + "00",
        "nothing": "",
    }
    return {
        "source": f"{_OURS}; rules of RFC 8949 section 4.2.1",
        "valid": [{"what": what, "cbor": codec.encode_plain(v).hex()} for what, v in good.items()],
        "invalid": [{"what": what, "cbor": cbor} for what, cbor in bad.items()],
    }


def _signed() -> Json:
    header, held = sample.document()
    command = codec.encode(sample.command())
    made = {
        "events": sample.batch(),
        "ack": events.seal_ack(
            events.Ack(sample.SITE, sample.GATE, 3, 3, sample.checkpoint().root, {"events": 1}),
            sample.signer("ack"),
        ),
        "birth": presence.seal_birth(sample.birth(), sample.signer("gate")),
        "heartbeat_v3": presence.seal_heartbeat(sample.heartbeat(), sample.signer("gate"), 3),
        "heartbeat_v2": presence.seal_heartbeat(sample.heartbeat(), sample.signer("gate"), 2),
        "command": commands.seal_command(
            sample.command(),
            sample.signer("command"),
            (commands.endorse(command, sample.signer("guard")),),
        ),
        "document_header": documents.seal_header(header, sample.signer("document")),
        "document_chunk": documents.chunks_of(header.name, 1, 0, held.records, ())[0],
        "redemption": redemption.seal_feed(sample.feed(), sample.signer("gate")),
    }
    return {
        "source": _OURS,
        "seeds": {who: f"{number:02x} x 32" for who, number in sample.SEEDS.items()},
        "messages": [{"what": what, "cbor": data.hex()} for what, data in made.items()],
    }


def _envelope() -> Json:
    signer = sample.signer("gate")
    good = envelope.seal("sample", 1, b"body", signer)
    opened = envelope.peek(good)
    other = envelope.Envelope("other", 1, opened.kid, opened.body, opened.signature)
    newer = envelope.Envelope("sample", 2, opened.kid, opened.body, opened.signature)
    body = envelope.Envelope("sample", 1, opened.kid, b"Body", opened.signature)
    stranger = envelope.seal("sample", 1, b"body", sample.signer("witness"))
    return {
        "source": _OURS,
        "public_key": signer.public_key.hex(),
        "valid": [{"type": "sample", "version": 1, "body": b"body".hex(), "cbor": good.hex()}],
        "invalid": [
            {"what": "another type", "cbor": codec.encode(other).hex(), "code": "wrong_type"},
            {"what": "another version", "cbor": codec.encode(newer).hex(), "code": "bad_signature"},
            {"what": "another body", "cbor": codec.encode(body).hex(), "code": "bad_signature"},
            {"what": "another signer", "cbor": stranger.hex(), "code": "unknown_key"},
            {"what": "a byte too many", "cbor": good.hex() + "00", "code": "not_canonical"},
        ],
    }


def _entry_pass() -> Json:
    texts = {
        what: entry_pass.issue(pass_, sample.signer(who))
        for what, (who, pass_) in sample.passes().items()
    }
    paper = sample.passes()["paper"][1]
    elsewhere = entry_pass.EntryPass(
        paper.kind, entry_pass.site_tag("another-site"), *_ids(paper), *_window(paper)
    )
    swapped = entry_pass.issue(paper, sample.signer("visitor_pass"))
    stranger = entry_pass.issue(paper, sample.signer("witness"))
    foreign = entry_pass.issue(elsewhere, sample.signer("paper_pass"))
    return {
        "source": _OURS,
        "site": sample.SITE,
        "now_ms": sample.NOW_MS,
        "valid": [{"what": what, "text": text} for what, text in texts.items()],
        "invalid": [
            {"what": "a key of another scope", "text": swapped, "code": "key_out_of_scope"},
            {"what": "an unknown key", "text": stranger, "code": "unknown_pass_key"},
            {"what": "another site", "text": foreign, "code": "wrong_site"},
            {"what": "cut short", "text": texts["paper"][:-3], "code": "invalid_pass"},
            {"what": "small letters", "text": texts["paper"].lower(), "code": "invalid_pass"},
            {"what": "nothing", "text": "", "code": "invalid_pass"},
        ],
    }


def _ids(pass_: entry_pass.EntryPass) -> tuple[bytes, bytes]:
    return pass_.pass_id, pass_.credential


def _window(pass_: entry_pass.EntryPass) -> tuple[int, int]:
    return pass_.not_before_s, pass_.not_after_s


def _carried() -> Json:
    text = revocation.issue_carried(sample.carried(), sample.signer("revocation"))
    swapped = revocation.issue_carried(sample.carried(), sample.signer("paper_pass"))
    return {
        "source": _OURS,
        "site": sample.SITE,
        "gate": sample.GATE,
        "valid": [
            {
                "text": text,
                "entries": [[id_.hex(), until_s] for id_, until_s in sample.carried().entries],
            }
        ],
        "invalid": [
            {"what": "a key of another scope", "text": swapped, "code": "key_out_of_scope"},
            {"what": "cut short", "text": text[:-3], "code": "invalid_pass"},
        ],
    }


def _checkpoint() -> Json:
    note = notes.make_checkpoint(sample.checkpoint(), sample.signer("gate"))
    name = f"{sample.SITE}/witness"
    cosigned = notes.cosign(note, name, sample.signer("witness"), sample.NOW_MS // 1_000)
    return {
        "source": f"{_OURS}; formats of C2SP tlog-checkpoint and tlog-cosignature",
        "gate_key": sample.signer("gate").public_key.hex(),
        "witness": name,
        "witness_key": sample.signer("witness").public_key.hex(),
        "valid": [{"note": note, "cosigned": cosigned, "at_s": sample.NOW_MS // 1_000}],
        "invalid": [
            {
                "what": "another size",
                "note": note.replace("\n3\n", "\n4\n"),
                "code": "bad_signature",
            },
            {
                "what": "a zero in front",
                "note": note.replace("\n3\n", "\n03\n"),
                "code": "malformed",
            },
            {
                "what": "an extension line",
                "note": note.replace("\n\n", "\nx\n\n"),
                "code": "malformed",
            },
            {"what": "no signature", "note": note.split("\n\n")[0] + "\n\n", "code": "malformed"},
            {"what": "no last line end", "note": note[:-1], "code": "malformed"},
        ],
    }


def _audit() -> Json:
    leaves = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        bytes(range(0x60, 0x70)).hex(),
    ]
    hashes = [audit.leaf_hash(bytes.fromhex(leaf)) for leaf in leaves]
    return {
        "source": "the eight leaves of the reference tree of RFC 6962 implementations",
        "leaves": list(leaves),
        "roots": [audit.root_of(hashes[:size]).hex() for size in range(len(leaves) + 1)],
        "inclusion_of_5_in_7": [node.hex() for node in audit.inclusion_proof(hashes[:7], 5)],
        "consistency_from_3_to_7": [node.hex() for node in audit.consistency_proof(hashes[:7], 3)],
    }


VECTORS: Mapping[str, Callable[[], Json]] = {
    "audit": _audit,
    "base45": _base45,
    "carried_revocation": _carried,
    "checkpoint": _checkpoint,
    "codec": _codec,
    "entry_pass": _entry_pass,
    "envelope": _envelope,
    "signed_messages": _signed,
}
"""File name without suffix to what builds its content."""


def vector_texts() -> dict[str, str]:
    """Return file name -> text of every vector file."""
    return {
        f"{name}.json": json.dumps(build(), indent=2, ensure_ascii=False) + "\n"
        for name, build in VECTORS.items()
    }
