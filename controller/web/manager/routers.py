"""Name every router of the managers' pages."""

from fastapi import APIRouter

from controller.web.manager import (
    access,
    carried,
    endings,
    gates,
    history,
    imports,
    menu,
    movements,
    overview,
    people,
    plan,
    register,
    rollouts,
    staff,
)

__all__ = ["ROUTERS"]

ROUTERS: tuple[APIRouter, ...] = (
    overview.router,
    menu.router,
    gates.router,
    plan.router,
    history.router,
    register.router,
    access.router,
    people.router,
    carried.router,
    endings.router,
    imports.router,
    movements.router,
    staff.router,
    rollouts.router,
)
