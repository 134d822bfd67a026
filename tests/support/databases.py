"""Fixtures that give a migrated database of each kind.

A test module imports the ones it wants:

    from tests.support.databases import database_url, engine, postgres_server  # noqa: F401
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from controller.storage.engine import make_engine
from controller.storage.migrate import upgrade
from tests.support.postgres import PrivatePostgres, start_postgres

__all__ = ["database_url", "engine", "postgres_server"]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PrivatePostgres]:
    """Start PostgreSQL once for the whole run."""
    with start_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/controller.db"
        return
    server: PrivatePostgres = request.getfixturevalue("postgres_server")
    with server.database() as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Give an engine on a database with the current schema."""
    made = make_engine(database_url)
    upgrade(made)
    yield made
    made.dispose()
