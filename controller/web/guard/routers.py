"""Name every router of the guards' pages and the desk."""

from fastapi import APIRouter

from controller.web.guard import alarms, calls, doors, flat_calls, now, opening, shift, slips

__all__ = ["ROUTERS"]

ROUTERS: tuple[APIRouter, ...] = (
    shift.router,
    now.router,
    opening.router,
    calls.router,
    doors.router,
    slips.router,
    alarms.router,
    flat_calls.router,
)
