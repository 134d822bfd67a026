"""Create the tables for face: notices, settings, switches, wishes, consents, erasures."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables in the order of their references."""
    _create_face_notices()
    _create_face_settings()
    _create_face_switches()
    _create_face_reservations()
    _create_face_consents()
    _create_face_enrolments()
    _create_face_refusals()
    _create_erasures()
    _create_erasure_gates()
    _create_face_cursors()


def _create_face_notices() -> None:
    op.create_table(
        "face_notices",
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("text_hash", sa.LargeBinary(), nullable=False),
        sa.Column("text_zh", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("screen_zh", sa.Text(), nullable=False),
        sa.Column("screen_en", sa.Text(), nullable=False),
        sa.Column("published_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("published_by", sa.LargeBinary(length=8), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_face_notices")),
    )
    op.create_index(
        op.f("ix_face_notices_published_at_ms"), "face_notices", ["published_at_ms"], unique=False
    )


def _create_face_settings() -> None:
    op.create_table(
        "face_settings",
        sa.Column("access_point", sa.String(length=40), nullable=False),
        sa.Column("pipia_ref", sa.String(length=80), nullable=False),
        sa.Column("notice_version", sa.String(length=40), nullable=False),
        sa.Column("sign_attested_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("pad_accepted", sa.Boolean(), nullable=False),
        sa.Column("room_number_may_narrow", sa.Boolean(), nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.LargeBinary(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["access_point"],
            ["access_points.name"],
            name=op.f("fk_face_settings_access_point_access_points"),
        ),
        sa.ForeignKeyConstraint(
            ["notice_version"],
            ["face_notices.version"],
            name=op.f("fk_face_settings_notice_version_face_notices"),
        ),
        sa.PrimaryKeyConstraint("access_point", name=op.f("pk_face_settings")),
    )


def _create_face_switches() -> None:
    op.create_table(
        "face_switches",
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.LargeBinary(length=8), nullable=False),
        sa.Column("order_reference", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_face_switches")),
    )


def _create_face_reservations() -> None:
    op.create_table(
        "face_reservations",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("access_points", sa.Text(), nullable=False),
        sa.Column("notice_version", sa.String(length=40), nullable=False),
        sa.Column("made_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.LargeBinary(length=8), nullable=False),
        sa.Column("guardian_needed", sa.Boolean(), nullable=False),
        sa.Column("guardian_id", sa.LargeBinary(length=8), nullable=True),
        sa.Column("guardian_agreed_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("device_tag", sa.LargeBinary(), nullable=False),
        sa.Column("address_tag", sa.LargeBinary(), nullable=False),
        sa.Column("paper_hash", sa.LargeBinary(), nullable=False),
        sa.Column("witness", sa.LargeBinary(length=8), nullable=True),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("end_reason", sa.String(length=40), nullable=False),
        sa.CheckConstraint(
            "channel IN ('page', 'paper')", name=op.f("ck_face_reservations_channel")
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_face_reservations_holder_id_holders")
        ),
        sa.ForeignKeyConstraint(
            ["notice_version"],
            ["face_notices.version"],
            name=op.f("fk_face_reservations_notice_version_face_notices"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_face_reservations")),
    )
    op.create_index(
        op.f("ix_face_reservations_ended_at_ms"), "face_reservations", ["ended_at_ms"], unique=False
    )
    op.create_index(
        op.f("ix_face_reservations_holder_id"), "face_reservations", ["holder_id"], unique=False
    )


def _create_face_consents() -> None:
    op.create_table(
        "face_consents",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("reservation_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("access_points", sa.Text(), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("notice_version", sa.String(length=40), nullable=False),
        sa.Column("notice_hash", sa.LargeBinary(), nullable=False),
        sa.Column("given_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("credential", sa.LargeBinary(length=8), nullable=False),
        sa.Column("band", sa.String(length=40), nullable=False),
        sa.Column("guardian_id", sa.LargeBinary(length=8), nullable=True),
        sa.Column("guardian_agreed_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("signals", sa.Text(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("end_reason", sa.String(length=40), nullable=False),
        sa.Column("ended_by", sa.LargeBinary(length=8), nullable=True),
        *_face_consent_keys(),
    )
    _index_face_consents()


def _face_consent_keys() -> tuple[sa.Constraint, ...]:
    return (
        sa.CheckConstraint(
            "band IN ('under_14', '14_17', 'adult')", name=op.f("ck_face_consents_band")
        ),
        sa.ForeignKeyConstraint(["gate"], ["gates.name"], name=op.f("fk_face_consents_gate_gates")),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_face_consents_holder_id_holders")
        ),
        sa.ForeignKeyConstraint(
            ["notice_version"],
            ["face_notices.version"],
            name=op.f("fk_face_consents_notice_version_face_notices"),
        ),
        sa.ForeignKeyConstraint(
            ["reservation_id"],
            ["face_reservations.id"],
            name=op.f("fk_face_consents_reservation_id_face_reservations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_face_consents")),
    )


def _index_face_consents() -> None:
    op.create_index(
        op.f("ix_face_consents_ended_at_ms"), "face_consents", ["ended_at_ms"], unique=False
    )
    op.create_index(
        op.f("ix_face_consents_holder_id"), "face_consents", ["holder_id"], unique=False
    )
    op.create_index(
        "uq_face_consents_evidence", "face_consents", ["gate", "epoch", "seq"], unique=True
    )


def _create_face_enrolments() -> None:
    op.create_table(
        "face_enrolments",
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("enrolled_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("erased_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["gate"], ["gates.name"], name=op.f("fk_face_enrolments_gate_gates")
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_face_enrolments_holder_id_holders")
        ),
        sa.PrimaryKeyConstraint("holder_id", "gate", name=op.f("pk_face_enrolments")),
    )


def _create_face_refusals() -> None:
    op.create_table(
        "face_refusals",
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("declined_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_face_refusals_holder_id_holders")
        ),
        sa.PrimaryKeyConstraint("holder_id", name=op.f("pk_face_refusals")),
    )


def _create_erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("opened_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("opened_by", sa.LargeBinary(length=8), nullable=False),
        sa.Column("order_reference", sa.String(length=80), nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("alarmed_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_erasures_holder_id_holders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index(op.f("ix_erasures_closed_at_ms"), "erasures", ["closed_at_ms"], unique=False)
    op.create_index(op.f("ix_erasures_holder_id"), "erasures", ["holder_id"], unique=False)


def _create_erasure_gates() -> None:
    op.create_table(
        "erasure_gates",
        sa.Column("erasure_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("how", sa.String(length=40), nullable=False),
        sa.Column("done_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["erasure_id"], ["erasures.id"], name=op.f("fk_erasure_gates_erasure_id_erasures")
        ),
        sa.ForeignKeyConstraint(["gate"], ["gates.name"], name=op.f("fk_erasure_gates_gate_gates")),
        sa.PrimaryKeyConstraint("erasure_id", "gate", name=op.f("pk_erasure_gates")),
    )


def _create_face_cursors() -> None:
    op.create_table(
        "face_cursors",
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["gate"], ["gates.name"], name=op.f("fk_face_cursors_gate_gates")),
        sa.PrimaryKeyConstraint("gate", "epoch", name=op.f("pk_face_cursors")),
    )
