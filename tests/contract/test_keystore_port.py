from pathlib import Path

import pytest

from controller.services.keystore import KeystoreFolder
from controller.services.ports import Keystore, MemoryKeystore
from mqtt.contract.envelope import key_id, verify
from mqtt.contract.errors import StorageError, UnavailableError
from mqtt.contract.reasons import ReasonCode

SEED = bytes(range(32))


@pytest.fixture(params=["folder", "memory"])
def keystore(request: pytest.FixtureRequest, tmp_path: Path) -> Keystore:
    return KeystoreFolder(tmp_path / "keys") if request.param == "folder" else MemoryKeystore()


def test_a_key_signs_until_it_is_removed(keystore: Keystore) -> None:
    public_key = keystore.add(SEED)
    signer = keystore.signer(key_id(public_key))
    verify(public_key, signer.sign(b"message"), b"message")
    keystore.remove(key_id(public_key))
    keystore.remove(key_id(public_key))
    with pytest.raises(UnavailableError) as caught:
        keystore.signer(key_id(public_key))
    assert caught.value.code is ReasonCode.UNKNOWN_KEY


def test_a_folder_keeps_keys_for_the_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    kid = key_id(KeystoreFolder(folder).add(SEED))
    file = folder / f"{kid.hex()}.key"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in folder.iterdir()) == [file.name]
    assert KeystoreFolder(folder).signer(kid).public_key
    assert SEED.hex() not in repr(KeystoreFolder(folder).signer(kid))


@pytest.mark.parametrize("damage", ["mode", "short", "other"])
def test_a_damaged_key_file_is_refused(tmp_path: Path, damage: str) -> None:
    kid = key_id(KeystoreFolder(tmp_path).add(SEED))
    file = tmp_path / f"{kid.hex()}.key"
    if damage == "mode":
        file.chmod(0o644)
    else:
        file.write_bytes(SEED[:31] if damage == "short" else bytes(32))
    with pytest.raises(StorageError) as caught:
        KeystoreFolder(tmp_path).signer(kid)
    assert caught.value.code is ReasonCode.FILE_UNREADABLE


def test_a_folder_that_cannot_be_written_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError):
        KeystoreFolder(tmp_path / "file" / "keys").add(SEED)
