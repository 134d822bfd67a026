"""What residents do on their phones, in taps, with the largest steps that the design allows."""

import pytest
from playwright.sync_api import Browser

from controller.domain.moment import DAY_MS
from controller.services.calls import answer_call, waiting_calls
from controller.services.consent import open_wish, standing_consents
from controller.services.register import active_rows
from controller.storage.models import CredentialRow, DisputeRow, FaceRefusalRow
from controller.storage.unit_of_work import UnitOfWork
from tests.support.browser import visit
from tests.support.residents import Gates, fit_face, manager_of, slip_of
from tests.support.web_app import Office

YES = "main form[action='/me/face/agree'] button"
NO = "main form[action='/me/face/no'] button"


def working(office: Office, name: str, carrier: str) -> int:
    with UnitOfWork(office.engine, writes=False) as uow:
        rows = active_rows(uow, office.seed.person(name).holder, office.clock())
        return sum(row.carrier == carrier for row in rows)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_slip_signs_a_phone_in_with_one_tap_and_only_once(
    browser: Browser, office: Office, *, scripts: bool
) -> None:
    code = slip_of(office, "owner")
    with visit(browser, office, 390, scripts=scripts) as seen:
        seen.go(f"/first/{code}")
        seen.go(f"/first/{code}")  # a chat program looked at the link before: it still works
        page = seen.tap("main button[type=submit]")
        page.wait_for_url("**/me")
        assert seen.taps == 1
        assert page.locator("h1").inner_text() == "怎么进门"
    with visit(browser, office, 390, scripts=scripts) as other:
        other.go(f"/first/{code}")
        other.tap("main button[type=submit]")
        assert "服务台" in other.page.locator("[role=alert]").inner_text()
        other.go("/me")
        assert "请先登录" in other.page.locator("h1").inner_text()


def test_face_is_reserved_in_three_taps_and_stopped_in_two(
    browser: Browser, office: Office
) -> None:
    fit_face(office)
    gates = Gates(office)
    holder = office.seed.person("owner").holder
    with visit(browser, office, 390) as seen:
        page = seen.live_as("owner")
        seen.go("/me")
        tiles = page.locator(".tile").evaluate_all("all => all.map(each => each.textContent)")
        assert len(tiles) == 4
        assert "人脸" in tiles[3]
        seen.tap(".tile[href='/me/face']")
        assert page.locator("dl.facts > div").count() == 5
        assert page.locator(".tiles.three .tile").count() == 3
        seen.tap("main a[href='/me/face/agree']")
        sizes = {
            page.locator(each).evaluate("all => [all.offsetWidth, all.offsetHeight].join()")
            for each in (YES, NO)
        }
        assert len(sizes) == 1
        assert page.locator("input[type=checkbox]").count() == 0
        seen.check()
        seen.tap(YES)
        page.wait_for_selector(".lamp.wait")
        assert seen.taps == 3
        seen.check()
        with UnitOfWork(office.engine, writes=False) as uow:
            assert open_wish(uow, holder, office.clock()) is not None
        gates.opt_in("owner")
        seen.go("/me")
        seen.taps = 0
        seen.tap(".tile[href='/me/face']")
        seen.check()
        seen.tap("form[action='/me/face/off'] button")
        page.wait_for_url("**/me/face/receipt")
        assert seen.taps == 2
        assert page.locator(".receipt .lamp.wait").count() == 3
        with UnitOfWork(office.engine, writes=False) as uow:
            assert standing_consents(uow, holder) == ()
        seen.check()
        gates.erase("owner", "gate-south")
        page.wait_for_selector(".receipt li .lamp.on", timeout=10_000)
        assert page.locator(".receipt li .lamp.wait").count() == 1
        gates.erase("owner", "gate-north")
        page.wait_for_selector(".receipt > p .lamp.on", timeout=10_000)
        seen.picture("receipt")
    assert working(office, "owner", "fob") == 1


def test_the_receipt_fills_in_without_scripts_too(browser: Browser, office: Office) -> None:
    fit_face(office)
    gates = Gates(office)
    with visit(browser, office, 390, scripts=False) as seen:
        page = seen.live_as("owner")
        seen.go("/me/face")
        seen.tap("main a[href='/me/face/agree']")
        seen.tap(YES)
        gates.opt_in("owner")
        seen.go("/me/face")
        seen.tap("form[action='/me/face/off'] button")
        assert page.locator(".receipt li .lamp.wait").count() == 2
        for gate in ("gate-south", "gate-north"):
            gates.erase("owner", gate)
        seen.tap("noscript a")
        assert page.locator(".receipt li .lamp.on").count() == 2


def test_a_no_is_one_tap_and_nobody_asks_again_for_180_days(
    browser: Browser, office: Office
) -> None:
    fit_face(office)
    with visit(browser, office, 390) as seen:
        page = seen.live_as("tenant")
        seen.go("/me/face")
        seen.tap(NO)
        page.wait_for_url("**/me")
        assert "180" in page.locator(".note.done").inner_text()
        assert seen.taps == 1
        seen.go("/me")
        assert page.locator(".note.done").count() == 0
        seen.go("/me/face")
        assert page.locator(NO).count() == 0
        assert page.locator("main a.button[href='/me/face/agree']").count() == 0
        office.clock.move(180 * DAY_MS)
        seen.go("/me/face")
        assert page.locator("main a.button[href='/me/face/agree']").count() == 1
    with UnitOfWork(office.engine, writes=False) as uow:
        assert uow.find(FaceRefusalRow, office.seed.person("tenant").holder) is not None


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_guest_takes_two_fields_and_the_household_ends_it(
    browser: Browser, office: Office, *, scripts: bool
) -> None:
    with visit(browser, office, 390, scripts=scripts) as seen:
        page = seen.live_as("tenant")
        seen.go("/me/guests/new/guest")
        fields = "form input:not([type=hidden]):not([type=radio]):visible, fieldset:visible"
        assert page.locator(fields).count() == 2
        page.fill("#name", "王阿姨")
        page.check("input[value='3d']")
        seen.tap("main form button[type=submit]")
        assert page.locator(".sheet-code svg").count() == 1
        assert seen.taps == 1
        seen.check()
        seen.go("/me/guests")
        assert "王阿姨" in page.locator(".rows").inner_text()
        seen.tap(".rows form button")
        assert page.locator(".rows").count() == 0
        assert seen.taps == 2


def test_a_courier_has_a_company_and_no_name_and_a_carer_three_mornings_on_paper(
    browser: Browser, office: Office
) -> None:
    with visit(browser, office, 390) as seen:
        page = seen.live_as("owner")
        seen.go("/me/guests/new/courier")
        page.fill("#name", "顺路快递")
        seen.tap("main form button[type=submit]")
        seen.go("/me/guests/new/carer")
        page.fill("#name", "李姐")
        seen.tap("main form button[type=submit]")
        assert "打印" in page.content()
    with UnitOfWork(office.engine, writes=False) as uow:
        rows = uow.session.query(CredentialRow).filter(CredentialRow.dwelling_id.is_not(None))
        made = {row.label: row for row in rows}
    assert made["顺路快递"].levels[0].startswith("plan-")
    assert made["护工"].levels[0].startswith("plan-")
    assert made["护工"].host_id is None


def test_I11_the_household_ends_a_carers_pass(browser: Browser, office: Office) -> None:
    carer = office.seed.carer.credential
    with visit(browser, office, 390) as seen:
        page = seen.live_as("father")
        seen.go("/me/guests")
        assert "护工" in page.locator(".rows").inner_text()
        seen.tap(".rows .row:has-text('护工') form button")
    with UnitOfWork(office.engine, writes=False) as uow:
        assert uow.need(CredentialRow, carer).ended_at_ms is not None


def test_a_lost_fob_is_blocked_and_a_paper_pass_works_in_the_same_act(
    browser: Browser, office: Office
) -> None:
    with visit(browser, office, 390) as seen:
        page = seen.live_as("tenant")
        seen.go("/me")
        seen.tap("main a.to[href='/me/fob']")
        seen.tap("details summary")
        seen.check()
        seen.tap("details form button")
        page.wait_for_url("**/me/papers/**")
        assert seen.taps == 3
        assert page.locator(".sheet-code svg").count() == 1
        seen.check()
        seen.picture("paper")
    assert working(office, "tenant", "fob") == 0
    assert working(office, "tenant", "paper") == 1


@pytest.mark.parametrize("guardian", ["owner", "father"])
def test_either_guardian_blocks_a_childs_fob(
    browser: Browser, office: Office, guardian: str
) -> None:
    with visit(browser, office, 390) as seen:
        seen.live_as(guardian)
        seen.go("/me/fob")
        seen.tap("h2:has-text('周雨桐') + ul details summary")
        seen.tap("h2:has-text('周雨桐') + ul details form button")
    assert working(office, "child", "fob") == 0
    assert working(office, "child", "paper") == 1
    assert working(office, guardian, "fob") == 1


def test_J17_this_was_not_me_is_one_tap_and_held(browser: Browser, office: Office) -> None:
    gates = Gates(office)
    gates.pass_by("owner")
    with visit(browser, office, 390) as seen:
        page = seen.live_as("owner")
        seen.go("/me/records")
        assert "还有 30 天删除" in page.locator(".rows").inner_text()
        seen.check()
        seen.tap("form[action$='/not-me'] button")
        assert "已保留" in page.locator(".rows").inner_text()
        assert page.locator("form[action$='/not-me']").count() == 0
        seen.picture("records")
    with UnitOfWork(office.engine, writes=False) as uow:
        assert uow.session.query(DisputeRow).count() == 1


def test_elder_mode_and_language_are_remembered_and_reachable_everywhere(
    browser: Browser, office: Office
) -> None:
    with visit(browser, office, 390) as seen:
        page = seen.live_as("owner")
        seen.go("/me/guests")
        seen.tap(".tools a[href*='size=elder']")
        seen.go("/me/data")
        size = page.evaluate("getComputedStyle(document.documentElement).fontSize")
        assert size == "24px"
        seen.tap(".tools a[href*='lang=en']")
        seen.go("/here")
        assert page.locator("h1").inner_text() == "The gates here"
        assert page.evaluate("document.documentElement.className") == "elder"


def test_a_call_to_the_guard_shows_when_it_is_taken(browser: Browser, office: Office) -> None:
    with visit(browser, office, 390) as seen:
        page = seen.live_as("owner")
        seen.go("/me")
        seen.tap(".tile[href='/me/call']")
        seen.tap("main form button")
        assert seen.taps == 2
        assert "正在呼叫" in page.locator("main").inner_text()
        with UnitOfWork(office.engine) as uow:
            call = waiting_calls(uow, office.clock())[0]
            answer_call(uow, office.site, manager_of(office), call.id, office.clock())
            uow.commit()
        page.wait_for_selector(".lamp.on", timeout=10_000)
