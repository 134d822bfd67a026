"""Vote whether a person or a picture of one stands before the camera.

Two votes, both of which must pass (measured on 21 attacks: none accepted, which proves no more
than a rate under 13 %): the primary network with at least 0.5, and the mean of the pair with at
least 0.3. These networks read fine texture, and dark, noisy or compressed frames look like skin to
them, so the quality gate comes first and nothing is sharpened or cleaned in between. A vote that
fails refuses; one that passes is never called proof.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.workers.face.detect import Face
from edge.workers.face.engine import Engine, EngineError, Tensor, check_specs
from edge.workers.face.manifest import ModelManifest, PadForm
from edge.workers.face.models_input import Picture, to_tensor

__all__ = ["PAIR_FLOOR", "PRIMARY_FLOOR", "PadNetwork", "PadVote", "PadVoters", "pad_crop"]

PRIMARY_FLOOR = 0.5
PAIR_FLOOR = 0.3


@dataclass(frozen=True, slots=True)
class PadVote:
    """Hold the two votes, each from 0 (attack) to 1 (bona fide)."""

    primary: float
    pair_mean: float

    @property
    def passes(self) -> bool:
        """Tell whether both votes are for a bona fide presentation."""
        return self.primary >= PRIMARY_FLOOR and self.pair_mean >= PAIR_FLOOR


class PadNetwork:
    """Hold one network of the vote."""

    def __init__(self, engine: Engine, manifest: ModelManifest) -> None:
        self._engine = engine
        self._manifest = manifest

    def check(self) -> None:
        """Raise ``EngineError`` when the network is not one that this class can read."""
        form = self._manifest.input
        check_specs(self._engine, input_name=form.tensor, outputs=self._manifest.outputs)

    def logits(self, picture: Picture, face: Face) -> npt.NDArray[np.float64]:
        """Return the raw answer for the face, one number per class."""
        form, pad = self._manifest.input, self._manifest.pad
        if pad is None:
            raise EngineError("no_pad_form", self._manifest.name)
        crop = pad_crop(picture, face, pad, (form.width or 0, form.height or 0))
        answer: Tensor = self._engine.run({form.tensor: to_tensor(crop, form)})[
            self._manifest.outputs[0]
        ]
        return answer.reshape(-1).astype(np.float64)

    def vote_of(self, logits: npt.NDArray[np.float64]) -> float:
        """Return how much an answer is for a bona fide presentation, 0 to 1."""
        pad = self._manifest.pad
        if pad is None or len(logits) <= pad.bona_fide_class or not np.all(np.isfinite(logits)):
            raise EngineError("bad_vote", self._manifest.name)
        shares = np.exp(logits - logits.max())
        return float(shares[pad.bona_fide_class] / shares.sum())

    def close(self) -> None:
        """Let go of the network."""
        self._engine.close()


@dataclass(frozen=True, slots=True)
class PadVoters:
    """Hold the primary network and the pair."""

    primary: PadNetwork
    pair: tuple[PadNetwork, ...]

    @property
    def networks(self) -> tuple[PadNetwork, ...]:
        """Return all of them, the primary one first."""
        return (self.primary, *self.pair)

    def vote(self, picture: Picture, face: Face) -> PadVote:
        """Return both votes for one face of one raw frame; raises ``EngineError``."""
        primary, *pair = (
            network.vote_of(network.logits(picture, face)) for network in self.networks
        )
        return PadVote(primary, sum(pair) / len(pair))


def pad_crop(picture: Picture, face: Face, form: PadForm, size: tuple[int, int]) -> Picture:
    """Return the part of ``picture`` that a network of ``form`` sees, as ``size``."""
    if form.rule == "square_reflect":
        return _square_crop(picture, face, form.factor, size)
    return _fitted_crop(picture, face, form.factor, size)


def _square_crop(picture: Picture, face: Face, factor: float, size: tuple[int, int]) -> Picture:
    """Cut a square of ``factor`` x the longer side; outside the picture it is mirrored."""
    exact = max(face.width, face.height) * factor
    side = max(1, round(exact))
    centre_x, centre_y = face.centre
    columns = _mirrored(round(centre_x - exact / 2), side, picture.shape[1])
    rows = _mirrored(round(centre_y - exact / 2), side, picture.shape[0])
    crop = picture[np.ix_(rows, columns)]
    how = cv2.INTER_AREA if side > max(size) else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(crop, size, interpolation=how), dtype=np.uint8)


def _mirrored(start: int, count: int, length: int) -> npt.NDArray[np.intp]:
    """Return ``count`` indices from ``start``, reflected at both ends, the edge not repeated."""
    period = max(1, 2 * (length - 1))
    index = np.arange(start, start + count) % period
    return np.minimum(index, period - index)


def _fitted_crop(picture: Picture, face: Face, factor: float, size: tuple[int, int]) -> Picture:
    """Cut the enlarged box, the factor reduced until it fits, shifted inside the picture.

    As the authors of the pair do it (Silent-Face-Anti-Spoofing, `generate_patches.py`).
    """
    height, width = picture.shape[:2]
    factor = min((height - 1) / face.height, (width - 1) / face.width, factor)
    across, down = face.width * factor, face.height * factor
    centre_x, centre_y = face.centre
    left = min(max(centre_x - across / 2, 0), width - 1 - across)
    top = min(max(centre_y - down / 2, 0), height - 1 - down)
    rows = slice(max(0, int(top)), int(top + down) + 1)
    columns = slice(max(0, int(left)), int(left + across) + 1)
    return np.asarray(cv2.resize(picture[rows, columns], size), dtype=np.uint8)
