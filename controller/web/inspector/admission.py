"""Let an inspector in by a file from the district, and enter the district's key once."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.responses import Response

from controller.services.inspection.admission import (
    admit_inspector,
    district_key,
    set_district_key,
)
from controller.web.identity import Staff
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import EqualGateError
from mqtt.contract.witness import fingerprint

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_MOST_BYTES = 4_096


@router.get("/inspector-file")
def ask(request: Request, desk: TheDesk) -> Response:
    """Show the form for a district's file."""
    with desk.reading() as uow:
        return page(request, "inspector/file.html", has_key=bool(district_key(uow)))


@router.post("/inspector-file")
def take(
    request: Request,
    desk: TheDesk,
    file: Annotated[UploadFile, File()],
    password: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Open the account that the file names; the sign-in page is next."""
    try:
        with desk.writing() as uow:
            data = file.file.read(_MOST_BYTES)
            admit_inspector(uow, desk.site, data, password, desk.clock())
            uow.commit()
    except EqualGateError as error:
        said = words_for(request).error(error)
        return page(request, "inspector/file.html", 403, has_key=True, error=said)
    return go("/", words_for(request)("账号已开通，请登录", "The account is open; please sign in"))


@router.get("/district")
def show_key(request: Request, desk: TheDesk) -> Response:
    """Show the fingerprint of the district's key, and the form that enters it."""
    with desk.reading() as uow:
        key = district_key(uow)
        shown = fingerprint(key) if key else ""
        return page(request, "inspector/district.html", fingerprint=shown)


@router.post("/district")
def enter_key(
    request: Request, desk: TheDesk, staff: Staff, key: Annotated[str, Form(max_length=80)] = ""
) -> Response:
    """Enter the district's public key; who did it is on record."""
    try:
        raw = bytes.fromhex(key.strip())
    except ValueError:
        raw = b""
    with desk.writing() as uow:
        set_district_key(uow, staff, raw, desk.clock())
        uow.commit()
    return go("/district", words_for(request)("已登记", "Entered"))
