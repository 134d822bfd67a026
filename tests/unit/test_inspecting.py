"""What inspectors and districts do on their own machine, through the command line."""

import time
import zipfile
from pathlib import Path

import msgspec
import pytest
import segno

from equalgate.cli import main
from equalgate.inspecting import holds_in_bundle
from mqtt.contract import audit
from mqtt.contract.admission import open_admission
from mqtt.contract.bundle import leaf_frame
from mqtt.contract.witness import nonce_text, seal_answer
from tests.unit.test_contract_witness import ANSWER, GATE, NONCE


def test_a_photographed_answer_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = tmp_path / "photo.png"
    segno.make(seal_answer(ANSWER, GATE), error="l").save(str(photo), scale=4, border=4)
    assert main(["witness", "check", str(photo), "--nonce", nonce_text(NONCE)]) == 0
    told = capsys.readouterr().out
    assert "tongxing/gate-south SIMULATED" in told
    assert main(["witness", "check", str(photo), "--nonce", nonce_text(b"x" * 16)]) == 1
    assert main(["witness", "check", str(tmp_path / "none.png")]) == 1


def test_a_bundle_that_was_rewritten_does_not_hold_what_was_witnessed(tmp_path: Path) -> None:
    leaves = [bytes([at]) * 9 for at in range(7)]
    root = audit.root_of(audit.leaf_hash(leaf) for leaf in leaves[:5])
    answer = msgspec.structs.replace(ANSWER, size=5, root=root)
    for name, kept, holds in (
        ("whole", leaves, True),
        ("changed", [b"other", *leaves[1:]], False),
        ("cut", leaves[:4], False),
    ):
        bundle = tmp_path / f"{name}.zip"
        with zipfile.ZipFile(bundle, "w") as made:
            made.writestr("events/gate-south/1", b"".join(leaf_frame(leaf) for leaf in kept))
        assert holds_in_bundle(answer, bundle) is holds


def test_a_district_makes_a_key_and_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, file = tmp_path / "district.key", tmp_path / "li.bin"
    assert main(["district", "key", str(key)]) == 0
    public_key = bytes.fromhex(capsys.readouterr().out.strip())
    assert key.stat().st_mode & 0o077 == 0
    given = ["--key", str(key), "--site", "tongxing", "--login", "li", "--name", "李"]
    assert main(["district", "admit", str(file), *given]) == 0
    now_ms = time.time_ns() // 1_000_000
    assert open_admission(file.read_bytes(), "tongxing", public_key, now_ms).login == "li"
