"""Create the tables of the move from an old system, hand-overs and webhooks."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ROWID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    _create_fob_lists()
    _create_handovers()
    _create_webhook_messages()
    _create_fob_list_cards()
    _create_gate_mode_steps()
    _create_gate_modes()
    _create_old_terminals()
    _create_fob_claims()


def _create_fob_lists() -> None:
    op.create_table(
        "fob_lists",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("reading", sa.String(length=40), nullable=False),
        sa.Column("levels", sa.Text(), nullable=False),
        sa.Column("fobs", sa.Integer(), nullable=False),
        sa.Column("open_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.LargeBinary(length=8), nullable=False),
        sa.Column("undone_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.LargeBinary(length=8), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fob_lists")),
    )
    op.create_index(op.f("ix_fob_lists_made_at_ms"), "fob_lists", ["made_at_ms"], unique=False)


def _create_handovers() -> None:
    op.create_table(
        "handovers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("former", sa.String(length=80), nullable=False),
        sa.Column("successor", sa.String(length=80), nullable=False),
        sa.Column("by_recovery", sa.Boolean(), nullable=False),
        sa.Column("bridge_kid", sa.LargeBinary(), nullable=False),
        sa.Column("begun_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("finished_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
    )


def _create_webhook_messages() -> None:
    op.create_table(
        "webhook_messages",
        sa.Column("id", _ROWID, nullable=False),
        sa.Column("message_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("next_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_messages")),
        sa.UniqueConstraint("message_id", name=op.f("uq_webhook_messages_message_id")),
    )
    op.create_index(
        op.f("ix_webhook_messages_next_at_ms"), "webhook_messages", ["next_at_ms"], unique=False
    )


def _create_fob_list_cards() -> None:
    op.create_table(
        "fob_list_cards",
        sa.Column("credential_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("list_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("origin", sa.String(length=40), nullable=False),
        sa.Column("dwelling", sa.String(length=80), nullable=False),
        sa.Column("claimed_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("claimed_by", sa.LargeBinary(length=8), nullable=True),
        sa.CheckConstraint(
            "origin IN ('person', 'dwelling', 'orphan', 'shared')",
            name=op.f("ck_fob_list_cards_origin"),
        ),
        sa.ForeignKeyConstraint(
            ["list_id"], ["fob_lists.id"], name=op.f("fk_fob_list_cards_list_id_fob_lists")
        ),
        sa.PrimaryKeyConstraint("credential_id", name=op.f("pk_fob_list_cards")),
    )
    op.create_index(
        op.f("ix_fob_list_cards_holder_id"), "fob_list_cards", ["holder_id"], unique=False
    )
    op.create_index(op.f("ix_fob_list_cards_list_id"), "fob_list_cards", ["list_id"], unique=False)


def _create_gate_mode_steps() -> None:
    op.create_table(
        "gate_mode_steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.LargeBinary(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gate"], ["gates.name"], name=op.f("fk_gate_mode_steps_gate_gates")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_mode_steps")),
    )
    op.create_index(op.f("ix_gate_mode_steps_gate"), "gate_mode_steps", ["gate"], unique=False)


def _create_gate_modes() -> None:
    op.create_table(
        "gate_modes",
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("mode", sa.String(length=40), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("mode IN ('shadow', 'live')", name=op.f("ck_gate_modes_mode")),
        sa.ForeignKeyConstraint(["gate"], ["gates.name"], name=op.f("fk_gate_modes_gate_gates")),
        sa.PrimaryKeyConstraint("gate", name=op.f("pk_gate_modes")),
    )


def _create_old_terminals() -> None:
    op.create_table(
        "old_terminals",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("place", sa.String(length=80), nullable=False),
        sa.Column("maker", sa.String(length=80), nullable=False),
        sa.Column("serial", sa.String(length=80), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("listed_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("listed_by", sa.LargeBinary(length=8), nullable=False),
        sa.Column("attestation_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["attestation_id"],
            ["attestations.id"],
            name=op.f("fk_old_terminals_attestation_id_attestations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_old_terminals")),
    )


def _create_fob_claims() -> None:
    op.create_table(
        "fob_claims",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("access_point", sa.String(length=40), nullable=False),
        sa.Column("opened_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("opened_by", sa.LargeBinary(length=8), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(length=8), nullable=True),
        sa.Column("closed_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["access_point"],
            ["access_points.name"],
            name=op.f("fk_fob_claims_access_point_access_points"),
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_fob_claims_holder_id_holders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fob_claims")),
    )
    op.create_index(
        op.f("ix_fob_claims_closed_at_ms"), "fob_claims", ["closed_at_ms"], unique=False
    )
    op.create_index(op.f("ix_fob_claims_holder_id"), "fob_claims", ["holder_id"], unique=False)
