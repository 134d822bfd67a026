"""Show inspectors on one page whether anything is wrong, where, since when, what is not checked."""

from fastapi import Request
from starlette.responses import Response

from controller.services.inspection.looks import looks_of
from controller.services.inspection.overview import is_simulated, months_of, omitted
from controller.services.public_view import check_results
from controller.services.rules.engine import present_findings
from controller.web.identity import Staff
from controller.web.inspector.looked import inspector_router
from controller.web.page import TheDesk, page
from mqtt.contract.rules import CATALOGUE_VERSION, Verdict, count_verdicts
from mqtt.contract.versions import SOFTWARE

__all__ = ["router"]

router = inspector_router()


@router.get("")
def show(request: Request, desk: TheDesk) -> Response:
    """Show verdicts in numbers, what fails, twelve months, what is left out."""
    moment = desk.clock()
    with desk.reading() as uow:
        results = check_results(uow)
        rows = present_findings(uow)
        failed = [each for each in results if each.evaluation.verdict is Verdict.FAIL]
        return page(
            request,
            "inspector/overview.html",
            counts=count_verdicts(each.evaluation for each in results),
            failed=[(each, rows[each.rule.id].since_ms) for each in failed],
            months=months_of(uow, desk.site, moment),
            omitted=omitted(uow, moment),
            simulated=is_simulated(uow),
            seen_at=max((row.seen_at_ms for row in rows.values()), default=0),
            catalogue=CATALOGUE_VERSION,
            software=SOFTWARE,
        )


@router.get("/more")
def more(request: Request, desk: TheDesk) -> Response:
    """Show everything that has no place in the bar."""
    with desk.reading() as uow:
        return page(request, "inspector/more.html", simulated=is_simulated(uow))


@router.get("/looks")
def own_looks(request: Request, desk: TheDesk, staff: Staff) -> Response:
    """Show an inspector's own looks: each page that was opened, and when."""
    with desk.reading() as uow:
        return page(
            request,
            "inspector/looks.html",
            looks=looks_of(uow, staff),
            simulated=is_simulated(uow),
        )
