import json
import shutil
from pathlib import Path

import pytest

from edge.workers.face.manifest import ManifestError, ModelSource, read_model
from edge.workers.face.models_manifests import shipped_manifests
from edge.workers.face.pipeline import open_pipeline
from equalgate import models
from equalgate.cli import main
from equalgate.models_sources import FolderSource, ModelFileError, PublisherSource, checked
from tests.support.face_assets import models_folder, shipped

IR = "openvino_ir"
EMBEDDER = "face-reidentification-retail-0095"
PAD_FILE = "pad_minifasv2se_1.5_128_v9780.onnx"


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Return a folder as a person brings it on a stick: published files, nothing converted."""
    folder = tmp_path / "stick"
    names = ["face_detection_yunet_2026may.onnx", PAD_FILE]
    names += ["pad_minifasnet_v2_2.7_80.onnx", "pad_minifasnet_v1se_4.0_80.onnx"]
    names += [f"{IR}/{EMBEDDER}.xml", f"{IR}/{EMBEDDER}.bin"]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(models_folder() / name, folder / name)
    return folder


def install(media: Path, target: Path) -> int:
    return main(["models", "install", "--from", str(media), "--into", str(target)])


@pytest.fixture(scope="module")
def installed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed") / "models"
    assert install(models_folder(), target) == 0
    return target


@pytest.fixture
def target(installed_once: Path, tmp_path: Path) -> Path:
    """Return a folder in which the default models are installed."""
    return Path(shutil.copytree(installed_once, tmp_path / "models"))


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.onnx")}


def test_models_are_installed_from_a_folder_and_then_run(media: Path, tmp_path: Path) -> None:
    target = tmp_path / "made" / "models"
    assert install(media, target) == 0
    default = {name: m for name, m in shipped().items() if m.is_default}
    assert files(target) == {manifest.file for manifest in default.values()}
    assert {p.stem for p in (target / "manifests").iterdir()} == set(default)
    pipeline = open_pipeline(target)
    assert pipeline.has_pad
    assert pipeline.self_test().passes
    pipeline.close()


def test_installing_again_changes_nothing(media: Path, target: Path) -> None:
    before = {path.name: path.read_bytes() for path in target.glob("*.onnx")}
    assert install(media, target) == 0
    assert {path.name: path.read_bytes() for path in target.glob("*.onnx")} == before
    assert not list(target.rglob(".*"))


def test_a_changed_file_is_refused_and_the_installed_one_stays(
    media: Path, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = media / "face_detection_yunet_2026may.onnx"
    content = bytearray(changed.read_bytes())
    content[1000] ^= 1
    changed.write_bytes(content)
    capsys.readouterr()
    assert install(media, target) == 1
    assert "与清单不符" in capsys.readouterr().out
    assert read_model(target, shipped()["yunet-2026may"])
    assert open_pipeline(target).self_test().passes


@pytest.mark.parametrize("name", [f"{IR}/{EMBEDDER}.bin", f"{IR}/{EMBEDDER}.xml"])
def test_a_changed_ir_is_never_converted(media: Path, tmp_path: Path, name: str) -> None:
    content = bytearray((media / name).read_bytes())
    content[2000] ^= 1
    (media / name).write_bytes(content)
    target = tmp_path / "models"
    assert install(media, target) == 1
    assert f"{EMBEDDER}.onnx" not in files(target)


def test_without_pad_files_face_can_run_and_the_acceptance_is_asked_for(
    media: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (media / PAD_FILE).unlink()
    target = tmp_path / "models"
    assert install(media, target) == 0
    assert "接受" in capsys.readouterr().out
    pipeline = open_pipeline(target)
    assert not pipeline.has_pad
    pipeline.close()


def test_without_a_detector_nothing_can_run(media: Path, tmp_path: Path) -> None:
    (media / "face_detection_yunet_2026may.onnx").unlink()
    assert install(media, tmp_path / "models") == 1
    assert install(tmp_path / "absent", tmp_path / "other") == 1


def test_a_file_that_was_changed_after_installation_is_not_loaded(
    target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = target / PAD_FILE
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(ManifestError) as caught:
        open_pipeline(target)
    assert caught.value.code == "wrong_hash"
    capsys.readouterr()
    assert main(["models", "list", "--folder", str(target), "--json"]) == 1
    states = {
        line["name"]: line["state"]
        for line in map(json.loads, capsys.readouterr().out.splitlines())
    }
    assert states.pop("pad-minifasv2se-v9780") == "wrong_hash"
    assert set(states.values()) == {"installed"}


def test_the_list_of_nothing_names_every_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "list", "--folder", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert all(name in told for name in shipped())
    assert "未安装" in told


def test_a_model_that_answers_differently_is_not_installed(
    media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The file is right and the manifest asks for something else: as with a broken engine.
    wrong = tmp_path / "manifests"
    shutil.copytree(shipped_manifests(), wrong)
    body = json.loads((wrong / "yunet-2026may.json").read_text())
    body["known_answers"][0]["values"][0] = 0.5
    (wrong / "yunet-2026may.json").write_text(json.dumps(body))
    monkeypatch.setattr(models, "shipped_manifests", lambda: wrong)
    target = tmp_path / "models"
    assert install(media, target) == 1
    assert "face_detection_yunet_2026may.onnx" not in files(target)


def test_an_interrupted_write_leaves_the_old_file(
    media: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (target / PAD_FILE).read_bytes()

    def disk_full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", disk_full)
    assert install(media, target) == 1
    assert (target / PAD_FILE).read_bytes() == before
    assert not list(target.rglob(".*"))


def test_only_https_addresses_are_asked() -> None:
    for address in ("http://models.example/x.onnx", "file:///etc/hostname", "ftp://x/y"):
        source = ModelSource("x.onnx", "0" * 64, 1, (address,))
        with pytest.raises(ModelFileError) as caught:
            PublisherSource().read(source)
        assert "--from" in caught.value.cure


def test_a_folder_may_hold_an_old_file_beside_the_right_one(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "x.onnx").write_bytes(b"old")
    (tmp_path / "b" / "x.onnx").write_bytes(b"new")
    digest = "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437"
    source = ModelSource("x.onnx", digest, 3, ())
    assert FolderSource(tmp_path).read(source) == b"new"
    with pytest.raises(ModelFileError):
        checked(b"old", source)


def test_models_are_looked_for_where_they_were_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets, made = tmp_path / "assets", tmp_path / "made"
    (assets / "models").mkdir(parents=True)
    monkeypatch.setenv("EQUALGATE_ASSETS", str(assets))
    monkeypatch.setattr(models, "made_folder", lambda: made)
    assert models.find_models(tmp_path) == tmp_path
    assert models.find_models() == assets / "models"
    (made / "models").mkdir(parents=True)
    assert models.find_models() == made / "models"
