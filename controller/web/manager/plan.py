"""Configure an access point: the form, its verdict while it is filled in, the diff, the saving.

A plan that needs or favours a face is answered with 422, its rule, its article and a cure of one
tap. Everything works without scripts: "check" asks for the verdict then.
"""

from collections.abc import Sequence

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from controller.domain.managing.changes import Change
from controller.domain.managing.fairness import WAYS, Cure, Finding, PointPlan, cured, judge
from controller.services.attestations import AttestationDraft, attest
from controller.services.managing.overview import WALK_RULE
from controller.services.managing.plans import keep_version, snapshot, would_change
from controller.services.managing.sites import note_sign, plan_of, save_plan
from controller.storage.models import AccessPointRow, AccessPointSiteRow, FaceSettingsRow, PortalRow
from controller.web.identity import Staff
from controller.web.manager.change_words import shown_changes
from controller.web.manager.forms import TheFields, wrong
from controller.web.manager.plan_form import FORMATS, judged, read_plan
from controller.web.page import TheDesk, go, page, render, words_for
from mqtt.contract.errors import RefusedError

__all__ = ["router"]

router = APIRouter(prefix="/manager/points", include_in_schema=False)


@router.get("/{point}")
def show_point(request: Request, point: str, desk: TheDesk) -> Response:
    """Show the plan in force as a form, with its verdict."""
    with desk.reading() as uow:
        plan = plan_of(uow, point)
    return _form(request, desk, point, plan, judge(plan))


@router.post("/{point}/check")
def check(request: Request, point: str, fields: TheFields, desk: TheDesk) -> Response:
    """Return the verdict alone, for the script that keeps it current; nothing is saved."""
    with desk.reading() as uow:
        uow.need(AccessPointRow, point)
    try:
        findings, odd = judged(fields, read_plan(fields)), ""
    except RefusedError as error:
        findings, odd = (), words_for(request).error(error)
    html = render(request, "manager/verdict.html", findings=findings, odd=odd)
    return HTMLResponse(html)


@router.post("/{point}")
def submit(
    request: Request, point: str, fields: TheFields, desk: TheDesk, staff: Staff
) -> Response:
    """Check, cure, compare or save a plan, as the button says."""
    plan, step = read_plan(fields), fields.text("step", "save")
    if step.startswith("cure:"):
        plan = cured(plan, Cure(step.removeprefix("cure:")))
        return _form(request, desk, point, plan, judge(plan))
    findings = judged(fields, plan)
    if step == "check":
        return _form(request, desk, point, plan, findings)
    if any(each.blocks for each in findings):
        return _form(request, desk, point, plan, findings, status=422)
    with desk.writing() as uow:
        before = snapshot(uow)
        try:
            save_plan(uow, staff, point, plan, desk.clock())
        except RefusedError as error:
            said = words_for(request).error(error)
            return _form(request, desk, point, plan, findings, status=422, error=said)
        made = would_change(uow, before)
        if step == "save" and made:
            keep_version(uow, staff, fields.text("reason") or point, desk.clock())
            uow.commit()
    if step != "save":
        return _form(request, desk, point, plan, findings, changes=made)
    desk.wire.changed()
    w = words_for(request)
    return go(
        f"/manager/points/{point}", w("已保存，正在发往门口机", "Saved; on its way to the gate")
    )


@router.post("/{point}/sign")
def sign(request: Request, point: str, fields: TheFields, desk: TheDesk, staff: Staff) -> Response:
    """Keep the hash of a photo of the sign; the photo stays with the site."""
    digest = fields.photo_hash("photo")
    if not digest:
        raise wrong("photo", "NO-02")
    moment = desk.clock()
    with desk.writing() as uow:
        note_sign(uow, staff, point, digest, seen_at_ms=moment.utc_ms, moment=moment)
        uow.commit()
    w = words_for(request)
    return go(
        f"/manager/points/{point}",
        w(
            "已记下照片的指纹；照片请自行保存。",
            "The photo's hash is on record; keep the photo yourself.",
        ),
    )


@router.post("/{point}/walked")
def walked(
    request: Request, point: str, fields: TheFields, desk: TheDesk, staff: Staff
) -> Response:
    """Keep that somebody walked through with each way, as a dated attestation."""
    moment = desk.clock()
    ways = [way for way in fields.many("way") if way in {"qr", "fob", "guard", "face"}]
    if not ways:
        raise wrong("way", WALK_RULE)
    draft = AttestationDraft(
        WALK_RULE, "walked: " + " ".join(ways), point, witness=fields.text("witness")
    )
    with desk.writing() as uow:
        uow.need(AccessPointRow, point)
        attest(uow, staff, draft, moment)
        uow.commit()
    return go(f"/manager/points/{point}", words_for(request)("走测已记下", "The walk is on record"))


def _form(
    request: Request,
    desk: TheDesk,
    point: str,
    plan: PointPlan,
    findings: Sequence[Finding],
    *,
    status: int = 200,
    changes: tuple[Change, ...] | None = None,
    error: str = "",
) -> Response:
    with desk.reading() as uow:
        row = uow.need(AccessPointRow, point)
        site = uow.find(AccessPointSiteRow, point)
        return page(
            request,
            "manager/point.html",
            status,
            point=row,
            gate=uow.need(PortalRow, row.portal).gate,
            plan=plan,
            ways=WAYS,
            formats=FORMATS,
            findings=findings,
            changes=None if changes is None else shown_changes(words_for(request), changes),
            sign_seen_at_ms=site.sign_seen_at_ms if site is not None else None,
            sign_hash=site.sign_hash.hex() if site is not None else "",
            face_is_prepared=uow.find(FaceSettingsRow, point) is not None,
            odd="",
            error=error,
        )
