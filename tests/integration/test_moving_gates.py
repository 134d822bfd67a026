"""Gates go from shadow to live and back one by one; old terminals are retired with proof."""

import pytest
from sqlalchemy import Engine

from controller.ingest.core import IngestCore
from controller.services.compiling import compile_gates
from controller.services.moving.gate_modes import (
    CUT_OVER,
    RETURNED,
    SHADOW,
    gate_steps,
    set_shadow,
    shadows,
)
from controller.services.moving.shadow import shadow_report
from controller.services.moving.terminals import list_terminal, retire_terminal, terminals
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.errors import RefusedError
from mqtt.contract.events import EventKind, Method, Outcome, Personal
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import ConfigRecord
from mqtt.contract.topics import DocumentName
from tests.support.compound import NOW, Compound, add_resident, build_compound, later
from tests.support.gate_events import Recorder, Said


def settings(uow: UnitOfWork, home: Compound, gate: str) -> ConfigRecord:
    compiled = compile_gates(uow, home.site, (gate,), NOW)[gate]
    return codec.decode(compiled[DocumentName.CONFIG]["gate"], ConfigRecord)


def test_each_gate_is_cut_over_and_returned_by_its_own_document(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        assert settings(uow, home, "gate-south").shadow is False
        for on, step in ((True, SHADOW), (False, CUT_OVER), (True, RETURNED)):
            done = set_shadow(uow, home.manager, "gate-south", on=on, reason="move", moment=NOW)
            assert done == step
            assert settings(uow, home, "gate-south").shadow is on
            assert settings(uow, home, "gate-north").shadow is False
        assert shadows(uow) == {"gate-south": NOW.utc_ms}
        assert [each.step for each in gate_steps(uow, "gate-south")] == [SHADOW, CUT_OVER, RETURNED]
        for on, reason, code in (
            (True, "again", ReasonCode.CONFLICT),
            (False, " ", ReasonCode.REASON_REQUIRED),
        ):
            with pytest.raises(RefusedError) as caught:
                set_shadow(uow, home.manager, "gate-south", on=on, reason=reason, moment=NOW)
            assert caught.value.code is code


def test_the_report_lists_each_refusal_once_with_its_count(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        holder = add_resident(uow, "甲")
        uow.commit()
    stranger = Personal(note="32:0045b212 list_age=90")
    known = Personal(holder, b"creden-1")
    shadow = EventKind.SHADOW
    said = [
        Said(shadow, outcome=Outcome.GRANTED, person=known),
        Said(shadow, Method.FOB, Outcome.DENIED, ReasonCode.UNKNOWN_CREDENTIAL, person=stranger),
        Said(
            shadow,
            Method.FOB,
            Outcome.DENIED,
            ReasonCode.UNKNOWN_CREDENTIAL,
            at_s=NOW.utc_s + 9,
            person=stranger,
        ),
        Said(shadow, Method.FOB, Outcome.DENIED, ReasonCode.OUTSIDE_SCHEDULE, person=known),
        Said(EventKind.DECISION, outcome=Outcome.DENIED, person=stranger),
    ]
    IngestCore(engine, home.site).take([Recorder().batch(0, *said)], NOW)
    with UnitOfWork(engine, writes=False) as uow:
        report = shadow_report(uow, "gate-south", NOW.utc_ms - 1_000)
        assert (report.judged, report.would_open, report.simulated) == (4, 1, 4)
        assert [(each.what, each.times, each.last_at_s) for each in report.refused] == [
            ("32:0045b212", 2, NOW.utc_s + 9),
            ("", 1, NOW.utc_s),
        ]
        assert report.refused[1].holder == holder
        assert not report.is_ready
        assert shadow_report(uow, "gate-north", 0).judged == 0
        assert shadow_report(uow, "gate-south", later(60_000).utc_ms).refused == ()


def test_an_old_terminal_needs_a_human_until_it_is_proven_wiped(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        old = list_terminal(uow, home.manager, "南门", "旧厂", "SN-1", people=812, moment=NOW)
        assert [view.verdict for view in terminals(uow)] == ["NEEDS HUMAN"]
        for witness, photo, code in (
            ("", bytes(32), ReasonCode.REASON_REQUIRED),
            ("业委会 李", b"", ReasonCode.CONFIG_INVALID),
            ("业委会 李", b"no hash", ReasonCode.CONFIG_INVALID),
        ):
            with pytest.raises(RefusedError) as caught:
                retire_terminal(
                    uow, home.manager, old, "reset", witness, photo_hash=photo, moment=NOW
                )
            assert caught.value.code is code
        retire_terminal(
            uow, home.manager, old, "factory reset", "业委会 李", photo_hash=bytes(32), moment=NOW
        )
        (view,) = terminals(uow)
        assert view.verdict == "PASS"
        assert view.wiped is not None
        assert (view.people, view.wiped.witness) == (812, "业委会 李")
        with pytest.raises(RefusedError) as caught:
            retire_terminal(
                uow, home.manager, old, "again", "业委会 李", photo_hash=bytes(32), moment=NOW
            )
        assert caught.value.code is ReasonCode.CONFLICT
