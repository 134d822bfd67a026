"""Name every router of the counter."""

from fastapi import APIRouter

from controller.web.counter import batches, moving, sheets, stamping

__all__ = ["ROUTERS"]

ROUTERS: tuple[APIRouter, ...] = (moving.router, stamping.router, batches.router, sheets.router)
