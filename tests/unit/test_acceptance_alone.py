"""Cases from the field that the other test files do not hold: a gate alone, and old codes."""

from dataclasses import replace

import pytest

from edge.config import parse
from edge.domain.model import StaffAction
from mqtt.contract.entry_pass import PassKind
from mqtt.contract.errors import ConfigError
from mqtt.contract.events import EventKind
from mqtt.contract.reasons import ReasonCode
from tests.support.gate_factories import HOUR, MINUTE, make_pass
from tests.support.gate_run import GateRun

ROUNDS = 100


def every_way(run: GateRun) -> list[ReasonCode | None]:
    """Enter by each way once, a minute apart, with a window of the phone page that is current."""
    window = make_pass(PassKind.RESIDENT_WINDOW, run.at.utc_ms)
    answers = [run.fob(), run.show(window), run.staff(StaffAction.RELEASE)]
    run.wait(MINUTE)
    return answers


def test_F01_with_the_broker_gone_every_way_decides_as_before() -> None:
    online, alone = GateRun(), GateRun()
    for run in (online, alone):
        run.on_duty()
    for _ in range(ROUNDS):
        now_ms = online.at.utc_ms
        online.knowledge = replace(online.knowledge, lists_confirmed_ms=now_ms)
        assert every_way(online) == every_way(alone)
    assert online.pin("135790") == alone.pin("135790") == ReasonCode.GRANTED
    age_ms = alone.knowledge.list_age_ms(alone.at.utc_ms)
    assert age_ms >= (ROUNDS - 1) * MINUTE
    assert online.told(EventKind.DECISION).count(ReasonCode.GRANTED) == 2 * ROUNDS + 1


def test_I04_a_window_of_two_minutes_ago_is_stale() -> None:
    run = GateRun()
    window = make_pass(PassKind.RESIDENT_WINDOW, run.at.utc_ms)
    run.wait(2 * MINUTE)
    assert run.show(window) is ReasonCode.STALE
    assert not run.is_unlocked()


def test_a_page_that_was_open_for_hours_before_shows_a_window_that_opens() -> None:
    run = GateRun()
    later = make_pass(PassKind.RESIDENT_WINDOW, run.at.utc_ms + 5 * HOUR)
    assert run.show(later) is ReasonCode.NOT_YET_VALID
    run.wait(5 * HOUR)
    assert run.show(later) is ReasonCode.GRANTED


BUNDLE = """
[gate]
site = "tongxing"
id = "gate-east"
state_dir = "{name}"

[broker]
host = "127.0.0.1"

[keys]
trust = "{trust}"

[[portals]]
name = "east-door"
lock = "sim"
"""


@pytest.mark.parametrize("name", ["../other", "a/../../b", "state/../../../etc"])
def test_G12_a_path_that_climbs_out_of_its_folder_is_refused(name: str) -> None:
    config = parse(BUNDLE.format(name=name, trust="0" * 63 + "1"), folder="gates/east")
    with pytest.raises(ConfigError) as refused:
        config.path(config.gate.state_dir)
    assert refused.value.code is ReasonCode.PATH_REFUSED
    assert "文件夹" in refused.value.cure()


def test_G12_half_a_configuration_is_refused_with_its_cure() -> None:
    whole = BUNDLE.format(name="state", trust="0" * 63 + "1")
    with pytest.raises(ConfigError) as refused:
        parse(whole[: len(whole) // 2])
    assert refused.value.code in {ReasonCode.CONFIG_INVALID, ReasonCode.PLACEHOLDER_SECRET}
    assert refused.value.cure("en")
