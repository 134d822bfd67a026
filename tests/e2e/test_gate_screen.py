"""The gate's screen in a real browser: every state, its sizes and contrast, its touches."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from edge.adapters.touch import TOUCH_SOCKET, TouchDesk
from edge.domain.inputs import CallPressed, Input
from edge.kiosk.follow import Boards, monotonic_ms
from edge.kiosk.server import KioskServer
from mqtt.contract.events import AdapterKind
from tests.support.hardware import MonotonicClock
from tests.support.screens import PLACE, STATES, board_json

SIZES = ((800, 1280), (1024, 600))
_MEASURES = """() => {
  const part = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) =>
    v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (el) => { for (let at = el; at; at = at.parentElement) {
    const c = part(getComputedStyle(at).backgroundColor); if (c.length < 4 || c[3] > 0) return c; }
    return [255, 255, 255]; };
  const texts = document.querySelectorAll("h1, p, span, small, strong, a");
  const contrast = [...texts].filter((e) => e.innerText)
    .map((e) => { const a = light(part(getComputedStyle(e).color)), b = light(ground(e));
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); });
  const touches = [...document.querySelectorAll("button, a")].map((e) => e.getBoundingClientRect())
    .flatMap((box) => [box.width, box.height]);
  return { contrast, touches, fits: document.documentElement.scrollWidth <= innerWidth,
    head: parseFloat(getComputedStyle(document.querySelector("h1")).fontSize) };
}"""


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[KioskServer]:
    with KioskServer(Boards(tmp_path), 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


def put(screen: KioskServer, state: str) -> None:
    (screen.boards.folder / f"{PLACE}.json").write_text(board_json(state, monotonic_ms()))


def visit(browser: Browser, screen: KioskServer) -> Page:
    page = browser.new_page(viewport={"width": 800, "height": 1280})
    page.goto(f"http://127.0.0.1:{screen.port}/{PLACE}")
    return page


@pytest.mark.parametrize("size", SIZES)
def test_every_state_reads_from_afar_and_fits(
    browser: Browser, screen: KioskServer, size: tuple[int, int]
) -> None:
    put(screen, "idle")
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.route("**/screen.js", lambda route: route.abort())  # it stands still while it is measured
    page.goto(f"http://127.0.0.1:{screen.port}/{PLACE}")
    for state in STATES:
        put(screen, state)
        page.reload()
        seen = page.evaluate(_MEASURES)
        assert seen["head"] >= 48, state
        assert min(seen["touches"]) >= 60, state
        assert min(seen["contrast"]) >= 4.5, state
        assert seen["fits"], state
    page.close()


def test_yes_and_no_have_the_same_size(browser: Browser, screen: KioskServer) -> None:
    put(screen, "consent")
    page = visit(browser, screen)
    yes, no = (answer.bounding_box() for answer in page.locator(".answer").all())
    assert yes is not None
    assert no is not None
    assert (yes["width"], yes["height"]) == (no["width"], no["height"])
    tiles = [tile.bounding_box() for tile in page.locator(".tile").all()]
    assert not tiles


def test_an_answer_arrives_by_itself_within_a_tenth_of_a_second(
    browser: Browser, screen: KioskServer
) -> None:
    put(screen, "idle")
    page = visit(browser, screen)
    page.wait_for_timeout(200)
    page.evaluate("""() => { window.seen = 0; new MutationObserver(() => {
      if (document.querySelector(".granted") && !window.seen) window.seen = Date.now();
    }).observe(document.body, { childList: true, subtree: true }); }""")
    begun = page.evaluate("Date.now()")
    put(screen, "granted")
    expect(page.locator(".granted").first).to_be_attached(timeout=5_000)
    assert page.evaluate("window.seen") - begun <= 300, "0.1 s, and what two busy cores add"
    expect(page.locator("h1")).to_contain_text("请进")
    tiles = page.locator(".tile")
    put(screen, "idle")
    expect(tiles).to_have_count(4)
    sizes = tiles.evaluate_all("all => all.map(e => `${e.clientWidth}x${e.clientHeight}`)")
    assert len(set(sizes)) == 1, "the four ways are tiles of one size"


def test_without_scripts_the_screen_renews_itself_and_a_touch_works(
    browser: Browser, screen: KioskServer
) -> None:
    heard: list[Input] = []
    desk = TouchDesk(
        screen.boards.folder / TOUCH_SOCKET, [PLACE], MonotonicClock(), AdapterKind.SIMULATED
    )
    desk.start(heard.append)
    put(screen, "idle")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{screen.port}/")
    page.locator("form[action$='/call'] button").click()
    desk.stop()
    assert [type(item) for item in heard] == [CallPressed]
    put(screen, "granted")
    expect(page.locator("h1")).to_contain_text("请进", timeout=6_000)
    page.locator("a[lang=en]").click()
    expect(page.locator("h1 > span")).to_contain_text("Please come in")
    context.close()


def test_nobody_else_can_touch_and_nothing_comes_from_outside(screen: KioskServer) -> None:
    put(screen, "idle")
    base = f"http://127.0.0.1:{screen.port}"
    for origin in ("https://elsewhere.test", ""):
        got = httpx.post(f"{base}/{PLACE}/call", headers={"origin": origin})
        assert got.status_code == 403
    assert httpx.post(f"{base}/{PLACE}/open", headers={"origin": base}).status_code == 404
    page = httpx.get(f"{base}/{PLACE}")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "http://" not in page.text
    assert httpx.get(f"{base}/../../etc/passwd").status_code == 404
    assert httpx.get(f"{base}/static/../reading.py").status_code == 404
