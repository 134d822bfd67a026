"""Keep offered files: they arrive in `offered/<SHA-256>`, and `current/<name>` points to one.

Files come by whatever way the site has: copied by an installer, or synchronised. Nothing is used
whose size and hash are not those that the signed configuration names. Pointing is one rename, so a
power cut leaves the old file or the new one in use.
"""

import hashlib
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from edge.domain.artefacts import ArtefactState
from mqtt.contract.rollout import ArtefactRecord

__all__ = ["ArtefactFolder", "MemoryArtefacts"]

_CHUNK = 1 << 20


class ArtefactFolder:
    """See the module text. `use` reads whole files and runs away from the loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._checked: dict[Path, tuple[int, int, bytes]] = {}

    def use(self, wanted: Mapping[str, ArtefactRecord]) -> Mapping[str, ArtefactState]:
        """See `Artefacts.use`."""
        return {name: self._use(name, record) for name, record in wanted.items()}

    def _use(self, name: str, record: ArtefactRecord) -> ArtefactState:
        file = self._folder / "offered" / record.sha256.hex()
        try:
            if file.stat().st_size != record.size or self._hash(file) != record.sha256:
                return ArtefactState.FAULT
            self._point(name, file)
        except FileNotFoundError:
            return ArtefactState.PENDING
        except OSError:
            return ArtefactState.FAULT
        return ArtefactState.OK

    def _hash(self, file: Path) -> bytes:
        stat = file.stat()
        known = self._checked.get(file)
        if known is not None and known[:2] == (stat.st_size, stat.st_mtime_ns):
            return known[2]
        digest = hashlib.sha256()
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        self._checked[file] = (stat.st_size, stat.st_mtime_ns, digest.digest())
        return digest.digest()

    def _point(self, name: str, file: Path) -> None:
        current = self._folder / "current"
        current.mkdir(mode=0o755, parents=True, exist_ok=True)
        link, target = current / name, Path("..") / "offered" / file.name
        if link.is_symlink() and Path(os.readlink(link)) == target:  # noqa: PTH115
            return
        temporary = current / f".{name}.{secrets.token_hex(4)}"
        temporary.symlink_to(target)
        try:
            temporary.replace(link)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise


class MemoryArtefacts:
    """Says what a test tells it to, and remembers what was wanted."""

    def __init__(self) -> None:
        self.states: dict[str, ArtefactState] = {}
        self.wanted: Mapping[str, ArtefactRecord] = {}

    def use(self, wanted: Mapping[str, ArtefactRecord]) -> Mapping[str, ArtefactState]:
        """See `Artefacts.use`."""
        self.wanted = wanted
        return {name: self.states.get(name, ArtefactState.PENDING) for name in wanted}
