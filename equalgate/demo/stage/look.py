"""See how the south gate stands now: screen, door, lights, network, counters."""

from dataclasses import dataclass, field

from sqlalchemy import Engine, func, select

from controller.storage.models import EventRow
from controller.storage.unit_of_work import UnitOfWork
from edge.adapters.sim.client import RequestRefusedError, SimClient
from edge.kiosk.follow import Boards, monotonic_ms
from edge.kiosk.view import View, view_of
from equalgate.demo.compound import Compound
from equalgate.demo.stage.acts import DOOR, GATE, PLACE
from mqtt.contract.errors import UnavailableError

__all__ = ["Scene", "Watcher"]

_LIT_MS = {"green": 3_000, "red": 2_000, "amber": 8_000, "blue": 5_000}


@dataclass(frozen=True, slots=True)
class Scene:
    """One look. `light` is the colour of the reader's LED now, `off` for none.

    `waiting` counts events that the controller has not signed for, `recorded` those it holds.
    """

    view: View
    is_here: bool = False
    is_unlocked: bool = False
    is_door_open: bool = False
    light: str = "off"
    is_online: bool = True
    waiting: int = 0
    recorded: int = 0
    ways: dict[str, str] = field(default_factory=dict)


class Watcher:
    """Looks; one thread uses it."""

    def __init__(self, compound: Compound, engine: Engine) -> None:
        self._compound = compound
        self._engine = engine
        self._boards = Boards(compound.gates[GATE].screen_folder)
        self._sim = SimClient(compound.gates[GATE].sim_socket, timeout_s=2.0)

    def look(self) -> Scene:
        """Return how things stand."""
        reading = self._boards.read(PLACE)
        view = view_of(reading, monotonic_ms())
        online = self._compound.broker.is_running
        waiting = 0 if reading is None else reading.waiting
        ways = {} if reading is None else dict(reading.ways)
        recorded = self._recorded()
        try:
            relay = self._sim.relay(DOOR)
            light = self._light()
        except (UnavailableError, RequestRefusedError):
            return Scene(view, is_online=online, waiting=waiting, recorded=recorded, ways=ways)
        return Scene(
            view,
            is_here=True,
            is_unlocked=relay.is_active,
            is_door_open=relay.door_is_open,
            light=light,
            is_online=online,
            waiting=waiting,
            recorded=recorded,
            ways=ways,
        )

    def close(self) -> None:
        """Hang up."""
        self._sim.close()

    def _light(self) -> str:
        lamp = next((one for one in self._sim.lamps() if one.access_point == PLACE), None)
        if lamp is None or monotonic_ms() - lamp.since_mono_ms > _LIT_MS.get(lamp.colour, 0):
            return "off"
        return lamp.colour

    def _recorded(self) -> int:
        with UnitOfWork(self._engine, writes=False) as uow:
            found = select(func.count()).select_from(EventRow).where(EventRow.gate == GATE)
            return int(uow.session.scalar(found) or 0)
