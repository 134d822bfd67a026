"""Residents' pages in a browser: every page fits, and everybody can use it."""

import pytest
from playwright.sync_api import Browser

from tests.support.browser import LOOKS, Look, visit
from tests.support.gate_events import Recorder
from tests.support.web_app import Office

SOUTH = Recorder(access_point="south-in")
PUBLIC = (
    "/first",
    "/first/ABCD-EFGH-JKMN",
    "/first-fob",
    "/here",
    "/here/rules",
    "/here/notice",
    "/here/complain",
)
PAGES = (
    "/me",
    "/me/pass",
    "/me/paper",
    "/me/fob",
    "/me/guests",
    "/me/guests/new/guest",
    "/me/guests/new/courier",
    "/me/guests/new/carer",
    "/me/face",
    "/me/face/agree",
    "/me/face/receipt",
    "/me/children",
    "/me/records",
    "/me/data",
    "/me/complain",
    "/me/call",
)


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_every_page_fits_and_can_be_used_by_everybody(
    browser: Browser, office: Office, look: Look
) -> None:
    with visit(browser, office, look) as seen:
        for path in PUBLIC:
            seen.go(path)
            seen.check()
            seen.picture(path.strip("/").replace("/", "-"))
        seen.live_as("owner")
        for path in PAGES:
            seen.go(path)
            assert seen.page.locator("h1").count() == 1, path
            seen.check()
            seen.picture(path.strip("/").replace("/", "-"))
