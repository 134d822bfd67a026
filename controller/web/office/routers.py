"""Name every router of these pages."""

from fastapi import APIRouter

from controller.web.office import complaints, compliance, fobs, legal, moving

__all__ = ["ROUTERS"]

ROUTERS: tuple[APIRouter, ...] = (
    moving.router,
    fobs.router,
    complaints.router,
    compliance.router,
    legal.router,
)
