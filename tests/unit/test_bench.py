"""Every benchmark runs in its tiny size and prints figures that a program can read."""

import json
from pathlib import Path

import pytest

from equalgate.bench import BENCHMARKS, main
from equalgate.bench.figures import Desk, at_least, at_most, p50, p99, quantile
from mqtt.broker.runner import find_mosquitto
from mqtt.contract.errors import UnavailableError

FIELDS = {
    "bench",
    "what",
    "value",
    "unit",
    "n",
    "target",
    "ok",
    "baseline",
    "ratio",
    "note",
}
WITH_BROKER = {"start", "memory", "roundtrip", "ingest", "drain"}


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_prints_figures(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    if name in WITH_BROKER:
        needs_mosquitto()
    assert main([name, "--quick"]) == 0
    told = capfd.readouterr()
    figures = [json.loads(line) for line in told.out.splitlines()]
    assert figures
    for figure in figures:
        assert set(figure) == FIELDS
        assert figure["bench"] == name
        assert figure["n"] >= 1
        assert isinstance(figure["value"], int | float)
        assert (figure["ok"] is None) == (figure["target"] == "")
    assert any(figure["target"] for figure in figures)
    assert f"{name}: done in" in told.err


def test_an_unknown_name_lists_the_benchmarks(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["fobs"]) == 2
    told = capfd.readouterr()
    assert told.out == ""
    assert all(name in told.err for name in BENCHMARKS)


def test_one_that_breaks_is_told_and_does_not_hide_the_others(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("equalgate.bench.qr.repository_root", lambda: tmp_path)
    assert main(["qr", "--quick"]) == 1
    assert "qr: broke: ImportError" in capfd.readouterr().err


def test_a_missed_target_is_a_result(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    desk = Desk("sample", tmp_path, is_quick=True)
    missed = desk.report("slow", 3.0, "ms", 5, target=at_most(2))
    kept = desk.report("slow", 3.0, "ms", 5, target=at_most(2, factor=1.5), baseline=2.0)
    assert (missed.ok, kept.ok) == (False, True)
    assert kept.target == "<= 2 ms or <= 1.5 x baseline"
    assert kept.ratio == 1.5
    assert desk.report("hits", 0.9, "share", 5, target=at_least(factor=1.2), baseline=0.8).ok is (
        False
    )
    assert len(capfd.readouterr().out.splitlines()) == 3


def test_quantiles_are_samples() -> None:
    samples = [float(number) for number in range(1, 101)]
    assert (p50(samples), p99(samples)) == (50.0, 99.0)
    assert (quantile([7.0], 0.99), quantile([1.0, 2.0], 1.0)) == (7.0, 2.0)


def needs_mosquitto() -> None:
    try:
        find_mosquitto()
    except UnavailableError:
        pytest.skip("mosquitto is not installed")
