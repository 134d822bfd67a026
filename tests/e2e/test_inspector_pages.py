"""An inspector alone with a phone: looks, drills, follows the gates, takes the evidence away."""

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select

from controller.ingest.core import IngestCore
from controller.services import documents
from controller.services.inspection import list_of
from controller.services.ports import MemoryPublisher
from controller.services.proof_upkeep import keep_proof
from controller.storage.models import CredentialRow, InspectionRow, InspectorLookRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.events import EventKind, Method, Outcome, Personal
from mqtt.contract.ids import id_from_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from tests.support.browser import LOOKS, Look, Seen, visit
from tests.support.compound import GATE_KEYS
from tests.support.gate_events import Recorder, Said
from tests.support.web_app import Office

POINTS = ("north-in", "south-in", "south-out")
PAGES = (
    "/inspector",
    "/inspector/more",
    "/inspector/rules?verdict=FAIL",
    "/inspector/rules/EM-01",
    "/inspector/gates",
    "/inspector/use",
    "/inspector/consents",
    "/inspector/complaints",
    "/inspector/drills",
    "/inspector/looks",
    "/sheets",
    "/sheets/owners",
    "/sheets/pipia",
    "/sheets/minors",
)


@dataclass
class Street:
    """Both gates, played by hand: what is done at a reader becomes the gate's signed record."""

    office: Office
    seqs: dict[str, int] = field(default_factory=dict)

    def play(self, point: str, method: Method, outcome: Outcome, credential: bytes = b"") -> None:
        gate = f"gate-{point.partition('-')[0]}"
        seq = self.seqs.get(gate, 0)
        self.seqs[gate] = seq + 1
        reason = ReasonCode.GRANTED if outcome is Outcome.GRANTED else ReasonCode.NO_MATCH
        moment = self.office.clock()
        said = Said(
            EventKind.DECISION,
            method,
            outcome,
            reason,
            moment.utc_s,
            Personal(credential=credential),
        )
        recorder = Recorder(gate, access_point=point, signer=GATE_KEYS[gate])
        core = IngestCore(self.office.engine, self.office.site)
        core.take([recorder.birth(1), recorder.batch(seq, said)], moment)


@pytest.fixture
def street(office: Office) -> Street:
    documents.sync(office.engine, office.site, MemoryPublisher(), office.clock())
    keep_proof(office.engine, office.site, office.clock(), at_once=True)
    return Street(office)


@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[5]], ids=str)
def test_every_page_is_whole_readable_and_reachable(
    browser: Browser, street: Street, look: Look
) -> None:
    with visit(browser, street.office, look) as seen:
        seen.sign_in(Role.INSPECTOR)
        for path in PAGES:
            seen.go(path)
            seen.check(44)
            seen.picture("inspector" + path.partition("?")[0].replace("/", "-"))


def test_pages_work_without_scripts(browser: Browser, street: Street) -> None:
    with visit(browser, street.office, scripts=False) as seen:
        seen.sign_in(Role.INSPECTOR)
        page = seen.go("/inspector")
        assert "PR-01" in page.inner_text("main")
        seen.go("/inspector/rules/PR-01")
        assert "个人信息保护法" in page.inner_text("main")


def begin(seen: Seen) -> str:
    page = seen.go("/inspector/drills")
    for point in POINTS:
        page.check(f"input[value={point}]")
    page.click("form[action='/inspector/drills'] button")
    assert page.locator(".pass-code svg").is_visible()
    page.click("a.button")
    return page.url.rpartition("/")[2]


def test_J15_a_drill_with_the_desk_absent(browser: Browser, street: Street, tmp_path: Path) -> None:
    office = street.office
    with visit(browser, office, 390, accept_downloads=True) as seen:
        seen.sign_in(Role.INSPECTOR)
        key = begin(seen)
        page = seen.page
        with UnitOfWork(office.engine, writes=False) as uow:
            row = uow.need(InspectionRow, id_from_text(key))
            own = {
                each.carrier: each.id
                for each in uow.session.scalars(
                    select(CredentialRow).where(CredentialRow.holder_id == row.holder_id)
                )
            }
            committed = row.list_hash
        for point in POINTS:
            street.play(point, Method.QR, Outcome.GRANTED, own["paper"])
            street.play(point, Method.FOB, Outcome.GRANTED, own["fob"])
            street.play(point, Method.GUARD, Outcome.GRANTED)
        page.wait_for_selector("text=9 / 9", timeout=8_000)  # the page follows by itself
        page.click("text=试一试")
        assert "NS-01" in page.inner_text("main")
        page.click("text=结束检查")
        assert committed.hex()[:8] in page.inner_text("main")
        with page.expect_download() as download:
            page.click("text=带走证据包")
        file = tmp_path / "bundle.zip"
        download.value.save_as(file)
    with zipfile.ZipFile(file) as bundle:
        assert {"report.json", "report.pdf", "manifest.json"} <= set(bundle.namelist())
        told = bundle.read("report.json").decode("utf-8")
    assert not [person.name for person in office.seed.people if person.name in told]
    with UnitOfWork(office.engine, writes=False) as uow:
        closed = uow.need(InspectionRow, id_from_text(key))
        assert set(list_of(closed.list_body)) == set(own.values())
        looks = {row.page for row in uow.session.scalars(select(InspectorLookRow))}
    assert {"GET /inspector/drills", f"POST /inspector/drills/{key}/close"} <= looks


def test_J15_inspectors_see_no_names_and_draw_by_dice(browser: Browser, street: Street) -> None:
    names = [person.name for person in street.office.seed.people]
    with visit(browser, street.office) as seen:
        seen.sign_in(Role.INSPECTOR)
        for path in PAGES:
            text = seen.go(path).inner_text("body")
            assert not [name for name in names if name in text], path
        page = seen.go("/inspector/consents")
        page.fill("#dice", "3 5 1")
        page.click("text=抽取")
        assert "IN-02" not in page.inner_text("h1")
        assert page.locator(".note.alarm").is_visible()
        page.fill("#dice", "3 5 1 6 2 4")
        page.click("text=抽取")
        assert "没有有效的同意" in page.inner_text("main")


def test_a_complaint_of_force_is_answered_by_the_inspector(
    browser: Browser, street: Street
) -> None:
    office = street.office
    with visit(browser, office) as seen:
        page = seen.go("/here/complain")
        page.check("input[value=forced]")
        page.fill("textarea", "物业说不刷脸不给办卡")
        page.click("main button[type=submit]")
        seen.sign_in(Role.INSPECTOR)
        page = seen.go("/inspector/complaints")
        assert "物业说不刷脸不给办卡" in page.inner_text("main")
        page.fill("textarea", "已要求物业当场办卡")
        page.click("article button")
        assert "已答复" in page.inner_text("main")
