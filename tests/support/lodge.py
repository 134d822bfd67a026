"""The lodge of the example compound: its gate lives, and somebody has pressed the call button."""

import httpx

from controller.ingest.core import IngestCore
from controller.services.calls import collect_calls
from controller.services.staff import open_holder_session
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.commands import Command, CommandMessage, CommandResult
from mqtt.contract.envelope import peek
from mqtt.contract.events import EventKind, Method, Outcome
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from tests.support.gate_events import Recorder, Said
from tests.support.web_app import Office

__all__ = ["call_at_the_gate", "gate_lives", "guard", "orders", "resident", "second_guard"]

SOUTH = Recorder(access_point="south-in")


def gate_lives(office: Office) -> IngestCore:
    """Let the south gate be heard now."""
    core = IngestCore(office.engine, office.site)
    core.take([SOUTH.birth(1_000), SOUTH.heartbeat(2_000)], office.clock())
    return core


def call_at_the_gate(office: Office, core: IngestCore, seq: int = 0) -> None:
    """Press the call button at the south gate, and let the web process hear of it."""
    said = Said(
        kind=EventKind.GUARD,
        method=Method.NONE,
        outcome=Outcome.OBSERVED,
        reason=ReasonCode.CALLED,
        at_s=office.clock().utc_s,
        person=None,
    )
    core.take([SOUTH.batch(seq, said)], office.clock())
    with UnitOfWork(office.engine) as uow:
        assert collect_calls(uow, office.clock()) == 1
        assert collect_calls(uow, office.clock()) == 0
        uow.commit()


def guard(office: Office, number: int = 0) -> httpx.Client:
    """Give the tablet of a guard who has signed on with fob and PIN."""
    staff = [each for each in office.seed.staff if each.role is Role.GUARD][number]
    client = office.client()
    assert staff.card is not None
    form = {"fob": str(staff.card.value), "pin": staff.pin}
    assert client.post("/guard/sign-in", data=form).status_code == 303
    return client


def second_guard(office: Office) -> httpx.Client:
    """Give another guard's tablet."""
    return guard(office, 1)


def resident(office: Office, name: str) -> httpx.Client:
    """Give the phone of a resident."""
    client = office.client()
    with UnitOfWork(office.engine) as uow:
        cookie = open_holder_session(uow, office.seed.person(name).holder, office.clock())
        uow.commit()
    client.cookies.set("equalgate", cookie)
    return client


def orders(office: Office) -> list[Command]:
    """Return the orders that went to gates, oldest first."""
    found = []
    for publication in office.wire.sent:
        if publication.topic.endswith("/dn/cmd"):
            message = codec.decode(publication.payload, CommandMessage)
            found.append(codec.decode(peek(message.signed).body, Command))
    return found


def answered(command: Command, reason: ReasonCode = ReasonCode.REMOTE_OPEN) -> CommandResult:
    """Return what the gate answers to an order."""
    return CommandResult(id_to_text(command.id), True, reason)
