"""`verify.html` checks what a gate's screen answered, and holds a bundle against it."""

import base64
from typing import Any

import pytest
from msgspec import structs
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine, select

from controller.storage.engine import make_engine
from controller.storage.migrate import upgrade
from controller.storage.models import GateHeadRow
from equalgate.verifying import single
from mqtt.contract.events import AdapterKind
from mqtt.contract.witness import COUNTERS, WitnessAnswer, nonce_text, seal_answer
from tests.support.compound import GATE_KEYS
from tests.support.evidence_site import open_evidence_site
from tests.support.face_desk import SOUTH

NONCE = bytes(range(16))


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, WitnessAnswer]:
    """Return a bundle, and what its south gate would have answered at its last signed head."""
    engine: Engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('witness')}/c.db")
    upgrade(engine)
    site = open_evidence_site(engine)
    data, _ = site.bundle()
    with engine.connect() as connection:
        head = connection.execute(select(GateHeadRow).where(GateHeadRow.gate == SOUTH)).all()[-1]
    engine.dispose()
    answer = WitnessAnswer(
        nonce=NONCE, site=site.desk.site.name, gate=SOUTH, public_key=GATE_KEYS[SOUTH].public_key,
        epoch=head.epoch, size=head.size, root=head.root, at_ms=1_795_000_000_000, clock_level=0,
        config=b"c" * 32, policy=b"p" * 32, software="equalgate", software_hash=b"s" * 32,
        face_state="ready", counters=(0,) * len(COUNTERS), adapter_kind=AdapterKind.SIMULATED,
    )  # fmt: skip
    return data, answer


def opened(browser: Browser) -> Page:
    page = browser.new_page(viewport={"width": 900, "height": 1_000})
    page.goto(single.target("verify.html").as_uri())
    return page


def verdict(page: Page, data: bytes, shown: str) -> dict[str, Any]:
    raw = "Uint8Array.from(atob(raw), c => c.charCodeAt(0))"
    script = f"([raw, shown]) => verifyBundle({raw}, '', shown)"
    found: dict[str, Any] = page.evaluate(script, [base64.b64encode(data).decode(), shown])
    return found


def test_an_answer_is_checked_without_an_account(
    browser: Browser, seen: tuple[bytes, WitnessAnswer]
) -> None:
    text = seal_answer(seen[1], GATE_KEYS[SOUTH])
    page = opened(browser)
    page.click("summary")
    page.fill("#nonce", nonce_text(NONCE))
    page.fill("#shown", text)
    page.click("#check-answer")
    assert "holds" in page.inner_text("#spot-word")
    said = page.inner_text("#spot-lines")
    assert SOUTH in said
    assert "SIMULATED" in said
    for nonce, shown in (
        (nonce_text(b"x" * 16), text),
        (nonce_text(NONCE), text[:-3] + "AAA"),
        ("", "ACW2:"),
        ("", "nonsense"),
    ):
        page.fill("#nonce", nonce)
        page.fill("#shown", shown)
        page.click("#check-answer")
        assert "does not hold" in page.inner_text("#spot-word"), shown
    page.close()


def test_a_bundle_must_hold_what_the_gate_showed(
    browser: Browser, seen: tuple[bytes, WitnessAnswer]
) -> None:
    data, answer = seen
    key = GATE_KEYS[SOUTH]
    page = opened(browser)
    whole = verdict(page, data, seal_answer(answer, key))
    assert whole["verdict"] == "INTACT", whole
    assert any("on the spot" in note for note in whole["notes"])
    forked = seal_answer(structs.replace(answer, root=b"f" * 32), key)
    assert verdict(page, data, forked)["verdict"] == "ALTERED"
    later = seal_answer(structs.replace(answer, size=answer.size + 5), key)
    assert verdict(page, data, later)["verdict"] == "INCOMPLETE"
    page.close()
