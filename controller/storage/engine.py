"""Open the database: SQLite by default, PostgreSQL by URL (psycopg 3).

SQLite runs in WAL mode with `synchronous=FULL`, foreign keys on and a busy timeout. Transactions
are begun by us, not by the driver: one that will write starts with BEGIN IMMEDIATE, so that it
waits for its turn instead of failing half way.
"""

import sqlite3

from sqlalchemy import Engine, event
from sqlalchemy import create_engine as _create_engine
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode

__all__ = ["BUSY_TIMEOUT_MS", "WRITES", "make_engine"]

BUSY_TIMEOUT_MS = 10_000
"""How long a writer of SQLite waits for another process, in ms."""

WRITES = "equalgate_writes"
"""Execution option: this transaction will write."""

_POSTGRESQL = "postgresql+psycopg"
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
)


def make_engine(url: str) -> Engine:
    """Return an engine for `sqlite:///FILE` or `postgresql://…`; nothing is connected yet.

    Raises ConfigError(`config_invalid`) for any other kind of database; the URL is not repeated,
    as it may hold a password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError(ReasonCode.CONFIG_INVALID, "database.url") from error
    if parsed.drivername in {"postgresql", _POSTGRESQL}:
        return _create_engine(parsed.set(drivername=_POSTGRESQL), pool_pre_ping=True)
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite"} or not parsed.database:
        raise ConfigError(ReasonCode.CONFIG_INVALID, "database.url")
    engine = _create_engine(parsed, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    if not isinstance(connection, sqlite3.Connection):
        raise TypeError("not a connection of the sqlite3 module")
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
