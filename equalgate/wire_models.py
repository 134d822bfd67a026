"""List every model on the wire; the schemas and the AsyncAPI file come from here."""

from collections.abc import Mapping

import msgspec

from mqtt.contract import (
    commands,
    documents,
    envelope,
    events,
    presence,
    read_back,
    records,
    records_face,
    redemption,
    rollout,
)
from mqtt.contract.topics import TopicKind

__all__ = ["BODIES", "MODELS", "PAYLOADS", "schema_of"]

MODELS: Mapping[str, type[msgspec.Struct]] = {
    "ack": events.Ack,
    "batch-header": events.BatchHeader,
    "batch-message": events.BatchMessage,
    "birth": presence.Birth,
    "chunk": documents.Chunk,
    "command": commands.Command,
    "command-message": commands.CommandMessage,
    "command-result": commands.CommandResult,
    "document-header": documents.DocumentHeader,
    "envelope": envelope.Envelope,
    "feed": redemption.Feed,
    "gate-state": presence.GateState,
    "get": documents.Get,
    "heartbeat": presence.Heartbeat,
    "heartbeat-v2": presence.HeartbeatV2,
    "health-report": rollout.HealthReport,
    "held-part": read_back.HeldPart,
    "leaf": events.Leaf,
    "personal": events.Personal,
    "record-access-point": records.AccessPointRecord,
    "record-artefact": rollout.ArtefactRecord,
    "record-calendar": records.CalendarRecord,
    "record-config": records.ConfigRecord,
    "record-credential": records.CredentialRecord,
    "record-erasure-request": records_face.ErasureRequestRecord,
    "record-face-settings": records_face.FaceSettingsRecord,
    "record-face-switch": records_face.FaceSwitchRecord,
    "record-key": records.KeyRecord,
    "record-lease": records.LeaseRecord,
    "record-level": records.LevelRecord,
    "record-notice": records_face.NoticeRecord,
    "record-portal": records.PortalRecord,
    "record-reservation": records_face.ReservationRecord,
    "record-revocation": records.RevocationRecord,
    "record-rollout": rollout.RolloutRecord,
    "record-schedule": records.ScheduleRecord,
    "record-staff": records.StaffRecord,
}
"""File name without suffix to model."""

PAYLOADS: Mapping[TopicKind, str] = {
    TopicKind.STATE: "gate-state",
    TopicKind.BIRTH: "envelope",
    TopicKind.HEARTBEAT: "envelope",
    TopicKind.EVENTS: "batch-message",
    TopicKind.RESPONSE: "command-result",
    TopicKind.GET: "get",
    TopicKind.HELD: "envelope",
    TopicKind.HEALTH: "envelope",
    TopicKind.ACK: "envelope",
    TopicKind.COMMAND: "command-message",
    TopicKind.WANT: "envelope",
    TopicKind.DOCUMENT: "chunk",
    TopicKind.REDEEM: "envelope",
}
"""Kind of message to the model of its payload; telemetry and log lines are free JSON."""

BODIES: Mapping[TopicKind, str] = {
    TopicKind.BIRTH: "birth",
    TopicKind.HEARTBEAT: "heartbeat",
    TopicKind.EVENTS: "batch-header",
    TopicKind.HELD: "held-part",
    TopicKind.HEALTH: "health-report",
    TopicKind.ACK: "ack",
    TopicKind.COMMAND: "command",
    TopicKind.WANT: "document-header",
    TopicKind.REDEEM: "feed",
}
"""Kind of message to the model of what the signed envelope inside it carries."""

_NOTE = (
    "The message itself is deterministic CBOR (RFC 8949 section 4.2.1) unless it is JSON; a byte "
    "string of CBOR is shown here as base64 text. Unknown fields are refused."
)


def schema_of(name: str) -> dict[str, object]:
    """Return the JSON Schema (2020-12) of one of `MODELS`."""
    schema = msgspec.json.schema(MODELS[name])
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$comment": _NOTE}
    return {**head, **schema}
