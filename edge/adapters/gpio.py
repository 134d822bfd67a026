"""Drive and watch real lines through the kernel's GPIO character device (libgpiod 2).

`gpiod` is loaded when a line is opened, so a gate without lines does not need it. When the process
ends, the kernel lets the lines go and their level is no longer ours: the relay board has to bound a
pulse by itself, and a start puts every output to rest (kernel documentation, gpio/chardev).
"""

import datetime as dt
import os
import select
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from edge.adapters.lines import Edge
from edge.config.devices import GpioLine
from mqtt.contract.errors import UnavailableError
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode

if TYPE_CHECKING:
    import gpiod

__all__ = ["GpioInputs", "GpioOutput", "load_gpiod"]

_CONSUMER = "equalgate"
# The kernel filters needles; what a contact bounces longer is judged by `contacts`.
_GLITCH = dt.timedelta(milliseconds=2)


def load_gpiod(code: ReasonCode = ReasonCode.INPUT_FAULT) -> ModuleType:
    """Return the library. Raises UnavailableError(`code`) where it is not installed."""
    try:
        import gpiod
        import gpiod.line
    except ImportError as error:
        raise UnavailableError(code, "gpiod is not installed") from error
    return gpiod


class GpioOutput:
    """One output line, at rest from the moment at which it is taken."""

    kind = AdapterKind.REAL

    def __init__(self, line: GpioLine) -> None:
        self._line = line
        self._request: gpiod.LineRequest | None = None

    def open(self) -> None:
        """Take the line with its rest level in the same call (D07)."""
        library = load_gpiod(ReasonCode.LOCK_FAULT)
        values = library.line
        settings = library.LineSettings(
            direction=values.Direction.OUTPUT,
            output_value=values.Value.INACTIVE,
            active_low=self._line.is_active_low,
        )
        try:
            self._request = library.request_lines(
                f"/dev/{self._line.chip}", {self._line.line: settings}, consumer=_CONSUMER
            )
        except (OSError, ValueError) as error:
            raise UnavailableError(ReasonCode.LOCK_FAULT, self._line.chip) from error

    def drive(self, *, active: bool) -> None:
        """Set the level."""
        if self._request is None:
            self.open()
        library = load_gpiod(ReasonCode.LOCK_FAULT)
        value = library.line.Value.ACTIVE if active else library.line.Value.INACTIVE
        assert self._request is not None
        try:
            self._request.set_value(self._line.line, value)
        except (OSError, ValueError) as error:
            self._release()
            raise UnavailableError(ReasonCode.LOCK_FAULT, self._line.chip) from error

    def close(self) -> None:
        """Put the line to rest and let it go."""
        if self._request is None:
            return
        try:
            self.drive(active=False)
        except UnavailableError:
            return
        self._release()

    def _release(self) -> None:
        if self._request is not None:
            self._request.release()
            self._request = None


class GpioInputs:
    """Input lines of one chip."""

    kind = AdapterKind.REAL

    def __init__(self, chip: str, lines: Sequence[GpioLine]) -> None:
        self.name = chip
        self._lines = tuple(lines)
        self._request: gpiod.LineRequest | None = None
        self._wake_read, self._wake_write = -1, -1

    def open(self) -> None:
        """Take every line with edge detection on both edges."""
        library = load_gpiod()
        values = library.line
        biases = {
            "as_is": values.Bias.AS_IS,
            "up": values.Bias.PULL_UP,
            "down": values.Bias.PULL_DOWN,
            "floating": values.Bias.DISABLED,
        }
        settings = {
            line.line: library.LineSettings(
                direction=values.Direction.INPUT,
                edge_detection=values.Edge.BOTH,
                bias=biases[line.bias],
                active_low=line.is_active_low,
                debounce_period=_GLITCH,
            )
            for line in self._lines
        }
        try:
            self._request = library.request_lines(f"/dev/{self.name}", settings, consumer=_CONSUMER)
        except (OSError, ValueError) as error:
            raise UnavailableError(ReasonCode.INPUT_FAULT, self.name) from error
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def levels(self) -> tuple[bool, ...]:
        """Read every level now."""
        active = load_gpiod().line.Value.ACTIVE
        try:
            values = self._held().get_values([line.line for line in self._lines])
        except (OSError, ValueError) as error:
            raise UnavailableError(ReasonCode.INPUT_FAULT, self.name) from error
        return tuple(value == active for value in values)

    def wait(self, timeout_s: float | None) -> Sequence[Edge]:
        """Sleep until an edge, a wake or the end of the time."""
        library, request = load_gpiod(), self._held()
        rising = library.EdgeEvent.Type.RISING_EDGE
        places = {line.line: index for index, line in enumerate(self._lines)}
        try:
            ready, _, _ = select.select([request.fd, self._wake_read], [], [], timeout_s)
            if self._wake_read in ready:
                os.read(self._wake_read, 64)
            events = request.read_edge_events() if request.fd in ready else []
        except (OSError, ValueError) as error:
            raise UnavailableError(ReasonCode.INPUT_FAULT, self.name) from error
        # The kernel counts active-low lines already: rising means that the line became active.
        return [
            Edge(places[e.line_offset], e.event_type == rising, e.timestamp_ns // 1_000_000)
            for e in events
        ]

    def wake(self) -> None:
        """End a `wait`."""
        if self._wake_write >= 0:
            os.write(self._wake_write, b".")

    def close(self) -> None:
        """Let the lines go."""
        if self._request is not None:
            self._request.release()
            self._request = None
            os.close(self._wake_read)
            os.close(self._wake_write)
            self._wake_read = self._wake_write = -1

    def _held(self) -> "gpiod.LineRequest":
        if self._request is None:
            raise UnavailableError(ReasonCode.INPUT_FAULT, self.name)
        return self._request
