"""Run networks on the processor with ONNX Runtime: the default engine and the reference.

Its telemetry, on by default from 1.31, is switched off before it is imported: it would write an id
of this machine into the user's home.
"""

import os
from collections.abc import Mapping

import numpy as np

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from edge.workers.face.engine import (
    EngineError,
    EngineInfo,
    Tensor,
    TensorSpec,
    check_feeds,
)

__all__ = ["OnnxEngine", "open_onnx"]

_FAILURES: tuple[type[Exception], ...] = (
    RuntimeError,
    ValueError,
    *(
        kind
        for kind in vars(ort_errors).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ),
)


class OnnxEngine:
    """Hold one ONNX Runtime session; ``session`` comes from ``open_onnx``."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session: onnxruntime.InferenceSession | None = session
        self.inputs = tuple(_spec(value) for value in session.get_inputs())
        self.outputs = tuple(_spec(value) for value in session.get_outputs())
        self.info = EngineInfo("onnxruntime", str(onnxruntime.__version__), "float32")
        self._names = [spec.name for spec in self.outputs]

    def run(self, feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return every output for ``feeds``; safe from several threads."""
        session = self._session
        if session is None:
            raise EngineError("closed")
        check_feeds(self.inputs, feeds)
        try:
            values = session.run(self._names, dict(feeds))
        except _FAILURES:
            # The runtime's own words may repeat shapes of the frame and paths of the machine.
            raise EngineError("run_failed") from None
        return dict(zip(self._names, (np.asarray(value) for value in values), strict=True))

    def close(self) -> None:
        """Drop the session."""
        self._session = None


def open_onnx(content: bytes, *, threads: int = 2) -> OnnxEngine:
    """Return an engine for the bytes of an ONNX file, whose hash the caller has checked.

    ``threads`` is how many cores one run may use. They sleep between runs instead of spinning, so
    that the other ways in keep their speed. Raises ``EngineError`` for bytes that are no network.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.log_severity_level = 4  # errors come as exceptions
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(
            content, sess_options=options, providers=["CPUExecutionProvider"]
        )
    except _FAILURES:
        raise EngineError("load_failed") from None
    return OnnxEngine(session)


def _spec(value: onnxruntime.NodeArg) -> TensorSpec:
    if value.type != "tensor(float)":
        raise EngineError("wrong_type", value.name)
    return TensorSpec(
        value.name, tuple(axis if isinstance(axis, int) else None for axis in value.shape)
    )
