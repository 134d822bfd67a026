"""`equalgate demo`: run the example compound, or play the tour once."""

import shutil
import signal
import socket
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path

from equalgate.demo.cast import load_cast
from equalgate.demo.compound import Compound, Ports, now
from equalgate.demo.eavesdropper import NAME, ClientsOfHostileBroker, Eavesdropper
from equalgate.demo.face_setup import faces_folder, models_folder
from equalgate.demo.ledger import has_documents
from equalgate.demo.pages_client import PagesClient
from equalgate.demo.processes import wait_until
from equalgate.demo.scene import Scene
from equalgate.demo.stage.app import serving
from equalgate.demo.steps import Result, Steps
from equalgate.demo.tour_commands import open_remotely
from equalgate.demo.tour_containment import refuse_face_only
from equalgate.demo.tour_drill import drill
from equalgate.demo.tour_entry import enter_by_every_way
from equalgate.demo.tour_evidence import take_evidence
from equalgate.demo.tour_face import enter_by_face
from equalgate.demo.tour_face_off import stop_face
from equalgate.demo.tour_offline import fire_wins, stand_alone, survive_crashes
from equalgate.demo.tour_rollout import roll_out
from equalgate.places import made_folder
from mqtt.contract.errors import EqualGateError

__all__ = ["main"]

_HTTP_PORT, _STAGE_PORT = 8440, 8430
_DOCUMENTS_S = 60.0


def main(
    *,
    once: bool = False,
    http_port: int = 0,
    broker_port: int = 0,
    evidence: Path | None = None,
) -> int:
    """Run the demo until Ctrl-C, or with `once` play the tour and return 0 if every step is ok.

    A port of 0 means a free one (for the pages, 8440 if it is free). The tour keeps its evidence
    bundle in the file `evidence`, if one is named.
    """
    if once:
        with tempfile.TemporaryDirectory(prefix="equalgate-") as folder:
            return _play(Path(folder), Ports.free(broker_port, http_port), evidence)
    http = http_port or _free_or_any(_HTTP_PORT)
    return _stay(Ports.free(broker_port, http, _free_or_any(_STAGE_PORT)))


def _play(folder: Path, ports: Ports, evidence: Path | None) -> int:
    compound = Compound(folder, ports, clients=ClientsOfHostileBroker)
    _say("正在搭建演示小区… / making the example compound…")
    seeded = compound.make()
    steps = Steps()
    with compound.running():
        scene = Scene(compound, seeded)
        try:
            _wait_for_documents(scene)
            _tour(scene, steps)
            drill(scene, steps)
            take_evidence(scene, steps, evidence)
        except EqualGateError as error:
            steps.line("tour", Result("none", more={"error": str(error)}), ms=0, ok=False)
        finally:
            scene.close()
        if steps.failed:
            _show_logs(compound)
    verdict = "全部通过 / all ok" if not steps.failed else f"未通过 / failed: {steps.failed}"
    _say(f"{steps.count} steps: {verdict}")
    return 1 if steps.failed else 0


def _tour(scene: Scene, steps: Steps) -> None:
    compound = scene.compound
    enter_by_every_way(scene, steps)
    with Eavesdropper(compound.ports.broker, compound.broker_home.identity(NAME, now())) as spy:
        open_remotely(scene, steps, spy)
        _face_tour(scene, steps, spy)
    roll_out(scene, steps)
    stand_alone(scene, steps)
    fire_wins(scene, steps)
    survive_crashes(scene, steps)


def _face_tour(scene: Scene, steps: Steps, spy: Eavesdropper) -> None:
    """Play face, or say that it is not installed: everything else works without it."""
    faces = faces_folder()
    if models_folder() is None or faces is None:
        steps.line("face", Result("face", "observed", "not_installed"), ms=0, ok=True)
        return
    enter_by_face(scene, steps, spy, faces)
    refuse_face_only(scene, steps, spy)
    stop_face(scene, steps, faces)


def _wait_for_documents(scene: Scene) -> None:
    """Wait until both gates hold every list, so that the first person finds an open gate."""
    scene.wait_ready()
    for name in scene.compound.gates:
        has_all = partial(has_documents, scene.compound, name)
        wait_until(has_all, f"documents at {name}", _DOCUMENTS_S, every_s=0.05)


def _stay(ports: Ports) -> int:
    folder = made_folder() / "demo"
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    folder.parent.chmod(0o700)
    compound = Compound(folder, ports)
    if compound.is_made:
        compound.configure()
        compound.bring_up_to_date()
    else:
        shutil.rmtree(folder, ignore_errors=True)
        _say("首次启动：正在搭建演示小区… / first start: making the example compound…")
        compound.make()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with compound.running():
        base = f"http://127.0.0.1:{ports.http}"
        wait_until(PagesClient(base).is_up, "the controller's pages", 30.0)
        with compound.screens_running(), serving(compound):
            _say_where(compound, base)
            ended.wait()
        _say("正在停止… / stopping…")
    return 0


def _say_where(compound: Compound, base: str) -> None:
    _say(f"\n  同行门禁演示 / EqualGate demo: http://127.0.0.1:{compound.ports.stage}\n")
    _say(f"  住户、保安、物业、检查页面 / pages for everybody: {base}")
    for (name, folder), port in zip(compound.gates.items(), compound.ports.screens, strict=True):
        _say(f"  门口屏幕 / gate screen {name}: http://127.0.0.1:{port}/{folder.side}-in")
    _say("")
    for account in compound.accounts():
        _say(f"  {account.role:10} {account.login:10} {account.password}")
    cast = load_cast(compound.cast_file)
    _say(f"\n  保安接班 / a guard's shift: {base}/guard/sign-in")
    _say(f"  卡号 / fob {cast.guard_card[0]}  密码 / PIN {cast.guard_pin}")
    _say("\n  硬件为模拟 / the hardware is simulated. 操作一个门 / play with a gate:")
    for gate in compound.gates.values():
        config = gate.config_file
        _say(f"    ./gate exec equalgate edge sim --config {config} --prompt")
    _say("\n  发布配置而继电器卡住 / roll a configuration out to a gate whose relay sticks:")
    _say(f"    {base}/manager, 配置发布 / roll-outs")
    _say("    ./gate exec equalgate edge sim --config … --do 'stuck on' --do 'fob 1234567'")
    _say("  停止 / stop: Ctrl-C\n")


def _show_logs(compound: Compound) -> None:
    for program in (compound.web, compound.ingest, *compound.units.values()):
        _say(f"--- {program.name}\n{program.tail()}")


def _free_or_any(port: int) -> int:
    """Return `port` if nobody listens there, else 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
