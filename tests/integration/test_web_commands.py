"""The controller's command line: help, bad settings, and the chores of an operator."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from controller.__main__ import main

SETTINGS = """\
[site]
name = "tongxing"
title = "同行苑"
[database]
url = "sqlite:///c.db"
[keystore]
folder = "keys"
[broker]
host = "127.0.0.1"
ca_file = "ca.pem"
web = { name = "ctl-web", certificate = "w.pem", key = "w.key" }
ingest = { name = "ctl-ingest-1", certificate = "i.pem", key = "i.key" }
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "controller.toml"
    file.write_text(SETTINGS)
    return str(file)


def run(*arguments: str, told: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "controller", *arguments],
        input=told,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    for name in ("serve", "ingest", "migrate", "seed", "account", "backup", "restore"):
        assert f"\n{name} " in said
    assert main(["serve", "--help"]) == 0
    assert "--with-ingest" in capsys.readouterr().out
    assert main(["explode"]) == 2


def test_settings_that_are_missing_are_named_with_the_cure(tmp_path: Path) -> None:
    got = run("serve", "--config", str(tmp_path / "nothing.toml"))
    assert got.returncode == 1
    assert "config_missing" in got.stderr
    assert "Traceback" not in got.stderr


def test_a_database_without_schema_asks_for_migrate(config: str) -> None:
    got = run("ingest", "--config", config)
    assert got.returncode == 1
    assert "migrate" in got.stderr


def test_migrate_account_backup_and_restore(config: str, tmp_path: Path) -> None:
    assert run("migrate", "--config", config).returncode == 0
    assert run("migrate", "--config", config).returncode == 0
    assert len(list((tmp_path / "keys").glob("*.key"))) >= 8
    account = ("account", "--config", config, "--login", "boss", "--name", "经理")
    assert run(*account, told="short\n").returncode == 1
    assert run(*account, told="a long pass phrase\n").returncode == 0
    assert run(*account, told="a long pass phrase\n").returncode == 1
    copy = tmp_path / "copy.db"
    assert run("backup", "--config", config, str(copy)).returncode == 0
    assert run("backup", "--config", config, str(copy)).returncode == 1
    assert run("restore", "--config", config, str(copy)).returncode == 0
    assert run("restore", "--config", config, str(tmp_path / "none")).returncode == 1


def test_seed_tells_its_secrets_once(config: str) -> None:
    assert run("migrate", "--config", config).returncode == 0
    got = run("seed", "--config", config)
    told = json.loads(got.stdout)
    assert {each["role"] for each in told["staff"]} >= {"manager", "guard", "inspector"}
    assert told["visitor"].startswith("AC1:")
    again = run("seed", "--config", config)
    assert (again.returncode, again.stdout) == (1, "")


def test_ingest_loads_no_web_framework() -> None:
    code = (
        "import sys, controller.bootstrap.ingest;"
        "print([m for m in ('fastapi', 'uvicorn', 'jinja2', 'pydantic') if m in sys.modules])"
    )
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert got.stdout.strip() == "[]"
