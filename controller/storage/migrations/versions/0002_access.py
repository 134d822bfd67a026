"""Create the tables for access: credentials, schedules, levels, revocations, site keys."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables in the order of their references."""
    _create_access_levels()
    _create_calendar_days()
    _create_revocations()
    _create_schedules()
    _create_site_keys()
    _create_site_values()
    _create_credentials()
    _create_grants()
    _create_schedule_windows()


def _create_access_levels() -> None:
    op.create_table(
        "access_levels",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_access_levels")),
    )


def _create_calendar_days() -> None:
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_days")),
    )


def _create_revocations() -> None:
    op.create_table(
        "revocations",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revocations")),
    )
    op.create_index(op.f("ix_revocations_until_ms"), "revocations", ["until_ms"], unique=False)


def _create_schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("always", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schedules")),
    )


def _create_site_keys() -> None:
    op.create_table(
        "site_keys",
        sa.Column("kid", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("not_before_ms", sa.BigInteger(), nullable=False),
        sa.Column("sign_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("not_after_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_site_keys")),
    )


def _create_site_values() -> None:
    op.create_table(
        "site_values",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_site_values")),
    )


def _create_credentials() -> None:
    op.create_table(
        "credentials",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("carrier", sa.String(length=40), nullable=False),
        sa.Column("levels", sa.Text(), nullable=False),
        sa.Column("valid_from_ms", sa.BigInteger(), nullable=False),
        sa.Column("valid_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("card_value", sa.String(length=40), nullable=False),
        sa.Column("card_length", sa.Integer(), nullable=False),
        sa.Column("pin_salt", sa.LargeBinary(), nullable=False),
        sa.Column("pin_hash", sa.LargeBinary(), nullable=False),
        sa.Column("duress_hash", sa.LargeBinary(), nullable=False),
        sa.Column("fob_needs_pin", sa.Boolean(), nullable=False),
        sa.Column("dwelling_id", sa.Integer(), nullable=True),
        sa.Column("host_id", sa.LargeBinary(length=8), nullable=True),
        *_more_credentials_columns(),
        sa.CheckConstraint(
            "carrier IN ('fob', 'phone', 'paper', 'slip', 'visitor', 'pin')",
            name=op.f("ck_credentials_carrier"),
        ),
        sa.ForeignKeyConstraint(
            ["dwelling_id"], ["dwellings.id"], name=op.f("fk_credentials_dwelling_id_dwellings")
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_credentials_holder_id_holders")
        ),
        sa.ForeignKeyConstraint(
            ["host_id"], ["holders.id"], name=op.f("fk_credentials_host_id_holders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
    )
    _index_credentials()


def _more_credentials_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("hours_from_first_use", sa.Integer(), nullable=False),
        sa.Column("home_gate", sa.String(length=40), nullable=False),
        sa.Column("pass_id", sa.LargeBinary(length=8), nullable=True),
        sa.Column("pass_from_ms", sa.BigInteger(), nullable=False),
        sa.Column("former_pass_id", sa.LargeBinary(length=8), nullable=True),
        sa.Column("former_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("first_used_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("end_reason", sa.String(length=40), nullable=False),
        sa.Column("ended_by", sa.LargeBinary(length=8), nullable=True),
    ]


def _index_credentials() -> None:
    op.create_index(
        op.f("ix_credentials_dwelling_id"), "credentials", ["dwelling_id"], unique=False
    )
    op.create_index(
        op.f("ix_credentials_ended_at_ms"), "credentials", ["ended_at_ms"], unique=False
    )
    op.create_index(op.f("ix_credentials_holder_id"), "credentials", ["holder_id"], unique=False)
    op.create_index(op.f("ix_credentials_host_id"), "credentials", ["host_id"], unique=False)
    op.create_index(
        op.f("ix_credentials_valid_until_ms"), "credentials", ["valid_until_ms"], unique=False
    )
    op.create_index(
        "uq_credentials_active_fob",
        "credentials",
        ["card_value", "card_length"],
        unique=True,
        sqlite_where=sa.text("ended_at_ms IS NULL AND carrier = 'fob'"),
        postgresql_where=sa.text("ended_at_ms IS NULL AND carrier = 'fob'"),
    )


def _create_grants() -> None:
    op.create_table(
        "grants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(length=40), nullable=False),
        sa.Column("access_points", sa.Text(), nullable=False),
        sa.Column("schedule", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["level"],
            ["access_levels.name"],
            name=op.f("fk_grants_level_access_levels"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["schedule"], ["schedules.name"], name=op.f("fk_grants_schedule_schedules")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
    )
    op.create_index(op.f("ix_grants_level"), "grants", ["level"], unique=False)


def _create_schedule_windows() -> None:
    op.create_table(
        "schedule_windows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("schedule", sa.String(length=40), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("start_min", sa.Integer(), nullable=False),
        sa.Column("end_min", sa.Integer(), nullable=False),
        sa.Column("on_holidays", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["schedule"],
            ["schedules.name"],
            name=op.f("fk_schedule_windows_schedule_schedules"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_windows")),
    )
    op.create_index(
        op.f("ix_schedule_windows_schedule"), "schedule_windows", ["schedule"], unique=False
    )
