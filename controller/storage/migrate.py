"""Bring a database to the current schema, or say that it is not there yet.

Migrations go forward only: going back is done by restoring a backup, which is also tested.
"""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from controller.storage.engine import WRITES
from controller.storage.models import Base
from controller.storage.unit_of_work import translate

__all__ = ["current_revision", "differences", "head_revision", "is_current", "upgrade"]

_FOLDER = Path(__file__).with_name("migrations")


def upgrade(engine: Engine) -> None:
    """Run every migration that is missing, in one transaction. Raises StorageError."""
    try:
        with engine.execution_options(**{WRITES: True}).begin() as connection:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except SQLAlchemyError as error:
        raise translate(error) from error


def head_revision() -> str:
    """Return the revision that this software needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current_revision(engine: Engine) -> str:
    """Return the database's revision; empty for a new database. Raises StorageError."""
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() or ""
    except SQLAlchemyError as error:
        raise translate(error) from error


def is_current(engine: Engine) -> bool:
    """Tell whether the database has exactly the schema of this software. Raises StorageError."""
    return current_revision(engine) == head_revision()


def differences(connection: Connection) -> list[str]:
    """Return how the database differs from the mapped classes; an empty list is agreement."""
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return [str(found) for found in compare_metadata(context, Base.metadata)]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config
