"""Bring units into the compound at the controller's keyboard; pages and interface do the same.

broker      make the compound's broker: authority, certificates, table of rights, mosquitto.conf
token       make a token for one unit and print it
list        show the units on their way in, with the fingerprint that each shows
approve     let a unit in whose fingerprint was compared
sign        issue certificates for approved units; needs the broker's folder with the authority
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from controller.bootstrap import clock
from controller.bootstrap.parts import make_site, open_database
from controller.domain.roles import Actor
from controller.services.gates import gate_names
from controller.services.provisioning import (
    BrokerPlace,
    approve,
    fingerprint_asked,
    issue_waiting,
    make_token,
    units,
)
from controller.settings import Settings
from controller.storage.unit_of_work import UnitOfWork
from mqtt.broker.acl import ControllerRole
from mqtt.broker.home import BrokerClients, BrokerHome
from mqtt.broker.runner import installed_version
from mqtt.contract.errors import RefusedError
from mqtt.contract.ids import GateId, SiteId, id_from_text, id_to_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role

__all__ = ["add_arguments", "run_provision", "sign"]

_KEYBOARD = Actor(b"keyboard", Role.MANAGER)
_REASON = "at the controller's keyboard"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what `provision` takes."""
    command.add_argument("step", choices=("broker", "token", "list", "approve", "sign"))
    command.add_argument("--gate", default="", help="门的编号 / the gate's id")
    told = "更换损坏或被盗的设备 / this unit replaces a broken or stolen one"
    command.add_argument("--replaces", action="store_true", help=told)
    command.add_argument("--unit", default="", help="设备编号，见 list / id from `list`")
    command.add_argument("--fingerprint", default="", help="设备上显示的指纹 / as the unit shows")
    told = "消息服务器监听地址 / where the broker listens; default: broker.host"
    command.add_argument("--listen", default="", help=told)
    told = "消息服务器文件夹 / the broker's folder"
    command.add_argument("--broker-home", type=Path, default=None, help=told)


def run_provision(settings: Settings, arguments: argparse.Namespace) -> None:
    """Do one step. Raises RefusedError, StorageError."""
    engine = open_database(settings)
    try:
        with UnitOfWork(engine) as uow:
            match arguments.step:
                case "broker":
                    _broker(uow, settings, arguments.broker_home, arguments.listen)
                case "token":
                    _token(uow, arguments.gate, replaces=arguments.replaces)
                case "list":
                    _list(uow)
                case "approve":
                    unit, seen = id_from_text(arguments.unit), arguments.fingerprint
                    approve(uow, _KEYBOARD, unit, seen, clock.now())
                    _tell("已批准，接着运行 sign / approved; now run `sign`")
                case _:
                    names = sign(uow, settings, arguments.broker_home)
                    _tell(f"已签发 / issued: {', '.join(names) or '-'}")
                    if names:
                        _tell("重新加载消息服务器 / then: systemctl reload mosquitto")
            uow.commit()
    finally:
        engine.dispose()


def sign(uow: UnitOfWork, settings: Settings, folder: Path | None) -> tuple[str, ...]:
    """Issue what waits and let the gates into the broker's table of rights; return the gates."""
    if folder is None or not (folder / "ca").is_dir():
        raise RefusedError(ReasonCode.CONFIG_INVALID, rule="GA-03", detail="--broker-home")
    home, moment = BrokerHome(folder), clock.now()
    at = datetime.fromtimestamp(moment.utc_ms / 1000, UTC)

    def issue(request: bytes, gate: str, replaces: bool) -> bytes:
        if replaces:
            home.ca.revoke(gate, at)
        return home.ca.issue_gate(request, gate, at)

    root = home.ca.broker_trust_file.read_bytes()
    place = BrokerPlace(settings.broker.host, settings.broker.port, root)
    done = issue_waiting(uow, make_site(settings), issue, place, moment)
    if done:
        home.write_acl(_clients(uow, settings))
    return done


def _broker(uow: UnitOfWork, settings: Settings, folder: Path | None, listen: str) -> None:
    """Make the broker's folder, or renew what ages in it; name the files for controller.toml."""
    if folder is None:
        raise RefusedError(ReasonCode.CONFIG_INVALID, rule="GA-03", detail="--broker-home")
    home, broker = BrokerHome(folder), settings.broker
    at = datetime.fromtimestamp(clock.now().utc_ms / 1000, UTC)
    home.prepare(
        _clients(uow, settings),
        version=installed_version(),
        port=broker.port,
        at=at,
        host=listen or broker.host,
        names=(broker.host,),
    )
    _tell(f'broker.ca_file = "{home.ca.broker_trust_file}"')
    for part, client in (("web", broker.web), ("ingest", broker.ingest)):
        files = home.identity(client.name, at)
        _tell(f'broker.{part}: certificate = "{files.certificate}", key = "{files.key}"')
    _tell(f"启动 / start: mosquitto -c {home.config_file}")


def _clients(uow: UnitOfWork, settings: Settings) -> BrokerClients:
    broker = settings.broker
    controllers = (
        (broker.web.name, ControllerRole.WEB),
        (broker.ingest.name, ControllerRole.INGEST),
    )
    names = tuple(GateId(gate) for gate in gate_names(uow))
    return BrokerClients(SiteId(settings.site.name), names, controllers)


def _token(uow: UnitOfWork, gate: str, *, replaces: bool) -> None:
    token = make_token(uow, _KEYBOARD, gate, replaces=replaces, reason=_REASON, moment=clock.now())
    _tell("24 小时内在新设备上运行 / within 24 h run on the unit:")
    _tell(f"  python -m edge provision --controller https://… --gate {gate} --token {token.text()}")


def _list(uow: UnitOfWork) -> None:
    for row in units(uow):
        seen = fingerprint_asked(row) or "-"
        _tell(f"{id_to_text(row.id)}  {row.gate:20}  {row.state:9}  {seen}")


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
