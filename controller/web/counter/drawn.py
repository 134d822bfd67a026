"""Draw what the counter prints: passes and login slips, each with its code and its serial."""

from dataclasses import dataclass

from fastapi import Request
from markupsafe import Markup
from sqlalchemy import select

from controller.services.counter.batches import Sheet
from controller.storage.models import AccessPointRow, CredentialRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.page import qr_svg, words_for
from controller.web.resident.passes import serial_of

__all__ = ["WAYS", "Drawn", "draw_sheet", "ways_here"]

WAYS = ("qr", "fob", "guard", "face")
"""The ways in their fixed order."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One sheet to print: a pass (`serial`, `until_ms`) or a login slip (`slip`)."""

    name: str
    dwelling: str
    code: Markup
    serial: str = ""
    until_ms: int = 0
    slip: str = ""


def draw_sheet(request: Request, uow: UnitOfWork, sheet: Sheet) -> Drawn:
    """Draw a sheet; a login slip's code leads to this very site."""
    w = words_for(request)
    if sheet.paper is None:
        address = f"{request.url.scheme}://{request.url.netloc}/first/{sheet.slip}"
        code = qr_svg(address, w("登录用的二维码", "QR code for the login"))
        return Drawn(sheet.name, sheet.dwelling, code, slip=sheet.slip)
    row = uow.need(CredentialRow, sheet.paper.credential)
    code = qr_svg(sheet.paper.text, w("纸质通行证的二维码", "QR code of the paper pass"))
    return Drawn(sheet.name, sheet.dwelling, code, serial_of(row), sheet.paper.valid_until_ms)


def ways_here(uow: UnitOfWork) -> list[str]:
    """Return the ways that some access point of the compound has, in their fixed order."""
    fitted = {way for ways in uow.session.scalars(select(AccessPointRow.methods)) for way in ways}
    return [way for way in WAYS if way in fitted]
