"""Try to make a gate open for faces only: at the controller, and at the gate itself.

Nothing is kept: the controller's transaction is given up, the gate's program checks a file in a
folder that goes away, and the gate's own check of a signed document runs on a copy.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from controller.services.compiling import compile_gates
from controller.services.gates import point_record, save_access_point
from controller.services.site import Site
from controller.storage.models import AccessPointRow
from controller.storage.unit_of_work import UnitOfWork
from equalgate.demo.compound import moment
from mqtt.contract import codec
from mqtt.contract.documents import Held
from mqtt.contract.errors import EqualGateError, RefusedError
from mqtt.contract.events import Method
from mqtt.contract.findings import PolicyError
from mqtt.contract.policy import check_document
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import AccessPointRecord
from mqtt.contract.topics import DocumentName

__all__ = ["Refusal", "try_face_only"]

_TOML = """\
[gate]
site = "tongxing"
id = "gate-south"
[broker]
host = "127.0.0.1"
[keys]
trust = "{trust}"
[[portals]]
name = "south-door"
lock = "sim"
[[guard_panels]]
access_point = "south-in"
[[face_buttons]]
access_point = "south-in"
device = "sim"
[[face_cameras]]
access_point = "south-in"
source = "sim"
"""
_CHECK_S = 20.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Who refused, what it said (zh-CN, en), by which rule and article; `is_refused` or not."""

    who: tuple[str, str]
    said: tuple[str, str]
    rule: str
    article: str
    is_refused: bool


def try_face_only(engine: Engine, site: Site, point: str, gate: str) -> tuple[Refusal, ...]:
    """Return what the controller, the gate's document check and the gate's program answer."""
    return (
        _at_the_controller(engine, point),
        _signed_document(engine, site, point, gate),
        _wired_gate(),
    )


def _at_the_controller(engine: Engine, point: str) -> Refusal:
    who = ("管理端，保存时", "The controller, when saving")
    try:
        with UnitOfWork(engine) as uow:
            row = uow.need(AccessPointRow, point)
            save_access_point(uow, point, point_record(row, (Method.FACE.value,)))
    except RefusedError as error:
        return Refusal(who, _said(error), error.rule, error.article, is_refused=True)
    return _taken(who)


def _signed_document(engine: Engine, site: Site, point: str, gate: str) -> Refusal:
    """Write face-only into the gate's configuration past every check, as a bad controller would."""
    who = ("门口机，收到这样的配置时", "The gate, when it gets such a configuration")
    with UnitOfWork(engine, writes=False) as uow:
        records = dict(compile_gates(uow, site, (gate,), moment())[gate][DocumentName.CONFIG])
    key = f"ap:{point}"
    honest = codec.decode(records[key], AccessPointRecord)
    forced = AccessPointRecord(honest.portal, honest.direction, (Method.FACE,))
    records[key] = codec.encode(forced)
    try:
        check_document(DocumentName.CONFIG, Held(1, b"", records))
    except PolicyError as error:
        ruled = [finding for finding in error.findings if finding.rule]
        rule, article = (ruled[0].rule, ruled[0].article) if ruled else ("", "")
        return Refusal(who, _said(error), rule, article, is_refused=True)
    return _taken(who)


def _wired_gate() -> Refusal:
    """Let the gate's own program check a file that wires a face camera and nothing else."""
    who = ("门口机程序，检查接线文件时", "The gate's program, checking its wiring file")
    with tempfile.TemporaryDirectory(prefix="equalgate-") as folder:
        file = Path(folder) / "gate.toml"
        file.write_text(_TOML.format(trust="ab" * 32), "utf-8")
        command = [sys.executable, "-m", "edge", "check-config", "--json", str(file)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_CHECK_S, check=False
        )
    if done.returncode == 0:
        return _taken(who)
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    rows = [row for row in found if row["code"] == ReasonCode.FACE_ONLY.value]
    if not rows:
        return _taken(who)
    said = (f"{rows[0]['zh']}：{rows[0]['cure_zh']}", f"{rows[0]['en']}: {rows[0]['cure_en']}")
    return Refusal(who, said, "NS-01", "", is_refused=True)


def _said(error: EqualGateError) -> tuple[str, str]:
    return (
        f"{error.text('zh-CN')} {error.cure('zh-CN')}",
        f"{error.text('en')} {error.cure('en')}",
    )


def _taken(who: tuple[str, str]) -> Refusal:
    return Refusal(who, ("没有拒绝！", "It was not refused!"), "", "", is_refused=False)
