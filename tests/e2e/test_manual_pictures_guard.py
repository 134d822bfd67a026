"""The pictures of the guards' manual: `EQUALGATE_MANUAL=docs/pictures` writes them anew."""

import os
import re
import threading
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from edge.kiosk.follow import Boards, monotonic_ms
from edge.kiosk.server import KioskServer
from mqtt.contract.records import Role
from tests.support.browser import Look, visit
from tests.support.lodge import call_at_the_gate, gate_lives
from tests.support.repository import ROOT
from tests.support.screens import PLACE, board_json
from tests.support.web_app import Office

_FOLDER = os.environ.get("EQUALGATE_MANUAL", "")
MANUALS = {"zh": "guards.zh.md", "en": "guards.md"}
PICTURES = {
    "now": "/guard",
    "open": "/guard/open/south-in",
    "lost": "/guard/lost",
    "door": "/guard/doors/south-in",
}


def keep(page: Page, name: str) -> None:
    assert page.locator("h1").is_visible()
    if _FOLDER:
        page.screenshot(path=ROOT / _FOLDER / f"guard-{name}.png")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_picture_of_the_guards_manual_can_be_made(
    browser: Browser, office: Office, language: str
) -> None:
    call_at_the_gate(office, gate_lives(office))
    staff = office.seed.with_role(Role.GUARD)
    assert staff.card is not None
    with visit(browser, office, Look(820, language)) as seen:
        page = seen.go("/guard/sign-in")
        page.fill("#fob", str(staff.card.value))
        page.fill("#pin", staff.pin)
        page.click("main button[type=submit]")
        page.wait_for_selector("#doors")
        for name, path in PICTURES.items():
            keep(seen.go(path), f"{name}-{language}")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_picture_of_the_gates_screen_can_be_made(
    browser: Browser, language: str, tmp_path: Path
) -> None:
    (tmp_path / f"{PLACE}.json").write_text(board_json("idle", monotonic_ms()))
    with KioskServer(Boards(tmp_path), 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page(viewport={"width": 1024, "height": 600})
        page.route("**/screen.js", lambda route: route.abort())
        page.goto(f"http://127.0.0.1:{server.port}/{PLACE}?lang={language}")
        keep(page, f"screen-{language}")
        page.close()
        server.shutdown()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_guards_manual_shows_every_picture_and_no_other(language: str) -> None:
    text = (ROOT / "docs" / "how-to" / MANUALS[language]).read_text("utf-8")
    shown = re.findall(r"\(\.\./pictures/(guard-\w+-\w+\.png)\)", text)
    wanted = [f"guard-{name}-{language}.png" for name in (*PICTURES, "screen")]
    assert sorted(shown) == sorted(wanted)
    assert all((ROOT / "docs" / "pictures" / name).is_file() for name in shown)
