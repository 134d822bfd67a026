"""Make the vectors of bundles: one that is intact, and lies that a controller of its own signed.

    python -m tests.support.evidence_vectors

A manager may run a controller of his own making, so most of these are signed again with the
compound's key. A vector names the members that differ from `intact.zip`, as base64 of zlib, null
for one that is gone; whoever reads them packs the members in the bundle's one form.
"""

import base64
import hashlib
import io
import json
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import cbor2

from controller.services.evidence.archive import Archive
from controller.services.keys import signer_for
from controller.storage.engine import make_engine
from controller.storage.migrate import upgrade
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec, envelope
from mqtt.contract.bundle import EVIDENCE_TYPE, rank
from mqtt.contract.parity import ParityTally
from mqtt.contract.records import KeyScope
from tests.support.evidence_site import open_evidence_site

__all__ = ["FOLDER", "Members", "members_of", "packed", "vectors"]

Members = dict[str, bytes]
FOLDER = Path(__file__).parents[1] / "vectors/evidence"
_LATE = ("manifest.json", "report.pdf", "signatures.json")
_SOUTH, _NORTH = "gate-south", "gate-north"


def members_of(data: bytes) -> Members:
    """Return the members of a bundle."""
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(members: Members) -> bytes:
    """Return the bundle of these members in its one form."""
    file = io.BytesIO()
    archive = Archive(file)
    for name in sorted(members, key=rank):
        archive.add(name, [members[name]])
    archive.close()
    return file.getvalue()


def vectors() -> dict[str, tuple[bytes, str]]:
    """Return every shipped vector: its bytes and the expected answer."""
    whole = (FOLDER / "intact.zip").read_bytes()
    found = {"intact": (whole, "INTACT")}
    for each in json.loads((FOLDER / "vectors.json").read_text("utf-8")):
        members = members_of(whole)
        for name, raw in each["members"].items():
            members.pop(name, None)
            if raw is not None:
                members[name] = zlib.decompress(base64.b64decode(raw))
        found[each["name"]] = (packed(members), each["verdict"])
    return found


def _table(members: Members, name: str) -> Any:
    return json.loads(members[name])


def _put(members: Members, name: str, value: object) -> None:
    members[name] = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode()


def _flip(members: Members, name: str, old: bytes, new: bytes) -> None:
    assert old in members[name], name
    members[name] = members[name].replace(old, new, 1)


def _leaves(members: Members, name: str) -> list[bytes]:
    data, at, found = members[name], 0, []
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        found.append(data[at:end])
        at = end
    return found


def _south(members: Members, folder: str) -> str:
    return next(name for name in members if name.startswith(f"{folder}/{_SOUTH}/"))


def _count_again(members: Members) -> None:
    """Let the report's numbers follow from what is left, as a careful liar would."""
    tally = ParityTally()
    for name in members:
        for leaf in _leaves(members, name) if name.startswith("events/") else ():
            tally.add_leaf(cbor2.loads(leaf[2:]))
    report = _table(members, "report.json")
    report["parity"] = [list(astuple(row)) for row in tally.rows()]
    _put(members, "report.json", report)


def _cut(members: Members) -> None:
    name = _south(members, "events")
    members[name] = b"".join(_leaves(members, name)[:-3])
    manifest = _table(members, "manifest.json")
    for log in manifest["logs"]:
        log["count"] -= 3 if log["gate"] == _SOUTH else 0
    _put(members, "manifest.json", manifest)
    _count_again(members)


def _swap(members: Members) -> None:
    name = _south(members, "events")
    leaves = _leaves(members, name)
    leaves[3], leaves[4] = leaves[4], leaves[3]
    members[name] = b"".join(leaves)


def _late_start(members: Members) -> None:
    name = _south(members, "events")
    members[name] = b"".join(_leaves(members, name)[4:])
    manifest = _table(members, "manifest.json")
    for log in manifest["logs"]:
        if log["gate"] == _SOUTH:
            log |= {"first": 4, "count": log["count"] - 4, "peaks": ["00" * 32]}
    _put(members, "manifest.json", manifest)


def _no_gate(members: Members) -> None:
    for name in [each for each in members if f"/{_NORTH}/" in each]:
        del members[name]
    manifest = _table(members, "manifest.json")
    manifest["logs"] = [log for log in manifest["logs"] if log["gate"] != _NORTH]
    _put(members, "manifest.json", manifest)
    _count_again(members)
    report = _table(members, "report.json")
    del report["proofs"][_NORTH]
    report["containment"] = [each for each in report["containment"] if _NORTH not in each]
    _put(members, "report.json", report)


def _report(change: Callable[[Any], object]) -> Callable[[Members], None]:
    def lie(members: Members) -> None:
        report = _table(members, "report.json")
        change(report)
        _put(members, "report.json", report)

    return lie


def _gate_key(members: Members) -> None:
    keys = _table(members, "keys.json")
    keys["gates"][0]["public_key"] = "11" * 32
    _put(members, "keys.json", keys)


_LIES: dict[str, tuple[str, Callable[[Members], None]]] = {
    "a record is changed": (
        "ALTERED", lambda each: _flip(each, _south(each, "events"), b"granted", b"refused"),
    ),
    "two records change places": ("ALTERED", _swap),
    "the newest records are cut off": ("INCOMPLETE", _cut),
    "a log begins later over an invented start": ("ALTERED", _late_start),
    "a gate is left out": ("INCOMPLETE", _no_gate),
    "a log has no checkpoint": (
        "INCOMPLETE", lambda each: each.__setitem__(_south(each, "heads"), b""),
    ),
    "a checkpoint is changed": (
        "ALTERED", lambda each: _flip(each, _south(each, "heads"), b"controller ", b"controlled "),
    ),
    "a gate has another key": ("ALTERED", _gate_key),
    "numbers of the ways in are made up": (
        "ALTERED", _report(lambda report: report["parity"][0].__setitem__(3, 999)),
    ),
    "an access class is left out": (
        "ALTERED", _report(lambda report: report.update(classes=[[["all"], []]])),
    ),
    "a verdict is not one": (
        "ALTERED", _report(lambda report: report["rules"][0].update(verdict="CERTIFIED")),
    ),
    "the controller's log has another root": (
        "ALTERED", _report(lambda report: report["control_log"].update(root="22" * 32)),
    ),
    "a record of the controller is changed": (
        "ALTERED", lambda each: _flip(each, "control.log", b"document", b"documens"),
    ),
    "a configuration is changed": (
        "ALTERED",
        lambda each: _flip(each, f"documents/{_SOUTH}/policy", b"residents", b"residentz"),
    ),
    "a table is written in another form": (
        "ALTERED", lambda each: each.__setitem__("report.json", each["report.json"] + b"\n"),
    ),
    "the printed report is another one": (
        "ALTERED", lambda each: each.__setitem__("report.pdf", b"all is well"),
    ),
}  # fmt: skip


def _signed(members: Members, signer: envelope.Signer) -> None:
    """Name every member anew and sign, as a lying controller would."""
    manifest = _table(members, "manifest.json")
    manifest["members"] = [
        {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in sorted(members.items(), key=lambda each: rank(each[0]))
        if name not in _LATE
    ]
    _put(members, "manifest.json", manifest)
    said: dict[str, codec.Plain] = {
        "site": manifest["site"],
        "made_at_ms": manifest["made_at_ms"],
        "manifest": hashlib.sha256(members["manifest.json"]).digest(),
        "report": hashlib.sha256(members["report.pdf"]).digest(),
    }
    sealed = envelope.seal(EVIDENCE_TYPE, 1, codec.encode_plain(said), signer)
    _put(members, "signatures.json", {"controller": base64.b64encode(sealed).decode()})


def _write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{folder}/c.db")
        upgrade(engine)
        site = open_evidence_site(engine, each=8)
        whole, _ = site.bundle()
        with UnitOfWork(engine, writes=False) as uow:
            signer = signer_for(uow, site.desk.site, KeyScope.DOCUMENT, site.desk.moment)
        engine.dispose()
    made = []
    for name, (verdict, lie) in _LIES.items():
        members = members_of(whole)
        lie(members)
        if name != "the printed report is another one":
            _signed(members, signer)
        before = members_of(whole)
        changed: dict[str, str | None] = {
            each: base64.b64encode(zlib.compress(members[each], 9)).decode()
            if each in members
            else None
            for each in sorted(before.keys() | members.keys(), key=rank)
            if before.get(each) != members.get(each)
        }
        made.append({"name": name, "verdict": verdict, "members": changed})
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "intact.zip").write_bytes(whole)
    (FOLDER / "vectors.json").write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    _write()
