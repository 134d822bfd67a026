"""`verify.html`, opened from the disk: it answers as Python does, and fetches nothing."""

import base64
import io
import random
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine

from controller.storage.engine import make_engine
from controller.storage.migrate import upgrade
from equalgate.verifying import single
from equalgate.verifying.program import verify_bundle
from mqtt.contract.parity import ParityTally
from tests.support.browser import axe_faults
from tests.support.evidence_site import open_evidence_site
from tests.support.evidence_vectors import vectors


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("evidence")
    engine: Engine = make_engine(f"sqlite:///{folder}/c.db")
    upgrade(engine)
    data, _ = open_evidence_site(engine).bundle()
    engine.dispose()
    return data


def opened(browser: Browser, width: int = 1_000) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(single.target("verify.html").as_uri())
    return page


def answer(page: Page, data: bytes, key: str = "") -> dict[str, Any]:
    script = "([raw, key]) => verifyBundle(Uint8Array.from(atob(raw), c => c.charCodeAt(0)), key)"
    found: dict[str, Any] = page.evaluate(script, [base64.b64encode(data).decode(), key])
    return found


def test_the_page_is_fresh() -> None:
    fresh = single.target("verify.html").read_text("utf-8") == single.page()
    assert fresh, "run: python -m equalgate.verifying.single write"


def test_dropping_a_bundle_shows_the_answer_and_nothing_is_fetched(
    browser: Browser, bundle: bytes, tmp_path: Path
) -> None:
    (tmp_path / "bundle.zip").write_bytes(bundle)
    page = opened(browser)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_input_files("#pick", tmp_path / "bundle.zip")
    page.wait_for_selector("#answer:not([hidden])")
    assert page.inner_text("#word") == "INTACT"
    assert "gate-south" in page.inner_text("#logs")
    assert [url for url in asked if not url.startswith("blob:")] == []
    assert axe_faults(page) == []
    page.close()


def test_it_says_the_same_as_python_of_the_whole_and_of_changed_bundles(
    browser: Browser, bundle: bytes
) -> None:
    page = opened(browser)
    ours, theirs = verify_bundle(io.BytesIO(bundle)), answer(page, bundle)
    assert theirs["verdict"] == "INTACT"
    assert theirs["rules"] == ours.rules
    assert [(log["gate"], log["witnessed"], log["simulated"]) for log in theirs["logs"]] == [
        (log.gate, log.witnessed, log.simulated) for log in ours.logs
    ]
    draw = random.Random(7)
    for _ in range(150):
        changed = bytearray(bundle)
        where = draw.randrange(len(bundle))
        if draw.random() < 0.6:
            changed[where] ^= 1 << draw.randrange(8)
        else:
            del changed[where : where + draw.randrange(1, 30)]
        said = answer(page, bytes(changed))["verdict"]
        assert said == verify_bundle(io.BytesIO(bytes(changed))).verdict.value != "INTACT"
    page.close()


def test_it_answers_the_shipped_vectors_as_python_does(browser: Browser) -> None:
    page = opened(browser)
    said = {name: answer(page, data)["verdict"] for name, (data, _) in vectors().items()}
    assert said == {name: expected for name, (_, expected) in vectors().items()}
    page.close()


def test_it_counts_the_ways_in_as_python_does(browser: Browser) -> None:
    draw, leaves, tally = random.Random(11), [], ParityTally()
    for seq in range(800):
        kind = draw.choice(("decision", "passage", "reader", "boot"))
        outcome = draw.choice(("granted", "denied"))
        reason = draw.choice(("granted", "read_parity", "no_match"))
        head = [1, "site", "gate", 1, seq, kind, "south-in", draw.choice(("qr", "fob")), outcome]
        at_s, intent_ms = 1_795_000_000 + seq * 4_000, draw.choice((-1, 420, 9_999, 12_345))
        tail = [intent_ms, "in", draw.choice(("real", "real", "simulated")), -1, ""]
        leaves.append([*head, reason, at_s, 0, 0, 1, *tail])
        tally.add_leaf(leaves[-1])
    page = opened(browser)
    script = (
        "(leaves) => { const t = new Tally(); for (const f of leaves) t.add(f); return t.rows(); }"
    )
    assert page.evaluate(script, leaves) == [list(astuple(row)) for row in tally.rows()]
    page.close()


def test_another_key_than_on_the_installation_record_is_altered(
    browser: Browser, bundle: bytes
) -> None:
    page = opened(browser)
    assert answer(page, bundle, "0" * 16)["verdict"] == "ALTERED"
    note = answer(page, bundle)["notes"][0]
    shown = note.removeprefix("controller key ")[:32]
    assert answer(page, bundle, shown)["verdict"] == "INTACT"
    page.close()
