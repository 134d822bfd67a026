"""Name every router of the pages by which staff get in."""

from fastapi import APIRouter

from controller.web.login import account, invited, passkey

__all__ = ["ROUTERS"]

ROUTERS: tuple[APIRouter, ...] = (invited.router, passkey.router, account.router)
