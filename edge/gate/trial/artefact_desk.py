"""Put offered models and software versions in use, and tell how each stands as a check."""

from collections.abc import Mapping

from edge.domain.artefacts import Artefacts, ArtefactState, artefacts_of
from edge.domain.model import Moment
from edge.gate.disk import Bench
from mqtt.contract.documents import Held
from mqtt.contract.rollout import ArtefactRecord

__all__ = ["LOOK_EVERY_MS", "ArtefactDesk"]

LOOK_EVERY_MS = 10_000
"""A file that is not there yet is looked for this often."""


class ArtefactDesk:
    """Follows the configuration in force; going back puts the file before in use again."""

    def __init__(self, artefacts: Artefacts | None, bench: Bench) -> None:
        self._artefacts = artefacts
        self._bench = bench
        self._digest = b""
        self._wanted: dict[str, ArtefactRecord] = {}
        self._states: Mapping[str, ArtefactState] = {}
        self._is_busy = False
        self._due_ms = 0

    def tick(self, config: Held, now: Moment) -> None:
        """Look at the files when the configuration changed, and at missing ones now and then."""
        if config.digest != self._digest:
            self._digest, self._wanted = config.digest, artefacts_of(config)
            self._states = dict.fromkeys(self._wanted, ArtefactState.PENDING)
            self._due_ms = now.mono_ms
        waits = any(state is not ArtefactState.OK for state in self._states.values())
        artefacts = self._artefacts
        if artefacts is None or self._is_busy or not waits or now.mono_ms < self._due_ms:
            return
        self._is_busy, self._due_ms = True, now.mono_ms + LOOK_EVERY_MS
        wanted, digest = dict(self._wanted), self._digest

        def done(states: Mapping[str, ArtefactState]) -> None:
            self._is_busy = False
            if digest == self._digest:
                self._states = states

        self._bench.run(lambda: artefacts.use(wanted), done)

    def checks(self) -> dict[str, str]:
        """Return how each offered file stands."""
        return {f"artefact:{name}"[:64]: state.value for name, state in self._states.items()}
