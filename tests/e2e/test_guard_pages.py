"""The guard's tablet in a real browser: two taps open, calls ring by themselves, dark at night."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from mqtt.contract.commands import Operation
from mqtt.contract.records import Role
from tests.support.browser import Look, Seen, visit
from tests.support.lodge import call_at_the_gate, gate_lives, guard, orders
from tests.support.web_app import Office

LOOKS = (Look(820, "zh"), Look(820, "en"), Look(390, "en", is_elder=True), Look(1440, "zh"))
PAGES = {
    "now": "/guard",
    "open": "/guard/open/south-in",
    "door": "/guard/doors/south-in",
    "visitor": "/guard/visitor",
    "lost": "/guard/lost",
    "more": "/guard/more",
    "alarms": "/guard/alarms",
    "carry": "/guard/gates/gate-south/carry",
    "card": "/guard/gates/gate-south/card",
}


def sign_on(seen: Seen) -> None:
    staff = seen.office.seed.with_role(Role.GUARD)
    assert staff.card is not None
    page = seen.go("/guard/sign-in")
    page.fill("#fob", str(staff.card.value))
    page.fill("#pin", staff.pin)
    page.click("main button[type=submit]")
    page.wait_for_selector("#doors")


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_every_page_is_legible_and_large(browser: Browser, office: Office, look: Look) -> None:
    call_at_the_gate(office, gate_lives(office))
    with visit(browser, office, look) as seen:
        seen.go("/guard/sign-in")
        seen.check()
        sign_on(seen)
        for name, path in PAGES.items():
            seen.go(path)
            seen.check()
            seen.picture(f"guard-{name}")


def test_two_taps_open_with_the_reason_and_a_call_rings_by_itself(
    browser: Browser, office: Office
) -> None:
    core = gate_lives(office)
    with visit(browser, office, 820) as seen:
        sign_on(seen)
        seen.tap(".guard-doors a[href='/guard/open/south-in']")
        seen.tap("button:has-text('访客已登记')")
        assert seen.taps == 2
        order = orders(office)[-1]
        assert (order.op, order.reason) == (Operation.OPEN, "访客已登记")
        expect(seen.page.locator(".note.done").first).to_contain_text("已下令开门")
        call_at_the_gate(office, core)
        expect(seen.page.locator(".call")).to_contain_text("门口呼叫", timeout=5_000)
        seen.taps = 0
        seen.tap(".call a:has-text('开门')")
        seen.tap("button:has-text('先开门')")
        assert seen.taps == 2
        expect(seen.page.locator("[aria-label='补记原因']")).to_be_visible()
        seen.tap("[aria-label='补记原因'] button:has-text('快递')")
        expect(seen.page.locator("[aria-label='补记原因']")).to_have_count(0)
        assert len(orders(office)) == 2


def test_a_lost_fob_takes_less_than_two_minutes_and_prints_on_both_papers(
    browser: Browser, office: Office, tmp_path: Path
) -> None:
    import cv2
    import zxingcpp

    person = office.seed.person("father")
    with visit(browser, office, 820) as seen:
        sign_on(seen)
        begun = time.monotonic()
        seen.tap("nav a:has-text('卡丢了')")
        seen.page.fill("#dwelling", person.dwelling)
        seen.page.fill("#name", person.name)
        seen.tap("main button[type=submit]")
        expect(seen.page.locator(".sheet-code svg")).to_be_visible()
        assert seen.taps == 2
        assert time.monotonic() - begun < 120
        seen.check()
        seen.page.emulate_media(media="print")
        seen.page.screenshot(path=tmp_path / "slip.png", full_page=True)
        picture = cv2.imread(str(tmp_path / "slip.png"))
        read = zxingcpp.read_barcodes(picture)
        assert [code.text[:4] for code in read] == ["AC1:"]
        seen.page.emulate_media(media="screen")
        seen.tap("a:has-text('80 毫米')")
        expect(seen.page.locator(".narrow-sheet")).to_be_visible()


def test_a_resident_lets_a_visitor_in_with_one_tap(browser: Browser, office: Office) -> None:
    call_at_the_gate(office, gate_lives(office))
    flat = office.seed.person("owner").dwelling
    with visit(browser, office, 390) as seen:
        seen.live_as("owner")
        page = seen.go("/me/calls")
        seen.check()
        guard(office).post("/guard/calls/1/flat", data={"dwelling": flat})
        buttons = page.locator("form button")
        expect(buttons).to_have_count(2, timeout=5_000)
        boxes = [each.bounding_box() for each in buttons.all()]
        assert boxes[0] is not None
        assert boxes[1] is not None
        assert boxes[0]["width"] == pytest.approx(boxes[1]["width"], abs=1)
        seen.check()
        seen.picture("resident-rings")
        seen.tap("button:has-text('开门')")
        assert seen.taps == 1
        expect(page.locator(".note.done")).to_contain_text("门已打开")
    assert orders(office)[-1].op is Operation.OPEN


def test_without_scripts_a_guard_still_opens(browser: Browser, office: Office) -> None:
    gate_lives(office)
    with visit(browser, office, 820, scripts=False) as seen:
        sign_on(seen)
        seen.tap(".guard-doors a[href='/guard/open/south-in']")
        seen.tap("button:has-text('先开门')")
        expect(seen.page.locator("[aria-label='补记原因']")).to_be_visible()
    assert len(orders(office)) == 1


def test_pages_are_dark_at_night_and_light_by_day(browser: Browser, office: Office) -> None:
    with visit(browser, office, 820) as seen:
        sign_on(seen)
        ground = "getComputedStyle(document.body).backgroundColor"
        assert re.match(r"rgb\(20, 24, 26\)", seen.page.evaluate(ground)), "it is 19:06"
        office.clock.move(12 * 3_600_000 - 60_000)
        seen.go("/guard")
        assert seen.page.evaluate(ground) == "rgb(250, 248, 243)"
