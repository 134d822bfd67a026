"""Name the files that a configuration offers, and the port to where they lie. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from mqtt.contract import codec
from mqtt.contract.documents import Held
from mqtt.contract.errors import ContractError
from mqtt.contract.rollout import ArtefactRecord

__all__ = ["ArtefactState", "Artefacts", "artefacts_of"]

_PREFIX = "artefact:"


class ArtefactState(StrEnum):
    """How an offered file stands: in use, not there yet, or not the file that was offered."""

    OK = "ok"
    PENDING = "pending"
    FAULT = "fault"


class Artefacts(Protocol):
    """The port to the folder in which offered files arrive and from which they are used."""

    def use(self, wanted: Mapping[str, ArtefactRecord]) -> Mapping[str, ArtefactState]:
        """Check each file by size and SHA-256 and put the right ones in use; takes a while."""


def artefacts_of(config: Held) -> dict[str, ArtefactRecord]:
    """Return the files that a `config` document offers, by name."""
    found = {}
    for key, raw in config.records.items():
        if key.startswith(_PREFIX):
            try:
                found[key.removeprefix(_PREFIX)] = codec.decode(raw, ArtefactRecord)
            except ContractError:
                continue
    return found
