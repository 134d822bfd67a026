"""Describe the records about face: settings of an access point, reservations, erasures, notices.

`face:<access point>` stands in `config`; everything else in `leases`, beside the leases themselves.
No record has room for a picture or a biometric reference: none of that travels (rules ST-01 and
ST-02).
Instants are UTC in ms. A notice's version is a name of 1 to 40 of a-z, 0-9 and -.
"""

from typing import Annotated

import msgspec

from mqtt.contract import fields
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "ENTRY_PURPOSE",
    "ERASURE_ID_BYTES",
    "NOTICE_CHARACTERS",
    "ErasureRequestRecord",
    "FaceSettingsRecord",
    "FaceSwitchRecord",
    "NoticeRecord",
    "ReservationRecord",
]

ERASURE_ID_BYTES = 16
NOTICE_CHARACTERS = 400
"""Longest short text of a notice, for one screen and one minute of speech."""
ENTRY_PURPOSE = "entry"
"""The only purpose that a consent can have: entry by face at the listed gates (rule DM-09)."""

NoticeText = Annotated[str, msgspec.Meta(min_length=1, max_length=NOTICE_CHARACTERS)]
FullHash = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
RequestId = Annotated[bytes, msgspec.Meta(min_length=ERASURE_ID_BYTES, max_length=ERASURE_ID_BYTES)]


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class FaceSettingsRecord(_Record, frozen=True, forbid_unknown_fields=True):
    """`config/face:<access point>`: what has to be on record before face is fitted there (NS-09).

    `pipia_ref` names the impact assessment (PIPL Art. 55), `notice_version` the notice that people
    are shown, `sign_attested_at_ms` when somebody attested the sign. `pad_accepted` is the site's
    recorded acceptance of face without PAD files; `room_number_may_narrow` lets a room number
    narrow the search after the button.
    """

    pipia_ref: fields.Shown
    notice_version: fields.Name
    sign_attested_at_ms: fields.Count
    pad_accepted: bool = False
    room_number_may_narrow: bool = False


class ReservationRecord(_Record, frozen=True, forbid_unknown_fields=True):
    """`leases/reserved:<holder base32>`: a wish to opt in, made on a page or prepared on paper.

    It creates no consent: that comes into being at the gate, by the person's own fob or pass and a
    yes. `notice_hash` is the SHA-256 of the whole notice, `access_points` the scope at this gate
    unit (at least one). Where `guardian_needed`, nothing begins until the guardian's own consent is
    on record (`guardian_ok`; rules MI-01, MI-02).
    """

    notice_version: fields.Name
    notice_hash: FullHash
    until_ms: fields.Count
    access_points: tuple[fields.Name, ...]
    purpose: fields.Name = ENTRY_PURPOSE
    guardian_needed: bool = False
    guardian_ok: bool = False


class ErasureRequestRecord(_Record, frozen=True, forbid_unknown_fields=True):
    """`leases/erase:<holder base32>`: erase everything biometric of a person at this gate.

    It stands until the gate's receipt is in: an event of kind `erasure`, method `face`, reason
    `face_erased`, whose personal part names the holder and, as its note, `id` in hex. `reason` says
    why it was asked for, such as `consent_withdrawn`, `moved_out` or `court_order`.
    """

    id: RequestId
    since_ms: fields.Count
    reason: ReasonCode


class FaceSwitchRecord(_Record, frozen=True, forbid_unknown_fields=True):
    """`leases/switch:<access point | gate | compound>`: the one switch of rule NS-10.

    Face is off where any of the three that concern an access point says so; none says on.
    """

    on: bool
    reason: ReasonCode
    since_ms: fields.Count


class NoticeRecord(_Record, frozen=True, forbid_unknown_fields=True):
    """`leases/notice:<version>`: what is shown and spoken before a yes; `hash` as in reservations.

    The texts are the short ones of the gate screen, with the other ways in on the same screen
    (CO-02); the whole notice hangs at the gate and stands on the public page.
    """

    hash: FullHash
    zh: NoticeText
    en: NoticeText
