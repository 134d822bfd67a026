"""The gate's own key, which stands beside its clock in what a simulation replaces."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge.adapters.keystore import KeyStore, SimulatedKeyStore
from mqtt.contract import envelope
from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path / "keys")
    signer = keys.signer()
    assert keys.signing_key.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o077 == 0
    assert [part.name for part in (tmp_path / "keys").iterdir()] == ["signing.key"]
    assert KeyStore(tmp_path / "keys").signer().public_key == signer.public_key
    envelope.verify(signer.public_key, signer.sign(b"text"), b"text")


def test_two_gates_have_two_keys(tmp_path: Path) -> None:
    first, second = KeyStore(tmp_path / "a").signer(), KeyStore(tmp_path / "b").signer()
    assert first.public_key != second.public_key


def test_whoever_makes_the_key_at_the_same_time_gets_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        signers = list(pool.map(lambda _: KeyStore(tmp_path / "keys").signer(), range(16)))
    assert len({signer.public_key for signer in signers}) == 1


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33, bytes(32)])
def test_what_is_no_key_is_refused(content: bytes, tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    keys.signing_key.write_bytes(content)
    keys.signing_key.chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        keys.signer()
    assert caught.value.code is ReasonCode.CONFIG_INVALID


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    keys.signer()
    keys.signing_key.chmod(0o644)
    with pytest.raises(ConfigError) as caught:
        keys.signer()
    assert "0600" in str(caught.value)


def test_a_folder_that_is_a_file_is_refused_clearly(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("no folder")
    with pytest.raises(ConfigError) as caught:
        KeyStore(tmp_path / "keys").signer()
    assert caught.value.code is ReasonCode.FILE_UNREADABLE


def test_nothing_shows_the_key(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    keys.signer()
    seed = keys.signing_key.read_bytes()
    for shown in (repr(keys), repr(keys.signer()), repr(SimulatedKeyStore(7))):
        assert seed.hex() not in shown
        assert str(tmp_path) not in shown


def test_a_simulated_key_follows_from_its_seed() -> None:
    assert SimulatedKeyStore(7).signer().public_key == SimulatedKeyStore(7).signer().public_key
    assert SimulatedKeyStore(7).signer().public_key != SimulatedKeyStore(8).signer().public_key
