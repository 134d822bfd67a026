"""Map how staff prove who they are: invitations, passkeys, open challenges, one-time codes used."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.base import Base, Blob, Count, InstantMs, Label, Name, Pseudonym

__all__ = ["StaffChallengeRow", "StaffCodeUseRow", "StaffInvitationRow", "StaffPasskeyRow"]


class StaffInvitationRow(Base):
    """A single-use invitation to a first login; only SHA-256 of the code is kept.

    `made_by` is null for the very first account, which is invited at the machine itself.
    """

    __tablename__ = "staff_invitations"

    code_hash: Mapped[Blob] = mapped_column(primary_key=True)
    staff_id: Mapped[Pseudonym] = mapped_column(ForeignKey("staff.id"), index=True)
    made_at_ms: Mapped[InstantMs]
    made_by: Mapped[Pseudonym | None]
    until_ms: Mapped[InstantMs]
    used_at_ms: Mapped[InstantMs | None]


class StaffPasskeyRow(Base):
    """A passkey (WebAuthn credential) of a staff member; `public_key` is the COSE key."""

    __tablename__ = "staff_passkeys"

    credential_id: Mapped[Blob] = mapped_column(primary_key=True)
    staff_id: Mapped[Pseudonym] = mapped_column(ForeignKey("staff.id"), index=True)
    public_key: Mapped[Blob]
    sign_count: Mapped[Count]
    label: Mapped[Label]
    made_at_ms: Mapped[InstantMs]
    used_at_ms: Mapped[InstantMs | None]
    ended_at_ms: Mapped[InstantMs | None]


class StaffChallengeRow(Base):
    """A question put to a browser, good once and for five minutes.

    `purpose` is `passkey_new`, `passkey_in` or `totp_new`; `id` is SHA-256 of the form's token.
    """

    __tablename__ = "staff_challenges"

    id: Mapped[Blob] = mapped_column(primary_key=True)
    purpose: Mapped[Name]
    challenge: Mapped[Blob]
    staff_id: Mapped[Pseudonym | None] = mapped_column(ForeignKey("staff.id"))
    until_ms: Mapped[InstantMs] = mapped_column(index=True)


class StaffCodeUseRow(Base):
    """The newest 30-second step whose one-time code an account has used: no code works twice."""

    __tablename__ = "staff_code_uses"

    staff_id: Mapped[Pseudonym] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    step: Mapped[Count]
