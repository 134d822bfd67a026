"""Create the tables for gates: openings, documents, commands."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables in the order of their references."""
    _create_gates()
    _create_commands()
    _create_documents()
    _create_portals()
    _create_access_points()
    _create_document_changes()
    _create_document_records()


def _create_gates() -> None:
    op.create_table(
        "gates",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("passback", sa.String(length=40), nullable=False),
        sa.Column("open_needs_own_key", sa.Boolean(), nullable=False),
        sa.Column("double_tap_hold", sa.Boolean(), nullable=False),
        sa.Column("credential_capacity", sa.Integer(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_gates")),
    )


def _create_commands() -> None:
    op.create_table(
        "commands",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("op", sa.String(length=40), nullable=False),
        sa.Column("access_point", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("boot_id", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("deadline_mono_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("result", sa.String(length=40), nullable=False),
        sa.Column("answered_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["gate"], ["gates.name"], name=op.f("fk_commands_gate_gates")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commands")),
    )
    op.create_index(op.f("ix_commands_gate"), "commands", ["gate"], unique=False)
    op.create_index(op.f("ix_commands_issued_at_ms"), "commands", ["issued_at_ms"], unique=False)


def _create_documents() -> None:
    op.create_table(
        "documents",
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("issued_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("version_floor", sa.BigInteger(), nullable=False),
        sa.Column("published_version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["gate"], ["gates.name"], name=op.f("fk_documents_gate_gates")),
        sa.PrimaryKeyConstraint("gate", "name", name=op.f("pk_documents")),
    )


def _create_portals() -> None:
    op.create_table(
        "portals",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("settings", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["gate"], ["gates.name"], name=op.f("fk_portals_gate_gates")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_portals")),
    )
    op.create_index(op.f("ix_portals_gate"), "portals", ["gate"], unique=False)


def _create_access_points() -> None:
    op.create_table(
        "access_points",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("portal", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("direction", sa.String(length=40), nullable=False),
        sa.Column("methods", sa.Text(), nullable=False),
        sa.Column("card_formats", sa.Text(), nullable=False),
        sa.Column("zone_from", sa.String(length=40), nullable=False),
        sa.Column("zone_to", sa.String(length=40), nullable=False),
        sa.Column("entry_confirmed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["portal"], ["portals.name"], name=op.f("fk_access_points_portal_portals")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_access_points")),
    )
    op.create_index(op.f("ix_access_points_portal"), "access_points", ["portal"], unique=False)


def _create_document_changes() -> None:
    op.create_table(
        "document_changes",
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gate", "name"],
            ["documents.gate", "documents.name"],
            name=op.f("fk_document_changes_gate_name_documents"),
        ),
        sa.PrimaryKeyConstraint("gate", "name", "version", name=op.f("pk_document_changes")),
    )


def _create_document_records() -> None:
    op.create_table(
        "document_records",
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("record", sa.String(length=80), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gate", "name"],
            ["documents.gate", "documents.name"],
            name=op.f("fk_document_records_gate_name_documents"),
        ),
        sa.PrimaryKeyConstraint("gate", "name", "record", name=op.f("pk_document_records")),
    )
