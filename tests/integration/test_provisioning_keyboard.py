"""At the controller's keyboard: make the broker, a token, approve, sign; the broker then runs."""

import re
from pathlib import Path

import pytest

from controller.__main__ import main
from edge.adapters.provisioning import UnitFiles, provision
from mqtt.broker.runner import MosquittoRunner, free_port
from mqtt.client.port import Connected, SessionItem, SessionSpec
from mqtt.client.session import PahoSession
from mqtt.client.tls import TlsFiles
from mqtt.contract.provisioning import read_token
from tests.support.compound import NOW
from tests.support.example import DATABASE, KEYS, SITE, example_compound
from tests.support.provisioning import asking_directly, until

GATE = "gate-south"

SETTINGS = """
[site]
name = "{site}"
title = "同行苑"
[database]
url = "sqlite:///{database}"
[keystore]
folder = "{keys}"
[broker]
host = "localhost"
port = {port}
ca_file = "broker/ca/operators/root.pem"
[broker.web]
name = "ctl-web"
certificate = "broker/clients/ctl-web/certificate.pem"
key = "broker/clients/ctl-web/private.key"
[broker.ingest]
name = "ctl-ingest-1"
certificate = "broker/clients/ctl-ingest-1/certificate.pem"
key = "broker/clients/ctl-ingest-1/private.key"
"""


def test_a_new_site_gets_its_broker_and_a_unit_connects_to_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example_compound(NOW).copy_to(tmp_path)
    port = free_port()
    settings = tmp_path / "controller.toml"
    text = SETTINGS.format(site=SITE, database=DATABASE, keys=KEYS, port=port)
    settings.write_text(text, "utf-8")

    def keyboard(step: str, *more: str) -> str:
        home = str(tmp_path / "broker")
        assert (
            main(["provision", step, "--config", str(settings), "--broker-home", home, *more]) == 0
        )
        return capsys.readouterr().out

    said = keyboard("broker")
    assert 'broker.web: certificate = "' in said
    assert (tmp_path / "broker" / "mosquitto.conf").exists()
    found = re.search(r"--token (\S+)", keyboard("token", "--gate", GATE, "--replaces"))
    assert found is not None
    post = asking_directly(f"sqlite:///{tmp_path / DATABASE}")

    def people(_: float) -> None:
        unit, _gate, state, seen = re.split(r"\s{2,}", keyboard("list").splitlines()[0])
        if state == "asked":
            keyboard("approve", "--unit", unit, "--fingerprint", seen)
            assert GATE in keyboard("sign")

    told: list[str] = []
    files, token = UnitFiles(tmp_path / "unit"), read_token(found[1])
    provision(files, post, token, GATE, tell=told.append, wait=people, tries=5)
    _connects(tmp_path, port)


def _connects(folder: Path, port: int) -> None:
    home, tls = folder / "broker", folder / "unit" / "tls"
    runner = MosquittoRunner(home / "mosquitto.conf", port, home / "mosquitto.log")
    runner.start()
    heard: list[SessionItem] = []
    files = TlsFiles(tls / "ca.pem", tls / "gate.pem", tls / "gate.key")
    session = PahoSession(SessionSpec(GATE, "localhost", port, files, ()), heard.append)
    try:
        session.start()
        until(lambda: any(isinstance(item, Connected) for item in heard))
    finally:
        session.stop()
        runner.stop()
