"""Name every router of the managers' pages."""

from fastapi import APIRouter

from controller.web.manager import menu, overview

__all__ = ["ROUTERS"]

ROUTERS: tuple[APIRouter, ...] = (overview.router, menu.router)
