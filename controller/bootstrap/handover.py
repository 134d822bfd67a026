"""Hand the compound over at the keyboard of its controller; secrets come from stdin, never options.

split-key   make the recovery key and print its two shares (old company, in front of witnesses)
begin       change the operator; stdin: password, and with --recover the two shares, a line each
status      say which gates still lack the new keys
authority   make a new certificate authority, once every gate has the new keys
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from controller.bootstrap import clock
from controller.bootstrap.parts import make_site, open_database
from controller.domain.roles import Actor
from controller.domain.shares import Shares
from controller.services.gates import gate_names
from controller.services.handover.bridging import open_handover, waiting_gates
from controller.services.handover.handing import HandoverOrder, hand_over
from controller.services.handover.recovery import make_recovery
from controller.settings import Settings
from controller.storage.unit_of_work import UnitOfWork
from mqtt.broker.acl import ControllerRole
from mqtt.broker.home import BrokerClients, BrokerHome
from mqtt.broker.runner import installed_version
from mqtt.contract.errors import RefusedError
from mqtt.contract.ids import GateId, SiteId
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role

__all__ = ["add_arguments", "run_handover"]

_KEYBOARD = Actor(b"keyboard", Role.MANAGER)
"""Whoever sits at the controller's own keyboard."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what `handover` takes."""
    command.add_argument("step", choices=("split-key", "begin", "status", "authority"))
    command.add_argument("--former", default="", help="原物业 / former company")
    command.add_argument("--successor", default="", help="新物业 / new company")
    command.add_argument("--login", default="", help="新账号 / account of the new manager")
    command.add_argument("--name", default="", help="新经理姓名 / name of the new manager")
    command.add_argument("--witness", default="", help="见证人 / who watches the splitting")
    told = "用两份恢复密钥，不需要原物业 / with the two shares, without the former company"
    command.add_argument("--recover", action="store_true", help=told)
    told = "消息服务器文件夹 / the broker's folder"
    command.add_argument("--broker-home", type=Path, default=None, help=told)


def run_handover(settings: Settings, arguments: argparse.Namespace) -> None:
    """Do one step. Raises RefusedError, StorageError."""
    match arguments.step:
        case "split-key":
            _split(settings, arguments.witness)
        case "begin":
            _begin(settings, arguments)
        case "status":
            _status(settings)
        case _:
            _authority(settings, arguments.broker_home)


def _split(settings: Settings, witness: str) -> None:
    engine = open_database(settings)
    try:
        with UnitOfWork(engine) as uow:
            shares = make_recovery(uow, _KEYBOARD, witness, clock.now())
            uow.commit()
    finally:
        engine.dispose()
    _tell_shares(shares)


def _begin(settings: Settings, arguments: argparse.Namespace) -> None:
    password = _line()
    shares = (_line(), _line()) if arguments.recover else None
    order = HandoverOrder(
        arguments.former,
        arguments.successor,
        arguments.login,
        arguments.name or arguments.login,
        password,
        shares,
    )
    engine = open_database(settings)
    try:
        with UnitOfWork(engine) as uow:
            done = hand_over(uow, make_site(settings), order, clock.now())
    finally:
        engine.dispose()
    _tell(f"人脸删除请求 / requests to erase face: {done.people_erased}")
    _tell(f"原账号已停用 / former accounts ended: {done.staff_ended}")
    _tell(f"密钥已更换 / keys replaced: {done.keys_replaced}")
    _tell("门禁卡照常可用；纸质凭证 30 天内请换发 / fobs stay; reprint paper passes in 30 days")
    _tell_shares(done.shares)


def _status(settings: Settings) -> None:
    engine = open_database(settings)
    try:
        with UnitOfWork(engine, writes=False) as uow:
            handover, waiting = open_handover(uow), waiting_gates(uow)
    finally:
        engine.dispose()
    if handover is None:
        _tell("没有未完成的移交 / no hand-over is open")
        return
    names = ", ".join(sorted(waiting)) or "-"
    _tell(f"{handover.former} -> {handover.successor}")
    _tell(f"仍缺新密钥的门 / gates without the new keys: {names}")


def _authority(settings: Settings, folder: Path | None) -> None:
    engine = open_database(settings)
    try:
        with UnitOfWork(engine, writes=False) as uow:
            is_open, gates = open_handover(uow) is not None, gate_names(uow)
    finally:
        engine.dispose()
    if is_open:
        detail = "gates without the new keys: see handover status"
        raise RefusedError(ReasonCode.CONFLICT, rule="PR-03", detail=detail)
    if folder is None or not (folder / "ca").is_dir():
        raise RefusedError(ReasonCode.CONFIG_INVALID, rule="PR-03", detail="--broker-home")
    broker = settings.broker
    controllers = (
        (broker.web.name, ControllerRole.WEB),
        (broker.ingest.name, ControllerRole.INGEST),
    )
    names = tuple(GateId(gate) for gate in gates)
    clients = BrokerClients(SiteId(settings.site.name), names, controllers)
    home, at = BrokerHome(folder), datetime.fromtimestamp(clock.now().utc_ms / 1000, UTC)
    home.replace_authority(
        clients, version=installed_version(), port=broker.port, at=at, host=broker.host
    )
    for name in (*gates, *(each for each, _ in controllers)):
        home.identity(name, at)
    _tell("新证书已生成，请重启消息服务器和控制器 / restart broker and controller")
    _tell("每个门的新证书由安装人员带到现场 / an installer brings each gate its certificate")


def _tell_shares(shares: Shares) -> None:
    _tell("只显示一次，请各自抄写保管 / shown once; each party keeps its own line:")
    _tell(f"业委会 / owners' committee: {shares.committee}")
    _tell(f"街道办 / street office: {shares.street_office}")


def _line() -> str:
    return sys.stdin.readline().rstrip("\n")


def _tell(text: str) -> None:
    print(text)  # noqa: T201  the operator's screen
