"""Answer an inspector's one-time code on the screen: what this gate is, and how its log stands.

The answer is made behind the commits, so that it covers everything up to the request itself.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Protocol

from edge.domain.effects import AnswerWitness
from edge.domain.event_log import EventLog, LogHead
from edge.domain.ports import Clock
from edge.gate.disk import Bench, Disk
from edge.gate.presence import Appearance, Identity
from mqtt.contract.errors import EqualGateError
from mqtt.contract.topics import DocumentName
from mqtt.contract.witness import COUNTERS, WitnessAnswer, seal_answer

__all__ = ["CodeScreen", "WitnessDesk", "software_hash"]

_PROGRAM = ("edge", "mqtt")
_log = logging.getLogger(__name__)


class CodeScreen(Protocol):
    """The port to a screen that can show a code."""

    def show_code(self, text: str) -> None:
        """Show a code for a minute; it must not block and not raise."""


@dataclass(frozen=True, slots=True)
class WitnessDesk:
    """Makes answers; everything is asked when it is needed."""

    identity: Identity
    clock: Clock
    disk: Disk
    bench: Bench
    appearance: Callable[[], Appearance]
    versions: Callable[[], Mapping[str, tuple[int, bytes]]]
    screens: Mapping[str, CodeScreen]

    def answer(self, asked: AnswerWitness) -> None:
        """Show the answer as soon as the disk has told how the log stands."""

        def hashed(program: bytes) -> None:
            self.disk.ask(_newest, lambda head: self._show(asked, head, program), _unanswered)

        self.bench.run(software_hash, hashed)

    def _show(self, asked: AnswerWitness, head: LogHead, program: bytes) -> None:
        screen = self.screens.get(asked.access_point)
        if screen is None:
            return
        who, look, held, now = self.identity, self.appearance(), self.versions(), self.clock.now()
        answer = WitnessAnswer(
            nonce=asked.nonce,
            site=who.site,
            gate=who.gate,
            public_key=who.signer.public_key,
            epoch=head.epoch,
            size=head.size,
            root=head.root,
            at_ms=max(0, now.utc_ms),
            clock_level=int(now.trust),
            config=held.get(DocumentName.CONFIG.value, (0, b""))[1],
            policy=held.get(DocumentName.POLICY.value, (0, b""))[1],
            software=who.software,
            software_hash=program,
            face_state=look.face_state,
            counters=tuple(look.face.get(name, 0) for name in COUNTERS),
            adapter_kind=who.adapter_kind,
        )
        screen.show_code(seal_answer(answer, who.signer))


def software_hash() -> bytes:
    """Return SHA-256 over this program's own Python files: names and contents, in order."""
    digest = hashlib.sha256()
    for package in _PROGRAM:
        root = Path(str(resources.files(package)))
        for path in sorted(root.rglob("*.py")):
            name = f"{package}/{path.relative_to(root).as_posix()}".encode()
            content = path.read_bytes()
            digest.update(len(name).to_bytes(4, "big") + name)
            digest.update(len(content).to_bytes(8, "big") + content)
    return digest.digest()


def _newest(log: EventLog) -> LogHead:
    return log.heads()[-1]


def _unanswered(error: EqualGateError) -> None:
    _log.warning("witness_unanswered", extra={"reason": error.code.value})
