"""Make the half-precision file of a model, and prove on the processor that it still answers alike.

Networks are strongly typed, so the precision of an engine is that of its ONNX file. The file that
the gate builds from runs on ONNX Runtime as well, which is what makes the proof possible without
a GPU. Inputs and outputs stay float32; exponentials and large sums stay in single precision.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from edge.workers.face.engine import Engine, EngineError, Tensor

__all__ = ["COSINE_FLOORS", "Precision", "agreement", "disagrees", "half_precision"]

Precision = Literal["float32", "float16"]
COSINE_FLOORS: dict[Precision, float] = {"float32": 0.99999, "float16": 0.9995}
"""Our limits: how near the answers of an engine must be to those of ONNX Runtime."""
_SENSITIVE = (
    "Exp",
    "Softmax",
    "LogSoftmax",
    "ReduceMean",
    "ReduceSum",
    "ReduceL2",
    "Sigmoid",
    "Pow",
)
# A sensitive operation between two others makes no difference worth two conversions of large maps.
_CHEAP = frozenset({"Sigmoid"})


def half_precision(content: bytes) -> bytes:
    """Return the ONNX file in float16; raises ``EngineError`` with `not_convertible`."""
    try:
        import onnx
        from onnxruntime.transformers.float16 import (
            DEFAULT_OP_BLOCK_LIST,
            convert_float_to_float16,
        )
    except ImportError as error:
        raise EngineError("no_converter", error.name or "") from None
    blocked = [*DEFAULT_OP_BLOCK_LIST, *(name for name in _SENSITIVE if name not in _CHEAP)]
    try:
        model = onnx.load_from_string(content)
        halved = convert_float_to_float16(model, keep_io_types=True, op_block_list=blocked)
        return bytes(halved.SerializeToString())
    except Exception as error:  # noqa: BLE001 - two libraries with errors of their own
        raise EngineError("not_convertible", type(error).__name__) from None


def agreement(known: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> dict[str, float]:
    """Return the cosine between two answers per output; -1 for another shape or no number."""
    found = {}
    for name, wanted in known.items():
        answer = given.get(name)
        if answer is None or answer.shape != wanted.shape or not np.all(np.isfinite(answer)):
            found[name] = -1.0
            continue
        one, other = wanted.astype(np.float64).ravel(), answer.astype(np.float64).ravel()
        norms = float(np.linalg.norm(one) * np.linalg.norm(other))
        is_zero = norms == 0 and np.array_equal(one, other)
        found[name] = 1.0 if is_zero else float(one @ other) / max(norms, 1e-300)
    return found


def disagrees(
    reference: Engine, engine: Engine, feeds: Sequence[Mapping[str, Tensor]], floor: float
) -> str:
    """Return the first output on which two engines differ by more than ``floor`` allows."""
    for feed in feeds:
        for name, cosine in agreement(reference.run(feed), engine.run(feed)).items():
            if cosine < floor:
                return name
    return ""
