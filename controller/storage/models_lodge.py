"""Map what the lodge adds: holds that a second person countersigns, calls that ring in a flat."""

from sqlalchemy import BigInteger, ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.base import Base, Blob, InstantMs, Name, Pseudonym

__all__ = ["CountersignRow", "RingRow"]

_ROWID = BigInteger().with_variant(Integer, "sqlite")


class CountersignRow(Base):
    """An emergency hold from the console, which a second person countersigns within a day."""

    __tablename__ = "countersigns"

    command_id: Mapped[Blob] = mapped_column(ForeignKey("commands.id"), primary_key=True)
    actor: Mapped[Pseudonym]
    due_at_ms: Mapped[InstantMs]
    signed_at_ms: Mapped[InstantMs | None] = mapped_column(index=True)
    signed_by: Mapped[Pseudonym | None]
    alarmed_at_ms: Mapped[InstantMs | None]


class RingRow(Base):
    """A gate's call that the guard passed on to a flat; `answer` is empty, `open` or `no`.

    `answered_by` is None for a telephone.
    """

    __tablename__ = "rings"

    id: Mapped[int] = mapped_column(_ROWID, primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"), index=True)
    access_point: Mapped[Name]
    dwelling_id: Mapped[int] = mapped_column(ForeignKey("dwellings.id"), index=True)
    passed_by: Mapped[Pseudonym]
    at_ms: Mapped[InstantMs] = mapped_column(index=True)
    until_ms: Mapped[InstantMs]
    answer: Mapped[Name] = mapped_column(default="")
    answered_at_ms: Mapped[InstantMs | None]
    answered_by: Mapped[Pseudonym | None]
    command_id: Mapped[Blob | None]
