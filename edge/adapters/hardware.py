"""What the daemon gets of its hardware: locks, indicators, sources. Built by `wiring.build`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edge.adapters.face_desk import FaceDesk
from edge.adapters.reader_desk import PinQuestion
from edge.adapters.screen import ScreenFile
from edge.adapters.worker_socket import WorkerSocket
from edge.domain.card_bits import CardBits
from edge.domain.ports import Emit, Indicator, Lock, Source, adapter_kind
from mqtt.contract.events import AdapterKind

if TYPE_CHECKING:
    from edge.adapters.sim.bench import SimBench

__all__ = ["Hardware"]


@dataclass(frozen=True, slots=True)
class Hardware:
    """Every device of one gate unit.

    `locks` by portal, `indicators` by access point. `sources` stand in the order in which they
    start; relays come first, so that every lock is at rest before anything can ask for it.
    `adapters` names each device with its kind. `bench` is None where nothing is simulated, `face`
    where no face worker is let in.
    `screens` goes by access point.
    """

    locks: Mapping[str, Lock]
    indicators: Mapping[str, Indicator]
    sources: tuple[Source, ...]
    adapters: Mapping[str, AdapterKind]
    workers: WorkerSocket
    pins: PinQuestion
    bench: "SimBench | None"
    face: FaceDesk | None = None
    screens: Mapping[str, ScreenFile] = field(default_factory=dict)

    @property
    def kind(self) -> AdapterKind:
        """Return `real` only if every device is (promise 11)."""
        return adapter_kind(self.adapters.values())

    def start(self, emit: Emit) -> None:
        """Start every source; each tells its state as inputs."""
        for source in self.sources:
            source.start(emit)

    def stop(self) -> None:
        """Stop every source, the last one started first; locks go to rest."""
        for source in reversed(self.sources):
            source.stop()

    def ask_for_pin(self, needs_pin: Callable[[CardBits], bool]) -> None:
        """Let readers with keys hold those fobs for which `needs_pin` says so.

        It is called on readers' threads, so it reads a frozen view of what the gate knows. Without
        it every fob is passed on at once.
        """
        self.pins.ask = needs_pin
