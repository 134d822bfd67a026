"""Draw guards' pages: dark at night by the compound's clock, whatever the tablet is set to."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from fastapi import Request
from starlette.responses import Response

from controller.web.desk import desk_of
from controller.web.page import page, render

__all__ = ["draw", "guard_page", "is_night"]

_EVENING, _MORNING = 19, 6


def is_night(now_ms: int, zone: str) -> bool:
    """Tell whether it is between 19:00 and 6:00 in the compound."""
    hour = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(ZoneInfo(zone)).hour
    return hour >= _EVENING or hour < _MORNING


def guard_page(request: Request, template: str, status: int = 200, **values: object) -> Response:
    """Return a whole page of the guards' area."""
    return page(request, f"guard/{template}", status, night=_night(request), **values)


def draw(request: Request, template: str, **values: object) -> str:
    """Return a part of a page."""
    return render(request, f"guard/{template}", **values)


def _night(request: Request) -> bool:
    desk = desk_of(request)
    return is_night(desk.clock().utc_ms, desk.site.zone)
