"""A key sealed to one unit; the calls to a TPM are played, for there is none here."""

from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace, TracebackType
from typing import Any, Self

import pytest

from edge.adapters.keystore import KeyStore
from edge.adapters.vault import MemoryVault, Tpm2Vault, Vault, vault_of
from mqtt.contract.errors import ConfigError


class Blob:
    """A TPM structure that can be written and read."""

    def __init__(self, raw: Any = b"") -> None:
        self.raw = raw

    def marshal(self) -> bytes:
        return bytes(self.raw)

    @classmethod
    def unmarshal(cls, raw: bytes) -> tuple["Blob", int]:
        return cls(raw), len(raw)

    @classmethod
    def parse(cls, *, alg: str, objectAttributes: int) -> "Blob":  # noqa: N803
        assert alg in {"keyedhash", "ecc256:aes128cfb"}
        assert objectAttributes
        return cls(alg)


class PlayedTpm:
    """Plays ESAPI: what one TPM made, another does not load; every handle is flushed."""

    number = 1

    def __init__(self, device: str) -> None:
        assert device == "device:/dev/tpmrm0"
        self.open_handles = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        assert error is not None or self.open_handles == 0

    def create_primary(self, _sensitive: Blob, public: Blob) -> tuple[object, ...]:
        assert public.raw.raw == "ecc256:aes128cfb"
        self.open_handles += 1
        return (object(), None, None, None, None)

    def create(self, _parent: object, sensitive: Blob, public: Blob) -> tuple[Blob, ...]:
        assert public.raw.raw == "keyedhash"
        data = sensitive.raw.data.raw
        return (Blob(bytes([self.number]) + data), Blob(b"public"), Blob(), Blob(), Blob())

    def load(self, _parent: object, private: Blob, public: Blob) -> bytes:
        if private.raw[0] != self.number or public.raw != b"public":
            raise RuntimeError("integrity check failed")
        self.open_handles += 1
        return bytes(private.raw[1:])

    def unseal(self, handle: bytes) -> bytes:
        return handle

    def flush_context(self, _handle: object) -> None:
        self.open_handles -= 1


def played(number: int) -> ModuleType:
    library: Any = ModuleType("tpm2_pytss")
    library.ESAPI = type("ESAPI", (PlayedTpm,), {"number": number})
    names = ("USERWITHAUTH", "FIXEDPARENT", "FIXEDTPM", "DEFAULT_TPM2_TOOLS_CREATEPRIMARY_ATTRS")
    library.TPMA_OBJECT = SimpleNamespace(**{name: 1 << at for at, name in enumerate(names)})
    for name in ("TPMT_PUBLIC", "TPM2B_PUBLIC", "TPM2B_PRIVATE", "TPM2B_SENSITIVE_DATA"):
        setattr(library, name, Blob)
    library.TPM2B_SENSITIVE_CREATE = Blob
    library.TPMS_SENSITIVE_CREATE = SimpleNamespace
    library.TSS2_Exception = RuntimeError
    made: ModuleType = library
    return made


@pytest.fixture(params=["memory", "tpm2"])
def vaults(request: pytest.FixtureRequest) -> tuple[Vault, Vault]:
    if request.param == "memory":
        return MemoryVault(1), MemoryVault(2)
    return Tpm2Vault(played(1)), Tpm2Vault(played(2))


def test_only_the_unit_that_closed_a_secret_opens_it(vaults: tuple[Vault, Vault]) -> None:
    mine, other = vaults
    closed = mine.seal(b"s" * 32)
    assert b"s" * 32 not in closed or isinstance(mine, Tpm2Vault)
    assert mine.unseal(closed) == b"s" * 32
    with pytest.raises(ConfigError):
        other.unseal(closed)


def test_a_unit_keeps_its_key_when_it_gets_a_vault(
    vaults: tuple[Vault, Vault], tmp_path: Path
) -> None:
    mine, other = vaults
    public_key = KeyStore(tmp_path).signer().public_key
    assert KeyStore(tmp_path, mine).signer().public_key == public_key
    assert [path.name for path in tmp_path.iterdir()] == ["signing.sealed"]
    assert KeyStore(tmp_path, mine).signer().public_key == public_key
    with pytest.raises(ConfigError):
        KeyStore(tmp_path, other).signer()


def test_without_the_library_the_gate_says_what_is_missing() -> None:
    assert vault_of("file") is None
    if find_spec("tpm2_pytss") is None:
        with pytest.raises(ConfigError) as caught:
            vault_of("tpm2")
        assert "tpm2-pytss" in caught.value.detail
