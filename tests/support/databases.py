"""Fixtures that give a database of each kind, empty (`database_url`) or migrated (`engine`).

`tests/integration/conftest.py` hands them to every integration test; nothing has to be imported.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from controller.storage.engine import make_engine
from controller.storage.migrate import upgrade
from tests.support.postgres import PrivatePostgres, start_postgres

__all__ = [
    "database_kind",
    "database_url",
    "engine",
    "migrated_file",
    "migrated_name",
    "postgres_server",
]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PrivatePostgres]:
    """Start PostgreSQL once for the whole run."""
    with start_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Name the database that the test runs on."""
    return str(request.param)


@pytest.fixture
def database_url(
    request: pytest.FixtureRequest, database_kind: str, tmp_path: Path
) -> Iterator[str]:
    """Give the URL of an empty database."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path}/controller.db"
        return
    server: PrivatePostgres = request.getfixturevalue("postgres_server")
    with server.database() as url:
        yield url


@pytest.fixture
def engine(request: pytest.FixtureRequest, database_kind: str, tmp_path: Path) -> Iterator[Engine]:
    """Give an engine on a database with the current schema, copied from a migrated one."""
    if database_kind == "sqlite":
        file = tmp_path / "controller.db"
        shutil.copyfile(request.getfixturevalue("migrated_file"), file)
        yield from _engine(f"sqlite:///{file}")
        return
    server: PrivatePostgres = request.getfixturevalue("postgres_server")
    with server.database(request.getfixturevalue("migrated_name")) as url:
        yield from _engine(url)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one SQLite database for the whole run."""
    file = tmp_path_factory.mktemp("migrated") / "controller.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_name(postgres_server: PrivatePostgres) -> Iterator[str]:
    """Migrate one PostgreSQL database for the whole run."""
    with postgres_server.database() as url:
        _migrate(url)
        yield url.rsplit("/", 1)[1]


def _migrate(url: str) -> None:
    made = make_engine(url)
    upgrade(made)
    made.dispose()


def _engine(url: str) -> Iterator[Engine]:
    made = make_engine(url)
    yield made
    made.dispose()
