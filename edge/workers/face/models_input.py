"""Turn a picture into the input tensor that a manifest describes."""

import numpy as np
import numpy.typing as npt

from edge.workers.face.engine import Tensor
from edge.workers.face.manifest import InputForm

__all__ = ["Picture", "to_tensor"]

Picture = npt.NDArray[np.uint8]


def to_tensor(picture: Picture, form: InputForm) -> Tensor:
    """Return ``picture`` (height x width x BGR, 0-255) as 1 x 3 x height x width.

    Every network gets exactly its own colours, mean and scale: face-reidentification-retail-0095
    under a wrong scale calls strangers the same person.
    """
    ordered = picture if form.colour_order == "bgr" else picture[:, :, ::-1]
    tensor = np.ascontiguousarray(ordered.transpose(2, 0, 1), dtype=np.float32)[np.newaxis]
    if any(form.mean):
        tensor -= np.asarray(form.mean, np.float32).reshape(1, 3, 1, 1)
    if form.scale != 1.0:
        tensor *= np.float32(form.scale)
    return tensor
