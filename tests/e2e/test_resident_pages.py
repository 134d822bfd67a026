"""Residents' pages in a browser: every page fits, and everybody can use it."""

import pytest
from playwright.sync_api import Browser

from tests.support.browser import LOOKS, Look, visit
from tests.support.residents import Gates, fit_face
from tests.support.web_app import Office

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


# Each width, language and size of type at least once.
WALKED = (LOOKS[0], LOOKS[2], LOOKS[3], LOOKS[5])


@pytest.mark.parametrize("look", WALKED, ids=str)
def test_every_page_fits_and_can_be_used_by_everybody(
    browser: Browser, office: Office, look: Look
) -> None:
    fit_face(office)
    Gates(office).pass_by("owner")
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
