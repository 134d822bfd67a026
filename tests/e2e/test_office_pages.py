"""Moving, compliance desk and legal desk in a browser: every page fits and can be used."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import func, select

from controller.domain.complaints import ComplaintTopic
from controller.domain.desk.forms import DeskKind
from controller.domain.roles import Actor
from controller.services.complaints import complain
from controller.services.desk.orders import OrderDraft, OrderKind, approve_order, record_order
from controller.services.desk.records import keep
from controller.services.moving.gate_modes import set_shadow
from controller.services.moving.terminals import list_terminal
from controller.storage.models import CredentialRow, FobListRow, GateModeRow, LegalOrderRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.records import Role
from tests.support.browser import LOOKS, Look, visit
from tests.support.compound import NOW, later
from tests.support.web_app import Office

BOSS = Actor(b"another1", Role.MANAGER)
PAGES = (
    "/manager/moving",
    "/manager/moving/gates/gate-south",
    "/manager/moving/gates/gate-north",
    "/manager/moving/fobs",
    "/manager/moving/claims?q=王",
    "/manager/compliance",
    "/manager/compliance/records/pipia",
    "/manager/compliance/record/1",
    "/manager/compliance/record/1/edit",
    "/manager/compliance/record/1/edit?step=3",
    "/manager/compliance/complaints",
    "/manager/compliance/attestations",
    "/manager/compliance/sheets",
    "/manager/compliance/sheets/door-sign",
    "/manager/compliance/sheets/notice",
    "/manager/compliance/sheets/no-images",
    "/manager/compliance/sheets/complaint-form",
    "/manager/legal?q=王",
    "/manager/legal/1",
    "/manager/keeping",
)
LIST = "卡号,房号,姓名\n" + "".join(f"{number:010},9-9-{number % 90:03},\n" for number in range(40))


def furnish(office: Office) -> None:
    """Put one of everything on the desks."""
    with UnitOfWork(office.engine) as uow:
        holder = office.seed.person("owner").holder
        set_shadow(uow, BOSS, "gate-south", on=True, reason="move", moment=NOW)
        list_terminal(uow, BOSS, "南门", "旧厂 X1", "SN-1", people=812, moment=NOW)
        keep(
            uow,
            office.site,
            BOSS,
            DeskKind.PIPIA,
            {"operator": "新物业"},
            moment=NOW,
            is_draft=True,
        )
        complain(uow, ComplaintTopic.FEE, "补卡收了 50 元", NOW, holder=holder)
        complain(uow, ComplaintTopic.FORCED, "保安要我用人脸", NOW, holder=holder)
        ends_ms = later(90 * 86_400_000).utc_ms
        order = OrderDraft(OrderKind.DELETE, "区人民法院", "(2026)民初1号", holder, ends_ms)
        record_order(uow, BOSS, order, NOW)
        uow.commit()


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_every_page_fits_and_can_be_used(browser: Browser, office: Office, look: Look) -> None:
    furnish(office)
    with visit(browser, office, look) as seen:
        seen.sign_in(Role.MANAGER)
        for path in PAGES:
            seen.go(path)
            assert seen.page.locator("h1").count() == 1, path
            seen.check(44)
            name = path.strip("/").replace("/", "-").replace("?", "-").replace("=", "-")
            seen.picture("office-" + name.replace("王", "w"))
        assert "保安要我用人脸" not in seen.go("/manager/compliance/complaints").content()


def test_a_list_of_old_fobs_is_taken_over_and_a_gate_cut_over(
    browser: Browser, office: Office, tmp_path: Path
) -> None:
    """The journey of moving in: 9 taps from the menu to a gate that works the door."""
    with UnitOfWork(office.engine, writes=False) as uow:
        before = uow.session.scalar(select(func.count()).select_from(CredentialRow))
    file = tmp_path / "fobs.csv"
    file.write_text(LIST + "1.23E+09,9-9-001,\n", "utf-8")
    with visit(browser, office, 1440) as seen:
        seen.sign_in(Role.MANAGER)
        seen.go("/manager/moving")
        seen.tap("a[href='/manager/moving/fobs']")
        seen.page.set_input_files("#list", file)
        seen.tap("main button[type=submit]")
        expect(seen.page.locator("main")).to_contain_text("1.23E+09")
        expect(seen.page.get_by_role("button", name="接收这些卡")).to_have_count(0)
        seen.check(44)
        file.write_text(LIST, "utf-8")
        seen.tap("a.back")
        seen.page.set_input_files("#list", file)
        seen.tap("main button[type=submit]")
        expect(seen.page.get_by_role("button", name="接收这些卡")).to_be_visible()
        seen.picture("office-moving-preview")
        seen.check(44)
        seen.tap("button:has-text('接收这些卡')")
        expect(seen.page.locator("main")).to_contain_text("40")
        with UnitOfWork(office.engine, writes=False) as uow:
            assert uow.session.scalars(select(FobListRow.fobs)).one() == 40
        seen.tap("a[href='/manager/moving/gates/gate-south']")
        seen.page.fill("#reason", "旁听一周")
        seen.tap("button[name=to]")
        seen.page.fill("#reason", "没有人会被拒绝")
        seen.tap("button[name=to]")
        expect(seen.page.locator("main")).to_contain_text("已切换")
        assert seen.taps == 8
        with UnitOfWork(office.engine, writes=False) as uow:
            assert uow.need(GateModeRow, "gate-south").mode == "live"
        seen.go("/manager/moving")
        seen.tap("button:has-text('撤销')")
        expect(seen.page.locator("main")).to_contain_text("已撤销 40 张卡")
    with UnitOfWork(office.engine, writes=False) as uow:
        left = select(func.count()).select_from(CredentialRow)
        assert uow.session.scalar(left) == before


def test_a_face_favoured_fee_table_is_refused_with_rule_and_cure(
    browser: Browser, office: Office
) -> None:
    with visit(browser, office, 390) as seen:
        seen.sign_in(Role.MANAGER)
        seen.go("/manager/compliance/records/fees")
        seen.tap("button:has-text('新建')")
        seen.page.fill("#first_fob", "20")
        seen.page.fill("#replacement", "20")
        seen.page.fill("#posted", "大厅")
        seen.tap("main form button[type=submit]")
        expect(seen.page.locator(".note.alarm")).to_contain_text("同价")
        seen.check(44)
        seen.page.fill("#first_fob", "0")
        seen.tap("main form button[type=submit]")
        expect(seen.page.locator("main")).to_contain_text("有效")


def test_an_order_is_entered_by_one_and_carried_out_after_the_second(
    browser: Browser, office: Office
) -> None:
    furnish(office)
    with visit(browser, office, 390, scripts=False) as seen:
        seen.sign_in(Role.MANAGER)
        seen.go("/manager/legal")
        seen.page.fill("#q", "王")
        seen.tap("button:has-text('查找')")
        seen.page.check("input[name=kind][value=delete]")
        seen.page.fill("#authority", "西湖区人民法院")
        seen.page.fill("#document_number", "(2026)浙0106民初7号")
        seen.page.fill("#ends", "2027-05-01")
        seen.tap("main form[method=post] button[type=submit]")
        seen.tap("button:has-text('批准')")
        expect(seen.page.locator(".note.alarm")).to_be_visible()
        with UnitOfWork(office.engine) as uow:
            row = uow.session.scalars(select(LegalOrderRow).order_by(LegalOrderRow.id.desc()))
            newest = row.first()
            assert newest is not None
            approve_order(uow, BOSS, newest.id, NOW)
            uow.commit()
        seen.go(f"/manager/legal/{newest.id}")
        seen.tap("button:has-text('执行')")
        expect(seen.page.locator("main")).to_contain_text("已执行")
