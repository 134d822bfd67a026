"""Keep a trial's way back in one file beside the gate's database."""

import logging
from pathlib import Path

import msgspec

from edge.adapters.store_files import replace_file
from edge.domain.trial_kept import Kept
from mqtt.contract.documents import check_digest
from mqtt.contract.errors import ContractError

__all__ = ["FileShelf", "MemoryShelf"]

_log = logging.getLogger(__name__)


class FileShelf:
    """Keeps it in one file, whole or not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Kept | None:
        """See `Shelf.load`; a damaged file is put down as none, the newest document stands."""
        try:
            kept = msgspec.msgpack.decode(self._path.read_bytes(), type=Kept)
            check_digest(kept.back)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError, ContractError):
            _log.error("trial_file_damaged")
            return None
        return kept

    def save(self, kept: Kept | None) -> None:
        """See `Shelf.save`."""
        if kept is None:
            self._path.unlink(missing_ok=True)
        else:
            replace_file(self._path, msgspec.msgpack.encode(kept))


class MemoryShelf:
    """Keeps it in memory, for tests and the simulator."""

    def __init__(self) -> None:
        self.kept: Kept | None = None

    def load(self) -> Kept | None:
        """See `Shelf.load`."""
        return self.kept

    def save(self, kept: Kept | None) -> None:
        """See `Shelf.save`."""
        self.kept = kept
