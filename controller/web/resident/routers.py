"""Name every router of residents' pages."""

from fastapi import APIRouter

from controller.web.resident import (
    calls,
    children,
    data,
    face,
    fobs,
    guests,
    home,
    login,
    passes,
    records,
    tap_pages,
)

__all__ = ["ROUTERS"]

ROUTERS: tuple[APIRouter, ...] = (
    login.router,
    tap_pages.router,
    home.router,
    passes.router,
    fobs.router,
    guests.router,
    face.router,
    records.router,
    children.router,
    data.router,
    calls.router,
)
