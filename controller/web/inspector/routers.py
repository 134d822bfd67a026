"""Name every router of inspectors' pages."""

from fastapi import APIRouter

from controller.web.inspector import admission, drills, evidence, overview, people, rules, use

__all__ = ["ROUTERS"]

ROUTERS: tuple[APIRouter, ...] = (
    overview.router,
    rules.router,
    use.router,
    people.router,
    drills.router,
    evidence.router,
    admission.router,
)
