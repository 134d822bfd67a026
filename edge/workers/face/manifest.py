"""Describe a face model as data: what file it is, what goes in, what comes out, which licence.

A model is a plug-in. Its manifest is a small JSON file, installed beside it and owned by root;
the code knows only the kinds below, so a network that guesses age, sex, emotion or health has no
way in.
Rules:

1. Only ``detect``, ``align``, ``embed`` and ``pad`` exist, each with the readers listed for it.
2. A model file is read once, its size and SHA-256 are checked on the bytes that are then loaded.
3. Nothing is unpickled; a model is an ONNX file.
"""

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = [
    "MAX_MODEL_BYTES", "ColourOrder", "CropRule", "InputForm", "KnownAnswer", "ManifestError",
    "ModelKind", "ModelManifest", "ModelSource", "PadForm", "Point", "read_model",
]  # fmt: skip

MAX_MODEL_BYTES = 256 * 1024 * 1024

ModelKind = Literal["detect", "align", "embed", "pad"]
Reader = Literal["yunet", "five_points", "embedding", "softmax"]
ColourOrder = Literal["bgr", "rgb"]
CropRule = Literal["square_reflect", "fitted_box"]
Conversion = Literal["none", "openvino_ir"]
Point = tuple[float, float]


class ManifestError(Exception):
    """Refuse a manifest or a model file; ``code`` is stable, ``name`` is a field or file name."""

    def __init__(self, code: str, name: str = "") -> None:
        super().__init__(f"{code}: {name}" if name else code)
        self.code = code
        self.name = name


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Name one published file that a model is made of, and where its publisher keeps it."""

    file: str
    sha256: str
    size_bytes: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InputForm:
    """Say how a picture becomes the input tensor: ``(pixel - mean) * scale`` in ``colour_order``.

    ``width`` and ``height`` are None where the network takes any multiple of 32 pixels.
    """

    tensor: str
    width: int | None
    height: int | None
    colour_order: ColourOrder
    mean: tuple[float, float, float]
    scale: float


@dataclass(frozen=True, slots=True)
class PadForm:
    """Say what a PAD network sees and answers: the crop around the box, and the bona fide class.

    ``factor`` is the side of the crop in box sides. ``vote`` is the vote that it belongs to: the
    primary one alone, or the pair whose mean is the second one.
    """

    rule: CropRule
    factor: float
    bona_fide_class: int
    vote: Literal["primary", "pair"]


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """Hold what the right model answers to one synthetic scene, prepared the right way.

    ``values`` are: ``detect`` the score, the box and the five points; ``align`` five points;
    ``embed`` the unit embedding; ``pad`` the logits and the vote.
    """

    scene: int
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ModelManifest:
    """Describe one model file completely. ``sha256`` is its identity and that of its references."""

    name: str
    kind: ModelKind
    reader: Reader
    file: str
    sha256: str
    size_bytes: int
    input: InputForm
    outputs: tuple[str, ...]
    is_default: bool
    conversion: Conversion
    sources: tuple[ModelSource, ...]
    licence: str
    publisher: str
    data_set_caveat: str
    known_answers: tuple[KnownAnswer, ...]
    template_points: tuple[Point, ...] = ()
    embedding_length: int = 0
    metric: Literal["cosine", ""] = ""
    pad: PadForm | None = None


def read_model(folder: Path, manifest: ModelManifest) -> bytes:
    """Return the bytes of the model file of ``manifest`` in ``folder``.

    Raises ``ManifestError`` with ``not_installed``, ``wrong_size`` or ``wrong_hash``.
    """
    path = folder / manifest.file
    try:
        if path.stat().st_size != manifest.size_bytes:
            raise ManifestError("wrong_size", manifest.file)
        content = path.read_bytes()
    except OSError:
        raise ManifestError("not_installed", manifest.file) from None
    if not hmac.compare_digest(hashlib.sha256(content).hexdigest(), manifest.sha256):
        raise ManifestError("wrong_hash", manifest.file)
    return content
