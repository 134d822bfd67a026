"""The printed report says on its first page what is wrong and what was not checked."""

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from controller.services.evidence import make_bundle
from controller.services.evidence.printed import render_pdf
from controller.services.proof_upkeep import keep_proof
from controller.storage.models import RuleFindingRow
from controller.storage.unit_of_work import UnitOfWork
from equalgate.verifying.base import Verdict
from equalgate.verifying.program import verify_bundle
from tests.support.evidence_site import open_evidence_site

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


def bundle(engine: Engine) -> bytes:
    site = open_evidence_site(engine)
    # The rules are evaluated first, and not again within five minutes.
    keep_proof(engine, site.desk.site, site.desk.moment, at_once=True)
    with UnitOfWork(engine) as uow:
        wrong = {"verdict": "FAIL", "zh": "南门只有一种方式", "en": "One way only"}
        found = update(RuleFindingRow).where(RuleFindingRow.rule == "NS-02")
        uow.session.execute(found.values(**wrong))
        uow.commit()
    file, desk = io.BytesIO(), site.desk
    make_bundle(engine, desk.site, file, desk.moment, title="测试小区", render=render_pdf)
    return file.getvalue()


def pages(data: bytes, folder: Path) -> list[str]:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        (folder / "report.pdf").write_bytes(opened.read("report.pdf"))
    command = ["pdftotext", "-layout", str(folder / "report.pdf"), "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return said.rstrip("\f\n").split("\f")


def test_first_page_every_page_and_last_page(engine: Engine, tmp_path: Path) -> None:
    data = bundle(engine)
    assert verify_bundle(io.BytesIO(data)).verdict is Verdict.INTACT
    text = pages(data, tmp_path)
    first = text[0]
    assert "NS-02" in first
    assert "南门只有一种方式" in first
    assert "What was not checked" in first
    assert "INSUFFICIENT DATA" in first
    assert all("SIMULATED" in page for page in text)
    whole = "\n".join(text).lower()
    assert not [word for word in ("certified", "compliant", "合规证明") if word in whole]
    found = verify_bundle(io.BytesIO(data))
    assert f"{found.rules['FAIL']} 项规则的结论是 FAIL" in first
