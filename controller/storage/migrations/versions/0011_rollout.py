"""Create the tables of roll-outs."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ROWID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    _create_rollouts()
    _create_rollout_gates()
    _create_rollout_steps()


def _create_rollouts() -> None:
    op.create_table(
        "rollouts",
        sa.Column("id", _ROWID, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("gates", sa.Text(), nullable=False),
        sa.Column("canaries", sa.Text(), nullable=False),
        sa.Column("window_ms", sa.BigInteger(), nullable=False),
        sa.Column("patience_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("made_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.LargeBinary(length=8), nullable=False),
        sa.Column("started_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('config', 'software', 'model')", name=op.f("ck_rollouts_kind")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'canary', 'rest', 'done', 'stopped', 'rolled_back')",
            name=op.f("ck_rollouts_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollouts")),
    )


def _create_rollout_gates() -> None:
    op.create_table(
        "rollout_gates",
        sa.Column("rollout", _ROWID, nullable=False),
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("base_version", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("sent_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("heard_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("boot_id", sa.LargeBinary(), nullable=False),
        sa.Column("mono_ms", sa.BigInteger(), nullable=False),
        sa.Column("elapsed_ms", sa.BigInteger(), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("failed", sa.String(length=80), nullable=False),
        sa.Column("decided", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["gate"], ["gates.name"], name=op.f("fk_rollout_gates_gate_gates")),
        sa.ForeignKeyConstraint(
            ["rollout"], ["rollouts.id"], name=op.f("fk_rollout_gates_rollout_rollouts")
        ),
        sa.PrimaryKeyConstraint("rollout", "gate", name=op.f("pk_rollout_gates")),
    )
    op.create_index(op.f("ix_rollout_gates_gate"), "rollout_gates", ["gate"], unique=False)


def _create_rollout_steps() -> None:
    op.create_table(
        "rollout_steps",
        sa.Column("id", _ROWID, nullable=False),
        sa.Column("rollout", _ROWID, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rollout"], ["rollouts.id"], name=op.f("fk_rollout_steps_rollout_rollouts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollout_steps")),
    )
    op.create_index(op.f("ix_rollout_steps_rollout"), "rollout_steps", ["rollout"], unique=False)
