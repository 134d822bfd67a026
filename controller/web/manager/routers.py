"""Name every router of the managers' pages."""

from fastapi import APIRouter

from controller.web.manager import access, gates, history, menu, overview, plan, register

__all__ = ["ROUTERS"]

ROUTERS: tuple[APIRouter, ...] = (
    overview.router,
    menu.router,
    gates.router,
    plan.router,
    history.router,
    register.router,
    access.router,
)
