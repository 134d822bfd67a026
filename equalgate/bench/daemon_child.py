"""Start the gate's daemon as `python -m edge` does, with an attempt already in its inbox.

`python -m equalgate.bench.daemon_child CONFIG CARD`. The only differences from the field: the
attempt of that card is put into the inbox when the loop is made, and the time of the first relay
command is printed (CLOCK_MONOTONIC, ns), whereupon the process ends.
"""

import os
import sys
import time

from edge import __main__ as field
from edge import bootstrap
from edge.adapters.relay import RelayLock
from edge.domain.card_bits import CardBits
from edge.domain.card_tier import CardTier
from edge.domain.effects import Effect
from edge.domain.inputs import Attempted
from edge.domain.model import AccessAttempt, CardClaim, Moment
from edge.gate.loop import GateLoop
from edge.gate.performer import Performer
from mqtt.contract.events import AdapterKind, Method

__all__: list[str] = []

_PLACE = "east-in"
_LENGTH = 24


class _LoopWithAttempt(GateLoop):
    """The product's loop; somebody held a fob to the reader before it was up."""

    value = 0

    def begin(self, performer: Performer, at: Moment, effects: tuple[Effect, ...]) -> None:
        """Begin, with the attempt in the inbox."""
        super().begin(performer, at, effects)
        claim = CardClaim(CardBits(self.value, _LENGTH), CardTier.CLONABLE)
        attempt = AccessAttempt(_PLACE, Method.FOB, claim, at.mono_ms, AdapterKind.SIMULATED)
        self.put(Attempted(at, attempt))


def _tell_and_end(_lock: RelayLock) -> None:
    sys.stdout.write(f"{time.monotonic_ns()}\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    _LoopWithAttempt.value = int(sys.argv[2])
    bootstrap.GateLoop = _LoopWithAttempt  # type: ignore[attr-defined]  # the one part that is exchanged
    RelayLock.unlock = _tell_and_end  # type: ignore[assignment]  # the first relay command
    sys.exit(field.main(["run", "--config", sys.argv[1]]))
