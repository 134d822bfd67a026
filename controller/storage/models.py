"""Import every mapped class, so that `Base.metadata` is complete."""

from controller.storage.base import Base
from controller.storage.models_access import (
    CalendarDayRow,
    CredentialRow,
    GrantRow,
    LevelRow,
    RevocationRow,
    ScheduleRow,
    SiteKeyRow,
    SiteValueRow,
    WindowRow,
)
from controller.storage.models_gates import (
    AccessPointRow,
    CommandRow,
    DocumentChangeRow,
    DocumentRecordRow,
    DocumentRow,
    GateRow,
    PortalRow,
)
from controller.storage.models_ingest import AlarmRow, EventRow, GateEpochRow, GatePresenceRow
from controller.storage.models_people import (
    DwellingRow,
    GuardianshipRow,
    HolderRow,
    ResidenceRow,
    SessionRow,
    StaffActRow,
    StaffRow,
)

__all__ = [
    "AccessPointRow",
    "AlarmRow",
    "Base",
    "CalendarDayRow",
    "CommandRow",
    "CredentialRow",
    "DocumentChangeRow",
    "DocumentRecordRow",
    "DocumentRow",
    "DwellingRow",
    "EventRow",
    "GateEpochRow",
    "GatePresenceRow",
    "GateRow",
    "GrantRow",
    "GuardianshipRow",
    "HolderRow",
    "LevelRow",
    "PortalRow",
    "ResidenceRow",
    "RevocationRow",
    "ScheduleRow",
    "SessionRow",
    "SiteKeyRow",
    "SiteValueRow",
    "StaffActRow",
    "StaffRow",
    "WindowRow",
]
