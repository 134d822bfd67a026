import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text

from controller.storage.engine import make_engine
from controller.storage.migrate import upgrade
from controller.storage.models import DwellingRow, HolderRow, ResidenceRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.errors import ConfigError, RefusedError, StorageError
from mqtt.contract.reasons import ReasonCode


def labels(engine: Engine) -> list[str]:
    with UnitOfWork(engine, writes=False) as uow:
        return sorted(uow.session.scalars(select(DwellingRow.label)))


def test_everything_or_nothing(engine: Engine) -> None:
    with UnitOfWork(engine) as uow:
        uow.session.add(DwellingRow(label="1-1-101"))
        uow.commit()
        uow.session.add(DwellingRow(label="1-1-102"))
        uow.session.flush()

    def fails() -> None:
        with UnitOfWork(engine) as uow:
            uow.session.add(DwellingRow(label="1-1-103"))
            raise RuntimeError("planted")

    with pytest.raises(RuntimeError, match="planted"):
        fails()
    assert labels(engine) == ["1-1-101"]
    with pytest.raises(RuntimeError):
        _ = uow.session


def test_only_our_errors_come_out_and_they_hold_no_values(engine: Engine) -> None:
    with UnitOfWork(engine) as uow:
        uow.session.add(DwellingRow(label="secret-label"))
        uow.commit()
        uow.session.add(DwellingRow(label="secret-label"))
        with pytest.raises(RefusedError) as caught:
            uow.commit()
        assert caught.value.code is ReasonCode.CONFLICT
        assert "secret-label" not in str(caught.value)
        with pytest.raises(RefusedError) as caught:
            uow.need(DwellingRow, 99)
        assert caught.value.code is ReasonCode.NOT_FOUND
    with pytest.raises(StorageError), UnitOfWork(engine) as uow:
        uow.session.execute(text("SELECT * FROM nonsense"))


def test_foreign_keys_and_checks_are_kept(engine: Engine) -> None:
    bad_rows = (
        ResidenceRow(holder_id=b"nobody--", dwelling_id=9, relation="owner", from_ms=0),
        HolderRow(id=b"12345678", kind="ghost", name="x", created_at_ms=0),
    )
    for row in bad_rows:
        with UnitOfWork(engine) as uow:
            uow.session.add(row)
            with pytest.raises(RefusedError):
                uow.commit()


def test_writers_wait_for_each_other(engine: Engine) -> None:
    """40 read-then-write transactions of four threads: none fails, none is lost."""

    def work(number: int) -> None:
        for turn in range(10):
            with UnitOfWork(engine) as uow:
                count = uow.session.scalar(select(func.count()).select_from(DwellingRow)) or 0
                uow.session.add(DwellingRow(label=f"{number}-{turn}-{count}"))
                uow.commit()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(labels(engine)) == 40


def test_sqlite_is_set_up_to_be_durable(tmp_path: Path) -> None:
    made = make_engine(f"sqlite:///{tmp_path}/c.db")
    upgrade(made)
    with made.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 10_000,
    }
    made.dispose()


@pytest.mark.parametrize("url", ["mysql://u:hidden@h/d", "sqlite://", "not a url", ""])
def test_other_databases_are_refused_without_repeating_the_url(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_engine(url)
    assert caught.value.code is ReasonCode.CONFIG_INVALID
    assert "hidden" not in str(caught.value)
