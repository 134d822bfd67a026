"""Models and software by the same gate: checked by hash, put in use, and back again."""

import hashlib
from pathlib import Path

import pytest

from edge.adapters.artefacts import ArtefactFolder, MemoryArtefacts
from edge.domain.artefacts import ArtefactState
from mqtt.contract import codec
from mqtt.contract.rollout import ArtefactKind, ArtefactRecord, TrialVerdict
from mqtt.contract.topics import DocumentName
from tests.unit.test_gate_trial import WINDOW_MS, Link, config, on_trial


def offered(folder: Path, content: bytes) -> ArtefactRecord:
    digest = hashlib.sha256(content).digest()
    (folder / "offered").mkdir(parents=True, exist_ok=True)
    (folder / "offered" / digest.hex()).write_bytes(content)
    return ArtefactRecord(ArtefactKind.MODEL, "v", digest, len(content))


def test_only_the_file_that_was_offered_is_put_in_use(tmp_path: Path) -> None:
    folder = ArtefactFolder(tmp_path)
    old, new = offered(tmp_path, b"old model"), offered(tmp_path, b"new model")
    link = tmp_path / "current" / "yunet"
    assert folder.use({"yunet": old}) == {"yunet": ArtefactState.OK}
    assert link.read_bytes() == b"old model"
    (tmp_path / "offered" / new.sha256.hex()).write_bytes(b"evil file")
    assert folder.use({"yunet": new}) == {"yunet": ArtefactState.FAULT}
    assert link.read_bytes() == b"old model"
    offered(tmp_path, b"new model")
    assert folder.use({"yunet": new}) == {"yunet": ArtefactState.OK}
    assert link.read_bytes() == b"new model"
    assert folder.use({"yunet": old}) == {"yunet": ArtefactState.OK}
    assert link.read_bytes() == b"old model"


def test_a_file_that_has_not_arrived_is_waited_for(tmp_path: Path) -> None:
    record = offered(tmp_path, b"model")
    (tmp_path / "offered" / record.sha256.hex()).unlink()
    assert ArtefactFolder(tmp_path).use({"x": record}) == {"x": ArtefactState.PENDING}


@pytest.mark.parametrize("state", [ArtefactState.OK, ArtefactState.FAULT, ArtefactState.PENDING])
def test_G13_a_trial_of_a_model_is_judged_by_its_file(state: ArtefactState) -> None:
    files = MemoryArtefacts()
    link = Link(files)
    record = ArtefactRecord(ArtefactKind.MODEL, "2026-05", b"h" * 32, 7)
    records = {**config(5_000, on_trial()), "artefact:yunet": codec.encode(record)}
    files.states["yunet"] = state
    link.publish_document(DocumentName.CONFIG, 2, records)
    link.checks["lock:north"] = "moved"
    link.run(WINDOW_MS + 8_000)
    verdict, check = {
        ArtefactState.OK: (TrialVerdict.HEALTHY, "ok"),
        ArtefactState.FAULT: (TrialVerdict.FAILED, "fault"),
        ArtefactState.PENDING: (TrialVerdict.UNPROVEN, "unproven"),
    }[state]
    last = link.reports()[-1]
    assert (last.verdict, last.checks["artefact:yunet"]) == (verdict, check)
    assert files.wanted == {"yunet": record}
