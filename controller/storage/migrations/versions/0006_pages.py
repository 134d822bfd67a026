"""Create the tables behind residents' and guards' pages."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ROWID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    _create_login_slips()
    _create_passages()
    _create_disputes()
    _create_calls()
    _create_open_reasons()


def _create_login_slips() -> None:
    op.create_table(
        "login_slips",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("levels", sa.Text(), nullable=False),
        sa.Column("made_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.LargeBinary(length=8), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_login_slips_holder_id_holders")
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_login_slips")),
    )
    op.create_index(op.f("ix_login_slips_holder_id"), "login_slips", ["holder_id"], unique=False)


def _create_passages() -> None:
    op.create_table(
        "passages",
        sa.Column("event_id", _ROWID, autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("at_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_passages")),
    )
    op.create_index(op.f("ix_passages_at_s"), "passages", ["at_s"], unique=False)
    op.create_index(op.f("ix_passages_holder_id"), "passages", ["holder_id"], unique=False)


def _create_disputes() -> None:
    op.create_table(
        "disputes",
        sa.Column("id", _ROWID, nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("opened_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("answer_due_ms", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("answered_by", sa.LargeBinary(length=8), nullable=True),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_disputes_holder_id_holders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("event_id", name=op.f("uq_disputes_event_id")),
    )
    op.create_index(
        op.f("ix_disputes_answered_at_ms"), "disputes", ["answered_at_ms"], unique=False
    )
    op.create_index(op.f("ix_disputes_holder_id"), "disputes", ["holder_id"], unique=False)


def _create_calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", _ROWID, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=True),
        sa.Column("access_point", sa.String(length=40), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("answered_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("answered_by", sa.LargeBinary(length=8), nullable=True),
        sa.CheckConstraint(
            "(event_id IS NULL) <> (holder_id IS NULL)", name=op.f("ck_calls_one_source")
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_calls_holder_id_holders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("event_id", name=op.f("uq_calls_event_id")),
    )
    op.create_index(op.f("ix_calls_at_ms"), "calls", ["at_ms"], unique=False)
    op.create_index(op.f("ix_calls_holder_id"), "calls", ["holder_id"], unique=False)


def _create_open_reasons() -> None:
    op.create_table(
        "open_reasons",
        sa.Column("command_id", sa.LargeBinary(), nullable=False),
        sa.Column("actor", sa.LargeBinary(length=8), nullable=False),
        sa.Column("due_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("given_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("given_by", sa.LargeBinary(length=8), nullable=True),
        sa.Column("alarmed_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["command_id"], ["commands.id"], name=op.f("fk_open_reasons_command_id_commands")
        ),
        sa.PrimaryKeyConstraint("command_id", name=op.f("pk_open_reasons")),
    )
    op.create_index(
        op.f("ix_open_reasons_given_at_ms"), "open_reasons", ["given_at_ms"], unique=False
    )
