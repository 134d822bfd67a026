"""Set up a controller for a benchmark: a database with its gates, and ingest as its own process."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from controller.domain.moment import Moment
from controller.services.gates import add_gate, enrol_gate_key
from controller.services.keys import ensure_keys
from controller.services.keystore import KeystoreFolder
from controller.services.site import Site
from controller.storage.engine import make_engine
from controller.storage.migrate import upgrade
from controller.storage.unit_of_work import UnitOfWork
from edge.adapters.clock import KernelClock
from equalgate.bench.gate_papers import SITE
from equalgate.bench.wire import INGEST, WEB, Wire
from mqtt.contract.envelope import Ed25519Signer
from mqtt.contract.ids import GateId

__all__ = ["IngestProcess", "running_ingest"]

_SETTINGS = """\
[site]
name = "{site}"
title = "bench"

[database]
url = "{url}"

[keystore]
folder = "keys"

[broker]
host = "127.0.0.1"
port = {port}
ca_file = "{web.trust}"
web = {{ name = "{web_name}", certificate = "{web.certificate}", key = "{web.key}" }}
ingest = {{ name = "{ingest_name}", certificate = "{ingest.certificate}", key = "{ingest.key}" }}
"""
_LIMIT_S = 30.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class IngestProcess:
    """A running `python -m controller ingest`."""

    pid: int
    url: str

    def cpu_s(self) -> float:
        """Return the seconds of processor time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def stored(self) -> int:
        """Count the events in the database."""
        engine = make_engine(self.url)
        try:
            with engine.connect() as connection:
                found = connection.execute(text("SELECT count(*) FROM events")).scalar_one()
        finally:
            engine.dispose()
        return int(found)


@contextmanager
def running_ingest(
    folder: Path, wire: Wire, url: str, signers: Mapping[GateId, Ed25519Signer]
) -> Iterator[IngestProcess]:
    """Make the database at `url`, enrol the gates and run ingest until the body ends."""
    folder.mkdir(mode=0o700)
    _make_database(folder, url, signers)
    settings = folder / "controller.toml"
    web, ingest = wire.identity(WEB), wire.identity(INGEST)
    names = {"web_name": WEB, "ingest_name": INGEST, "web": web, "ingest": ingest}
    settings.write_text(_SETTINGS.format(site=SITE, url=url, port=wire.port, **names), "utf-8")
    command = [sys.executable, "-m", "controller", "ingest", "--config", str(settings)]
    with (folder / "ingest.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait_connected(folder / "ingest.log", process)
        yield IngestProcess(process.pid, url)
    finally:
        process.terminate()
        process.wait(_LIMIT_S)


def _make_database(folder: Path, url: str, signers: Mapping[GateId, Ed25519Signer]) -> None:
    read = KernelClock().read()
    moment = Moment(utc_ms=read.utc_ms, mono_ms=read.mono_ms)
    engine = make_engine(url)
    try:
        upgrade(engine)
        site = Site(SITE, "Asia/Shanghai", KeystoreFolder(folder / "keys"))
        with UnitOfWork(engine) as uow:
            ensure_keys(uow, site, moment)
            for name, signer in signers.items():
                add_gate(uow, name, moment)
                enrol_gate_key(uow, name, signer.public_key)
            uow.commit()
    finally:
        engine.dispose()


def _wait_connected(log: Path, process: "subprocess.Popen[bytes]") -> None:
    """Wait for its own word that the broker and its subscriptions are there."""
    ends_s = time.monotonic() + _LIMIT_S
    while "mqtt_connected" not in log.read_text("utf-8", "replace"):
        if process.poll() is not None or time.monotonic() > ends_s:
            raise TimeoutError("ingest did not connect")
        time.sleep(0.02)
