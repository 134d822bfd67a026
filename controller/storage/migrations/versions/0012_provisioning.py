"""Create the table of units on their way in."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "provisionings",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("mac_key", sa.LargeBinary(), nullable=False),
        sa.Column("replaces", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.LargeBinary(length=8), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("ask", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("decided_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["gate"], ["gates.name"], name=op.f("fk_provisionings_gate_gates")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provisionings")),
    )
    op.create_index(op.f("ix_provisionings_gate"), "provisionings", ["gate"], unique=False)
