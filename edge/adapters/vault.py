"""Seal the gate's key to a TPM 2.0, so that a disk taken out does not give it away.

The truth about what this protects: the key is bound to this TPM, not to this software. Whoever can
start a program of his own on the same board can ask the same TPM; only measured or secure boot ends
that, and a Jetson with unburned fuses has neither. `tpm2-pytss` is loaded when a TPM is asked for
and belongs to no set of requirements; without it the gate says what is missing.
"""

import struct
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol

from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode

__all__ = ["MemoryVault", "Tpm2Vault", "Vault", "vault_of"]

_DEVICE = "device:/dev/tpmrm0"
_LENGTHS = struct.Struct(">HH")


class Vault(Protocol):
    """Whatever can close a secret so that only this unit opens it."""

    def seal(self, secret: bytes) -> bytes:
        """Return the closed form. Raises ConfigError(`config_invalid`) where there is no vault."""

    def unseal(self, closed: bytes) -> bytes:
        """Return the secret. Raises ConfigError(`config_invalid`) where another unit closed it."""


class MemoryVault:
    """Closes with a number of its own, for tests: another number opens nothing."""

    def __init__(self, number: int = 1) -> None:
        self._mask = bytes([number % 255 + 1]) * 64

    def seal(self, secret: bytes) -> bytes:
        """See `Vault.seal`."""
        return self._mask[:4] + bytes(a ^ b for a, b in zip(secret, self._mask, strict=False))

    def unseal(self, closed: bytes) -> bytes:
        """See `Vault.unseal`."""
        if closed[:4] != self._mask[:4]:
            raise ConfigError(ReasonCode.CONFIG_INVALID, "keys.store: sealed by another unit")
        return bytes(a ^ b for a, b in zip(closed[4:], self._mask, strict=False))


class Tpm2Vault:
    """Seals under the owner hierarchy's storage key, which the TPM derives anew each time."""

    def __init__(self, library: ModuleType | None = None, device: str = _DEVICE) -> None:
        self._library = library or _load()
        self._device = device

    def seal(self, secret: bytes) -> bytes:
        """See `Vault.seal`."""
        tpm = self._library
        attributes = tpm.TPMA_OBJECT
        kept = attributes.USERWITHAUTH | attributes.FIXEDPARENT | attributes.FIXEDTPM
        template = tpm.TPMT_PUBLIC.parse(alg="keyedhash", objectAttributes=kept)
        data = tpm.TPM2B_SENSITIVE_DATA(secret)
        sensitive = tpm.TPM2B_SENSITIVE_CREATE(tpm.TPMS_SENSITIVE_CREATE(data=data))
        try:
            with tpm.ESAPI(self._device) as context:
                primary = self._primary(context)
                made = context.create(primary, sensitive, tpm.TPM2B_PUBLIC(template))
                context.flush_context(primary)
        except (tpm.TSS2_Exception, OSError) as error:
            detail = "keys.store: no answer of a TPM"
            raise ConfigError(ReasonCode.CONFIG_INVALID, detail) from error
        private, public = bytes(made[0].marshal()), bytes(made[1].marshal())
        return _LENGTHS.pack(len(private), len(public)) + private + public

    def unseal(self, closed: bytes) -> bytes:
        """See `Vault.unseal`."""
        tpm = self._library
        try:
            sizes = _LENGTHS.unpack_from(closed)
            rest = closed[_LENGTHS.size :]
            private, _ = tpm.TPM2B_PRIVATE.unmarshal(rest[: sizes[0]])
            public, _ = tpm.TPM2B_PUBLIC.unmarshal(rest[sizes[0] : sum(sizes)])
            with tpm.ESAPI(self._device) as context:
                primary = self._primary(context)
                handle = context.load(primary, private, public)
                context.flush_context(primary)
                secret = bytes(context.unseal(handle))
                context.flush_context(handle)
        except (tpm.TSS2_Exception, OSError, struct.error) as error:
            detail = "keys.store: this TPM did not seal the key"
            raise ConfigError(ReasonCode.CONFIG_INVALID, detail) from error
        return secret

    def _primary(self, context: Any) -> Any:  # noqa: ANN401 - a library without types
        tpm = self._library
        attributes = tpm.TPMA_OBJECT.DEFAULT_TPM2_TOOLS_CREATEPRIMARY_ATTRS
        template = tpm.TPMT_PUBLIC.parse(alg="ecc256:aes128cfb", objectAttributes=attributes)
        sensitive = tpm.TPM2B_SENSITIVE_CREATE()
        made = context.create_primary(sensitive, tpm.TPM2B_PUBLIC(template))
        return made[0]


def vault_of(store: str) -> Vault | None:
    """Return the vault that `[keys] store` names: None for `file`. Raises ConfigError."""
    return Tpm2Vault() if store == "tpm2" else None


def _load() -> ModuleType:
    try:
        return import_module("tpm2_pytss")
    except ImportError as error:
        detail = "keys.store: tpm2-pytss is not installed; use file, or install it"
        raise ConfigError(ReasonCode.CONFIG_INVALID, detail) from error
