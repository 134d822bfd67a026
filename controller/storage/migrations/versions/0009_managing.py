"""Create the tables of staff logins and of managers' pages."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ROWID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    _create_import_runs()
    _create_plan_versions()
    _create_import_items()
    _create_movement_requests()
    _create_name_keys()
    _create_end_requests()
    _create_staff_challenges()
    _create_staff_code_uses()
    _create_staff_invitations()
    _create_staff_passkeys()
    _create_access_point_sites()
    _create_controlled_points()


def _create_import_runs() -> None:
    op.create_table(
        "import_runs",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("levels", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("made_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.LargeBinary(length=8), nullable=False),
        sa.Column("applied_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("undone_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_runs")),
    )
    op.create_index(op.f("ix_import_runs_made_at_ms"), "import_runs", ["made_at_ms"], unique=False)


def _create_plan_versions() -> None:
    op.create_table(
        "plan_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.LargeBinary(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("rolled_back_to", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["rolled_back_to"],
            ["plan_versions.id"],
            name=op.f("fk_plan_versions_rolled_back_to_plan_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_versions")),
    )


def _create_import_items() -> None:
    op.create_table(
        "import_items",
        sa.Column("id", _ROWID, nullable=False),
        sa.Column("run_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("change", sa.String(length=40), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_import_items_holder_id_holders")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["import_runs.id"], name=op.f("fk_import_items_run_id_import_runs")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_items")),
    )
    op.create_index(op.f("ix_import_items_run_id"), "import_items", ["run_id"], unique=False)


def _create_movement_requests() -> None:
    op.create_table(
        "movement_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("ticket", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.LargeBinary(length=8), nullable=False),
        sa.Column("asked_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", sa.LargeBinary(length=8), nullable=True),
        sa.Column("approved_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("open_until_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_movement_requests_holder_id_holders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movement_requests")),
    )
    op.create_index(
        op.f("ix_movement_requests_holder_id"), "movement_requests", ["holder_id"], unique=False
    )


def _create_name_keys() -> None:
    op.create_table(
        "name_keys",
        sa.Column("id", _ROWID, nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_name_keys_holder_id_holders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_name_keys")),
    )
    op.create_index(op.f("ix_name_keys_holder_id"), "name_keys", ["holder_id"], unique=False)
    op.create_index(op.f("ix_name_keys_key"), "name_keys", ["key"], unique=False)


def _create_end_requests() -> None:
    op.create_table(
        "end_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("order_reference", sa.String(length=80), nullable=False),
        sa.Column("with_replacement", sa.Boolean(), nullable=False),
        sa.Column("asked_by", sa.LargeBinary(length=8), nullable=False),
        sa.Column("asked_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ends_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", sa.LargeBinary(length=8), nullable=True),
        sa.Column("approved_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("done_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_by", sa.LargeBinary(length=8), nullable=True),
        sa.Column("withdrawn_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["credential_id"],
            ["credentials.id"],
            name=op.f("fk_end_requests_credential_id_credentials"),
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_end_requests_holder_id_holders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_end_requests")),
    )
    op.create_index(
        op.f("ix_end_requests_credential_id"), "end_requests", ["credential_id"], unique=False
    )
    op.create_index(
        op.f("ix_end_requests_done_at_ms"), "end_requests", ["done_at_ms"], unique=False
    )
    op.create_index(
        op.f("ix_end_requests_ends_at_ms"), "end_requests", ["ends_at_ms"], unique=False
    )
    op.create_index(op.f("ix_end_requests_holder_id"), "end_requests", ["holder_id"], unique=False)


def _create_staff_challenges() -> None:
    op.create_table(
        "staff_challenges",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.LargeBinary(length=8), nullable=True),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_challenges_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_challenges")),
    )
    op.create_index(
        op.f("ix_staff_challenges_until_ms"), "staff_challenges", ["until_ms"], unique=False
    )


def _create_staff_code_uses() -> None:
    op.create_table(
        "staff_code_uses",
        sa.Column("staff_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_code_uses_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_code_uses")),
    )


def _create_staff_invitations() -> None:
    op.create_table(
        "staff_invitations",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("made_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.LargeBinary(length=8), nullable=True),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_invitations_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_staff_invitations")),
    )
    op.create_index(
        op.f("ix_staff_invitations_staff_id"), "staff_invitations", ["staff_id"], unique=False
    )


def _create_staff_passkeys() -> None:
    op.create_table(
        "staff_passkeys",
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("made_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_passkeys_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("credential_id", name=op.f("pk_staff_passkeys")),
    )
    op.create_index(
        op.f("ix_staff_passkeys_staff_id"), "staff_passkeys", ["staff_id"], unique=False
    )


def _create_access_point_sites() -> None:
    op.create_table(
        "access_point_sites",
        sa.Column("access_point", sa.String(length=40), nullable=False),
        sa.Column("layout", sa.JSON(), nullable=False),
        sa.Column("qr_frames_per_s", sa.Integer(), nullable=False),
        sa.Column("qr_exposure_us", sa.Integer(), nullable=False),
        sa.Column("sign_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sign_seen_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("changed_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.LargeBinary(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["access_point"],
            ["access_points.name"],
            name=op.f("fk_access_point_sites_access_point_access_points"),
        ),
        sa.PrimaryKeyConstraint("access_point", name=op.f("pk_access_point_sites")),
    )


def _create_controlled_points() -> None:
    op.create_table(
        "controlled_points",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("place", sa.String(length=80), nullable=False),
        sa.Column("operator", sa.String(length=80), nullable=False),
        sa.Column("access_point", sa.String(length=40), nullable=True),
        sa.Column("ways", sa.Text(), nullable=False),
        sa.Column("photo_hash", sa.LargeBinary(), nullable=False),
        sa.Column("photo_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("made_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.LargeBinary(length=8), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('gate', 'unit_door', 'lift', 'gym', 'garage', 'other')",
            name=op.f("ck_controlled_points_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["access_point"],
            ["access_points.name"],
            name=op.f("fk_controlled_points_access_point_access_points"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_controlled_points")),
    )
