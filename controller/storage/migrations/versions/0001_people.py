"""Create the tables for people: dwellings, holders, residences, staff, sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables in the order of their references."""
    _create_dwellings()
    _create_holders()
    _create_staff_acts()
    _create_guardianships()
    _create_residences()
    _create_staff()
    _create_sessions()


def _create_dwellings() -> None:
    op.create_table(
        "dwellings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dwellings")),
        sa.UniqueConstraint("label", name=op.f("uq_dwellings_label")),
    )


def _create_holders() -> None:
    op.create_table(
        "holders",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("phone", sa.String(length=80), nullable=False),
        sa.Column("adult_from", sa.String(length=40), nullable=False),
        sa.Column("longer_opening", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=40), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("left_at_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('resident', 'visitor', 'staff')", name=op.f("ck_holders_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holders")),
    )


def _create_staff_acts() -> None:
    op.create_table(
        "staff_acts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.LargeBinary(length=8), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.LargeBinary(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("order_reference", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_acts")),
    )
    op.create_index("ix_staff_acts_subject_at_ms", "staff_acts", ["subject", "at_ms"], unique=False)


def _create_guardianships() -> None:
    op.create_table(
        "guardianships",
        sa.Column("child_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("guardian_id", sa.LargeBinary(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"], ["holders.id"], name=op.f("fk_guardianships_child_id_holders")
        ),
        sa.ForeignKeyConstraint(
            ["guardian_id"], ["holders.id"], name=op.f("fk_guardianships_guardian_id_holders")
        ),
        sa.PrimaryKeyConstraint("child_id", "guardian_id", name=op.f("pk_guardianships")),
    )


def _create_residences() -> None:
    op.create_table(
        "residences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("dwelling_id", sa.Integer(), nullable=False),
        sa.Column("relation", sa.String(length=40), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "relation IN ('owner', 'tenant', 'occupant')", name=op.f("ck_residences_relation")
        ),
        sa.ForeignKeyConstraint(
            ["dwelling_id"], ["dwellings.id"], name=op.f("fk_residences_dwelling_id_dwellings")
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_residences_holder_id_holders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_residences")),
    )
    op.create_index(op.f("ix_residences_dwelling_id"), "residences", ["dwelling_id"], unique=False)
    op.create_index(op.f("ix_residences_holder_id"), "residences", ["holder_id"], unique=False)


def _create_staff() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("login", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("totp_secret", sa.LargeBinary(), nullable=False),
        sa.Column("pin_salt", sa.LargeBinary(), nullable=False),
        sa.Column("pin_hash", sa.LargeBinary(), nullable=False),
        sa.Column("card_value", sa.String(length=40), nullable=False),
        sa.Column("card_length", sa.Integer(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=True),
        sa.Column("valid_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "role IN ('guard', 'manager', 'inspector', 'installer')", name=op.f("ck_staff_role")
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_staff_holder_id_holders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("login", name=op.f("uq_staff_login")),
    )


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("cookie_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.LargeBinary(length=8), nullable=True),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(staff_id IS NULL) <> (holder_id IS NULL)", name=op.f("ck_sessions_one_person")
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_sessions_holder_id_holders")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_sessions_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("cookie_hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_holder_id"), "sessions", ["holder_id"], unique=False)
    op.create_index(op.f("ix_sessions_staff_id"), "sessions", ["staff_id"], unique=False)
