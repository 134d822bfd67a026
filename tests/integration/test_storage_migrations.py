from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect

from controller.storage.engine import make_engine
from controller.storage.migrate import (
    current_revision,
    differences,
    head_revision,
    is_current,
    upgrade,
)
from controller.storage.models import Base
from mqtt.contract.errors import StorageError
from mqtt.contract.reasons import ReasonCode


def test_upgrade_from_an_empty_database_and_again(database_url: str) -> None:
    made = make_engine(database_url)
    assert current_revision(made) == ""
    assert not is_current(made)
    upgrade(made)
    assert current_revision(made) == head_revision() != ""
    assert set(inspect(made).get_table_names()) == {*Base.metadata.tables, "alembic_version"}
    upgrade(made)
    assert is_current(made)
    made.dispose()


def test_models_match_migrations(engine: Engine) -> None:
    with engine.connect() as connection:
        assert differences(connection) == []


def test_a_difference_would_be_seen(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_events_at_s")
        connection.exec_driver_sql("ALTER TABLE dwellings ADD COLUMN colour TEXT")
    with engine.connect() as connection:
        found = " ".join(differences(connection))
    assert "ix_events_at_s" in found
    assert "colour" in found


def test_something_that_is_no_database_is_named_as_damaged(tmp_path: Path) -> None:
    (tmp_path / "c.db").write_bytes(b"not a database, but long enough to be looked at" * 50)
    made = make_engine(f"sqlite:///{tmp_path}/c.db")
    with pytest.raises(StorageError) as caught:
        upgrade(made)
    assert caught.value.code is ReasonCode.DATABASE_CORRUPT
    made.dispose()


def test_a_folder_that_does_not_exist_is_unavailable(tmp_path: Path) -> None:
    made = make_engine(f"sqlite:///{tmp_path}/no/c.db")
    with pytest.raises(StorageError) as caught:
        upgrade(made)
    assert caught.value.code is ReasonCode.DATABASE_UNAVAILABLE
    made.dispose()
