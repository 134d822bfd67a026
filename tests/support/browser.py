"""Look at pages in a real browser: what they fetch, what they complain about, how they look.

Use in a test: `with visit(browser, office, 390) as seen: seen.page.goto(...)`. On leaving, a page
that fetched anything from elsewhere, broke the content policy or wrote to the console fails it.
`office`, `browser` come from `tests/e2e/conftest.py`.
"""

import gzip
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from controller.services.staff import open_holder_session
from controller.storage.unit_of_work import UnitOfWork
from controller.web.page import LOOK_COOKIE
from mqtt.contract.records import Role
from tests.support.repository import ROOT
from tests.support.web_app import Office

__all__ = ["LOOKS", "Look", "Seen", "axe_faults", "chromium", "visit"]

_AXE = Path(__file__).with_name("vendor") / "axe.min.js.gz"
_AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_HEIGHT = 844


@dataclass(frozen=True)
class Look:
    """How a device shows pages: width in CSS px, `zh` or `en`, large type or not."""

    width: int = 390
    language: str = "zh"
    is_elder: bool = False

    @property
    def cookie(self) -> str:
        return self.language + ("-elder" if self.is_elder else "")

    def __str__(self) -> str:
        return f"{self.width}-{self.cookie}"


LOOKS = (
    Look(320, "zh", is_elder=True),
    Look(320, "en"),
    Look(390, "zh"),
    Look(390, "en", is_elder=True),
    Look(1440, "zh"),
    Look(1440, "en"),
)
"""Widths, languages and sizes of type, each pair at least once."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's chromium; skip the test with a reason where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield started
        finally:
            started.close()


def axe_faults(page: Page) -> list[str]:
    """Return what axe-core finds on a page as it is, each with where."""
    # A script of the test, not of the page: it comes in beside the content policy.
    page.evaluate(f"() => {{ {_axe()} }}")
    found: dict[str, Any] = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", _AXE_TAGS
    )
    return [
        f"{each['id']}: {node['html'][:160]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


@dataclass
class Seen:
    """One browser window, and everything that its pages fetched or complained about."""

    office: Office
    context: BrowserContext
    page: Page
    look: Look
    has_scripts: bool = True
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    taps: int = 0

    def go(self, path: str) -> Page:
        """Open a page of the office."""
        self.page.goto(self.office.url + path)
        return self.page

    def tap(self, what: str) -> Page:
        """Tap on something by its CSS or text selector, and count it."""
        self.taps += 1
        self.page.locator(what).first.click()
        return self.page

    def sign_in(self, role: Role) -> Page:
        """Sign a member of staff in and look at the live page."""
        staff = self.office.seed.with_role(role)
        self.go("/")
        self.page.fill("#login", staff.login)
        self.page.fill("#password", staff.password)
        self.page.click("main button[type=submit]")
        self.page.wait_for_load_state()
        self.go("/")
        self.page.wait_for_selector("#gates")
        return self.page

    def live_as(self, name: str = "owner") -> Page:
        """Give this window the session of a resident of the example compound."""
        holder = self.office.seed.person(name).holder
        with UnitOfWork(self.office.engine) as uow:
            cookie = open_holder_session(uow, holder, self.office.clock())
            uow.commit()
        self.context.add_cookies([{"name": "equalgate", "value": cookie, "url": self.office.url}])
        return self.page

    def faults_of_access(self) -> list[str]:
        """Return what axe-core finds on the page as it is, each with where.

        Nothing where scripts are off: axe-core needs timers, which do not run there.
        """
        return axe_faults(self.page) if self.has_scripts else []

    def overflow(self) -> int:
        """Return by how many px the page is wider than its window."""
        wider: int = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return wider

    def small_targets(self, least: int) -> list[str]:
        """Return links and controls lower than `least` px, but links inside sentences."""
        found: list[str] = self.page.evaluate(
            """least => [...document.querySelectorAll('a, button, select, summary,'
                + 'input:not([type=radio], [type=checkbox], [type=hidden]), .option')]
              .filter(each => each.checkVisibility() && !each.matches('.skip, p a, dd a, li p a'))
              .filter(each => each.getBoundingClientRect().height < least - 0.5)
              .map(each => each.outerHTML.slice(0, 120))""",
            least,
        )
        return found

    def picture(self, name: str, *, whole: bool = True) -> None:
        """Keep a picture in the folder that `EQUALGATE_PICTURES` names, if it names one."""
        folder = os.environ.get("EQUALGATE_PICTURES", "")
        if folder:
            path = ROOT / folder / f"{name}-{self.look}.png"
            self.page.screenshot(path=path, full_page=whole)

    def check(self, least: int = 60) -> None:
        """Fail where the page is wider than its window, has small targets or axe finds faults."""
        self.page.wait_for_load_state()
        found = [f"small: {each}" for each in self.small_targets(least)] + self.faults_of_access()
        if self.overflow() > 0:
            found.append(f"{self.overflow()} px wider than the window")
        assert not found, (self.page.url, str(self.look), found)


@contextmanager
def visit(
    browser: Browser, office: Office, look: Look | int = 390, *, scripts: bool = True, **more: Any
) -> Iterator[Seen]:
    """Open a window that fails on any complaint; `more` goes to Playwright's `new_context`."""
    how = Look(look) if isinstance(look, int) else look
    size: ViewportSize = {"width": how.width, "height": _HEIGHT}
    context = browser.new_context(viewport=size, java_script_enabled=scripts, **more)
    context.add_cookies([{"name": LOOK_COOKIE, "value": how.cookie, "url": office.url}])
    seen = Seen(office, context, context.new_page(), how, scripts)
    seen.page.on("console", lambda message: _complain(seen, message.text))
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    seen.page.on("request", lambda request: seen.requests.append(request.url))
    try:
        yield seen
        assert seen.complaints == []
        assert [url for url in seen.requests if not url.startswith(office.url)] == []
    finally:
        context.close()


def _complain(seen: Seen, text: str) -> None:
    """Keep what the page says, but that an answer was a refusal: tests look at those."""
    if "Failed to load resource: the server responded with a status of 4" not in text:
        seen.complaints.append(text)


@cache
def _axe() -> str:
    return gzip.decompress(_AXE.read_bytes()).decode()
