"""What people do at the gates and in the office: the load of a run, drawn at random."""

from collections.abc import Callable
from functools import partial
from random import Random

from edge.domain.card_formats import CardTier
from edge.domain.gate_attempt import IN_VIEW_MS
from edge.domain.inputs import Attempted, ExitRequested, Input
from edge.domain.model import AccessAttempt, CardClaim, Claim, Moment, PassClaim
from equalgate.simulation.compound import FOBS, GATES, Compound, card_of
from equalgate.simulation.controller_unit import ControllerUnit
from equalgate.simulation.gate_process import Process
from equalgate.simulation.gate_unit import GateUnit
from equalgate.simulation.invariants import OPENS_WITHIN_MS, Invariants
from equalgate.simulation.world import World
from mqtt.contract.commands import Operation
from mqtt.contract.events import AdapterKind, Method
from mqtt.contract.topics import DocumentName

__all__ = ["Traffic"]

_SIMULATED = AdapterKind.SIMULATED
_BETWEEN_ORDERS_MS = 16_000
_MOST_FOBS = FOBS + 15

Act = Callable[[GateUnit], None]


class Traffic:
    """Draws acts and does them. Who holds what is remembered, so that expectations can be checked.

    An order is given only after the deadline of the one before, so that every opening of the remote
    door belongs to one order.
    """

    def __init__(
        self, world: World, compound: Compound, controller: ControllerUnit, invariants: Invariants
    ) -> None:
        self._world = world
        self._compound = compound
        self._controller = controller
        self._invariants = invariants
        self._fobs = set(range(1, FOBS + 1))
        self._papers = set(range(1, FOBS + 1))
        self._gone: list[int] = []
        self._next_fob = FOBS + 1
        self._visitors: list[tuple[str, str]] = []
        self._ordered_ms: dict[str, int] = {}
        self._acts: tuple[tuple[int, Act], ...] = (
            (6, self._fob),
            (4, self._paper),
            (3, self._visitor),
            (3, self._order),
            (2, self._revoked_fob),
            (1, self._stranger),
            (1, self._revoke),
            (1, self._issue),
            (1, self._leave),
            (1, self._force),
            (1, self._fire),
            (1, GateUnit.erase),
        )

    def act(self, unit: GateUnit) -> None:
        """Do one thing at a gate."""
        weights = [weight for weight, _ in self._acts]
        (act,) = self._rng.choices([act for _, act in self._acts], weights)
        act(unit)

    def provoke(self, unit: GateUnit) -> None:
        """Do something at a gate that a fault there can spoil: an order, a visit, a fob."""
        self._rng.choice((self._order, self._order, self._visitor, self._fob))(unit)

    @property
    def _rng(self) -> Random:
        return self._world.rng

    # Residents

    def _fob(self, unit: GateUnit) -> None:
        number = self._rng.choice(sorted(self._fobs))
        claim = CardClaim(card_of(number), CardTier.CLONABLE)
        self._resident(unit, Method.FOB, claim, self._compound.fob_id(number))

    def _paper(self, unit: GateUnit) -> None:
        number = self._rng.choice(sorted(self._papers))
        claim = PassClaim(self._compound.paper(number))
        self._resident(unit, Method.QR, claim, self._compound.paper_id(number))

    def _resident(self, unit: GateUnit, method: Method, claim: Claim, credential: bytes) -> None:
        process = unit.process
        if process is None or process.gate.knowledge.credentials.get(credential) is None:
            return
        if process.gate.state.fire or _may_be_in_view(process, claim):
            return
        before = self._invariants.moves(unit)
        self._attempt(unit, method, claim, unit.portals[0])

        def check() -> None:
            if unit.process is process and not process.gate.state.fire:
                self._invariants.opened_in_time(unit, before)

        self._world.after(OPENS_WITHIN_MS, check)
        self._world.after(1_500, partial(self._walk, unit, unit.portals[0]))

    def _walk(self, unit: GateUnit, portal: str) -> None:
        if unit.machine.relays.get(portal) and self._rng.random() < 0.8:
            unit.door(portal, is_open=True)
            self._world.after(2_500, partial(unit.door, portal, is_open=False))

    def _revoked_fob(self, unit: GateUnit) -> None:
        if self._gone:
            number = self._rng.choice(self._gone)
            self._attempt(
                unit, Method.FOB, CardClaim(card_of(number), CardTier.CLONABLE), unit.portals[0]
            )

    def _stranger(self, unit: GateUnit) -> None:
        text = "AC1:" + "A" * 150
        claim = self._rng.choice(
            (CardClaim(card_of(999), CardTier.CLONABLE), PassClaim(text), PassClaim("x"))
        )
        method = Method.FOB if isinstance(claim, CardClaim) else Method.QR
        self._attempt(unit, method, claim, unit.portals[0])

    def _visitor(self, unit: GateUnit) -> None:
        rng = self._rng
        if not self._visitors or rng.random() < 0.4:
            uses = rng.choice((1, 1, 2))
            number = len(self._visitors)
            pass_id, text = self._compound.visitor(number, uses, rng.choice(GATES))
            self._invariants.invited(pass_id, uses)
            self._visitors.append((text, unit.name))
        text, _ = rng.choice(self._visitors)
        self._attempt(unit, Method.QR, PassClaim(text), unit.portals[1])

    def _attempt(self, unit: GateUnit, method: Method, claim: Claim, portal: str) -> None:
        self._world.note(f"{unit.name}: {method.value} at {portal}")

        def make(at: Moment) -> Input:
            attempt = AccessAttempt(f"{portal}-in", method, claim, at.mono_ms, _SIMULATED)
            return Attempted(at, attempt)

        unit.sense(make)

    # Staff

    def _order(self, unit: GateUnit) -> None:
        now_ms = self._world.now_ms
        if now_ms - self._ordered_ms.get(unit.name, -_BETWEEN_ORDERS_MS) < _BETWEEN_ORDERS_MS:
            return
        if not self._controller.is_running:
            return
        point = f"{unit.portals[2]}-in"
        order = self._controller.desk.order(unit.name, Operation.OPEN, point)
        self._world.note(f"order for {unit.name}: {'given' if order else 'not possible'}")
        if order is not None:
            self._ordered_ms[unit.name] = now_ms
            self._invariants.ordered(order)

    def _revoke(self, _: GateUnit) -> None:
        kind = self._rng.choice(("fob", "paper"))
        holders = self._fobs if kind == "fob" else self._papers
        if not self._controller.is_running or len(holders) < 4:
            return
        number = self._rng.choice(sorted(holders))
        holders.discard(number)
        credential = self._compound.paper_id(number)
        if kind == "fob":
            credential = self._compound.fob_id(number)
            self._gone.append(number)
        self._world.note(f"{kind} {number} is revoked")
        self._controller.desk.revoke(credential)
        self._controller.sync()
        for gate in GATES:
            version = self._controller.desk.wanted(gate)[DocumentName.REVOCATIONS].version
            self._invariants.revoked(gate, credential, version)

    def _issue(self, _: GateUnit) -> None:
        if not self._controller.is_running or self._next_fob > _MOST_FOBS:
            return
        self._world.note(f"fob {self._next_fob} is issued")
        self._controller.desk.add_fob(self._next_fob)
        self._fobs.add(self._next_fob)
        self._next_fob += 1
        self._controller.sync()

    # Doors

    def _leave(self, unit: GateUnit) -> None:
        portal = unit.portals[0]
        for pressed in (True, False):
            unit.sense(partial(_exit, portal, pressed=pressed))

    def _force(self, unit: GateUnit) -> None:
        portal = self._rng.choice(unit.portals)
        unit.door(portal, is_open=True)
        self._world.after(4_000, partial(unit.door, portal, is_open=False))

    def _fire(self, unit: GateUnit) -> None:
        self._world.note(f"{unit.name}: fire")
        unit.fire(active=True)
        self._world.after(20_000, partial(self._fire_ends, unit))

    def _fire_ends(self, unit: GateUnit) -> None:
        unit.fire(active=False)
        if self._controller.is_running:
            self._controller.desk.order(unit.name, Operation.RESET_FIRE, f"{unit.portals[2]}-in")


def _exit(portal: str, at: Moment, *, pressed: bool) -> ExitRequested:
    return ExitRequested(at, portal, pressed, _SIMULATED)


def _may_be_in_view(process: Process, claim: Claim) -> bool:
    """Tell whether a code may still be the same presentation, which is not judged again."""
    since_ms = process.clock.now().mono_ms - IN_VIEW_MS
    seen = any(sight.last_mono_ms > since_ms for sight in process.gate.state.sights)
    return isinstance(claim, PassClaim) and seen
