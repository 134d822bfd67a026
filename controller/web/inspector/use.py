"""Show gates by rule, and use and waiting time of each way as pictures with their tables."""

from dataclasses import dataclass

from fastapi import Request
from starlette.responses import Response

from controller.services.charts import Bar, bar_chart
from controller.services.inspection.overview import is_simulated
from controller.services.parity.months import Cell, cells, last_months
from controller.services.parity.steering import steering
from controller.services.rules.case import Case, Point
from controller.services.rules.engine import present_findings
from controller.storage.models import GateRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.desk import Desk
from controller.web.inspector.looked import inspector_router
from controller.web.page import TheDesk, page, words_for
from controller.web.words import Words
from mqtt.contract.errors import RefusedError
from mqtt.contract.parity import MIN_SAMPLES
from mqtt.contract.reasons import ReasonCode

__all__ = ["LEAST_SHOWN", "router"]

router = inspector_router()

WAYS = ("qr", "fob", "guard", "face")
LEAST_SHOWN = 10
"""Fewer openings than this are shown as "<10": few people could be recognised by them."""
_CHARTS = ("use", "waiting")


@dataclass(frozen=True, slots=True)
class Line:
    """One way at one point in one month, or nothing known of it."""

    way: str
    cell: Cell | None

    @property
    def count(self) -> str:
        """Return the openings as they may be shown."""
        granted = 0 if self.cell is None else self.cell.row.granted
        return f"<{LEAST_SHOWN}" if 0 < granted < LEAST_SHOWN else str(granted)

    @property
    def first_try(self) -> str:
        """Return first-try success with its 95 % interval."""
        if self.cell is None or self.cell.row.first_tries < LEAST_SHOWN:
            return "–"
        row = self.cell.row
        share = 100 * row.first_granted / row.first_tries
        return f"{share:.0f} % ({row.low_permille / 10:.0f}–{row.high_permille / 10:.0f})"

    @property
    def available(self) -> str:
        """Return availability."""
        known = self.cell is not None and self.cell.availability_ppm >= 0
        return f"{self.cell.availability_ppm / 10_000:.2f} %" if known and self.cell else "–"

    @property
    def is_enough(self) -> bool:
        """Tell whether anything may be concluded."""
        return self.cell is not None and self.cell.row.is_enough

    def seconds(self, which: str) -> str:
        """Return `median`, `p90` or `p95` in seconds."""
        value = -1 if self.cell is None else getattr(self.cell.row, f"{which}_ms")
        if value < 0 or self.cell is None or self.cell.row.granted < LEAST_SHOWN:
            return "–"
        return f"{value / 1000:.1f}"


@router.get("/gates")
def gates(request: Request, desk: TheDesk) -> Response:
    """Show each access point: its ways, their states, and the rules that fail there."""
    with desk.reading() as uow:
        case = Case(uow, desk.site, desk.clock())
        titles = {row.name: row.title or row.name for row in uow.session.query(GateRow)}
        failing: dict[str, list[str]] = {}
        for row in present_findings(uow).values():
            for point in case.points if row.verdict == "FAIL" else ():
                if any(point.name in each[1] for each in row.evidence):
                    failing.setdefault(point.name, []).append(row.rule)
        return page(
            request,
            "inspector/gates.html",
            points=case.points,
            titles=titles,
            presence=case.presence,
            failing=failing,
            ways=WAYS,
            simulated=is_simulated(uow),
        )


@router.get("/use")
def use(request: Request, desk: TheDesk, month: str = "") -> Response:
    """Show use and waiting time at each access point in a month."""
    months = last_months(desk.clock())
    chosen = month if month in months else months[-1]
    with desk.reading() as uow:
        case = Case(uow, desk.site, desk.clock())
        return page(
            request,
            "inspector/use.html",
            months=list(reversed(months)),
            chosen=chosen,
            points=[(point, _lines(uow, point, chosen)) for point in case.points],
            least=MIN_SAMPLES,
            steering=steering(uow, desk.clock()),
            simulated=is_simulated(uow),
        )


@router.get("/use/{point}/{what}")
def chart(request: Request, desk: TheDesk, point: str, what: str, month: str = "") -> Response:
    """Return one picture as SVG."""
    months = last_months(desk.clock())
    chosen = month if month in months else months[-1]
    if what not in _CHARTS:
        raise RefusedError(ReasonCode.NOT_FOUND, rule="IN-02")
    with desk.reading() as uow:
        found = _point(desk, uow, point)
        lines = _lines(uow, found, chosen)
    w = words_for(request)
    drawn = _use(lines, w) if what == "use" else _waiting(lines, w)
    return Response(drawn, media_type="image/svg+xml")


def _point(desk: Desk, uow: UnitOfWork, name: str) -> Point:
    for point in Case(uow, desk.site, desk.clock()).points:
        if point.name == name:
            return point
    raise RefusedError(ReasonCode.NOT_FOUND, rule="IN-02")


def _lines(uow: UnitOfWork, point: Point, month: str) -> list[Line]:
    found = {
        cell.row.method: cell
        for cell in cells(uow, (month,))
        if cell.row.access_point == point.name
    }
    return [Line(way, found.get(way)) for way in WAYS if way in point.methods]


def _use(lines: list[Line], w: Words) -> bytes:
    bars = []
    for line in lines:
        granted = 0 if line.cell is None else line.cell.row.granted
        value = granted if granted >= LEAST_SHOWN else 0
        bars.append(Bar(line.way, w.way(line.way), value, note=line.count))
    return bar_chart(bars, w("开门次数", "openings"), w("使用次数", "Use"))


def _waiting(lines: list[Line], w: Words) -> bytes:
    bars = []
    for line in (each for each in lines if each.way != "guard"):
        row = None if line.cell is None or line.cell.row.granted < LEAST_SHOWN else line.cell.row
        if row is None or row.median_ms < 0:
            bars.append(Bar(line.way, w.way(line.way), 0, note=w("数据不足", "too few data")))
            continue
        note = f"{row.median_ms / 1000:.1f} / {row.p95_ms / 1000:.1f}  n={row.granted}"
        bars.append(Bar(line.way, w.way(line.way), row.median_ms / 1000, row.p95_ms / 1000, note))
    unit = w("秒：中位数，横线到 95% 分位", "seconds: median, line to p95")
    return bar_chart(bars, unit, w("等待时间", "Waiting time"))
