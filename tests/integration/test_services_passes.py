import time
from dataclasses import replace

import pytest
from sqlalchemy import Engine, select

from controller.domain.keys import AHEAD_MS, SIGNS_FOR_MS
from controller.domain.moment import DAY_MS, HOUR_MS
from controller.domain.passes import VisitorTerms
from controller.domain.people import HolderKind
from controller.domain.roles import Actor
from controller.services import keys, passes
from controller.services.holders import HolderDraft, add_dwelling, add_holder
from controller.services.passes import VisitorDraft
from controller.storage.models import CredentialRow, RevocationRow, SiteKeyRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import entry_pass
from mqtt.contract.entry_pass import PassKind, gate_tag
from mqtt.contract.errors import ContractError, RefusedError, UnavailableError
from mqtt.contract.events import Personal
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyRecord, KeyScope, Role
from tests.support.compound import GATE_KEYS, NOW, RESIDENTS, add_resident, build_compound, later


def known_keys(uow: UnitOfWork) -> dict[bytes, KeyRecord]:
    return {bytes.fromhex(kid): record for kid, record in keys.key_records(uow, NOW).items()}


def test_a_phone_page_is_signed_for_24_h_quickly(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        phone = passes.open_phone(uow, add_resident(uow, "张三"), RESIDENTS, NOW)
        started = time.perf_counter()
        page = passes.phone_page(uow, home.site, phone, NOW)
        took_s = time.perf_counter() - started
        assert len(page.windows) == 1441
        assert took_s < 3
        known = known_keys(uow)
        for start_s, text in (page.windows[0], page.windows[1440]):
            opened = entry_pass.verify(text, home.site.name, known, start_s * 1000)
            assert opened.kind is PassKind.RESIDENT_WINDOW
            assert (opened.not_before_s, opened.not_after_s) == (start_s, start_s + 59)
            assert opened.credential == phone
        assert len({text for _, text in page.windows}) == 1441
        assert page.windows[0][1] not in repr(page)


def test_a_page_ends_with_the_right_to_live_here(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        phone = passes.open_phone(uow, add_resident(uow, "租客", days=1), RESIDENTS, NOW)
        page = passes.phone_page(uow, home.site, phone, later(23 * HOUR_MS))
        assert 55 <= len(page.windows) <= 61
        with pytest.raises(RefusedError) as caught:
            passes.phone_page(uow, home.site, phone, later(DAY_MS))
        assert caught.value.code is ReasonCode.EXPIRED


def test_paper_prints_again_as_the_same_pass_and_hands_over_at_first_use(
    engine: Engine,
) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, "王奶奶")
        args = (uow, home.site, home.manager)
        paper = passes.issue_paper(*args, holder, levels=RESIDENTS, moment=NOW)
        assert passes.pass_text(uow, home.site, paper.credential, later(DAY_MS)) == paper.text
        known = known_keys(uow)
        old = entry_pass.verify(paper.text, home.site.name, known, NOW.utc_ms)
        assert old.kind is PassKind.PAPER
        new = passes.issue_successor(*args, paper.credential, NOW)
        successor = entry_pass.verify(new.text, home.site.name, known, NOW.utc_ms)
        assert successor.credential == old.credential == paper.credential
        assert successor.pass_id != old.pass_id
        assert successor.not_before_s > old.not_before_s
        passes.mark_use(uow, paper.credential, old.pass_id, NOW)
        assert uow.find(RevocationRow, old.pass_id) is None
        note = f"pass={id_to_text(successor.pass_id)}"
        for odd in ("", "pass=", "pass=??", "card=7", note):
            passes.note_use(uow, Personal(holder, b"unknown!", note=odd), NOW)
        assert uow.find(RevocationRow, old.pass_id) is None
        passes.note_use(uow, Personal(holder, paper.credential, note=note), NOW)
        passes.mark_use(uow, paper.credential, successor.pass_id, NOW)
        passes.mark_use(uow, b"unknown!", successor.pass_id, NOW)
        uow.commit()
        assert uow.find(RevocationRow, old.pass_id) is not None
        assert uow.find(RevocationRow, successor.pass_id) is None
        assert uow.find(RevocationRow, paper.credential) is None


def test_successors_are_due_30_days_ahead(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, "王奶奶")
        paper = passes.issue_paper(
            uow, home.site, home.manager, holder, levels=RESIDENTS, moment=NOW
        )
        left_ms = paper.valid_until_ms - NOW.utc_ms
        assert passes.due_successors(uow, later(left_ms - 31 * DAY_MS)) == ()
        due = later(left_ms - 30 * DAY_MS)
        assert passes.due_successors(uow, due) == (paper.credential,)
        with pytest.raises(UnavailableError):
            passes.issue_successor(uow, home.site, home.manager, paper.credential, due)
        keys.ensure_keys(uow, home.site, due)
        passes.issue_successor(uow, home.site, home.manager, paper.credential, due)
        assert passes.due_successors(uow, due) == ()


def test_a_resident_gives_guests_no_more_than_he_has(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        host, other = add_resident(uow, "甲"), add_resident(uow, "乙", "5-1-101")
        flat, foreign = add_dwelling(uow, "3-2-502"), add_dwelling(uow, "5-1-101")
        passes.open_phone(uow, host, ("south-only",), NOW)
        guest = add_holder(uow, HolderDraft("客人", HolderKind.VISITOR), NOW)
        terms = VisitorTerms(NOW.utc_s, NOW.utc_s + 86_400, 0)
        good = VisitorDraft(guest, ("south-only",), terms, flat, host)
        assert passes.issue_visitor(uow, home.site, Actor(host), good, NOW).text
        for draft in (
            replace(good, levels=RESIDENTS),
            replace(good, dwelling=foreign),
            replace(good, dwelling=None),
            replace(good, host=other),
        ):
            with pytest.raises(RefusedError) as caught:
                passes.issue_visitor(uow, home.site, Actor(host), draft, NOW)
            assert caught.value.code is ReasonCode.NOT_ALLOWED
        for role in (Role.INSPECTOR, Role.INSTALLER):
            actor = Actor(b"whoever-", role)
            with pytest.raises(RefusedError):
                passes.issue_visitor(uow, home.site, actor, good, NOW)
            with pytest.raises(RefusedError):
                passes.issue_paper(uow, home.site, actor, host, levels=RESIDENTS, moment=NOW)


def test_slips_and_visitor_passes_carry_their_terms(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, "张三")
        args = (uow, home.site, home.manager)
        until_ms = NOW.utc_ms + 8 * HOUR_MS
        slip = passes.issue_slip(*args, holder, levels=RESIDENTS, until_ms=until_ms, moment=NOW)
        known = known_keys(uow)
        opened = entry_pass.verify(slip.text, home.site.name, known, NOW.utc_ms)
        assert (opened.kind, opened.not_after_s) == (PassKind.SLIP, until_ms // 1000)
        with pytest.raises(RefusedError):
            passes.issue_slip(
                *args, holder, levels=RESIDENTS, until_ms=NOW.utc_ms + 32 * DAY_MS, moment=NOW
            )
        guest = add_holder(uow, HolderDraft("客人", HolderKind.VISITOR), NOW)
        terms = VisitorTerms(NOW.utc_s, NOW.utc_s + 86_400, 3, 8, "gate-south")
        visit = passes.issue_visitor(
            *args, VisitorDraft(guest, ("south-only",), terms, host=holder), NOW
        )
        opened = entry_pass.verify(visit.text, home.site.name, known, NOW.utc_ms)
        assert (opened.kind, opened.uses, opened.hours_from_first_use) == (PassKind.VISITOR, 3, 8)
        assert opened.home_gate_tag == gate_tag(home.site.name, "gate-south")
        again = passes.pass_text(uow, home.site, visit.credential, NOW)
        assert entry_pass.parse(again).pass_id == opened.pass_id


def test_a_visitor_key_signs_no_resident_pass(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        visitor_key = keys.signer_for(uow, home.site, KeyScope.VISITOR_PASS, NOW)
        forged = entry_pass.issue(
            entry_pass.EntryPass(
                PassKind.PAPER,
                entry_pass.site_tag(home.site.name),
                b"p" * 8,
                b"c" * 8,
                NOW.utc_s,
                NOW.utc_s + 60,
            ),
            visitor_key,
        )
        with pytest.raises(ContractError) as caught:
            entry_pass.verify(forged, home.site.name, known_keys(uow), NOW.utc_ms)
        assert caught.value.code is ReasonCode.KEY_OUT_OF_SCOPE


def test_ended_credentials_get_no_more_passes(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, "张三")
        phone = passes.open_phone(uow, holder, RESIDENTS, NOW)
        with pytest.raises(RefusedError):
            passes.pass_text(uow, home.site, phone, NOW)
        with pytest.raises(RefusedError):
            passes.issue_successor(uow, home.site, home.manager, phone, NOW)
        uow.need(CredentialRow, phone).ended_at_ms = NOW.utc_ms
        with pytest.raises(RefusedError) as caught:
            passes.phone_page(uow, home.site, phone, NOW)
        assert caught.value.code is ReasonCode.REVOKED


def test_keys_rotate_ahead_and_old_paper_stays_good(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        assert keys.ensure_keys(uow, home.site, NOW) == ()
        paper = passes.issue_paper(
            uow, home.site, home.manager, add_resident(uow, "甲"), levels=RESIDENTS, moment=NOW
        )
        first = keys.signer_for(uow, home.site, KeyScope.PAPER_PASS, NOW)
        ahead = later(SIGNS_FOR_MS - AHEAD_MS + 1)
        assert {key.scopes[0] for key in keys.ensure_keys(uow, home.site, ahead)} == {
            scope for scope in KeyScope if scope is not KeyScope.REDEMPTION
        }
        signing = keys.signer_for(uow, home.site, KeyScope.PAPER_PASS, ahead)
        assert signing.public_key == first.public_key
        rotated = later(SIGNS_FOR_MS)
        signing = keys.signer_for(uow, home.site, KeyScope.PAPER_PASS, rotated)
        assert signing.public_key != first.public_key
        records = keys.key_records(uow, rotated)
        known = {bytes.fromhex(kid): record for kid, record in records.items()}
        entry_pass.verify(paper.text, home.site.name, known, later(600 * DAY_MS).utc_ms)
        gates = {record.gate for record in records.values() if record.gate}
        assert gates == set(GATE_KEYS)
        assert len(keys.trust_anchor(uow, rotated)) == 4


def test_a_withdrawn_key_is_replaced_at_once_and_destroyed(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        found = select(SiteKeyRow.kid).where(SiteKeyRow.scopes == ("visitor_pass",))
        kid = uow.session.scalars(found).one()
        new = keys.withdraw_key(uow, home.site, kid, NOW)
        assert new.kid != kid
        assert new.scopes == (KeyScope.VISITOR_PASS,)
        assert kid.hex() not in keys.key_records(uow, NOW)
        with pytest.raises(UnavailableError):
            home.site.keystore.signer(kid)
        signer = keys.signer_for(uow, home.site, KeyScope.VISITOR_PASS, NOW)
        assert signer.public_key == new.public_key
        with pytest.raises(UnavailableError):
            keys.signer_for(uow, home.site, KeyScope.COMMAND, later(10 * SIGNS_FOR_MS))
