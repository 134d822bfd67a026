"""Keep the private halves of the site's keys in a folder: 0700, one file of 0600 per key.

A key is its 32-byte seed. Files are written beside and renamed, so that half a key never exists.
"""

import os
from pathlib import Path

from mqtt.contract.envelope import Ed25519Signer, Signer, key_id
from mqtt.contract.errors import StorageError, UnavailableError
from mqtt.contract.reasons import ReasonCode

__all__ = ["KeystoreFolder"]

_SEED_BYTES = 32


class KeystoreFolder:
    """The keystore of a controller; takes the folder, which is made on first use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._signers: dict[bytes, Ed25519Signer] = {}

    def add(self, seed: bytes) -> bytes:
        """Keep a new key durably and return its public half. Raises StorageError(`disk_full`)."""
        signer = Ed25519Signer.from_seed(seed)
        target = self._file(key_id(signer.public_key))
        partial = target.with_suffix(".new")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(seed)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        except OSError as error:
            raise StorageError(ReasonCode.DISK_FULL, "keystore") from error
        return signer.public_key

    def signer(self, kid: bytes) -> Signer:
        """Return the signer of a key id.

        Raises UnavailableError(`unknown_key`) if there is no such file, StorageError
        (`file_unreadable`) if others may read it or if it holds another key.
        """
        known = self._signers.get(kid)
        if known is not None:
            return known
        file = self._file(kid)
        try:
            readable_by_others = file.stat().st_mode & 0o077
            seed = file.read_bytes()
        except FileNotFoundError as error:
            raise UnavailableError(ReasonCode.UNKNOWN_KEY) from error
        except OSError as error:
            raise StorageError(ReasonCode.FILE_UNREADABLE, "keystore") from error
        if readable_by_others or len(seed) != _SEED_BYTES:
            raise StorageError(ReasonCode.FILE_UNREADABLE, "keystore: mode 0600, 32 bytes")
        signer = Ed25519Signer.from_seed(seed)
        if key_id(signer.public_key) != kid:
            raise StorageError(ReasonCode.FILE_UNREADABLE, "keystore: another key")
        self._signers[kid] = signer
        return signer

    def remove(self, kid: bytes) -> None:
        """Overwrite and delete a key; one that is not there is no error. Raises StorageError."""
        self._signers.pop(kid, None)
        file = self._file(kid)
        try:
            with file.open("r+b") as opened:
                opened.write(bytes(_SEED_BYTES))
                opened.flush()
                os.fsync(opened.fileno())
            file.unlink()
        except FileNotFoundError:
            return
        except OSError as error:
            raise StorageError(ReasonCode.FILE_UNREADABLE, "keystore") from error

    def _file(self, kid: bytes) -> Path:
        return self._folder / f"{kid.hex()}.key"

    def __repr__(self) -> str:
        return f"KeystoreFolder({self._folder.name!r})"
