"""A clock, a recorder of inputs and a kernel with GPIO lines, for tests of hardware adapters."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import gpiod
from gpiod.line import Direction, Value

from edge.domain.inputs import Input
from edge.domain.model import Moment

T = TypeVar("T")


class MonotonicClock:
    """The machine's clocks, as a gate reads them."""

    def now(self) -> Moment:
        return Moment(time.monotonic_ns() // 1_000_000, time.time_ns() // 1_000_000)


class Recorder:
    """Takes inputs from any thread and lets a test wait for them."""

    def __init__(self) -> None:
        self.items: list[Input] = []
        self._changed = threading.Condition()

    def __call__(self, item: Input) -> None:
        with self._changed:
            self.items.append(item)
            self._changed.notify_all()

    def of(self, kind: type[T]) -> list[T]:
        return [item for item in self.items if isinstance(item, kind)]

    def wait(
        self,
        kind: type[T],
        where: Callable[[T], bool] = lambda _: True,
        *,
        count: int = 1,
        timeout_s: float = 5.0,
    ) -> list[T]:
        def found() -> list[T] | None:
            matching = [item for item in self.of(kind) if where(item)]
            return matching if len(matching) >= count else None

        with self._changed:
            result = self._changed.wait_for(found, timeout_s)
        assert result, f"no {kind.__name__} x{count} within {timeout_s} s; got {self.items}"
        return result

    def settle(self, quiet_s: float = 0.15) -> None:
        """Wait until nothing has come for a while."""
        seen = -1
        while seen != len(self.items):
            seen = len(self.items)
            time.sleep(quiet_s)


@dataclass(frozen=True)
class KernelEdge:
    event_type: Any
    timestamp_ns: int
    line_offset: int


class Kernel:
    """Stands at the place of the kernel's GPIO device, below libgpiod's Python classes.

    Levels are physical; `writes` lists every physical change of an output.
    """

    def __init__(self) -> None:
        self.levels: dict[int, bool] = {}
        self.writes: list[tuple[int, bool]] = []
        self.requests: list[KernelRequest] = []
        self.is_gone = False

    def request_lines(
        self, path: str, config: dict[int, Any], consumer: str = "", **_options: Any
    ) -> "KernelRequest":
        if self.is_gone:
            raise FileNotFoundError(path)
        request = KernelRequest(self, dict(config))
        self.requests.append(request)
        return request

    def set(self, offset: int, level: bool) -> None:
        if self.levels.get(offset, False) == level:
            return
        self.levels[offset] = level
        for request in self.requests:
            request.edge(offset, level)

    def break_off(self) -> None:
        self.is_gone = True
        for request in self.requests:
            request.edge(next(iter(request.config)), True)


class KernelRequest:
    def __init__(self, kernel: Kernel, config: dict[int, Any]) -> None:
        self.kernel = kernel
        self.config = config
        self.fd, self._write = os.pipe()
        self._events: list[KernelEdge] = []
        self._is_released = False
        for offset, settings in config.items():
            if settings.direction == Direction.OUTPUT:
                self._put(offset, settings.output_value)

    def _put(self, offset: int, value: Value) -> None:
        level = (value == Value.ACTIVE) != self.config[offset].active_low
        if self.kernel.levels.get(offset, False) != level:
            self.kernel.levels[offset] = level
            self.kernel.writes.append((offset, level))

    def set_value(self, offset: int, value: Value) -> None:
        self._check()
        self._put(offset, value)

    def get_values(self, offsets: Sequence[int]) -> list[Value]:
        self._check()
        return [Value.ACTIVE if self._logical(offset) else Value.INACTIVE for offset in offsets]

    def read_edge_events(self) -> list[KernelEdge]:
        self._check()
        os.read(self.fd, 4096)
        events, self._events = self._events, []
        return events

    def edge(self, offset: int, level: bool) -> None:
        if self._is_released or offset not in self.config:
            return
        rising = level != self.config[offset].active_low
        types = gpiod.EdgeEvent.Type
        kind = types.RISING_EDGE if rising else types.FALLING_EDGE
        self._events.append(KernelEdge(kind, time.monotonic_ns(), offset))
        os.write(self._write, b".")

    def release(self) -> None:
        self._is_released = True
        os.close(self.fd)
        os.close(self._write)

    def _logical(self, offset: int) -> bool:
        return self.kernel.levels.get(offset, False) != bool(self.config[offset].active_low)

    def _check(self) -> None:
        if self.kernel.is_gone:
            raise OSError(19, "No such device")
