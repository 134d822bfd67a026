"""Map what keeps the compound running: hand-overs to another operator, and outgoing webhooks."""

from sqlalchemy import BigInteger, Integer
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.base import Base, Blob, InstantMs, Label, Name, Prose

__all__ = ["HandoverRow", "WebhookMessageRow"]

_ROWID = BigInteger().with_variant(Integer, "sqlite")


class HandoverRow(Base):
    """One change of the property company.

    `bridge_kid` is the document key that old and new share: it signs each gate's next `keys`
    document, and is destroyed when every gate has it (`finished_at_ms`).
    """

    __tablename__ = "handovers"

    id: Mapped[int] = mapped_column(primary_key=True)
    former: Mapped[Label]
    successor: Mapped[Label]
    by_recovery: Mapped[bool]
    bridge_kid: Mapped[Blob]
    begun_at_ms: Mapped[InstantMs]
    finished_at_ms: Mapped[InstantMs | None]


class WebhookMessageRow(Base):
    """One message that waits to be sent; it goes 3 days after it was delivered or given up."""

    __tablename__ = "webhook_messages"

    id: Mapped[int] = mapped_column(_ROWID, primary_key=True)
    message_id: Mapped[Name] = mapped_column(unique=True)
    kind: Mapped[Name]
    body: Mapped[Prose]
    made_at_ms: Mapped[InstantMs]
    next_at_ms: Mapped[InstantMs] = mapped_column(index=True)
    tries: Mapped[int]
    status: Mapped[Name]
