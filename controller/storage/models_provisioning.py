"""Map how units come into the compound: tokens, what a unit asked, and who approved it."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.base import Base, Blob, InstantMs, Name, Prose, Pseudonym

__all__ = ["ProvisioningRow"]


class ProvisioningRow(Base):
    """One unit on its way in.

    `state` is `open` (no unit has asked), `asked`, `approved`, `issued` or `refused`. `mac_key` is
    all that is kept of the token, and is forgotten with the certificate. `replaces` tells that the
    unit before it is revoked in the same act. `answer` is the signed answer for the unit.
    """

    __tablename__ = "provisionings"

    id: Mapped[Pseudonym] = mapped_column(primary_key=True)
    gate: Mapped[Name] = mapped_column(ForeignKey("gates.name"), index=True)
    state: Mapped[Name]
    mac_key: Mapped[Blob]
    replaces: Mapped[bool]
    reason: Mapped[Prose]
    made_at_ms: Mapped[InstantMs]
    made_by: Mapped[Pseudonym]
    until_ms: Mapped[InstantMs]
    ask: Mapped[Blob] = mapped_column(default=b"")
    asked_at_ms: Mapped[InstantMs | None]
    decided_at_ms: Mapped[InstantMs | None]
    decided_by: Mapped[Blob] = mapped_column(default=b"")
    issued_at_ms: Mapped[InstantMs | None]
    answer: Mapped[Blob] = mapped_column(default=b"")
