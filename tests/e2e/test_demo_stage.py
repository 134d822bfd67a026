"""The demo's first screen, played by hand in a browser against a whole running compound."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from controller.storage.engine import make_engine
from equalgate.demo.compound import Compound, Ports
from equalgate.demo.pages_client import PagesClient
from equalgate.demo.processes import wait_until
from equalgate.demo.stage.app import serving
from equalgate.demo.stage.attempt import try_face_only
from tests.support.browser import axe_faults
from tests.support.face_assets import faces_folder, models_folder


@pytest.fixture(scope="module")
def compound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compound]:
    compound = Compound(tmp_path_factory.mktemp("stage"), Ports.free())
    compound.make()
    with compound.running():
        pages = PagesClient(f"http://127.0.0.1:{compound.ports.http}")
        wait_until(pages.is_up, "the controller's pages", 30.0)
        with compound.screens_running(), serving(compound):
            yield compound


@pytest.fixture(scope="module")
def stage(browser: Browser, compound: Compound) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address(compound))
    yield page
    assert complaints == []
    page.close()


def address(compound: Compound) -> str:
    return f"http://127.0.0.1:{compound.ports.stage}/"


def press(page: Page, name: str) -> str:
    """Press a button and return the first line of what happened then."""
    rows = page.locator("#p-happened [data-number]")
    before = rows.first.get_attribute("data-number") if rows.count() else "0"
    button = page.locator(f"form[action='/do/{name}'] button")
    button.click()
    expect(rows.first).not_to_have_attribute("data-number", before or "0", timeout=40_000)
    expect(button).to_be_enabled(timeout=40_000)
    page.wait_for_timeout(700)  # the panels follow within a quarter of a second
    return rows.first.inner_text()


def test_every_way_answers_by_hand(stage: Page) -> None:
    assert "已开门" in press(stage, "paper")
    expect(stage.locator(".screen.granted")).to_be_visible()
    assert "通行码无效" in press(stage, "forged")
    assert "已开门" in press(stage, "phone")
    assert "已开门" in press(stage, "fob")
    assert "凭证已停用" in press(stage, "lost_fob")
    assert "保安放行" in press(stage, "guard")
    assert "呼叫" in press(stage, "call")
    assert "ms" in stage.locator("#p-happened .row.opened").first.inner_text()
    sizes = stage.locator("#p-gate .way").evaluate_all("all => all.map(e => e.offsetWidth)")
    assert len(sizes) == 4
    assert max(sizes) - min(sizes) <= 1


def test_face_opens_for_who_opted_in_and_for_nobody_else(stage: Page) -> None:
    models_folder()
    faces_folder()
    expect(stage.locator("#p-gate .way").nth(3)).to_contain_text("可用", timeout=30_000)
    assert "未识别" in press(stage, "face_out")
    assert "已开门" in press(stage, "face_in")
    expect(stage.locator("#p-optional details").nth(3)).to_contain_text("通过")


def test_the_pulled_cable_changes_nothing_at_the_door_and_the_outbox_drains(stage: Page) -> None:
    cable = stage.locator("form[action='/do/cable'] button")
    cable.click()
    expect(stage.locator(".net")).to_contain_text("网线拔了", timeout=15_000)
    held = int(stage.locator("#recorded").inner_text())
    for name in ("paper", "fob", "guard"):
        row = press(stage, name)
        assert "离线" in row
        assert "开锁" in row
    expect(stage.locator("#waiting")).to_have_text(re.compile("[1-9]"), timeout=15_000)
    cable.click()
    expect(stage.locator("#waiting")).to_have_text("0", timeout=30_000)
    assert int(stage.locator("#recorded").inner_text()) > held


def test_the_tour_plays_by_itself_and_leaves_the_cable_in(stage: Page) -> None:
    before = stage.locator("#p-happened [data-number]").first.get_attribute("data-number")
    stage.locator("form[action='/do/tour'] button").click()
    rows = stage.locator("#p-happened [data-number]")
    expect(rows.first).not_to_have_attribute("data-number", before or "", timeout=20_000)
    button = stage.locator("form[action='/do/tour'] button")
    expect(button).to_be_enabled(timeout=90_000)
    expect(stage.locator(".net")).to_contain_text("网线插着", timeout=15_000)
    assert "离线" in stage.locator("#p-happened").inner_text()


def test_a_face_only_gate_is_refused_by_controller_and_gate(stage: Page) -> None:
    stage.locator("form[action='/do/face-only'] button").click()
    refused = stage.locator(".refusal.done")
    expect(refused).to_have_count(3, timeout=30_000)
    expect(refused.nth(0)).to_contain_text("NS-03")
    expect(refused.nth(1)).to_contain_text("NS-01")
    expect(stage.locator("#p-optional details")).to_have_count(4)


def test_the_bundle_is_intact_and_one_changed_record_shows(stage: Page, compound: Compound) -> None:
    stage.locator("form[action='/do/bundle'] button").click()
    panel = stage.locator("#p-inspector")
    expect(panel).to_contain_text("完整，未被改动", timeout=60_000)
    stage.locator("form[action='/do/tamper'] button").click()
    expect(panel).to_contain_text("被改动过", timeout=60_000)
    bundle = httpx.get(f"{address(compound)}evidence.zip")
    assert bundle.content[:2] == b"PK"


def test_the_stage_is_legible_for_everybody_and_says_what_is_simulated(
    browser: Browser, stage: Page, compound: Compound
) -> None:
    assert axe_faults(stage) == []
    assert "不是摄像头画面" in stage.locator(".honest").inner_text()
    phone = browser.new_page(viewport={"width": 390, "height": 844})
    phone.goto(f"{address(compound)}?lang=en")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert axe_faults(phone) == []
    expect(phone.locator("h1")).to_contain_text("Four ways in")
    phone.close()


def test_without_scripts_a_button_still_plays_and_other_sites_cannot(
    browser: Browser, compound: Compound
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address(compound))
    page.locator("form[action='/do/fob'] button").click()
    expect(page.locator("#p-happened li").first).to_contain_text("刷门禁卡")
    context.close()
    got = httpx.post(f"{address(compound)}do/cable", headers={"origin": "https://elsewhere.test"})
    assert got.status_code == 403
    assert compound.broker.is_running


def test_the_real_gate_screen_shows_the_same_answer(browser: Browser, compound: Compound) -> None:
    screen = browser.new_page(viewport={"width": 800, "height": 1280})
    screen.goto(f"http://127.0.0.1:{compound.ports.screens[0]}/south-in")
    expect(screen.locator(".tile")).to_have_count(4, timeout=15_000)
    headers = {"origin": address(compound).rstrip("/")}
    httpx.post(f"{address(compound)}do/fob", headers=headers, timeout=30)
    expect(screen.locator("h1")).to_contain_text("请进", timeout=5_000)
    screen.locator("form[action$='/call'] button").click()
    expect(screen.locator("h1")).to_contain_text("正在呼叫保安", timeout=5_000)
    screen.close()


def test_trying_face_only_changes_nothing(compound: Compound) -> None:
    engine = make_engine(compound.database_url)
    refusals = try_face_only(engine, compound.site(), "south-in", "gate-south")
    assert [one.is_refused for one in refusals] == [True, True, True]
    assert all(one.said[0] and one.said[1] for one in refusals)
    engine.dispose()


def test_the_secrets_of_the_example_lie_in_private_files(compound: Compound) -> None:
    for file in (compound.cast_file, compound.accounts_file):
        assert Path(file).stat().st_mode & 0o077 == 0
