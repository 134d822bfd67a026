"""Drills that cannot be played to: committed before, played at the gates, revealed after."""

import pytest
from sqlalchemy import Engine, select

from controller.domain.roles import Actor
from controller.services import inspection as visits
from controller.services.logbook.control import control_leaves, first_break
from controller.services.staff import StaffDraft, add_staff
from controller.storage.models import AccessPointRow, CredentialRow, InspectionRow
from mqtt.contract import codec
from mqtt.contract.control_log import ControlKind, ControlLeaf
from mqtt.contract.drill import list_hash
from mqtt.contract.errors import RefusedError
from mqtt.contract.events import EventKind, Method, Outcome, Personal
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from tests.support.compound import GATE_KEYS
from tests.support.face_desk import SOUTH, FaceDesk, open_face_desk
from tests.support.gate_events import Recorder, Said

POINT = "door-south-in"


@pytest.fixture
def desk(engine: Engine) -> FaceDesk:
    opened = open_face_desk(engine)
    opened.resident()
    return opened


@pytest.fixture
def inspector(desk: FaceDesk) -> Actor:
    with desk.writing() as uow:
        draft = StaffDraft("look", "检查员", Role.INSPECTOR, "correct horse battery")
        id_ = add_staff(uow, desk.home.manager, draft, desk.moment)
        uow.commit()
    return Actor(id_, Role.INSPECTOR)


def opened(desk: FaceDesk, inspector: Actor) -> visits.Drill:
    with desk.writing() as uow:
        drill = visits.open_drill(uow, desk.site, inspector, (POINT,), moment=desk.moment)
        uow.commit()
    return drill


def play(
    desk: FaceDesk, method: Method, outcome: Outcome, credential: bytes = b"", ahead_s: int = 0
) -> None:
    seq = desk.seqs.get(SOUTH, 0)
    desk.seqs[SOUTH] = seq + 1
    person = Personal(credential=credential)
    reason = ReasonCode.GRANTED if outcome is Outcome.GRANTED else ReasonCode.NO_MATCH
    at_s = desk.moment.utc_s + ahead_s
    said = Said(EventKind.DECISION, method, outcome, reason, at_s, person)
    recorder = Recorder(SOUTH, access_point=POINT, signer=GATE_KEYS[SOUTH])
    desk.core.take([recorder.batch(seq, said)], desk.moment)


def followed(desk: FaceDesk, drill: visits.Drill) -> dict[str, visits.StepView]:
    with desk.writing() as uow:
        visits.follow(uow, drill.id, desk.moment)
        uow.commit()
        return {step.way: step for step in visits.steps_of(uow, drill.id)}


def credentials_of(desk: FaceDesk, drill: visits.Drill) -> dict[str, CredentialRow]:
    with desk.reading() as uow:
        holder = uow.need(InspectionRow, drill.id).holder_id
        found = select(CredentialRow).where(CredentialRow.holder_id == holder)
        return {row.carrier: row for row in uow.session.scalars(found)}


def test_each_way_is_done_by_the_gates_own_record_of_the_drills_credential(
    desk: FaceDesk, inspector: Actor
) -> None:
    drill = opened(desk, inspector)
    own = credentials_of(desk, drill)
    play(desk, Method.FOB, Outcome.GRANTED, b"somebody")  # a resident's fob is no step
    assert not any(step.is_done for step in followed(desk, drill).values())
    play(desk, Method.QR, Outcome.GRANTED, own["paper"].id)
    play(desk, Method.FOB, Outcome.GRANTED, own["fob"].id)
    play(desk, Method.GUARD, Outcome.GRANTED)
    play(desk, Method.FACE, Outcome.DENIED)
    steps = followed(desk, drill)
    assert list(steps) == ["qr", "fob", "guard", "face"]
    assert all(step.is_as_expected and step.is_simulated for step in steps.values())
    assert steps["fob"].machine_ms == 90
    assert len({step.place for step in steps.values()}) == 4


def test_what_was_recorded_before_the_visit_is_no_step_whatever_the_gates_clock_said(
    desk: FaceDesk, inspector: Actor
) -> None:
    play(desk, Method.FACE, Outcome.GRANTED, ahead_s=90_000)
    play(desk, Method.GUARD, Outcome.GRANTED, ahead_s=90_000)
    desk.move(1_000)
    drill = opened(desk, inspector)
    desk.move(1_000)
    play(desk, Method.GUARD, Outcome.GRANTED, ahead_s=-3_600)  # recorded earlier, sent only now
    assert not any(step.is_done for step in followed(desk, drill).values())
    play(desk, Method.FACE, Outcome.DENIED)
    assert followed(desk, drill)["face"].outcome == "denied"


def test_a_gate_cannot_tell_the_drills_credentials_from_residents(
    desk: FaceDesk, inspector: Actor
) -> None:
    drill = opened(desk, inspector)
    own = credentials_of(desk, drill)
    with desk.reading() as uow:
        others = uow.session.scalars(
            select(CredentialRow).where(CredentialRow.id.not_in([row.id for row in own.values()]))
        ).all()
    resident = next(row for row in others if row.carrier == "fob")
    assert own["fob"].levels == resident.levels
    lasts = own["fob"].valid_until_ms - own["fob"].valid_from_ms
    assert lasts == resident.valid_until_ms - resident.valid_from_ms
    assert (own["fob"].dwelling_id, own["fob"].label) == (None, "")


def test_the_list_is_bound_before_and_shown_after_and_everything_ends_with_the_visit(
    desk: FaceDesk, inspector: Actor
) -> None:
    drill = opened(desk, inspector)
    own = credentials_of(desk, drill)
    with desk.writing() as uow:
        row = visits.close_drill(uow, inspector, drill.id, desk.moment)
        assert list_hash(row.list_body) == drill.list_hash == row.list_hash
        assert set(visits.list_of(row.list_body)) == {each.id for each in own.values()}
        leaves = [codec.decode(raw, ControlLeaf) for raw in control_leaves(uow)]
        told = [leaf.facts for leaf in leaves if leaf.kind is ControlKind.DRILL]
        assert [facts["step"] for facts in told] == ["opened", "revealed", "closed"]
        assert told[0]["list_hash"] == drill.list_hash
        assert first_break(uow) is None
        uow.commit()
    assert all(each.ended_at_ms is not None for each in credentials_of(desk, drill).values())


def test_J11_a_face_only_plan_is_refused_and_leaves_nothing_behind(
    desk: FaceDesk, inspector: Actor
) -> None:
    drill = opened(desk, inspector)
    with desk.writing() as uow:
        before = uow.need(AccessPointRow, POINT).methods
        trial = visits.try_face_only(uow, desk.site, inspector, drill.id, desk.moment)
        uow.commit()
    assert trial.was_refused
    assert trial.rule == "NS-01"
    assert POINT in trial.witness
    with desk.reading() as uow:
        assert uow.need(AccessPointRow, POINT).methods == before
        assert uow.need(InspectionRow, drill.id).refused_rule == "NS-01"


def test_an_opt_out_during_the_visit_is_followed(desk: FaceDesk, inspector: Actor) -> None:
    who = desk.resident(31)
    desk.opt_in(who)
    drill = opened(desk, inspector)
    person = Personal(holder=who.holder, credential=who.fob)
    desk.say(SOUTH, EventKind.CONSENT, ReasonCode.CONSENT_WITHDRAWN, person)
    followed(desk, drill)
    with desk.reading() as uow:
        assert len(uow.need(InspectionRow, drill.id).opt_out) == 16


def test_a_walk_test_has_own_passes_for_the_visit_and_a_stopwatch(
    desk: FaceDesk, inspector: Actor
) -> None:
    with desk.writing() as uow:
        walk = visits.open_walk(uow, desk.site, inspector, (POINT,), moment=desk.moment)
        steps = visits.steps_of(uow, walk.id)
        assert [step.way for step in steps] == ["qr"] * 3 + ["fob"] * 3 + ["guard"] * 3
        visits.set_stopwatch(uow, inspector, steps[0].id, 2_400, desk.moment)
        with pytest.raises(RefusedError):
            visits.set_stopwatch(uow, inspector, steps[0].id, 0, desk.moment)
        assert visits.steps_of(uow, walk.id)[0].stopwatch_ms == 2_400
        uow.commit()
    ends = {row.valid_until_ms for row in credentials_of(desk, walk).values()}
    assert max(ends) <= desk.moment.utc_ms + 8 * 3_600_000


def test_only_inspectors_drill(desk: FaceDesk) -> None:
    with desk.writing() as uow, pytest.raises(RefusedError):
        visits.open_drill(uow, desk.site, desk.home.manager, (POINT,), moment=desk.moment)
