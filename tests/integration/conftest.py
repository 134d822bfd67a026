"""Give every integration test the database fixtures, so that one PostgreSQL serves the run."""

from tests.support.databases import (
    database_kind,
    database_url,
    engine,
    migrated_file,
    migrated_name,
    postgres_server,
)

__all__ = [
    "database_kind",
    "database_url",
    "engine",
    "migrated_file",
    "migrated_name",
    "postgres_server",
]
