"""Describe the controller's own log: what was consented, published, drilled and done by staff.

One leaf is [version, seq, kind, at_ms, facts, commitment] in canonical CBOR and hashed as in
`audit`. Facts name no person: who it was is bound by a salted commitment, and may be erased while
the tree still verifies. The log's checkpoints have the origin `<site>/controller/0`.
"""

from enum import StrEnum
from typing import Any

import msgspec

from mqtt.contract import fields

__all__ = ["CONTROL_EPOCH", "CONTROL_NAME", "CONTROL_VERSION", "ControlKind", "ControlLeaf"]

CONTROL_VERSION = 1
CONTROL_NAME = "controller"
CONTROL_EPOCH = 0


class ControlKind(StrEnum):
    """What a leaf of the controller's log is about."""

    STAFF_ACT = "staff_act"
    DOCUMENT = "document"
    CONTAINMENT = "containment"
    CONSENT = "consent"
    CONSENT_END = "consent_end"
    ERASURE = "erasure"
    ATTESTATION = "attestation"
    DRILL = "drill"
    VERDICT = "verdict"
    EPOCH = "epoch"
    RETENTION = "retention"


class ControlLeaf(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The public part of one leaf; `commitment` is empty where there is no personal part.

    `facts` are numbers, texts and bytes by name.
    """

    version: fields.Count
    seq: fields.Count
    kind: ControlKind
    at_ms: fields.Count
    facts: dict[str, Any]
    commitment: fields.Hash
