"""Show what is required, by which article, what was found; take attestations."""

import hashlib
from typing import Annotated

from fastapi import File, Form, Request, UploadFile
from starlette.responses import Response

from controller.domain.moment import DAY_MS
from controller.services.attestations import AttestationDraft, attest, attestations
from controller.services.inspection.overview import is_simulated
from controller.services.public_view import check_results
from controller.services.rules.engine import CHECKS, history
from controller.web.identity import Staff
from controller.web.inspector.looked import inspector_router
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import ConfigError, RefusedError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.rules import Looks, Rule, Verdict, rule_of

__all__ = ["router"]

router = inspector_router()


@router.get("/rules")
def every_rule(request: Request, desk: TheDesk, verdict: str = "") -> Response:
    """Show every rule, or those with one verdict."""
    with desk.reading() as uow:
        results = check_results(uow)
        shown = [each for each in results if not verdict or each.evaluation.verdict == verdict]
        return page(
            request,
            "inspector/rules.html",
            results=shown,
            verdicts=[each.value for each in Verdict],
            chosen=verdict,
            simulated=is_simulated(uow),
        )


@router.get("/rules/{rule}")
def one_rule(request: Request, desk: TheDesk, rule: str) -> Response:
    """Show a rule with its articles, its evidence, its history and its attestations."""
    known = _known(rule)
    with desk.reading() as uow:
        return page(
            request,
            "inspector/rule.html",
            rule=known,
            history=history(uow, known.id),
            attested=attestations(uow, known.id),
            is_measured=known.id in CHECKS,
            is_constructed=Looks.CONSTRUCTION in known.looks,
            needs_person=Looks.PERSON in known.looks,
            simulated=is_simulated(uow),
        )


@router.post("/rules/{rule}/attest")
def attest_rule(
    request: Request,
    desk: TheDesk,
    staff: Staff,
    rule: str,
    *,
    statement: Annotated[str, Form(max_length=500)] = "",
    days: Annotated[int, Form(ge=1, le=366)] = 180,
    photo: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Keep what the inspector saw; of a photo only its hash is kept."""
    known, moment = _known(rule), desk.clock()
    data = photo.file.read() if photo is not None else b""
    draft = AttestationDraft(
        known.id,
        statement,
        evidence_hash=hashlib.sha256(data).digest() if data else b"",
        valid_until_ms=moment.utc_ms + days * DAY_MS,
    )
    with desk.writing() as uow:
        attest(uow, staff, draft, moment)
        uow.commit()
    return go(f"/inspector/rules/{known.id}", words_for(request)("已登记", "Attested"))


def _known(rule: str) -> Rule:
    try:
        return rule_of(rule[:10])
    except ConfigError as error:
        raise RefusedError(ReasonCode.NOT_FOUND, rule="IN-02", detail="rule") from error
