"""Map what the compound knows about face: notices, settings, wishes, consents, erasures.

No column can hold a picture, an embedding or a score: biometric references exist in the gates only
(rule ST-01). Consents, refusals and receipts stay for the life of the consent and three years.
"""

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.base import (
    Base,
    Blob,
    Count,
    InstantMs,
    Label,
    Name,
    Prose,
    Pseudonym,
    Words,
)

__all__ = [
    "ErasureGateRow",
    "ErasureRow",
    "FaceConsentRow",
    "FaceCursorRow",
    "FaceEnrolmentRow",
    "FaceNoticeRow",
    "FaceRefusalRow",
    "FaceReservationRow",
    "FaceSettingsRow",
    "FaceSwitchRow",
]


class FaceNoticeRow(Base):
    """One version of the notice, kept for good. The newest by `published_at_ms` is in force.

    `text_hash` is SHA-256 over the whole notice in both languages; `screen_…` are the short texts
    of the gate.
    """

    __tablename__ = "face_notices"

    version: Mapped[Name] = mapped_column(primary_key=True)
    text_hash: Mapped[Blob]
    text_zh: Mapped[Prose]
    text_en: Mapped[Prose]
    screen_zh: Mapped[Prose]
    screen_en: Mapped[Prose]
    published_at_ms: Mapped[InstantMs] = mapped_column(index=True)
    published_by: Mapped[Pseudonym]


class FaceSettingsRow(Base):
    """What is on record for face at one access point (rule NS-09). No row: face is off there."""

    __tablename__ = "face_settings"

    access_point: Mapped[Name] = mapped_column(ForeignKey("access_points.name"), primary_key=True)
    pipia_ref: Mapped[Label]
    notice_version: Mapped[Name] = mapped_column(ForeignKey("face_notices.version"))
    sign_attested_at_ms: Mapped[InstantMs]
    pad_accepted: Mapped[bool]
    room_number_may_narrow: Mapped[bool]
    changed_at_ms: Mapped[InstantMs]
    changed_by: Mapped[Pseudonym]


class FaceSwitchRow(Base):
    """The switch of rule NS-10. `scope` is `compound`, `gate:<name>` or `ap:<name>`."""

    __tablename__ = "face_switches"

    scope: Mapped[Label] = mapped_column(primary_key=True)
    is_on: Mapped[bool]
    since_ms: Mapped[InstantMs]
    changed_by: Mapped[Pseudonym]
    order_reference: Mapped[Label]


class FaceReservationRow(Base):
    """A wish to opt in: it creates nothing by itself.

    `channel` is `page` or `paper`. `device_tag` and `address_tag` are keyed hashes, for the
    inspector's signals only. For paper, `paper_hash` is SHA-256 of the signed sheet's scan, which
    is not kept, `prepared_by` and `witness` are two members of staff. `guardian_…` is the
    guardian's own consent, which binds the same notice.
    """

    __tablename__ = "face_reservations"
    __table_args__ = (CheckConstraint("channel IN ('page', 'paper')", name="channel"),)

    id: Mapped[Pseudonym] = mapped_column(primary_key=True)
    holder_id: Mapped[Pseudonym] = mapped_column(ForeignKey("holders.id"), index=True)
    channel: Mapped[Name]
    purpose: Mapped[Name]
    access_points: Mapped[tuple[str, ...]] = mapped_column(Words)
    notice_version: Mapped[Name] = mapped_column(ForeignKey("face_notices.version"))
    made_at_ms: Mapped[InstantMs]
    until_ms: Mapped[InstantMs]
    made_by: Mapped[Pseudonym]
    guardian_needed: Mapped[bool]
    guardian_id: Mapped[Pseudonym | None]
    guardian_agreed_at_ms: Mapped[InstantMs | None]
    device_tag: Mapped[Blob]
    address_tag: Mapped[Blob]
    paper_hash: Mapped[Blob]
    witness: Mapped[Pseudonym | None]
    ended_at_ms: Mapped[InstantMs | None] = mapped_column(index=True)
    end_reason: Mapped[Name]


class FaceConsentRow(Base):
    """A consent that a person gave at a gate, by own fob or pass and a yes (rule CO-03).

    (`gate`, `epoch`, `seq`) is the signed event behind it; one row for each gate where the person
    said yes. `band` is the age band on that day. `signals` are words for the inspector.
    """

    __tablename__ = "face_consents"
    __table_args__ = (
        Index("uq_face_consents_evidence", "gate", "epoch", "seq", unique=True),
        CheckConstraint("band IN ('under_14', '14_17', 'adult')", name="band"),
    )

    id: Mapped[Blob] = mapped_column(LargeBinary(16), primary_key=True)
    holder_id: Mapped[Pseudonym] = mapped_column(ForeignKey("holders.id"), index=True)
    reservation_id: Mapped[Pseudonym] = mapped_column(ForeignKey("face_reservations.id"))
    gate: Mapped[Name] = mapped_column(ForeignKey("gates.name"))
    epoch: Mapped[Count]
    seq: Mapped[Count]
    access_points: Mapped[tuple[str, ...]] = mapped_column(Words)
    purpose: Mapped[Name]
    notice_version: Mapped[Name] = mapped_column(ForeignKey("face_notices.version"))
    notice_hash: Mapped[Blob]
    given_at_ms: Mapped[InstantMs]
    until_ms: Mapped[InstantMs]
    credential: Mapped[Pseudonym]
    band: Mapped[Name]
    guardian_id: Mapped[Pseudonym | None]
    guardian_agreed_at_ms: Mapped[InstantMs | None]
    signals: Mapped[tuple[str, ...]] = mapped_column(Words)
    ended_at_ms: Mapped[InstantMs | None] = mapped_column(index=True)
    end_reason: Mapped[Name]
    ended_by: Mapped[Pseudonym | None]


class FaceEnrolmentRow(Base):
    """Which gate holds references of whom, as the gate's own events tell."""

    __tablename__ = "face_enrolments"

    holder_id: Mapped[Pseudonym] = mapped_column(ForeignKey("holders.id"), primary_key=True)
    gate: Mapped[Name] = mapped_column(ForeignKey("gates.name"), primary_key=True)
    enrolled_at_ms: Mapped[InstantMs]
    epoch: Mapped[Count]
    seq: Mapped[Count]
    erased_at_ms: Mapped[InstantMs | None]


class FaceRefusalRow(Base):
    """Somebody said no: the date only, so that nobody asks again for 180 days (rule CO-07)."""

    __tablename__ = "face_refusals"

    holder_id: Mapped[Pseudonym] = mapped_column(ForeignKey("holders.id"), primary_key=True)
    declined_at_ms: Mapped[InstantMs]


class ErasureRow(Base):
    """A request to erase everything biometric of a person; closed only by its gates' receipts."""

    __tablename__ = "erasures"

    id: Mapped[Blob] = mapped_column(LargeBinary(16), primary_key=True)
    holder_id: Mapped[Pseudonym] = mapped_column(ForeignKey("holders.id"), index=True)
    reason: Mapped[Name]
    opened_at_ms: Mapped[InstantMs]
    opened_by: Mapped[Pseudonym]
    order_reference: Mapped[Label]
    closed_at_ms: Mapped[InstantMs | None] = mapped_column(index=True)
    alarmed_at_ms: Mapped[InstantMs | None]


class ErasureGateRow(Base):
    """One gate of a request. `how` is empty while it is outstanding, `receipt` or `gate_lost`."""

    __tablename__ = "erasure_gates"

    erasure_id: Mapped[Blob] = mapped_column(
        LargeBinary(16), ForeignKey("erasures.id"), primary_key=True
    )
    gate: Mapped[Name] = mapped_column(ForeignKey("gates.name"), primary_key=True)
    how: Mapped[Name]
    done_at_ms: Mapped[InstantMs | None]
    epoch: Mapped[Count | None]
    seq: Mapped[Count | None]


class FaceCursorRow(Base):
    """How far the events of one life of a gate's log have been learned about face."""

    __tablename__ = "face_cursors"

    gate: Mapped[Name] = mapped_column(ForeignKey("gates.name"), primary_key=True)
    epoch: Mapped[Count] = mapped_column(primary_key=True)
    upto: Mapped[Count]
