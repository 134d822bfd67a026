"""A compound goes to another company; what the former one kept opens and signs nothing."""

import pytest
from sqlalchemy import Engine, select

from controller.domain.moment import DAY_MS, Moment
from controller.domain.roles import Actor
from controller.domain.shares import Shares
from controller.services.attestations import attestations, chain_break
from controller.services.credentials import FobDraft, enrol_fob
from controller.services.handover.bridging import open_handover, settle_handover, waiting_gates
from controller.services.handover.handing import HandedOver, HandoverOrder, hand_over
from controller.services.handover.recovery import make_recovery
from controller.services.keys import signer_for
from controller.services.ports import Publication
from controller.services.staff import open_session
from controller.storage.models import GatePresenceRow, GateRow, HandoverRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.headers import publish_headers
from mqtt.contract import codec
from mqtt.contract.commands import (
    Command,
    CommandContext,
    Operation,
    check_command,
    seal_command,
)
from mqtt.contract.documents import DocumentHeader, Get, seal_header
from mqtt.contract.entry_pass import find_key, pass_kid
from mqtt.contract.envelope import Signer, key_id
from mqtt.contract.errors import ContractError, EqualGateError, RefusedError
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyScope, Role
from mqtt.contract.topics import DocumentName, Topic
from mqtt.contract.versions import READS
from tests.integration.test_services_documents import SOUTH, Rig, rig
from tests.support.compound import NOW, RESIDENTS, add_resident, later


class Patient(Rig):
    """A gate that lets a header wait whose key comes with the `keys` document beside it."""

    def _hear(self, sent: Publication, topic: Topic, name: DocumentName, moment: Moment) -> None:
        hear = self.gate.hear_header if sent.retain else self.gate.hear_chunk
        progress = hear(name, sent.payload, moment.utc_ms)
        waits = progress.refused is not None and progress.refused.code is ReasonCode.UNKNOWN_KEY
        assert progress.refused is None or waits, progress.refused
        for ask in progress.asks:
            self.ask(ask.name, codec.decode(ask.message(), Get), moment)


ORDER = HandoverOrder("旧物业", "新物业", "new-boss", "经理新", "a long new password")
SOON = later(DAY_MS)


@pytest.fixture
def south(engine: Engine) -> Rig:
    """Give a gate in use, and a second one that is lost, so that one gate decides."""
    plain = rig(engine)
    made = Patient(engine, plain.home, plain.publisher, plain.gate, plain.name)
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, "甲")
        enrol_fob(uow, made.home.manager, FobDraft(holder, 7, RESIDENTS), NOW)
        uow.need(GateRow, "gate-north").revoked_at_ms = NOW.utc_ms
        uow.commit()
    made.sync()
    return made


def kept(engine: Engine, south: Rig) -> dict[KeyScope, Signer]:
    with UnitOfWork(engine, writes=False) as uow:
        return {
            scope: signer_for(uow, south.site, scope, NOW)
            for scope in KeyScope
            if scope is not KeyScope.REDEMPTION
        }


def change(engine: Engine, south: Rig, order: HandoverOrder = ORDER) -> HandedOver:
    with UnitOfWork(engine) as uow:
        return hand_over(uow, south.site, order, SOON)


def report(engine: Engine, south: Rig) -> None:
    """Let the gate's presence tell which keys it holds."""
    birth = south.birth()
    row = GatePresenceRow(
        gate=SOUTH,
        boot_id=birth.boot_id,
        boot_counter=1,
        mono_ms=1,
        heard_at_ms=SOON.utc_ms,
        heard_mono_ms=1,
        online=True,
        clock_level=0,
        epoch=1,
        size=0,
        root=b"",
        adapter_kind=AdapterKind.SIMULATED.value,
        reads=dict(READS),
        documents={n: [version, digest.hex()] for n, (version, digest) in birth.documents.items()},
        doors={},
        methods={},
    )
    with UnitOfWork(engine) as uow:
        uow.session.merge(row)
        uow.commit()


def split_key(engine: Engine, south: Rig) -> Shares:
    with UnitOfWork(engine) as uow:
        shares = make_recovery(uow, south.home.manager, "业委会 李", NOW)
        uow.commit()
    south.sync()
    return shares


def refusal(south: Rig, signer: Signer, name: DocumentName = DocumentName.CONFIG) -> ReasonCode:
    """Sign a real header of the next version with a key; return why the gate refuses it."""
    version = south.held(name).version + 50
    header = DocumentHeader(
        south.site.name, SOUTH, name, version, bytes(32), 0, SOON.utc_ms, dict(READS)
    )
    progress = south.gate.hear_header(name, seal_header(header, signer), SOON.utc_ms)
    assert progress.refused is not None, "the gate took a document of the former company"
    return progress.refused.code


def command_of(signer: Signer) -> bytes:
    command = Command(
        "tongxing",
        SOUTH,
        b"b" * 16,
        b"c" * 16,
        Operation.OPEN,
        "door-south-in",
        0,
        b"manager1",
        "",
        SOON.utc_ms,
        5_000,
    )
    return seal_command(command, signer, ())


def context_of(south: Rig) -> CommandContext:
    return CommandContext(
        site=south.site.name,
        gate=SOUTH,
        boot_id=b"b" * 16,
        now_mono_ms=1,
        keys=south.gate.keys(KeyScope.COMMAND, SOON.utc_ms),
        roster={},
        open_needs_own_key=False,
        now_ms=SOON.utc_ms,
    )


def test_the_gate_takes_the_new_keys_and_refuses_every_old_one(engine: Engine, south: Rig) -> None:
    old = kept(engine, south)
    before = south.held(DocumentName.CREDENTIALS).records
    done = change(engine, south)
    assert done.keys_replaced >= 9
    south.sync(SOON)
    assert south.held(DocumentName.CREDENTIALS).records == before
    for name in DocumentName:
        assert refusal(south, old[KeyScope.DOCUMENT], name) is ReasonCode.UNKNOWN_KEY
    with pytest.raises(ContractError) as caught:
        check_command(command_of(old[KeyScope.COMMAND]), context_of(south), retained=False)
    assert caught.value.code is ReasonCode.UNKNOWN_KEY
    records = south.gate.key_records()
    for scope in (KeyScope.VISITOR_PASS, KeyScope.SLIP_PASS, KeyScope.REVOCATION, KeyScope.LEASE):
        with pytest.raises(ContractError) as caught:
            find_key(pass_kid(old[scope].public_key), records, scope, SOON.utc_ms)
        assert caught.value.code is ReasonCode.UNKNOWN_PASS_KEY
    paper = find_key(
        pass_kid(old[KeyScope.PAPER_PASS].public_key), records, KeyScope.PAPER_PASS, SOON.utc_ms
    )
    assert paper.not_after_ms == SOON.utc_ms + 30 * DAY_MS


def test_the_bridge_is_destroyed_when_every_gate_has_the_new_keys(
    engine: Engine, south: Rig
) -> None:
    change(engine, south)
    with UnitOfWork(engine) as uow:
        row = open_handover(uow)
        assert row is not None
        bridge = row.bridge_kid
        assert waiting_gates(uow) == {SOUTH}
        assert not settle_handover(uow, south.site, SOON)
    south.sync(SOON)
    report(engine, south)
    with UnitOfWork(engine) as uow:
        assert settle_handover(uow, south.site, SOON)
        uow.commit()
    with pytest.raises(EqualGateError):
        south.site.keystore.signer(bridge)
    assert south.sync(later(2 * DAY_MS)) == [DocumentName.KEYS]
    with UnitOfWork(engine) as uow:
        assert uow.session.scalars(select(HandoverRow.finished_at_ms)).one() == SOON.utc_ms
        second = hand_over(
            uow,
            south.site,
            HandoverOrder("新物业", "第三家", "third", "经理三", "another long password"),
            later(2 * DAY_MS),
        )
    assert second.staff_ended == 1
    south.sync(later(2 * DAY_MS))


def test_headers_put_back_on_the_broker_are_of_the_bridge_too(engine: Engine, south: Rig) -> None:
    old = kept(engine, south)
    change(engine, south)
    publish_headers(engine, south.site, south.publisher, SOON)
    south.deliver(SOON)
    assert refusal(south, old[KeyScope.DOCUMENT]) is ReasonCode.UNKNOWN_KEY


def test_two_shares_do_it_without_the_former_company(engine: Engine, south: Rig) -> None:
    shares = split_key(engine, south)
    old = kept(engine, south)
    with UnitOfWork(engine, writes=False) as uow:
        assert signer_for(uow, south.site, KeyScope.DOCUMENT, NOW) is not None
    for signer in old.values():
        south.site.keystore.remove(key_id(signer.public_key))
    recovered = HandoverOrder(
        ORDER.former,
        ORDER.successor,
        ORDER.login,
        ORDER.name,
        ORDER.password,
        (shares.street_office, shares.committee),
    )
    done = change(engine, south, recovered)
    south.sync(SOON)
    assert refusal(south, old[KeyScope.DOCUMENT]) is ReasonCode.UNKNOWN_KEY
    assert done.shares != shares
    with UnitOfWork(engine, writes=False) as uow:
        said = [row.statement for row in attestations(uow, "PR-03")]
        assert any("two shares" in each for each in said)
        assert chain_break(uow) is None


def test_shares_of_another_key_or_one_alone_do_nothing(engine: Engine, south: Rig) -> None:
    first = split_key(engine, south)
    second = split_key(engine, south)
    for pair in (
        (first.committee, first.street_office),
        (second.committee, second.committee),
        (second.committee, first.street_office),
        ("", ""),
    ):
        order = HandoverOrder("a", "b", "new-boss", "n", "a long new password", pair)
        with pytest.raises(RefusedError) as caught:
            change(engine, south, order)
        assert caught.value.code is ReasonCode.CONFIG_INVALID
    with UnitOfWork(engine, writes=False) as uow:
        assert open_handover(uow) is None
        assert open_session(uow, "boss", "correct horse battery", NOW)


def test_former_staff_are_out_and_the_new_manager_is_in(engine: Engine, south: Rig) -> None:
    change(engine, south)
    with UnitOfWork(engine) as uow:
        for login, password in (("boss", "correct horse battery"), ("new-boss", "wrong")):
            with pytest.raises(RefusedError) as caught:
                open_session(uow, login, password, SOON)
            assert caught.value.code is ReasonCode.NOT_ALLOWED
        assert open_session(uow, "new-boss", ORDER.password, SOON)
        with pytest.raises(RefusedError) as caught:
            make_recovery(uow, Actor(b"guard---", Role.GUARD), "", SOON)
        assert caught.value.code is ReasonCode.ROLE_NOT_ALLOWED
    south.sync(SOON)
    assert len(south.held(DocumentName.ROSTER).records) == 1
