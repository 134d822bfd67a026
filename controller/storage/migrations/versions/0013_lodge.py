"""Create the tables of the lodge: countersignatures, and calls that ring in a flat."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_ROWID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "countersigns",
        sa.Column("command_id", sa.LargeBinary(), nullable=False),
        sa.Column("actor", sa.LargeBinary(length=8), nullable=False),
        sa.Column("due_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("signed_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("signed_by", sa.LargeBinary(length=8), nullable=True),
        sa.Column("alarmed_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["command_id"], ["commands.id"], name=op.f("fk_countersigns_command_id_commands")
        ),
        sa.PrimaryKeyConstraint("command_id", name=op.f("pk_countersigns")),
    )
    op.create_index(op.f("ix_countersigns_signed_at_ms"), "countersigns", ["signed_at_ms"])
    op.create_table(
        "rings",
        sa.Column("id", _ROWID, nullable=False),
        sa.Column("call_id", _ROWID, nullable=False),
        sa.Column("access_point", sa.String(length=40), nullable=False),
        sa.Column("dwelling_id", sa.Integer(), nullable=False),
        sa.Column("passed_by", sa.LargeBinary(length=8), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.String(length=40), nullable=False),
        sa.Column("answered_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("answered_by", sa.LargeBinary(length=8), nullable=True),
        sa.Column("command_id", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_rings_call_id_calls")),
        sa.ForeignKeyConstraint(
            ["dwelling_id"], ["dwellings.id"], name=op.f("fk_rings_dwelling_id_dwellings")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rings")),
    )
    for column in ("at_ms", "call_id", "dwelling_id"):
        op.create_index(op.f(f"ix_rings_{column}"), "rings", [column])
