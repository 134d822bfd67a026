"""The gate's own signing key.

It signs events, births and heartbeats. It is made on the gate, never leaves it, and lies in
a file that only the daemon's user can read; a file that others can read is refused.
"""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.adapters.store_files import replace_file
from edge.adapters.vault import Vault
from mqtt.contract.envelope import Ed25519Signer, key_id
from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode

__all__ = ["KeyStore", "SimulatedKeyStore"]

_SEED_BYTES = 32
_OTHERS = 0o077


class KeyStore:
    """Keys in files under `folder`, which is made if it is missing.

    With a `vault` the key lies there sealed; one that lay open is sealed first and then destroyed,
    so that a unit keeps its key when the store is changed.
    """

    def __init__(self, folder: Path, vault: Vault | None = None) -> None:
        self._folder = folder
        self._vault = vault

    @property
    def signing_key(self) -> Path:
        """Return the file of the signing key: 32 raw bytes."""
        return self._folder / "signing.key"

    @property
    def sealed_key(self) -> Path:
        """Return the file of the signing key as a vault closed it."""
        return self._folder / "signing.sealed"

    def signer(self) -> Ed25519Signer:
        """Return the gate's signer; a new key is made where there is none yet.

        Raises ConfigError: `file_unreadable`, `config_invalid` for a file that is not a key or that
        others can read.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._vault is not None and self.sealed_key.exists():
                seed = self._vault.unseal(self.sealed_key.read_bytes())
                return Ed25519Signer(Ed25519PrivateKey.from_private_bytes(seed))
            if not self.signing_key.exists():
                self._create()
            seed = self._read()
            if self._vault is not None:
                self._close(seed, self._vault)
            return Ed25519Signer(Ed25519PrivateKey.from_private_bytes(seed))
        except OSError as error:
            raise ConfigError(ReasonCode.FILE_UNREADABLE, self.signing_key.name) from error

    def _read(self) -> bytes:
        seed = self.signing_key.read_bytes()
        mode = self.signing_key.stat().st_mode
        if len(seed) != _SEED_BYTES or not any(seed):
            raise ConfigError(ReasonCode.CONFIG_INVALID, f"{self.signing_key.name}: 32 bytes")
        if mode & _OTHERS:
            raise ConfigError(ReasonCode.CONFIG_INVALID, f"{self.signing_key.name}: mode 0600")
        return seed

    def _close(self, seed: bytes, vault: Vault) -> None:
        """Seal the key, see that it opens again, and only then destroy the open one."""
        closed = vault.seal(seed)
        if vault.unseal(closed) != seed:
            raise ConfigError(ReasonCode.CONFIG_INVALID, "keys.store")
        replace_file(self.sealed_key, closed)
        self.signing_key.write_bytes(bytes(_SEED_BYTES))
        self.signing_key.unlink()

    def _create(self) -> None:
        """Write a new key whole or not at all; a second process that is quicker wins."""
        temporary = self._folder / f".signing.{secrets.token_hex(8)}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(_SEED_BYTES))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(temporary, self.signing_key)
            except FileExistsError:
                return
        finally:
            temporary.unlink()
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def __repr__(self) -> str:
        return f"KeyStore({self._folder.name})"


class SimulatedKeyStore:
    """A key that follows from a seed, for simulations and tests."""

    def __init__(self, seed: int) -> None:
        self._signer = Ed25519Signer.from_seed(seed.to_bytes(_SEED_BYTES, "big"))

    def signer(self) -> Ed25519Signer:
        """Return the gate's signer."""
        return self._signer

    def __repr__(self) -> str:
        return f"SimulatedKeyStore(kid={key_id(self._signer.public_key).hex()})"
