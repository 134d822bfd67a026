"""Name every router of these pages."""

from fastapi import APIRouter

from controller.web.office import complaints, compliance, fobs, keeping, legal, metrics, moving

__all__ = ["ROUTERS"]

ROUTERS: tuple[APIRouter, ...] = (
    moving.router,
    fobs.router,
    complaints.router,
    compliance.router,
    legal.router,
    keeping.router,
    metrics.router,
)
