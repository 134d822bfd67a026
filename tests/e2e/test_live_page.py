"""The live page in a real browser: at once, in two languages, on phone and desk, by itself."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from playwright.sync_api import Browser, Page, Request, ViewportSize, sync_playwright

from controller.ingest.core import IngestCore
from mqtt.contract.events import EventKind, Method, Outcome
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from tests.support.compound import GATE_KEYS, NOW
from tests.support.gate_events import Recorder, Said
from tests.support.web_app import Office, open_office

SOUTH = Recorder(access_point="south-in")
NORTH = Recorder("gate-north", access_point="north-in", signer=GATE_KEYS["gate-north"])
WIDTHS = (320, 390, 820, 1440)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield started
        started.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        yield opened


@pytest.fixture
def core(office: Office) -> IngestCore:
    core = IngestCore(office.engine, office.site)
    core.take([SOUTH.birth(1_000), SOUTH.heartbeat(2_000)], NOW)
    return core


class Visit:
    """One browser window at the page, with everything that it complained about."""

    def __init__(self, browser: Browser, office: Office, width: int, **more: bool) -> None:
        size: ViewportSize = {"width": width, "height": 800}
        self.context = browser.new_context(
            viewport=size, java_script_enabled=more.get("scripts", True)
        )
        self.office = office
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._asked)

    def _asked(self, request: Request) -> None:
        self.requests.append(request.url)

    def sign_in(self, role: Role = Role.GUARD, language: str = "") -> Page:
        staff = self.office.seed.with_role(role)
        self.page.goto(f"{self.office.url}/{language}")
        self.page.fill("#login", staff.login)
        self.page.fill("#password", staff.password)
        self.page.click("form button[type=submit]")
        self.page.wait_for_selector("#gates")
        return self.page

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


def test_what_happens_shows_within_a_second(
    browser: Browser, office: Office, core: IngestCore
) -> None:
    with Visit(browser, office, 390) as visit:
        page = visit.sign_in()
        page.wait_for_selector("html[data-live]")
        refused = Said(
            EventKind.DECISION, Method.QR, Outcome.DENIED, ReasonCode.REPLAYED, person=None
        )
        core.take([SOUTH.batch(0, Said()), NORTH.birth(5)], NOW)
        page.wait_for_selector("#events .row.opened", timeout=1_500)
        core.take([SOUTH.batch(1, refused)], NOW)
        page.wait_for_selector("#events .row.refused", timeout=1_500)
        assert page.locator("#events .row").count() == 2
        first = page.locator("#events .row").first.inner_text()
        assert "未放行" in first
        assert "南门进" in first
        page.wait_for_selector("article:has-text('北门') .status.on", timeout=3_000)
        assert visit.complaints == []
        assert all(url.startswith(office.url) for url in visit.requests)


@pytest.mark.parametrize("language", ["", "?lang=en"])
def test_the_page_fits_every_width_and_its_targets_are_large(
    browser: Browser, office: Office, core: IngestCore, language: str
) -> None:
    forced = Said(EventKind.DOOR, Method.NONE, Outcome.OBSERVED, ReasonCode.FORCED, person=None)
    core.take([SOUTH.batch(0, *[Said()] * 5, forced)], NOW)
    for width in WIDTHS:
        with Visit(browser, office, width) as visit:
            page = visit.sign_in(language=language)
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, width
            small = page.evaluate(
                """() => [...document.querySelectorAll('a, button, input')]
                  .filter(each => !each.matches('.skip, .note a'))
                  .map(each => each.getBoundingClientRect())
                  .filter(box => box.height < 44).length"""
            )
            assert small == 0, width
            assert visit.complaints == []


def test_the_four_ways_are_tiles_of_one_size(
    browser: Browser, office: Office, core: IngestCore
) -> None:
    for width in WIDTHS:
        with Visit(browser, office, width) as visit:
            page = visit.sign_in()
            tiles = page.evaluate(
                """() => [...document.querySelectorAll('article:last-of-type .way')].map(each => {
                  const box = each.getBoundingClientRect(), style = getComputedStyle(each);
                  return [Math.round(box.width), Math.round(box.height), style.fontSize,
                    style.backgroundColor, style.borderColor].join();
                })"""
            )
            assert len(tiles) == 4
            assert len(set(tiles)) == 1, (width, tiles)


def test_it_works_without_scripts_by_reloading(
    browser: Browser, office: Office, core: IngestCore
) -> None:
    with Visit(browser, office, 390, scripts=False) as visit:
        page = visit.sign_in()
        assert page.locator("noscript meta[http-equiv=refresh]").count() <= 1
        assert 'http-equiv="refresh"' in page.content()
        assert page.locator("#events .empty").count() == 1
        core.take([SOUTH.batch(0)], NOW)
        page.reload()
        assert page.locator("#events .row.opened").count() == 1
        page.click("form[action^='/sign-out'] button")
        page.wait_for_selector("#login")


def test_a_lost_connection_is_said_with_its_time(
    browser: Browser, office: Office, core: IngestCore
) -> None:
    with Visit(browser, office, 390) as visit:
        visit.context.route("**/live/stream*", lambda route: route.abort())
        page = visit.sign_in()
        page.wait_for_selector("#stale:not([hidden])", timeout=10_000)
        assert ":" in page.locator("#stale-since").inner_text()


def test_a_wrong_password_says_what_to_do(browser: Browser, office: Office) -> None:
    with Visit(browser, office, 390) as visit:
        visit.page.goto(office.url)
        visit.page.fill("#login", "manager")
        visit.page.fill("#password", "not the password")
        visit.page.click("form button[type=submit]")
        said = visit.page.locator("[role=alert]").inner_text()
        assert len(said) > 5
        assert visit.page.locator("#password").input_value() == ""


def test_no_person_is_on_the_page(browser: Browser, office: Office, core: IngestCore) -> None:
    owner = office.seed.person("owner")
    with Visit(browser, office, 1440) as visit:
        page = visit.sign_in(Role.MANAGER)
        page.wait_for_selector("html[data-live]")
        core.take([SOUTH.batch(0, Said())], NOW)
        page.wait_for_selector("#events .row.opened")
        text = page.content()
    for secret in (owner.name, owner.dwelling, owner.holder.hex(), "holder-1", "creden-1"):
        assert secret not in text
