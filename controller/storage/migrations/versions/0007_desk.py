"""Create the tables of attestations, the compliance desk, complaints and orders."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _create_attestations()
    _create_desk_records()
    _create_complaints()
    _create_legal_orders()
    _create_legal_holds()


def _create_attestations() -> None:
    op.create_table(
        "attestations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("witness", sa.String(length=80), nullable=False),
        sa.Column("evidence_hash", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("valid_until_ms", sa.BigInteger(), nullable=True),
        sa.Column("made_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.LargeBinary(length=8), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attestations")),
    )
    op.create_index(op.f("ix_attestations_rule"), "attestations", ["rule"], unique=False)


def _create_desk_records() -> None:
    op.create_table(
        "desk_records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("made_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.LargeBinary(length=8), nullable=False),
        sa.Column("due_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("replaces", sa.Integer(), nullable=True),
        sa.Column("is_approved", sa.Boolean(), nullable=False),
        sa.Column("approved_by", sa.LargeBinary(length=8), nullable=True),
        sa.Column("approved_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["replaces"], ["desk_records.id"], name=op.f("fk_desk_records_replaces_desk_records")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_records")),
    )
    op.create_index(op.f("ix_desk_records_kind"), "desk_records", ["kind"], unique=False)


def _create_complaints() -> None:
    op.create_table(
        "complaints",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=True),
        sa.Column("contact", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("opened_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("answer_due_ms", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("answered_by", sa.LargeBinary(length=8), nullable=True),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_complaints_holder_id_holders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints")),
    )
    op.create_index(
        op.f("ix_complaints_answered_at_ms"), "complaints", ["answered_at_ms"], unique=False
    )
    op.create_index(op.f("ix_complaints_holder_id"), "complaints", ["holder_id"], unique=False)
    op.create_index(op.f("ix_complaints_topic"), "complaints", ["topic"], unique=False)


def _create_legal_orders() -> None:
    op.create_table(
        "legal_orders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("authority", sa.String(length=80), nullable=False),
        sa.Column("document_number", sa.String(length=80), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=True),
        sa.Column("to_ms", sa.BigInteger(), nullable=True),
        sa.Column("due_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ends_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.LargeBinary(length=8), nullable=False),
        sa.Column("approved_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("approved_by", sa.LargeBinary(length=8), nullable=True),
        sa.Column("done_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("result_hash", sa.LargeBinary(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('preserve', 'disclose', 'delete', 'end_access')",
            name=op.f("ck_legal_orders_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_legal_orders_holder_id_holders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_orders")),
    )
    op.create_index(op.f("ix_legal_orders_holder_id"), "legal_orders", ["holder_id"], unique=False)


def _create_legal_holds() -> None:
    op.create_table(
        "legal_holds",
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["legal_orders.id"], name=op.f("fk_legal_holds_order_id_legal_orders")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_legal_holds")),
    )
    op.create_index(op.f("ix_legal_holds_holder_id"), "legal_holds", ["holder_id"], unique=False)
