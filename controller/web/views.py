"""Describe what pages and API show of gates, events and alarms; nothing here names a person."""

from pydantic import BaseModel, Field

from controller.web.problems import Words

__all__ = [
    "AlarmView",
    "DocumentView",
    "DoorView",
    "EventPage",
    "EventView",
    "GateView",
    "WayView",
]


class WayView(BaseModel):
    """One of the four ways in at a gate: `ready`, `fault`, `suspended`, `not_installed`, ``."""

    way: str
    state: str


class DoorView(BaseModel):
    """One opening and its state as last heard, or an empty state."""

    portal: str
    title: str
    state: str


class DocumentView(BaseModel):
    """A document: the version that the gate should hold and the one that it has in force."""

    name: str
    desired: int
    applied: int


class GateView(BaseModel):
    """One gate unit as it was last heard. Instants are local with the compound's offset."""

    name: str
    title: str
    online: bool
    is_enrolled: bool
    is_revoked: bool
    heard_at: str = Field("", description="when it was last heard; empty for never")
    power: str
    clock_level: int
    adapter_kind: str
    software: str
    doors: list[DoorView]
    ways: list[WayView]
    documents: list[DocumentView]
    is_up_to_date: bool
    open_alarms: int


class EventView(BaseModel):
    """One event of a live list: what happened where, never who it was."""

    id: int
    gate: str
    gate_title: str
    access_point: str
    access_point_title: str
    at: str = Field(description="ISO 8601 with the compound's offset")
    received_at: str
    kind: str
    method: str
    outcome: str
    reason: str
    said: Words
    cure: Words
    direction: str
    is_simulated: bool
    is_alarming: bool = Field(description="somebody must look: it is also in the alarms")
    intent_to_unlock_ms: int = Field(description="-1 where nothing was unlocked")


class EventPage(BaseModel):
    """Events, newest first; `next_before` is the id to go on with, or null at the end."""

    events: list[EventView]
    next_before: int | None


class AlarmView(BaseModel):
    """Something a person must look at."""

    id: int
    at: str
    gate: str
    gate_title: str
    reason: str
    said: Words
    cure: Words
    detail: str
    epoch: int | None
    seq: int | None
    is_open: bool
