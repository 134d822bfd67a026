"""Install and list face models: the bodies of ``equalgate models install`` and ``list``.

No model is part of this repository, and everything but face works without any. A model is taken
from a folder or from its publisher, checked by hash, converted where its publisher gives no ONNX
file, asked its known answers, and only then put in place, in one step, beside its manifest.
"""

import hashlib
import hmac
import json
import os
import tempfile
from pathlib import Path

from edge.workers.face.manifest import ManifestError, ModelManifest, ModelSource, read_model
from edge.workers.face.models_manifests import (
    manifests_folder,
    parse_manifest,
    read_manifests,
    shipped_manifests,
)
from equalgate.entry import MissingPartError
from equalgate.models_sources import FolderSource, ModelFileError, PublisherSource, SourceOfFiles
from equalgate.places import assets_folder, made_folder

__all__ = ["find_models", "install", "installed_folder", "list_models"]

_STATES = {
    "": "已安装 / installed",
    "not_installed": "未安装 / not installed",
    "wrong_size": "文件已改变 / changed",
    "wrong_hash": "文件已改变 / changed",
}


def installed_folder() -> Path:
    """Return where the models of a checkout lie."""
    return made_folder() / "models"


def find_models(named: Path | None = None) -> Path:
    """Return the folder of models to use: the named one, the installed ones, or the test inputs."""
    if named is not None:
        return named
    given = assets_folder() / "models"
    return given if not installed_folder().is_dir() and given.is_dir() else installed_folder()


def install(*, origin: Path | None, into: Path | None = None, with_optional: bool = False) -> int:
    """Install the default models, and every other one with ``with_optional``; return 0 or 1.

    ``origin`` is a folder with the published files; without one it is `models` of the test inputs
    where that exists, else the publishers. 0 means that face can run; PAD networks that are missing
    are named, and face then needs the site's recorded acceptance.
    """
    target = into or installed_folder()
    given = origin or (assets_folder() / "models")
    source: SourceOfFiles = PublisherSource()
    if origin is not None or given.is_dir():
        source = FolderSource(given)
    missing_kinds = set()
    for path in sorted(shipped_manifests().glob("*.json")):
        content = path.read_bytes()
        manifest = parse_manifest(content)
        if not (manifest.is_default or with_optional):
            continue
        try:
            _install_one(manifest, source, target)
            _place(target / "manifests" / path.name, content)
        except (ModelFileError, OSError) as error:
            missing_kinds.add(manifest.kind)
            print(f"{manifest.name}: {_told(error)}")
            continue
        print(f"{manifest.name}: {_STATES['']} ({manifest.licence})")
        print(f"  {manifest.data_set_caveat}")
    if "pad" in missing_kinds:
        print("缺少活体检测模型，须由小区书面接受 / without PAD models the site must accept that")
    return int(bool(missing_kinds & {"detect", "embed"}))


def list_models(*, folder: Path | None = None, as_json: bool = False) -> int:
    """Print each known model and its state; return 1 when an installed file was changed."""
    place = folder or installed_folder()
    changed = False
    for manifest in read_manifests(manifests_folder(place)):
        code = ""
        try:
            read_model(place, manifest)
        except ManifestError as error:
            code = error.code
        changed = changed or code in {"wrong_size", "wrong_hash"}
        if as_json:
            print(json.dumps(_line(manifest, code)))
        else:
            print(f"{manifest.name}  {manifest.kind}  {_STATES[code]}  {manifest.licence}")
            print(f"  sha256 {manifest.sha256}\n  {manifest.data_set_caveat}")
    return int(changed)


def _told(error: ModelFileError | OSError) -> str:
    if isinstance(error, ModelFileError):
        return str(error)
    return (
        f"无法写入 / cannot write: {error.strerror}; 请检查磁盘和权限 / check disk and permission"
    )


def _line(manifest: ModelManifest, code: str) -> dict[str, object]:
    return {
        "name": manifest.name,
        "kind": manifest.kind,
        "state": code or "installed",
        "is_default": manifest.is_default,
        "sha256": manifest.sha256,
        "licence": manifest.licence,
        "publisher": manifest.publisher,
        "data_set_caveat": manifest.data_set_caveat,
    }


def _install_one(manifest: ModelManifest, source: SourceOfFiles, target: Path) -> None:
    content = _finished(manifest, source)
    if not hmac.compare_digest(hashlib.sha256(content).hexdigest(), manifest.sha256):
        raise ModelFileError(
            manifest.file,
            "转换结果与清单不符 / the conversion gave another file than the manifest names",
            "请更新 onnx 软件包 / update the onnx package",
        )
    _prove(manifest, content)
    _place(target / manifest.file, content)


def _finished(manifest: ModelManifest, source: SourceOfFiles) -> bytes:
    """Return the ONNX file, converted where the publisher gives another form."""
    if manifest.conversion == "none":
        return source.read(manifest.sources[0])
    try:
        from edge.workers.face.models_openvino import onnx_from_ir
    except ModuleNotFoundError:
        # Without the converter's packages, a folder may still hold the finished file.
        finished = ModelSource(manifest.file, manifest.sha256, manifest.size_bytes, ())
        return source.read(finished)
    parts = {Path(part.file).suffix: source.read(part) for part in manifest.sources}
    return onnx_from_ir(
        parts[".xml"],
        parts[".bin"],
        input_name=manifest.input.tensor,
        output_name=manifest.outputs[0],
    )


def _prove(manifest: ModelManifest, content: bytes) -> None:
    """Ask the known answers before the file is put in place."""
    try:
        from edge.workers.face.engine import EngineError
        from edge.workers.face.engine_onnx import open_onnx
        from edge.workers.face.selftest import check_model
    except ModuleNotFoundError as error:
        raise MissingPartError(error.name or "onnxruntime") from error
    try:
        engine = open_onnx(content)
        code = check_model(manifest, engine)
        engine.close()
    except EngineError as error:
        code = error.code
    if code:
        raise ModelFileError(
            manifest.file,
            f"已知答案不符 / known answers do not come out ({code})",
            "请运行 equalgate doctor / run equalgate doctor",
        )


def _place(path: Path, content: bytes) -> None:
    """Write durably beside the target and rename: a reader sees the old file or the new one."""
    if path.is_relative_to(made_folder()):
        made_folder().mkdir(exist_ok=True, mode=0o700)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
