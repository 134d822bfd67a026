"""Answer like an engine without a network: for tests, the simulator and machines without models."""

from collections.abc import Callable, Mapping

import numpy as np

from edge.workers.face.engine import EngineError, EngineInfo, Tensor, TensorSpec, check_feeds

__all__ = ["FakeEngine"]

Answer = Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]]


class FakeEngine:
    """Run ``answer`` in place of a network, with the same checks as a real engine."""

    def __init__(
        self, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...], answer: Answer
    ) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.info = EngineInfo("fake", "1", "float32")
        self._answer = answer
        self._is_open = True

    def run(self, feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what ``answer`` gives, checked against the outputs."""
        if not self._is_open:
            raise EngineError("closed")
        check_feeds(self.inputs, feeds)
        given = self._answer({name: value.copy() for name, value in feeds.items()})
        check_feeds(self.outputs, given)
        return {spec.name: np.array(given[spec.name]) for spec in self.outputs}

    def close(self) -> None:
        """Refuse every later run."""
        self._is_open = False
