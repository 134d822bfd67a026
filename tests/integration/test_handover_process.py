"""The hand-over at the keyboard, and a broker that knows the former company no more."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import select

from controller.storage.engine import make_engine
from controller.storage.models import HandoverRow, SiteKeyRow, StaffRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.broker.runner import installed_version
from mqtt.client.backoff import LOCAL
from mqtt.client.port import Connected, Disconnected, SessionSpec
from mqtt.client.session import PahoSession
from mqtt.client.tls import TlsFiles
from tests.support.broker import CLIENTS, Inbox, down, joined, running_mosquitto
from tests.support.compound import NOW
from tests.support.example import DATABASE, KEYS, SITE, example_compound

_SETTINGS = """\
[site]
name = "{site}"
title = "同行苑"
[database]
url = "sqlite:///{database}"
[keystore]
folder = "{keys}"
[broker]
host = "127.0.0.1"
port = 8883
ca_file = "ca.pem"
web = {{ name = "ctl-web", certificate = "w.pem", key = "w.key" }}
ingest = {{ name = "ctl-ingest-1", certificate = "i.pem", key = "i.key" }}
"""


def handover(folder: Path, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "controller", "handover", *arguments, "--config", folder / "c.toml"],
        input=said,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def share(printed: str, party: str) -> str:
    return next(line for line in printed.splitlines() if party in line).rsplit(" ", 1)[1]


def test_the_recovery_key_hands_over_at_the_keyboard(tmp_path: Path) -> None:
    example_compound(NOW).copy_to(tmp_path)
    text = _SETTINGS.format(site=SITE, database=DATABASE, keys=KEYS)
    (tmp_path / "c.toml").write_text(text)
    made = handover(tmp_path, "split-key", "--witness", "业委会 李")
    assert made.returncode == 0, made.stderr
    shares = [share(made.stdout, party) for party in ("committee", "street office")]
    for key in (tmp_path / KEYS).iterdir():
        key.unlink()
    order = ("begin", "--recover", "--former", "旧物业", "--successor", "新物业", "--login", "new")
    wrong = handover(tmp_path, *order, said=f"a long password\n{shares[0]}\n{shares[0]}\n")
    assert (wrong.returncode, "config_invalid" in wrong.stderr) == (1, True)
    done = handover(tmp_path, *order, said="\n".join(("a long new password", *shares, "")))
    assert done.returncode == 0, done.stderr
    assert share(done.stdout, "committee") not in shares
    assert all(each not in done.stderr for each in shares)
    told = handover(tmp_path, "status").stdout
    assert "gate-south" in told
    assert "新物业" in told
    refused = handover(tmp_path, "authority", "--broker-home", str(tmp_path))
    assert refused.returncode == 1
    engine = make_engine(f"sqlite:///{tmp_path / DATABASE}")
    with UnitOfWork(engine, writes=False) as uow:
        current = select(StaffRow.login).where(StaffRow.ended_at_ms.is_(None))
        assert uow.session.scalars(current).all() == ["new"]
        assert uow.session.scalars(select(HandoverRow.by_recovery)).all() == [True]
        bridge = uow.session.scalars(select(HandoverRow.bridge_kid)).one()
        kids = uow.session.scalars(
            select(SiteKeyRow.kid).where(
                SiteKeyRow.withdrawn_at_ms.is_(None),
                SiteKeyRow.sign_until_ms > SiteKeyRow.not_before_ms,
            )
        )
        files = {file.stem for file in (tmp_path / KEYS).iterdir()}
        assert bridge.hex() in files
        assert len(files & {kid.hex() for kid in kids}) == 10
    engine.dispose()


def test_a_certificate_of_the_former_company_does_not_connect(tmp_path: Path) -> None:
    with running_mosquitto(tmp_path) as desk:
        name, _, _ = desk.names()
        joined(desk, desk.make(name, down(name, "#"))).session.stop()
        kept = tmp_path / "kept"
        shutil.copytree(tmp_path / "clients" / name, kept)
        version = installed_version()
        desk.home.replace_authority(CLIENTS, version=version, port=desk.port, at=desk.at)
        assert list(tmp_path.glob("ca-until-*/*/root.key")) == []
        assert list(tmp_path.glob("ca-until-*/*/root.pem"))
        desk.runner.restart()
        fresh = desk.home.identity(name, desk.at)
        stale = TlsFiles(fresh.trust, kept / "certificate.pem", kept / "private.key")
        assert connects(desk.port, name, stale) is False
        assert connects(desk.port, name, fresh) is True


def connects(port: int, name: str, tls: TlsFiles) -> bool:
    inbox = Inbox()
    session = PahoSession(
        SessionSpec(name, "127.0.0.1", port, tls, ((down(name, "#"), 1),), backoff=LOCAL),
        inbox.put,
    )
    session.start()
    ends = time.monotonic() + 5
    try:
        while not inbox.of(Connected) and not inbox.of(Disconnected):
            assert time.monotonic() < ends
            time.sleep(0.02)
        return bool(inbox.of(Connected))
    finally:
        session.stop()
