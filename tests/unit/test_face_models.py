import json
import re

import pytest

from edge.workers.face.manifest import ManifestError
from edge.workers.face.models_manifests import parse_manifest, shipped_manifests
from tests.support.face_assets import shipped

YUNET = json.loads((shipped_manifests() / "yunet-2026may.json").read_text())
PAD = json.loads((shipped_manifests() / "pad-minifasnet-v2.json").read_text())
EMBED = json.loads((shipped_manifests() / "face-reidentification-retail-0095.json").read_text())


def code_of(body: object) -> str:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(json.dumps(body).encode())
    return caught.value.code


def test_one_default_detector_one_embedder_and_both_votes_are_shipped() -> None:
    default = [manifest for manifest in shipped().values() if manifest.is_default]
    assert sorted(manifest.kind for manifest in default) == ["detect", "embed", "pad", "pad", "pad"]
    assert sorted(m.pad.vote for m in default if m.pad) == ["pair", "pair", "primary"]


def test_every_manifest_names_its_file_licence_publisher_and_data_set() -> None:
    for path in shipped_manifests().glob("*.json"):
        manifest = parse_manifest(path.read_bytes())
        assert path.stem == manifest.name
        assert manifest.licence in {"MIT", "Apache-2.0"}
        assert manifest.publisher
        assert len(manifest.data_set_caveat) > 20
        assert manifest.known_answers
        for source in manifest.sources:
            assert source.size_bytes > 0
            assert all(re.match(r"https://[a-z.]+/", address) for address in source.addresses)


@pytest.mark.parametrize("kind", ["age", "gender", "emotion", "ethnicity", "health", "", "Detect"])
def test_a_network_that_guesses_anything_about_people_cannot_be_described(kind: str) -> None:
    assert code_of(YUNET | {"kind": kind}) == "not_allowed"
    assert code_of(YUNET | {"reader": kind}) == "not_allowed"


def test_a_kind_is_read_by_its_own_reader_only() -> None:
    assert code_of(YUNET | {"reader": "embedding"}) == "wrong_reader"
    assert code_of(PAD | {"kind": "embed"}) == "wrong_reader"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([], "unknown_format"),
        (YUNET | {"format": 2}, "unknown_format"),
        (YUNET | {"surprise": 1}, "unknown_field"),
        ({key: value for key, value in YUNET.items() if key != "licence"}, "missing_field"),
        (YUNET | {"size_bytes": "229738"}, "wrong_type"),
        (YUNET | {"size_bytes": True}, "wrong_type"),
        (YUNET | {"is_default": 1}, "wrong_type"),
        (YUNET | {"input": None}, "wrong_type"),
        (YUNET | {"input": YUNET["input"] | {"mean": [0, 0]}}, "wrong_length"),
        (YUNET | {"input": YUNET["input"] | {"colour_order": "grey"}}, "not_allowed"),
        (YUNET | {"sha256": "00"}, "bad_value"),
        (YUNET | {"file": "../other.onnx"}, "bad_value"),
        (YUNET | {"file": "weights.pth"}, "bad_value"),
        (YUNET | {"known_answers": []}, "bad_value"),
        (YUNET | {"pad": PAD["pad"]}, "bad_value"),
        (PAD | {"pad": None}, "bad_value"),
        (PAD | {"input": PAD["input"] | {"width": None}}, "bad_value"),
        (EMBED | {"metric": ""}, "bad_value"),
        (EMBED | {"embedding_length": 0}, "bad_value"),
        (EMBED | {"template_points": EMBED["template_points"][:4]}, "bad_value"),
    ],
)
def test_a_manifest_with_anything_odd_is_refused(body: object, code: str) -> None:
    assert code_of(body) == code


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b" " * 300_000])
def test_bytes_that_are_no_manifest_are_refused(content: bytes) -> None:
    with pytest.raises(ManifestError):
        parse_manifest(content)


def test_an_error_never_repeats_what_the_file_says() -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(json.dumps(YUNET | {"licence": ["secret"]}).encode())
    assert "secret" not in str(caught.value)
