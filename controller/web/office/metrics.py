"""Serve the numbers of `controller.services.metrics` to Prometheus.

On this machine's own loopback nobody is asked who they are; anybody else signs in as staff.
"""

from collections.abc import Iterable, Iterator

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from starlette.exceptions import HTTPException
from starlette.responses import Response

from controller.services.metrics import GateFigures, SiteFigures, site_figures
from controller.web.identity import actor_of
from controller.web.page import TheDesk

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
_LOOPBACK = frozenset({"127.0.0.1", "::1"})


@router.get("/metrics")
def metrics(request: Request, desk: TheDesk) -> Response:
    """Return the numbers in Prometheus' text form."""
    address = request.client.host if request.client else ""
    if address not in _LOOPBACK and actor_of(request) is None:
        raise HTTPException(401)
    with desk.reading() as uow:
        figures = site_figures(uow, desk.clock())
    registry = CollectorRegistry()
    registry.register(_Figures(figures))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Figures:
    def __init__(self, figures: SiteFigures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield every family, as prometheus_client asks for it."""
        site = self._figures
        for name, told, value in (
            ("alarms_open", "Things a person must look at", site.alarms_open),
            (
                "erasures_open",
                "Requests to erase without every receipt",
                site.erasures_open,
            ),
            ("complaints_late", "Complaints over ten days", site.complaints_late),
            ("records_late", "Records of the compliance desk past their date", site.records_late),
            (
                "restore_waiting_gates",
                "Gates untold after a restore",
                site.restore_waits,
            ),
            (
                "handover_waiting_gates",
                "Gates without new keys",
                site.handover_waits,
            ),
            ("newest_event_seconds", "When the newest event happened, UTC", site.newest_event_s),
        ):
            yield GaugeMetricFamily(f"equalgate_{name}", told, value=value)
        yield from _gates(site.gates)


def _gates(gates: Iterable[GateFigures]) -> Iterator[GaugeMetricFamily]:
    known = tuple(gates)
    for name, told, values in (
        ("online", "1 while the gate is connected", [float(each.is_online) for each in known]),
        ("silent_seconds", "Since the gate was heard; -1 for never", [_silent(g) for g in known]),
        ("clock_level", "0 synchronised, 1 holdover, 2 unknown", [g.clock_level for g in known]),
        ("on_battery", "1 while on battery", [float(each.on_battery) for each in known]),
        ("events", "Events stored of this gate", [each.events for each in known]),
        ("documents_unpublished", "Documents not sent yet", [g.unpublished for g in known]),
    ):
        family = GaugeMetricFamily(f"equalgate_gate_{name}", told, labels=["gate"])
        for gate, value in zip(known, values, strict=True):
            family.add_metric([gate.gate], float(value))
        yield family


def _silent(gate: GateFigures) -> float:
    return -1.0 if gate.silent_s is None else gate.silent_s
