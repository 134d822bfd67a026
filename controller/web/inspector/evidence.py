"""Hand an inspector the evidence bundle, to be checked elsewhere without us."""

import tempfile
from collections.abc import Iterator
from typing import BinaryIO

from fastapi import Request
from starlette.responses import StreamingResponse

from controller.services.evidence.bundle import make_bundle
from controller.services.evidence.printed import render_pdf
from controller.services.proof_upkeep import keep_proof
from controller.web.inspector.looked import inspector_router
from controller.web.page import TheDesk

__all__ = ["router"]

router = inspector_router()

_BLOCK = 1 << 20


@router.post("/bundle")
def bundle(_request: Request, desk: TheDesk) -> StreamingResponse:
    """Evaluate every rule now, make the bundle and send it; nothing of it stays here."""
    moment = desk.clock()
    keep_proof(desk.engine, desk.site, moment, at_once=True)
    file = tempfile.TemporaryFile(prefix="equalgate-bundle-")  # noqa: SIM115 - closed by _blocks
    make_bundle(desk.engine, desk.site, file, moment, title=desk.title, render=render_pdf)
    size = file.seek(0, 2)
    file.seek(0)
    day = desk.site.today(moment).isoformat()
    headers = {
        "content-disposition": f'attachment; filename="equalgate-{desk.site.name}-{day}.zip"',
        "content-length": str(size),
    }
    return StreamingResponse(_blocks(file), media_type="application/zip", headers=headers)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK):
            yield block
