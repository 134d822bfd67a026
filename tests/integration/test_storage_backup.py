from pathlib import Path

import pytest

from controller.services.access import set_day
from controller.services.backup import backup, restore
from controller.storage.engine import make_engine
from controller.storage.migrate import is_current, upgrade
from controller.storage.models import CalendarDayRow, RevocationRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.errors import ConfigError, StorageError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import DayKind


def write(url: str, day: str) -> None:
    engine = make_engine(url)
    upgrade(engine)
    with UnitOfWork(engine) as uow:
        set_day(uow, day, DayKind.HOLIDAY)
        uow.commit()
    engine.dispose()


def days(url: str) -> list[str]:
    engine = make_engine(url)
    with UnitOfWork(engine, writes=False) as uow:
        found = [row.day for row in uow.session.query(CalendarDayRow)]
    engine.dispose()
    return found


def test_a_backup_taken_in_use_comes_back_whole(tmp_path: Path) -> None:
    url, copy = f"sqlite:///{tmp_path}/c.db", tmp_path / "backup.db"
    write(url, "2026-10-01")
    engine = make_engine(url)
    with UnitOfWork(engine) as uow:
        set_day(uow, "2026-10-02", DayKind.HOLIDAY)
        backup(url, copy)
        uow.commit()
    engine.dispose()
    assert copy.stat().st_mode & 0o777 == 0o600
    assert days(f"sqlite:///{copy}") == ["2026-10-01"]
    restore(url, copy)
    assert days(url) == ["2026-10-01"]
    engine = make_engine(url)
    assert is_current(engine)
    engine.dispose()
    kept = tmp_path / "c.db.before-restore"
    assert sorted(days(f"sqlite:///{kept}")) == ["2026-10-01", "2026-10-02"]


def test_what_ended_after_the_backup_stays_ended(tmp_path: Path) -> None:
    url, copy = f"sqlite:///{tmp_path}/c.db", tmp_path / "backup.db"
    write(url, "2026-10-01")
    backup(url, copy)
    engine = make_engine(url)
    with UnitOfWork(engine) as uow:
        uow.session.add(RevocationRow(id=b"lost-fob", at_ms=5, until_ms=9))
        uow.commit()
    engine.dispose()
    restore(url, copy)
    engine = make_engine(url)
    with UnitOfWork(engine, writes=False) as uow:
        assert uow.need(RevocationRow, b"lost-fob").until_ms == 9
    engine.dispose()


def test_a_damaged_backup_changes_nothing(tmp_path: Path) -> None:
    url, copy = f"sqlite:///{tmp_path}/c.db", tmp_path / "backup.db"
    write(url, "2026-10-01")
    backup(url, copy)
    raw = bytearray(copy.read_bytes())
    raw[5_000:90_000] = b"\xff" * 85_000
    for damaged in (bytes(raw), raw[:30_000], b"", b"no database at all" * 99):
        copy.write_bytes(damaged)
        with pytest.raises(StorageError) as caught:
            restore(url, copy)
        assert caught.value.code is ReasonCode.DATABASE_CORRUPT
        assert days(url) == ["2026-10-01"]


def test_what_cannot_be_backed_up_is_refused_with_a_reason(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/c.db"
    with pytest.raises(StorageError):
        backup(url, tmp_path / "x")
    write(url, "2026-10-01")
    with pytest.raises(ConfigError) as caught:
        backup(url, tmp_path / "c.db")
    assert caught.value.code is ReasonCode.PATH_REFUSED
    with pytest.raises(ConfigError) as caught:
        backup("postgresql://u:secret@h/d", tmp_path / "x")
    assert caught.value.code is ReasonCode.NOT_SUPPORTED
    assert "secret" not in str(caught.value)
    with pytest.raises(ConfigError):
        restore(url, tmp_path / "absent")
