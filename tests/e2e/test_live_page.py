"""The live page in a real browser: at once, in two languages, on phone and desk, by itself."""

import pytest
from playwright.sync_api import Browser

from controller.ingest.core import IngestCore
from mqtt.contract.events import EventKind, Method, Outcome
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from tests.support.browser import LOOKS, Look, visit
from tests.support.compound import GATE_KEYS, NOW
from tests.support.gate_events import Recorder, Said
from tests.support.web_app import Office

SOUTH = Recorder(access_point="south-in")
NORTH = Recorder("gate-north", access_point="north-in", signer=GATE_KEYS["gate-north"])
WIDTHS = (320, 390, 820, 1440)


@pytest.fixture
def core(office: Office) -> IngestCore:
    core = IngestCore(office.engine, office.site)
    core.take([SOUTH.birth(1_000), SOUTH.heartbeat(2_000)], NOW)
    return core


def test_what_happens_shows_within_a_second(
    browser: Browser, office: Office, core: IngestCore
) -> None:
    with visit(browser, office, 390) as seen:
        page = seen.sign_in(Role.GUARD)
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


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_page_fits_every_width_and_its_targets_are_large(
    browser: Browser, office: Office, core: IngestCore, look: Look
) -> None:
    forced = Said(EventKind.DOOR, Method.NONE, Outcome.OBSERVED, ReasonCode.FORCED, person=None)
    core.take([SOUTH.batch(0, *[Said()] * 5, forced)], NOW)
    with visit(browser, office, look) as seen:
        seen.go("/")
        seen.check(least=44)
        seen.sign_in(Role.GUARD)
        seen.check(least=44)
        seen.picture("live")


def test_the_four_ways_are_tiles_of_one_size(
    browser: Browser, office: Office, core: IngestCore
) -> None:
    for width in WIDTHS:
        with visit(browser, office, width) as seen:
            page = seen.sign_in(Role.GUARD)
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
    with visit(browser, office, 390, scripts=False) as seen:
        page = seen.sign_in(Role.GUARD)
        assert page.locator("noscript meta[http-equiv=refresh]").count() <= 1
        assert 'http-equiv="refresh"' in page.content()
        assert page.locator("#events .empty").count() == 1
        core.take([SOUTH.batch(0)], NOW)
        page.reload()
        assert page.locator("#events .row.opened").count() == 1
        page.click("form[action='/sign-out'] button")
        page.wait_for_selector("#login")


def test_a_lost_connection_is_said_with_its_time(
    browser: Browser, office: Office, core: IngestCore
) -> None:
    with visit(browser, office, 390) as seen:
        seen.context.route("**/live/stream*", lambda route: route.abort())
        page = seen.sign_in(Role.GUARD)
        page.wait_for_selector("#stale:not([hidden])", timeout=10_000)
        assert ":" in page.locator("#stale-since").inner_text()
        seen.complaints.clear()  # the browser says that the stream was cut off


def test_a_wrong_password_says_what_to_do(browser: Browser, office: Office) -> None:
    with visit(browser, office, 390) as seen:
        seen.page.goto(office.url)
        seen.page.fill("#login", "manager")
        seen.page.fill("#password", "not the password")
        seen.page.click("form button[type=submit]")
        said = seen.page.locator(".note[role=alert]").inner_text()
        assert len(said) > 5
        assert seen.page.locator("#password").input_value() == ""


def test_no_person_is_on_the_page(browser: Browser, office: Office, core: IngestCore) -> None:
    owner = office.seed.person("owner")
    with visit(browser, office, 1440) as seen:
        page = seen.sign_in(Role.MANAGER)
        page.wait_for_selector("html[data-live]")
        core.take([SOUTH.batch(0, Said())], NOW)
        page.wait_for_selector("#events .row.opened")
        text = page.content()
    for secret in (owner.name, owner.dwelling, owner.holder.hex(), "holder-1", "creden-1"):
        assert secret not in text
