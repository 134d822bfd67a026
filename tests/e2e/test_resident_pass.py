"""The open pass page: a code for every minute of 24 hours, with or without the controller."""

import cv2
import numpy as np
import zxingcpp
from playwright.sync_api import Browser, Page

from controller.domain.moment import HOUR_MS, MINUTE_MS
from controller.services.credentials import report_lost
from controller.services.keys import key_records
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.entry_pass import EntryPass, PassKind, verify
from tests.support.browser import visit
from tests.support.compound import NOW
from tests.support.residents import manager_of
from tests.support.web_app import Office


def shown(page: Page) -> str:
    """Read the code from the screen as a reader at the gate does."""
    picture = page.locator("#code").screenshot()
    grey = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    found = zxingcpp.read_barcodes(grey)
    assert len(found) == 1
    return str(found[0].text)


def as_a_gate_reads(office: Office, text: str, now_ms: int) -> EntryPass:
    """Check the code as a gate does, with the keys that it was given."""
    with UnitOfWork(office.engine, writes=False) as uow:
        keys = {bytes.fromhex(kid): key for kid, key in key_records(uow, NOW).items()}
    read = verify(text, office.site.name, keys, now_ms)
    assert read.kind is PassKind.RESIDENT_WINDOW
    assert read.not_before_s * 1000 <= now_ms < (read.not_after_s + 1) * 1000
    return read


def test_a_page_loaded_before_goes_on_for_24_hours_with_the_controller_stopped(
    browser: Browser, office: Office
) -> None:
    with visit(browser, office, 390) as seen:
        page = seen.live_as("owner")
        # The phone's clock is seven minutes slow: the page goes by the controller's.
        slow_ms = NOW.utc_ms - 7 * MINUTE_MS
        page.clock.install(time=slow_ms / 1000)
        seen.go("/me/pass")
        page.wait_for_selector("#pass[data-state=online]")
        page.clock.pause_at(slow_ms / 1000 + 5)
        first = as_a_gate_reads(office, shown(page), NOW.utc_ms + 5_000)
        seen.picture("pass")
        office.stop()
        for later_ms in (MINUTE_MS, HOUR_MS, 12 * HOUR_MS, 24 * HOUR_MS - 2 * MINUTE_MS):
            page.clock.pause_at((slow_ms + later_ms) / 1000)
            page.clock.run_for(2_000)
            read = as_a_gate_reads(office, shown(page), NOW.utc_ms + later_ms)
            assert read.credential == first.credential
        page.wait_for_selector("#pass[data-state=offline]")
        assert "没有网络" in page.locator("#state").inner_text()
        page.clock.pause_at((slow_ms + 24 * HOUR_MS + 2 * MINUTE_MS) / 1000)
        page.clock.run_for(2_000)
        page.wait_for_selector("#pass[data-state=over]")
        assert page.locator("#code svg").count() == 0
        seen.complaints.clear()  # the browser says that the controller did not answer


def test_without_scripts_the_page_shows_the_code_of_this_minute_and_a_button_for_the_next(
    browser: Browser, office: Office
) -> None:
    with visit(browser, office, 390, scripts=False) as seen:
        page = seen.live_as("owner")
        seen.go("/me/pass")
        first = shown(page)
        as_a_gate_reads(office, first, NOW.utc_ms)
        office.clock.move(MINUTE_MS)
        seen.tap("noscript a")
        second = shown(page)
        assert first != second
        as_a_gate_reads(office, second, NOW.utc_ms + MINUTE_MS)


def test_an_ended_phone_pass_is_taken_from_the_open_page(browser: Browser, office: Office) -> None:
    phone = office.seed.person("owner").phone
    with visit(browser, office, 390) as seen:
        page = seen.live_as("owner")
        page.clock.install(time=NOW.utc_ms / 1000)
        seen.go("/me/pass")
        page.wait_for_selector("#pass[data-state=online]")
        with UnitOfWork(office.engine) as uow:
            report_lost(uow, office.site, manager_of(office), phone, office.clock())
            uow.commit()
        page.clock.run_for(HOUR_MS + 2_000)
        page.wait_for_selector("#pass[data-state=ended]")
        assert page.locator("#code svg").count() == 0


def test_a_paper_pass_prints_at_35_mm_and_reads_from_the_sheet(
    browser: Browser, office: Office
) -> None:
    with visit(browser, office, 794) as seen:
        page = seen.live_as("owner")
        seen.go("/me/paper")
        seen.tap("main form button")
        page.wait_for_selector(".sheet")
        page.emulate_media(media="print")
        sheet = page.locator(".sheet-code")
        modules = sheet.locator("svg").evaluate("each => each.viewBox.baseVal.width")
        width_mm = sheet.locator("svg").evaluate("each => each.clientWidth / 96 * 25.4")
        assert width_mm * (modules - 8) / modules >= 35
        assert not page.locator(".places").is_visible()
        grey = cv2.imdecode(np.frombuffer(sheet.screenshot(), np.uint8), cv2.IMREAD_GRAYSCALE)
        text = zxingcpp.read_barcodes(grey)[0].text
    with UnitOfWork(office.engine, writes=False) as uow:
        keys = {bytes.fromhex(kid): key for kid, key in key_records(uow, NOW).items()}
    assert verify(text, office.site.name, keys, NOW.utc_ms).kind is PassKind.PAPER
