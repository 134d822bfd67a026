"""What the wiring builds from a file: real, simulated, mixed, and with hardware that is missing."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from edge.adapters.fault_budget import FaultBudget
from edge.adapters.hardware import Hardware
from edge.adapters.indicator import AccessPointIndicator, ReaderLamp, Shown
from edge.adapters.osdp_messages import LedColour, OsdpIndication
from edge.adapters.reader_source import read_scbk
from edge.adapters.relay import RelayLock
from edge.adapters.wiring import build, sim_socket
from edge.config import parse
from edge.domain.effects import Signal
from edge.domain.inputs import Observed, WayChanged
from edge.domain.model import ClockTrust, Moment
from mqtt.contract.errors import ConfigError
from mqtt.contract.events import AdapterKind, Method
from mqtt.contract.reasons import ReasonCode
from tests.support.hardware import MonotonicClock, Recorder
from tests.support.repository import ROOT
from tests.support.sim_gate import GATE


def unit(text: str, folder: Path, *, simulate: bool = False) -> Hardware:
    return build(parse(text, folder=str(folder)), MonotonicClock(), simulate=simulate)


def test_a_real_gate_is_real_and_loads_no_simulator(tmp_path: Path) -> None:
    hardware = unit(
        GATE.replace('[[pin_pads]]\naccess_point = "ap-3"\n', "").replace(
            '[[guard_panels]]\naccess_point = "ap-1"\n', ""
        ),
        tmp_path,
    )
    assert hardware.kind is AdapterKind.REAL
    assert hardware.bench is None
    script = (
        "import sys; from pathlib import Path; import edge.adapters.wiring;"
        "sys.exit(any('adapters.sim' in m or m in ('gpiod', 'osdp') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


def test_a_mixed_gate_says_so_device_by_device(tmp_path: Path) -> None:
    hardware = unit(GATE, tmp_path)
    assert hardware.kind is AdapterKind.SIMULATED
    assert hardware.adapters["lock main"] is AdapterKind.REAL
    assert hardware.adapters["PIN pad ap-3"] is AdapterKind.SIMULATED
    assert hardware.adapters["osdp reader ap-1"] is AdapterKind.REAL
    assert hardware.bench is not None


def test_what_is_not_fitted_stays_so_in_the_simulator(tmp_path: Path) -> None:
    text = GATE[: GATE.index("[[portals]]")] + '[[portals]]\nname = "main"\nlock = "sim"\n'
    hardware = unit(text, tmp_path, simulate=True)
    assert set(hardware.adapters) == {"lock main"}
    assert list(hardware.locks) == ["main"]


def test_relays_start_first_and_stop_last(tmp_path: Path) -> None:
    hardware = unit(GATE, tmp_path, simulate=True)
    assert isinstance(hardware.sources[0], RelayLock)


def test_a_gate_with_all_its_hardware_missing_still_runs_and_says_what_is_missing(
    tmp_path: Path,
) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "none").write_text("short")
    hardware, heard = unit(GATE, tmp_path), Recorder()
    hardware.start(heard)
    heard.wait(Observed, lambda item: item.reason is ReasonCode.LOCK_FAULT)
    heard.wait(Observed, lambda item: item.reason is ReasonCode.INPUT_FAULT)
    heard.wait(WayChanged, lambda item: item.reason is ReasonCode.READER_KEY_MISSING, count=2)
    heard.wait(WayChanged, lambda item: item.reason is ReasonCode.READER_OFFLINE)
    hardware.stop()
    assert not sim_socket(parse(GATE, folder=str(tmp_path))).exists()


@pytest.mark.parametrize("content", [None, "", "00" * 15, "zz" * 16, "\xff"])
def test_a_reader_key_that_is_none_is_refused_without_its_content(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "reader.scbk"
    if content is not None:
        path.write_text(content, "latin-1")
    with pytest.raises(ConfigError) as caught:
        read_scbk(path)
    assert caught.value.code is ReasonCode.READER_KEY_MISSING
    assert not content or content not in str(caught.value)


def test_a_published_key_stops_its_line_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "none").write_text(bytes(range(0x30, 0x40)).hex())
    hardware, heard = unit(GATE, tmp_path), Recorder()
    hardware.start(heard)
    heard.wait(WayChanged, lambda item: item.reason is ReasonCode.PLACEHOLDER_SECRET, count=2)
    told = [i.status for i in heard.of(WayChanged) if i.method is Method.GUARD]
    assert told == ["ready"]
    hardware.stop()


class Recording:
    def __init__(self) -> None:
        self.shown: list[Shown] = []

    def show(self, shown: Shown) -> None:
        self.shown.append(shown)


class FixedClock:
    def __init__(self, trust: ClockTrust = ClockTrust.SYNCED) -> None:
        self.trust = trust

    def now(self) -> Moment:
        return Moment(5, 1_795_348_288_000, self.trust)


@pytest.mark.parametrize(
    ("age_s", "trust", "line", "since_ms"),
    [
        (600, ClockTrust.SYNCED, "", None),
        (601, ClockTrust.SYNCED, "Offline; list from 10 min ago", 1_795_348_288_000 - 601_000),
        (601, ClockTrust.UNKNOWN, "Offline; list from 10 min ago", None),
        (20 * 365 * 86_400, ClockTrust.SYNCED, "No list received yet", None),
        (26 * 3600, ClockTrust.SYNCED, "Offline; list from 26 h ago", 1_795_254_688_000),
    ],
)
def test_the_age_of_the_list_is_told_from_10_minutes_on(
    age_s: int, trust: ClockTrust, line: str, since_ms: int | None
) -> None:
    display = Recording()
    AccessPointIndicator("ap-1", [display], FixedClock(trust)).show(
        Signal.GRANTED, ReasonCode.GRANTED, age_s
    )
    (shown,) = display.shown
    assert shown.age_line[1] == line
    assert shown.offline_since_ms == since_ms


def test_a_refusal_tells_reason_and_cure_and_a_grant_tells_neither() -> None:
    display = Recording()
    indicator = AccessPointIndicator("ap-1", [display], FixedClock())
    indicator.show(Signal.DENIED, ReasonCode.EXPIRED, 0)
    indicator.show(Signal.GRANTED, ReasonCode.DURESS, 0)
    denied, granted = display.shown
    assert denied.headline[0] == "未能开门"
    assert denied.detail[0].count("。") == 2
    # A duress PIN opens like any other: nothing on the screen says more.
    assert granted.detail == ("", "")


def test_what_a_reader_says_by_itself_keeps_the_lists_age() -> None:
    display = Recording()
    indicator = AccessPointIndicator("ap-1", [display], FixedClock())
    indicator.show(Signal.GRANTED, ReasonCode.GRANTED, 900)
    indicator.at_reader(Signal.DENIED, ReasonCode.READ_PARITY)
    assert display.shown[-1].list_age_s == 900


def test_every_signal_has_a_light() -> None:
    lit: list[OsdpIndication] = []
    indicator = AccessPointIndicator("ap-1", [ReaderLamp(lit.append)], FixedClock())
    for signal in Signal:
        indicator.show(signal, ReasonCode.GRANTED, 0)
    assert [entry.colour for entry in lit[:2]] == [LedColour.GREEN, LedColour.RED]
    assert len(lit) == len(Signal)


def test_a_budget_admits_again_after_its_window() -> None:
    budget = FaultBudget(count=2, window_ms=1_000)
    assert [budget.admits(at) for at in (0, 10, 20, 999, 1_000, 1_005, 1_010)] == [
        True,
        True,
        False,
        False,
        True,
        False,
        True,
    ]
    assert budget.refused == 3


def test_the_temporary_folder_of_a_test_can_hold_a_socket_however_deep_it_lies() -> None:
    with tempfile.TemporaryDirectory() as folder:
        deep = Path(folder) / ("x" * 100)
        deep.mkdir()
        hardware, heard = unit(GATE, deep, simulate=True), Recorder()
        hardware.start(heard)
        try:
            assert sim_socket(parse(GATE, folder=str(deep))).is_socket()
        finally:
            hardware.stop()
