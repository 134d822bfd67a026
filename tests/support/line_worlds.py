"""Electrical lines of one kind, with somebody who moves them and looks at them."""

from typing import Protocol

from edge.adapters.gpio import GpioInputs, GpioOutput
from edge.adapters.lines import InputLines, OutputLine
from edge.adapters.sim.lines import SimInputs, SimOutput
from edge.config.devices import GpioLine
from mqtt.contract.events import AdapterKind
from tests.support.hardware import Kernel

__all__ = ["KernelWorld", "SimWorld", "World"]


class World(Protocol):
    """Lines of one kind with somebody who moves and looks at them."""

    kind: AdapterKind

    def output(self) -> OutputLine: ...
    def coil(self) -> bool: ...
    def switchings(self) -> int: ...
    def lose_output(self) -> None: ...
    def inputs(self) -> InputLines: ...
    def move(self, index: int, *, active: bool) -> None: ...
    def lose_inputs(self) -> None: ...
    def bring_inputs(self) -> None: ...


class SimWorld:
    kind = AdapterKind.SIMULATED

    def __init__(self, count: int) -> None:
        self._output = SimOutput()
        self._inputs = SimInputs([False] * count)

    def output(self) -> OutputLine:
        return self._output

    def coil(self) -> bool:
        return self._output.is_active

    def switchings(self) -> int:
        return len(self._output.history)

    def lose_output(self) -> None:
        self._output.is_gone = True

    def inputs(self) -> InputLines:
        return self._inputs

    def move(self, index: int, *, active: bool) -> None:
        self._inputs.set(index, active=active)

    def lose_inputs(self) -> None:
        self._inputs.unplug()

    def bring_inputs(self) -> None:
        self._inputs.plug()


class KernelWorld:
    """libgpiod's own classes over a played system call; every line is active low."""

    kind = AdapterKind.REAL
    LOCK_LINE = 40

    def __init__(self, kernel: Kernel, count: int) -> None:
        self._kernel = kernel
        self._count = count
        for offset in (*range(count), self.LOCK_LINE):
            kernel.levels[offset] = True

    def output(self) -> OutputLine:
        return GpioOutput(GpioLine("gpiochip9", self.LOCK_LINE, is_active_low=True))

    def coil(self) -> bool:
        return not self._kernel.levels[self.LOCK_LINE]

    def switchings(self) -> int:
        return len(self._kernel.writes)

    def lose_output(self) -> None:
        self._kernel.is_gone = True

    def inputs(self) -> InputLines:
        lines = [
            GpioLine("gpiochip9", at, is_active_low=True, bias="up") for at in range(self._count)
        ]
        return GpioInputs("gpiochip9", lines)

    def move(self, index: int, *, active: bool) -> None:
        self._kernel.set(index, not active)

    def lose_inputs(self) -> None:
        self._kernel.break_off()

    def bring_inputs(self) -> None:
        self._kernel.is_gone = False
