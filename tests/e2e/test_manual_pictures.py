"""The pictures of the residents' manual: `EQUALGATE_MANUAL=docs/pictures` writes them anew.

Without that variable nothing is written, and the test sees that every page of the manual is there.
"""

import os
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Look, Seen, visit
from tests.support.repository import ROOT
from tests.support.residents import Gates, fit_face
from tests.support.web_app import Office

_HEIGHT = 720
_FOLDER = os.environ.get("EQUALGATE_MANUAL", "")
MANUALS = {"zh": "residents.zh.md", "en": "residents.md"}


def _guest(seen: Seen) -> None:
    seen.page.fill("#name", "Wang" if seen.look.language == "en" else "王阿姨")


def _open_lost(seen: Seen) -> None:
    seen.tap("details summary")


def _as_it_is(_seen: Seen) -> None:
    """Show the page as it opens."""


PICTURES: dict[str, tuple[str, Callable[[Seen], None]]] = {
    "home": ("/me", _as_it_is),
    "pass": ("/me/pass", _as_it_is),
    "lost": ("/me/fob", _open_lost),
    "guest": ("/me/guests/new/guest", _guest),
    "face": ("/me/face", _as_it_is),
    "records": ("/me/records", _as_it_is),
    "here": ("/here", _as_it_is),
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_picture_of_the_manual_can_be_made(
    browser: Browser, office: Office, language: str
) -> None:
    fit_face(office)
    gates = Gates(office)
    for _ in range(2):
        gates.pass_by("owner")
        office.clock.move(3_600_000)
    with visit(browser, office, Look(390, language)) as seen:
        seen.live_as("owner")
        seen.page.set_viewport_size({"width": 390, "height": _HEIGHT})
        for name, (path, prepare) in PICTURES.items():
            seen.go(path)
            prepare(seen)
            assert seen.page.locator("h1").is_visible()
            if _FOLDER:
                target = ROOT / _FOLDER / f"resident-{name}-{language}.png"
                seen.page.screenshot(path=target)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_manual_shows_every_picture_and_no_other(language: str) -> None:
    text = (ROOT / "docs" / "how-to" / MANUALS[language]).read_text("utf-8")
    shown = re.findall(r"\(\.\./pictures/(resident-\w+-\w+\.png)\)", text)
    assert sorted(shown) == sorted(f"resident-{name}-{language}.png" for name in PICTURES)
    assert all((ROOT / "docs" / "pictures" / name).is_file() for name in shown)
