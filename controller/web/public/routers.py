"""Name every router of pages that anybody may read."""

from fastapi import APIRouter

from controller.web.public import here

__all__ = ["ROUTERS"]

ROUTERS: tuple[APIRouter, ...] = (here.router,)
