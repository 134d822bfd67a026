"""Read the manifests of the models, strictly: an unknown, missing or odd field is refused.

They lie as `NAME.json` in the `manifests` folder beside the installed models, where
`equalgate models install` puts them; in a checkout they come from `firmware-config/models`.
JSON because the worker also runs on Python 3.10, which has no TOML reader.
"""

import dataclasses
import json
import re
import types
import typing
from pathlib import Path

from edge.workers.face.manifest import ManifestError, ModelKind, ModelManifest

__all__ = ["manifests_folder", "parse_manifest", "read_manifests", "shipped_manifests"]

MANIFEST_FORMAT = 1
_MAX_MANIFEST_BYTES = 256 * 1024
_READER_OF: dict[ModelKind, str] = {
    "detect": "yunet",
    "align": "five_points",
    "embed": "embedding",
    "pad": "softmax",
}
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.onnx")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def shipped_manifests() -> Path:
    """Return where the manifests of a checkout lie."""
    return Path(__file__).resolve().parents[3] / "firmware-config" / "models"


def manifests_folder(models: Path) -> Path:
    """Return where the manifests of the folder ``models`` lie."""
    installed = models / "manifests"
    return installed if installed.is_dir() else shipped_manifests()


def read_manifests(folder: Path) -> tuple[ModelManifest, ...]:
    """Return all manifests of a folder, in the order of their names; raises ``ManifestError``."""
    try:
        paths = sorted(folder.glob("*.json"))
        contents = [path.read_bytes() for path in paths]
    except OSError:
        raise ManifestError("unreadable_manifest") from None
    return tuple(parse_manifest(content) for content in contents)


def parse_manifest(content: bytes) -> ModelManifest:
    """Return the manifest in ``content``; raises ``ManifestError`` for anything but a good one."""
    if len(content) > _MAX_MANIFEST_BYTES:
        raise ManifestError("manifest_too_long")
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise ManifestError("not_json") from None
    if not isinstance(body, dict) or body.pop("format", None) != MANIFEST_FORMAT:
        raise ManifestError("unknown_format")
    manifest = _record(ModelManifest, body, "manifest")
    _check(manifest)
    return manifest


def _check(manifest: ModelManifest) -> None:
    if manifest.reader != _READER_OF[manifest.kind]:
        raise ManifestError("wrong_reader", "reader")
    if not _FILE.fullmatch(manifest.file):
        raise ManifestError("bad_value", "file")
    hashes = [manifest.sha256, *(source.sha256 for source in manifest.sources)]
    if not all(_SHA256.fullmatch(value) for value in hashes):
        raise ManifestError("bad_value", "sha256")
    if not manifest.known_answers:
        raise ManifestError("bad_value", "known_answers")
    if manifest.kind != "detect" and not (manifest.input.width and manifest.input.height):
        raise ManifestError("bad_value", "input")
    if (manifest.kind == "pad") != (manifest.pad is not None):
        raise ManifestError("bad_value", "pad")
    if manifest.kind == "embed" and not (
        manifest.embedding_length > 0
        and manifest.metric == "cosine"
        and len(manifest.template_points) == 5
    ):
        raise ManifestError("bad_value", "embedding_length")


_Record = typing.TypeVar("_Record")


def _record(cls: type[_Record], body: object, name: str) -> _Record:
    if not isinstance(body, dict):
        raise ManifestError("wrong_type", name)
    hints = typing.get_type_hints(cls)
    unknown = sorted(body.keys() - hints.keys())
    if unknown:
        raise ManifestError("unknown_field", unknown[0][:40])
    optional = {
        field.name
        for field in dataclasses.fields(cls)  # type: ignore[arg-type]  # always one of ours
        if field.default is not dataclasses.MISSING
    }
    missing = sorted(hints.keys() - body.keys() - optional)
    if missing:
        raise ManifestError("missing_field", missing[0])
    return cls(**{key: _value(body[key], hints[key], key) for key in body})


def _value(value: object, kind: object, name: str) -> object:
    """Return ``value`` as ``kind``: a record, literal, tuple, number, text, bool or nothing."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _value(value, parts[0], name)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _record(kind, value, name)
    if origin is tuple and isinstance(value, list):
        return _items(value, parts, name)
    if origin is typing.Literal and isinstance(value, str):
        if value not in parts:
            raise ManifestError("not_allowed", name)
        return value
    if kind is float and type(value) in (int, float):
        return float(typing.cast("float", value))
    if kind in (int, str, bool) and type(value) is kind:
        return value
    raise ManifestError("wrong_type", name)


def _items(values: list[object], parts: tuple[object, ...], name: str) -> tuple[object, ...]:
    if len(parts) == 2 and parts[1] is Ellipsis:
        return tuple(_value(value, parts[0], name) for value in values)
    if len(values) != len(parts):
        raise ManifestError("wrong_length", name)
    return tuple(_value(value, part, name) for value, part in zip(values, parts, strict=True))
