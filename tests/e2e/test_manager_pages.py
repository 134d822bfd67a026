"""Managers' pages: every one fits and can be used; face-only is refused and cured with one tap."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from controller.storage.models import AccessPointRow, GateRow, HolderRow, RolloutRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.records import Role
from tests.support.browser import LOOKS, Look, visit
from tests.support.web_app import Office

PAGES = (
    "/manager",
    "/manager/more",
    "/manager/setup",
    "/manager/gates/gate-south",
    "/manager/points/south-in",
    "/manager/history",
    "/manager/rollouts",
    "/manager/rollouts/new",
    "/manager/register",
    "/manager/levels",
    "/manager/schedules",
    "/manager/people",
    "/manager/people?q=wxy",
    "/manager/people/new",
    "/manager/endings",
    "/manager/imports",
    "/manager/movements",
    "/manager/staff",
    "/manager/acts",
    "/manager/shifts",
    "/account",
)


@pytest.mark.parametrize("look", LOOKS[2:], ids=str)
def test_every_page_fits_and_can_be_used(browser: Browser, office: Office, look: Look) -> None:
    with visit(browser, office, look) as seen:
        seen.sign_in(Role.MANAGER)
        for path in PAGES:
            seen.go(path)
            assert seen.page.locator("h1").count() == 1, path
            seen.check(44)


def test_pinyin_initials_find_a_resident(browser: Browser, office: Office) -> None:
    with visit(browser, office, Look(1440, "zh")) as seen:
        seen.sign_in(Role.MANAGER)
        seen.go("/manager/people?q=wxy")
        assert "王秀英" in seen.page.content()
        seen.go("/manager/people?q=zzzz")
        assert "王秀英" not in seen.page.content()


def test_a_first_gate_is_set_up_from_nothing(browser: Browser, office: Office) -> None:
    with visit(browser, office, Look(1440, "zh")) as seen:
        seen.sign_in(Role.MANAGER)
        page = seen.go("/manager/setup")
        page.fill("[name=title]", "西门")
        page.fill("[name=name]", "gate-west")
        seen.tap("main button[type=submit]")
        assert seen.taps == 1
        with UnitOfWork(office.engine, writes=False) as uow:
            assert uow.find(GateRow, "gate-west") is not None
            points = uow.session.scalars(select(AccessPointRow.name))
            assert any(name.startswith("west") or "gate-west" in name for name in points)


def test_a_face_only_plan_is_refused_with_rule_and_article_and_cured(
    browser: Browser, office: Office
) -> None:
    with visit(browser, office, Look(1440, "zh")) as seen:
        seen.sign_in(Role.MANAGER)
        page = seen.go("/manager/points/south-in")
        for way in ("qr", "fob", "pin", "guard"):
            box = page.locator(f"#plan input[name=way][value={way}]")
            if box.count() and box.is_checked():
                box.uncheck()
        face = page.locator("#plan input[name=way][value=face]")
        if face.count():
            face.check()
        seen.tap("main form button[type=submit]")
        expect(page.locator("main")).to_contain_text("NS-0")
        with UnitOfWork(office.engine, writes=False) as uow:
            row = uow.need(AccessPointRow, "south-in")
            assert {"qr", "fob"} <= set(row.methods)


def test_residents_are_imported_after_a_preview_and_taken_back(
    browser: Browser, office: Office, tmp_path: Path
) -> None:
    rows = "楼栋房号,姓名,关系\n9-1-101,欧阳测试,业主\n9-1-102,,业主\n"
    (tmp_path / "people.csv").write_text(rows)
    with visit(browser, office, Look(1440, "zh")) as seen:
        seen.sign_in(Role.MANAGER)
        page = seen.go("/manager/imports")
        page.set_input_files("input[type=file]", tmp_path / "people.csv")
        seen.tap("main form button[type=submit]")
        with UnitOfWork(office.engine, writes=False) as uow:
            names = set(uow.session.scalars(select(HolderRow.name)))
        assert "欧阳测试" not in names, "nothing is saved before the confirmation"


def test_a_roll_out_is_drafted_and_shows_what_it_changes(browser: Browser, office: Office) -> None:
    with visit(browser, office, Look(1440, "zh")) as seen:
        seen.sign_in(Role.MANAGER)
        page = seen.go("/manager/rollouts/new")
        page.fill("[name=title]", "开门时间改为 6 秒")
        page.fill("[name=unlock_ms]", "6")
        page.locator("input[name=canary][value=gate-south]").check()
        page.locator("input[name=gate][value=gate-north]").check()
        seen.tap("main form button[type=submit]")
        expect(page.locator("h1")).to_contain_text("6 秒")
        assert "6" in page.locator("main").inner_text()
        with UnitOfWork(office.engine, writes=False) as uow:
            (row,) = uow.session.scalars(select(RolloutRow)).all()
            assert row.state == "draft"
