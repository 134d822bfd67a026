"""The command line: what it offers, how it tells errors, what it passes on."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from equalgate import cli, doctor, entry
from equalgate.setup_checks import Check, Need, all_checks
from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode
from tests.support.repository import ROOT

Answer = Callable[..., int]


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], Answer]:
    """Replace the loading of commands by a table that the test fills."""
    table: dict[tuple[str, str], Answer] = {}
    monkeypatch.setattr(cli, "load", lambda module, function: table[module, function])
    return table


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    for command in ("demo", "simulate", "bench", "doctor", "edge", "controller"):
        assert f" {command} " in shown


@pytest.mark.parametrize("command", ["demo", "simulate", "bench", "doctor", "edge read-qr"])
def test_help_teaches_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*command.split(), "--help"]) == 0
    assert f"Example: equalgate {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["opne"], ["demo", "--onec"], ["edge"], ["simulate", "--seeds", "0"]]
)
def test_bad_use_exits_2(arguments: list[str]) -> None:
    assert cli.main(arguments) == 2


def test_demo_gets_its_options(loaded: dict[tuple[str, str], Answer]) -> None:
    seen: dict[str, object] = {}

    def demo(**options: object) -> int:
        seen.update(options)
        return 0

    loaded["equalgate.demo", "main"] = demo
    named = ["--http-port", "8444", "--evidence", "bundle.zip"]
    assert cli.main(["demo", "--once", *named]) == 0
    assert seen == {
        "once": True,
        "http_port": 8444,
        "broker_port": 0,
        "evidence": Path("bundle.zip"),
    }


def test_the_exit_status_of_a_command_is_passed_on(
    loaded: dict[tuple[str, str], Answer],
) -> None:
    loaded["equalgate.simulate", "main"] = lambda seeds, first_seed, hours: seeds
    loaded["equalgate.bench", "main"] = len
    loaded["edge.workers.qr.cli", "read_qr"] = len
    assert cli.main(["simulate", "--seeds", "3"]) == 3
    assert cli.main(["bench", "fob", "qr"]) == 2
    assert cli.main(["bench"]) == 0
    assert cli.main(["edge", "read-qr", "a.png"]) == 1


def keep(seen: list[str]) -> Answer:
    def answer(arguments: list[str]) -> int:
        seen.extend(arguments)
        return 0

    return answer


@pytest.mark.parametrize("verb", ["run", "check-config", "sim"])
@pytest.mark.parametrize("rest", [[], ["--config", "gate.toml"], ["--help"]])
def test_gate_commands_pass_everything_on(
    loaded: dict[tuple[str, str], Answer], verb: str, rest: list[str]
) -> None:
    seen: list[str] = []
    loaded["edge.__main__", "main"] = keep(seen)
    assert cli.main(["edge", verb, *rest]) == 0
    assert seen == [verb, *rest]


@pytest.mark.parametrize("verb", ["serve", "ingest", "migrate", "seed", "backup", "restore"])
def test_controller_commands_pass_everything_on(
    loaded: dict[tuple[str, str], Answer], verb: str
) -> None:
    seen: list[str] = []
    loaded["controller.__main__", "main"] = keep(seen)
    assert cli.main(["controller", verb, "--database", "x"]) == 0
    assert seen == [verb, "--database", "x"]


def test_an_error_is_told_in_both_languages_with_its_cure(
    loaded: dict[tuple[str, str], Answer], capsys: pytest.CaptureFixture[str]
) -> None:
    error = ConfigError(ReasonCode.CONFIG_MISSING, "gate.toml")

    def refuse(names: list[str]) -> int:
        raise error

    loaded["equalgate.bench", "main"] = refuse
    assert cli.main(["bench"]) == 1
    told = capsys.readouterr().err
    for language in ("zh-CN", "en"):
        assert error.text(language) in told
        assert error.cure(language) in told
    assert "config_missing" in told
    assert "Traceback" not in told


def test_a_missing_module_names_the_extra() -> None:
    error = entry.MissingPartError("cv2.dnn")
    assert "equalgate[qr]" in error.cure()


def test_a_missing_part_exits_1_with_the_cure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(module: str, function: str) -> Answer:
        raise entry.MissingPartError("sqlalchemy")

    monkeypatch.setattr(cli, "load", absent)
    assert cli.main(["controller", "serve"]) == 1
    assert "equalgate[controller]" in capsys.readouterr().err


def test_loading_a_module_that_is_not_there_is_a_missing_part() -> None:
    with pytest.raises(entry.MissingPartError) as caught:
        entry.load("equalgate.no_such_part", "main")
    assert caught.value.module == "equalgate.no_such_part"


def test_an_import_error_inside_a_part_is_not_hidden(tmp_path: Path) -> None:
    (tmp_path / "planted_part.py").write_text("raise ValueError('broken part')\n")
    script = "from equalgate.entry import load; load('planted_part', 'main')"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": f"{ROOT}:{tmp_path}"},
    )
    assert "ValueError: broken part" in done.stderr


def test_help_and_doctor_load_no_heavy_module() -> None:
    script = "import sys, equalgate.cli, equalgate.doctor; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT)},
    )
    roots = {name.partition(".")[0] for name in done.stdout.split()}
    assert not roots & {"cv2", "numpy", "sqlalchemy", "fastapi", "pydantic", "paho", "matplotlib"}


def check(*, present: bool, needed_for: Need) -> Check:
    return Check(
        name="mosquitto",
        present=present,
        found="2.0.11" if present else "",
        needed_for=needed_for,
        cure="" if present else "apt-get install mosquitto",
    )


@pytest.mark.parametrize(
    ("present", "needed_for", "status"),
    [
        (True, Need.DEMO, 0),
        (False, Need.DEMO, 1),
        (False, Need.TEST, 0),
        (False, Need.NOTHING, 0),
    ],
)
def test_doctor_fails_only_for_what_the_demo_needs(
    present: bool, needed_for: Need, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    found = check(present=present, needed_for=needed_for)
    assert doctor.main(as_json=False, look=lambda: [found]) == status
    shown = capsys.readouterr().out
    assert ("✓" in shown) == present
    assert ("missing" in shown) != present


def test_doctor_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    doctor.main(as_json=True, look=lambda: [check(present=False, needed_for=Need.TEST)])
    assert json.loads(capsys.readouterr().out) == [
        {
            "name": "mosquitto",
            "present": False,
            "found": "",
            "needed_for": "test",
            "cure": "apt-get install mosquitto",
        }
    ]


def test_this_machine_is_looked_at_and_every_lack_has_a_cure() -> None:
    checks = all_checks()
    assert len({found.name for found in checks}) == len(checks) >= 10
    python = next(found for found in checks if found.name == "python")
    assert python.present
    assert all(found.cure for found in checks if not found.present)


def test_an_old_broker_is_not_good_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\necho mosquitto version 1.6.9\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    broker = next(found for found in all_checks() if found.name == "mosquitto")
    assert (broker.present, broker.found) == (False, "mosquitto 1.6.9")
    assert "mosquitto" in broker.cure
