"""Give inspectors the evidence bundle: `POST /api/v1/evidence`."""

import tempfile
from pathlib import Path
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Depends, Form
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from controller.domain.moment import DAY_MS, Moment
from controller.domain.roles import Act
from controller.services.acts import record_act
from controller.services.evidence import Period, make_bundle
from controller.services.evidence.printed import render_pdf
from controller.web.desk import Desk, desk_of
from controller.web.identity import Staff

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["evidence"])

_MOST_DAYS = 3_660


@router.post("/evidence", response_class=FileResponse)
def take_away(
    desk: Annotated[Desk, Depends(desk_of)],
    staff: Staff,
    days: Annotated[int, Form(ge=0, le=_MOST_DAYS)] = 0,
) -> FileResponse:
    """Make a bundle of the last `days` days (0: of everything held) and send it.

    That somebody took a bundle away is recorded. It takes about 10 s for a million records.
    """
    moment = desk.clock()
    with desk.writing() as uow:
        record_act(uow, moment, staff, Act.SEE_EVIDENCE, b"", reason=f"bundle of {days} days")
        uow.commit()
    period = Period(moment.utc_ms - days * DAY_MS if days else 0)
    descriptor, name = tempfile.mkstemp(prefix="equalgate-", suffix=".zip")
    path = Path(name)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, no path
            _make(desk, file, moment, period)
    except BaseException:
        path.unlink()
        raise
    shown = f"equalgate-{desk.site.name}-{moment.utc_s}.zip"
    return FileResponse(path, filename=shown, background=BackgroundTask(path.unlink))


def _make(desk: Desk, file: BinaryIO, moment: Moment, period: Period) -> None:
    make_bundle(
        desk.engine, desk.site, file, moment, title=desk.title, render=render_pdf, period=period
    )
