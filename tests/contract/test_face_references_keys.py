"""Hold every cabinet of wrapping keys to one suite."""

from pathlib import Path

import pytest

from edge.workers.face.keys import FileCabinet, KeyCabinet, KeyStoreError, MemoryCabinet


@pytest.fixture(params=["file", "memory"])
def cabinet(request: pytest.FixtureRequest, tmp_path: Path) -> KeyCabinet:
    return FileCabinet(tmp_path / "keys") if request.param == "file" else MemoryCabinet()


def test_keys_are_random_and_stay_the_same(cabinet: KeyCabinet) -> None:
    assert cabinet.numbers() == ()
    for number in (1, 2, 11):
        cabinet.create(number)
    assert cabinet.numbers() == (1, 2, 11)
    keys = {bytes(cabinet.read(number)) for number in (1, 2, 11)}
    assert {len(key) for key in keys} == {32}
    assert len(keys) == 3
    assert cabinet.read(2) == cabinet.read(2)


def test_what_is_read_is_the_callers_own(cabinet: KeyCabinet) -> None:
    cabinet.create(1)
    kept = bytes(cabinet.read(1))
    mine = cabinet.read(1)
    mine[:] = bytes(32)
    assert bytes(cabinet.read(1)) == kept


def test_a_destroyed_key_is_gone(cabinet: KeyCabinet) -> None:
    cabinet.create(1)
    cabinet.destroy(1)
    cabinet.destroy(1)
    assert cabinet.numbers() == ()
    with pytest.raises(KeyStoreError, match="key_missing"):
        cabinet.read(1)


def test_creating_a_number_again_gives_another_key(cabinet: KeyCabinet) -> None:
    cabinet.create(3)
    before = bytes(cabinet.read(3))
    cabinet.create(3)
    assert bytes(cabinet.read(3)) != before
