"""Index passages by person and time, so that own records stay quick however many there are."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Put the index by person and time in the place of the one by person."""
    op.drop_index(op.f("ix_passages_holder_id"), table_name="passages")
    op.create_index(
        "ix_passages_holder_id_at_s", "passages", ["holder_id", "at_s", "event_id"], unique=False
    )
