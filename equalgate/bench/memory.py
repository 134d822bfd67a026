"""Measure the gate's daemon at rest: 10,000 credentials, a live session to a broker over TLS."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from equalgate.bench.figures import Desk, at_most
from equalgate.bench.gate_folder import GateFolder, lay_out
from equalgate.bench.gate_papers import GATE, SITE, make_papers
from equalgate.bench.wire import INGEST, Wire, running_broker
from mqtt.client.port import Inbound, SessionItem, SessionSpec
from mqtt.client.session import PahoSession
from mqtt.contract.topics import TopicKind, site_filter

__all__ = ["run"]

_FOBS = 10_000
_LIMIT_MIB = 64
_HEAVY = ("cv2", "numpy", "sqlalchemy", "pydantic")
_REST_S = 3.0
_LIMIT_S = 30.0


def run(desk: Desk) -> None:
    """Report memory figures."""
    fobs = desk.size(_FOBS, 100)
    with running_broker(desk.folder / "broker") as wire:
        gate = lay_out(desk.folder / "gate", make_papers(fobs), wire.port, wire.identity(GATE))
        desk.say(f"daemon with {fobs} credentials")
        with _daemon(gate, wire, ()) as daemon:
            time.sleep(0.5 if desk.is_quick else _REST_S)
            memory = _memory_mib(daemon.pid)
        desk.say("the same, every import told")
        with _daemon(gate, wire, ("-X", "importtime")):
            pass
    note = f"resident set with {fobs} credentials and a live TLS session"
    desk.report("daemon RSS", memory["VmRSS"], "MiB", 1, target=at_most(_LIMIT_MIB), note=note)
    desk.report("daemon RSS, peak", memory["VmHWM"], "MiB", 1)
    desk.report("daemon RSS without files", memory["RssAnon"], "MiB", 1)
    modules = _imported(gate)
    heavy = [name for name in _HEAVY if name in modules]
    note = f"of {', '.join(_HEAVY)}: {', '.join(heavy) or 'none'}; {len(modules)} modules in all"
    desk.report(
        "heavy modules in the daemon", len(heavy), "modules", 1, target=at_most(0), note=note
    )


@contextmanager
def _daemon(
    gate: GateFolder, wire: Wire, options: tuple[str, ...]
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the daemon; the body begins when its birth has come through the broker."""
    born = threading.Event()

    def heard(item: SessionItem) -> None:
        if isinstance(item, Inbound):
            session.ack(item)
            born.set()

    births = ((site_filter(SITE, TopicKind.BIRTH), 1),)
    spec = SessionSpec(
        INGEST, "127.0.0.1", wire.port, wire.identity(INGEST), births, clean_start=True
    )
    session = PahoSession(spec, heard)
    session.start()
    command = [sys.executable, *options, "-m", "edge", "run", "--config", str(gate.config)]
    with _log_file(gate).open("wb") as log:
        daemon = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log
        )
    try:
        if not born.wait(_LIMIT_S):
            raise TimeoutError("the daemon sent no birth")
        yield daemon
    finally:
        daemon.terminate()
        daemon.wait(_LIMIT_S)
        session.stop()


def _log_file(gate: GateFolder) -> Path:
    return gate.folder / "daemon.log"


def _memory_mib(pid: int) -> dict[str, float]:
    """Return the kB lines of /proc/PID/status in MiB."""
    text = Path(f"/proc/{pid}/status").read_text("ascii")
    return {
        name: int(kb) / 1024 for name, kb in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)
    }


def _imported(gate: GateFolder) -> set[str]:
    """Return the modules that the last daemon imported. Raises RuntimeError if it told none."""
    text = _log_file(gate).read_text("utf-8", "replace")
    found = set(re.findall(r"^import time:.*\|\s*(\S+)$", text, re.MULTILINE))
    if not {"edge.bootstrap", "paho.mqtt.client"} <= found:
        raise RuntimeError("the daemon did not tell what it imported")
    return found
