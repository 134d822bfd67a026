"""The counter's pages and sheets in a real browser: legible, no faults, codes that can be read."""

from pathlib import Path

import cv2
import pytest
import zxingcpp
from playwright.sync_api import Browser, expect

from mqtt.contract.ids import id_to_text
from mqtt.contract.records import Role
from tests.support.browser import Look, visit
from tests.support.web_app import Office

LOOKS = (Look(1440, "zh"), Look(390, "en", is_elder=True))


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_every_page_and_sheet_is_legible(browser: Browser, office: Office, look: Look) -> None:
    who = id_to_text(office.seed.person("owner").holder)
    paths = {
        "menu": "/desk",
        "move-in": "/desk/move-in",
        "move-out": "/desk/move-out?dwelling=1-1-101",
        "batches": "/desk/batches",
        "sheets": "/desk/sheets",
        "sign": "/desk/sheets/sign/south-in",
        "form": "/desk/sheets/forms/complaint",
        "consent": "/desk/sheets/forms/consent",
        "stamp": f"/desk/stamp/{who}",
    }
    with visit(browser, office, look) as seen:
        seen.sign_in(Role.MANAGER)
        for name, path in paths.items():
            seen.go(path)
            seen.check(44)
            seen.picture(f"desk-{name}")


def test_a_family_leaves_the_counter_with_codes_that_can_be_read(
    browser: Browser, office: Office, tmp_path: Path
) -> None:
    with visit(browser, office, 1440, scripts=False) as seen:
        seen.sign_in(Role.MANAGER)
        page = seen.go("/desk/move-in")
        page.fill("#dwelling", "9-1-901")
        page.fill("#name-0", "沈文")
        page.check("[name=login-0]")
        page.fill("#name-1", "沈小雨")
        seen.tap("main button[type=submit]")
        expect(page.locator(".sheet")).to_have_count(3)
        assert seen.taps == 1
        seen.picture("desk-packet")
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 794, "height": 1123})
        page.screenshot(path=tmp_path / "packet.png", full_page=True)
        codes = zxingcpp.read_barcodes(cv2.imread(str(tmp_path / "packet.png")))
        starts = sorted(code.text[:4] for code in codes)
        assert starts == ["AC1:", "AC1:", "http"]
