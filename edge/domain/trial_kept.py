"""Keep the configuration to go back to where a restart finds it again."""

from typing import Protocol

import msgspec

from mqtt.contract.documents import Held

__all__ = ["Kept", "Shelf"]


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trial as kept: the bundle, its version, and the document before it.

    `failed` names the check that failed, or is empty; `boots` counts starts during the trial.
    """

    bundle: str
    version: int
    window_ms: int
    failed: str
    boots: int
    back_version: int
    back_digest: bytes
    back_records: dict[str, bytes]

    @property
    def back(self) -> Held:
        """Return the document to go back to."""
        return Held(self.back_version, self.back_digest, self.back_records)


class Shelf(Protocol):
    """The port to the one place that holds a trial."""

    def load(self) -> Kept | None:
        """Return what is kept; None for nothing or for what cannot be read."""

    def save(self, kept: Kept | None) -> None:
        """Keep it durably, or forget what was kept. Raises OSError."""
