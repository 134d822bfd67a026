"""Create the tables of proof and inspection; keep the face counters of heartbeats."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ROWID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables in the order of their references."""
    _create_control_leaves()
    _create_control_log()
    _create_parity_cells()
    _create_rule_findings()
    _create_containment_proofs()
    _create_gate_heads()
    _create_admissions()
    _create_inspections()
    _create_inspector_looks()
    _create_inspection_steps()
    _extend_gate_presence()


def _create_control_leaves() -> None:
    op.create_table(
        "control_leaves",
        sa.Column("seq", _ROWID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("personal", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_control_leaves")),
    )
    op.create_index(op.f("ix_control_leaves_kind"), "control_leaves", ["kind"], unique=False)


def _create_control_log() -> None:
    op.create_table(
        "control_log",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_control_log")),
    )


def _create_parity_cells() -> None:
    op.create_table(
        "parity_cells",
        sa.Column("month", sa.String(length=40), nullable=False),
        sa.Column("access_point", sa.String(length=40), nullable=False),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("counted", sa.JSON(), nullable=False),
        sa.Column("availability_ppm", sa.Integer(), nullable=False),
        sa.Column("computed_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month", "access_point", "method", name=op.f("pk_parity_cells")),
    )


def _create_rule_findings() -> None:
    op.create_table(
        "rule_findings",
        sa.Column("id", _ROWID, nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("catalogue", sa.String(length=40), nullable=False),
        sa.Column("verdict", sa.String(length=40), nullable=False),
        sa.Column("zh", sa.Text(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_findings")),
    )
    op.create_index(
        "ix_rule_findings_rule_since_ms", "rule_findings", ["rule", "since_ms"], unique=False
    )
    op.create_index(op.f("ix_rule_findings_until_ms"), "rule_findings", ["until_ms"], unique=False)


def _create_containment_proofs() -> None:
    op.create_table(
        "containment_proofs",
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("config_hash", sa.LargeBinary(), nullable=False),
        sa.Column("config_version", sa.BigInteger(), nullable=False),
        sa.Column("policy_version", sa.BigInteger(), nullable=False),
        sa.Column("proof", sa.LargeBinary(), nullable=False),
        sa.Column("proof_hash", sa.LargeBinary(), nullable=False),
        sa.Column("classes", sa.Integer(), nullable=False),
        sa.Column("beyond", sa.Integer(), nullable=False),
        sa.Column("made_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gate"], ["gates.name"], name=op.f("fk_containment_proofs_gate_gates")
        ),
        sa.PrimaryKeyConstraint("gate", "config_hash", name=op.f("pk_containment_proofs")),
    )
    op.create_index(
        op.f("ix_containment_proofs_made_at_ms"), "containment_proofs", ["made_at_ms"], unique=False
    )


def _create_gate_heads() -> None:
    op.create_table(
        "gate_heads",
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("presence", sa.LargeBinary(), nullable=False),
        sa.Column("heard_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at_s", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["gate"], ["gates.name"], name=op.f("fk_gate_heads_gate_gates")),
        sa.PrimaryKeyConstraint("gate", "epoch", "kind", "slot", name=op.f("pk_gate_heads")),
    )
    op.create_index("ix_gate_heads_note", "gate_heads", ["note", "gate"], unique=False)


def _create_admissions() -> None:
    op.create_table(
        "admissions",
        sa.Column("file_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("used_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_admissions_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("file_hash", name=op.f("pk_admissions")),
    )


def _create_inspections() -> None:
    op.create_table(
        "inspections",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("inspector", sa.LargeBinary(length=8), nullable=False),
        sa.Column("access_points", sa.Text(), nullable=False),
        sa.Column("opened_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("holder_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("list_hash", sa.LargeBinary(), nullable=False),
        sa.Column("list_body", sa.LargeBinary(), nullable=False),
        sa.Column("revealed_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("refused_rule", sa.String(length=40), nullable=False),
        sa.Column("refused_witness", sa.String(length=80), nullable=False),
        sa.Column("opt_out", sa.LargeBinary(), nullable=False),
        sa.Column("opened_seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('drill', 'walk')", name=op.f("ck_inspections_kind")),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["holders.id"], name=op.f("fk_inspections_holder_id_holders")
        ),
        sa.ForeignKeyConstraint(
            ["inspector"], ["staff.id"], name=op.f("fk_inspections_inspector_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspections")),
    )
    op.create_index(op.f("ix_inspections_inspector"), "inspections", ["inspector"], unique=False)
    op.create_index(
        op.f("ix_inspections_opened_at_ms"), "inspections", ["opened_at_ms"], unique=False
    )


def _create_inspector_looks() -> None:
    op.create_table(
        "inspector_looks",
        sa.Column("id", _ROWID, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("inspector", sa.LargeBinary(length=8), nullable=False),
        sa.Column("page", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspector"], ["staff.id"], name=op.f("fk_inspector_looks_inspector_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspector_looks")),
    )
    op.create_index(op.f("ix_inspector_looks_at_ms"), "inspector_looks", ["at_ms"], unique=False)
    op.create_index(
        op.f("ix_inspector_looks_inspector"), "inspector_looks", ["inspector"], unique=False
    )


def _create_inspection_steps() -> None:
    op.create_table(
        "inspection_steps",
        sa.Column("id", _ROWID, nullable=False),
        sa.Column("inspection_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("access_point", sa.String(length=40), nullable=False),
        sa.Column("way", sa.String(length=40), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("adapter_kind", sa.String(length=40), nullable=False),
        sa.Column("machine_ms", sa.Integer(), nullable=True),
        sa.Column("stopwatch_ms", sa.Integer(), nullable=True),
        sa.Column("done_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["inspection_id"],
            ["inspections.id"],
            name=op.f("fk_inspection_steps_inspection_id_inspections"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection_steps")),
    )
    op.create_index(
        "ix_inspection_steps_inspection_id_at",
        "inspection_steps",
        ["inspection_id", "at"],
        unique=False,
    )


def _extend_gate_presence() -> None:
    op.add_column("gate_presence", sa.Column("face", sa.JSON(), nullable=True))
    op.add_column("gate_presence", sa.Column("face_state", sa.String(length=40), nullable=True))
