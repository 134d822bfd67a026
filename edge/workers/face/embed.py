"""Turn an aligned face into a unit vector; two vectors compare by their cosine.

face-reidentification-retail-0095 wants BGR 0..255 without mean or scale, because 1/255 is inside
its graph. Scaled twice, strangers look alike at 0.99: the self-test exists because of that.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from edge.workers.face.align import aligned, share_inside, to_chip
from edge.workers.face.detect import Points
from edge.workers.face.engine import Engine, EngineError, Tensor, check_specs
from edge.workers.face.manifest import ModelManifest
from edge.workers.face.models_input import Picture, to_tensor
from edge.workers.face.trt.picture import placing_engine, warped

__all__ = ["Embedder"]


class Embedder:
    """Make embeddings with one model; ``model_sha256`` names it in every stored reference."""

    def __init__(self, engine: Engine, manifest: ModelManifest) -> None:
        self._engine = engine
        self._manifest = manifest

    @property
    def model_sha256(self) -> str:
        """Return the hash of the model file."""
        return self._manifest.sha256

    @property
    def length(self) -> int:
        """Return how many numbers an embedding has."""
        return self._manifest.embedding_length

    def check(self) -> None:
        """Raise ``EngineError`` when the network is not one that this class can read."""
        form = self._manifest.input
        check_specs(self._engine, input_name=form.tensor, outputs=self._manifest.outputs)

    def close(self) -> None:
        """Let go of the network."""
        self._engine.close()

    def chip(self, picture: Picture, points: Points) -> Picture:
        """Return the aligned face; raises ``ValueError`` for points that coincide."""
        return aligned(picture, points, self._manifest.template_points, self._size())

    def share_inside(self, frame_size: tuple[int, int], points: Points) -> float:
        """Return how much of the aligned face lies inside a frame of (width, height)."""
        template = self._manifest.template_points
        return share_inside(frame_size, points, template, self._size())

    def embed(self, chips: Sequence[Picture]) -> Tensor:
        """Return one unit vector per chip, N x ``length``; raises ``EngineError``."""
        form = self._manifest.input
        feeds = {form.tensor: np.concatenate([to_tensor(chip, form) for chip in chips])}
        return self._unit(self._engine.run(feeds), len(chips))

    def embed_face(self, picture: Picture, points: Points, chip: Picture) -> Tensor:
        """Return the unit vector of the face at ``points``, whose aligned picture is ``chip``.

        An engine with kernels aligns the face itself, where the frame lies.
        """
        placer = placing_engine(self._engine)
        if placer is None:
            return np.asarray(self.embed([chip])[0])
        matrix = to_chip(points, self._manifest.template_points, self._size())
        placing = warped(matrix, self._size(), self._manifest.input)
        return np.asarray(self._unit(placer.run_picture(picture, placing), 1)[0])

    def _unit(self, answers: Mapping[str, Tensor], count: int) -> Tensor:
        vectors = answers[self._manifest.outputs[0]].reshape(count, -1).astype(np.float32)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if vectors.shape[1] != self.length or not np.all(np.isfinite(norms) & (norms > 0)):
            raise EngineError("bad_embedding")
        return np.asarray(vectors / norms, dtype=np.float32)

    def _size(self) -> tuple[int, int]:
        form = self._manifest.input
        return form.width or 0, form.height or 0
