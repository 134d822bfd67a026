"""`./gate` before anything is installed: syntax, help, bad use, and what it says without root."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.repository import ROOT

# What the script itself calls before any set-up.
TOOLS = ("sh", "cat", "dirname", "readlink", "grep", "printf", "sed", "sha256sum", "date", "mkdir")
COMMANDS = ("demo", "test", "check", "bench", "doctor", "exec", "help")


def run(
    *arguments: str, script: Path = ROOT / "gate", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={"PATH": os.environ["PATH"], **environment},
    )


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Copy the script into a folder with a space, with a PATH that has no root and no packages."""
    root = tmp_path / "a checkout"
    (root / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "gate", root)
    shutil.copytree(ROOT / "requirements", root / "requirements")
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (root / "bin" / tool).symlink_to(found)
    fake_id = root / "bin" / "id"
    fake_id.write_text("#!/bin/sh\necho 1000\n")
    fake_id.chmod(0o755)
    return root


def without_root(
    root: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    text = (root / "gate").read_text().replace(':/usr/local/sbin:/usr/sbin:/sbin"', '"')
    (root / "gate").write_text(text)
    return run(*arguments, script=root / "gate", **{"PATH": str(root / "bin"), **environment})


@pytest.mark.parametrize("shell", ["sh", "dash", "bash"])
@pytest.mark.parametrize("name", ["gate", "requirements/renew.sh"])
def test_the_syntax_is_plain_posix(shell: str, name: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not on this machine")
    done = subprocess.run([shell, "-n", ROOT / name], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_shellcheck_finds_nothing() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not on this machine")
    scripts = [ROOT / "gate", ROOT / "requirements" / "renew.sh", ROOT / ".ci" / "run"]
    done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("arguments", [(), ("help",), ("--help",), ("-h",)])
def test_help_names_every_command(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 0
    assert all(f"\n  {command} " in done.stdout for command in COMMANDS)


def test_an_unknown_command_is_bad_use() -> None:
    done = run("opne")
    assert done.returncode == 2
    assert "unknown command: opne" in done.stderr
    assert done.stdout == ""


def test_exec_without_a_command_is_bad_use() -> None:
    assert run("exec").returncode == 2


def test_without_root_it_names_the_one_command(bare: Path) -> None:
    done = without_root(bare, "demo")
    assert done.returncode == 3
    command = done.stderr.splitlines()[-1]
    assert command.startswith("  sudo apt-get update && sudo apt-get install -y")
    assert "mosquitto" in command.split()
    assert {"python3", "python3-venv"} <= set(command.split())
    assert not (bare / ".venv").exists()


def test_root_can_forbid_apt(bare: Path) -> None:
    (bare / "bin" / "id").write_text("#!/bin/sh\necho 0\n")
    (bare / "bin" / "apt-get").write_text("#!/bin/sh\necho called >&2\nexit 1\n")
    (bare / "bin" / "apt-get").chmod(0o755)
    done = without_root(bare, "demo", EQUALGATE_NO_APT="1")
    assert done.returncode == 3
    assert "called" not in done.stderr


def test_a_python_that_is_too_old_is_not_used(bare: Path) -> None:
    old = bare / "bin" / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = without_root(bare, "doctor")
    assert done.returncode == 3
    assert "python3 python3-venv" in done.stderr


def test_doctor_needs_no_packages_besides_python(bare: Path) -> None:
    done = without_root(bare, "doctor")
    assert "mosquitto" not in done.stderr


def test_it_runs_through_a_link_and_from_another_folder(tmp_path: Path) -> None:
    link = tmp_path / "open gate"
    link.symlink_to(ROOT / "gate")
    done = subprocess.run([link, "help"], cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "EqualGate" in done.stdout


def test_a_ready_environment_is_used_at_once(bare: Path) -> None:
    """The stamps say that nothing has to be installed, so the script only hands over."""
    python = bare / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "python $*"\n')
    python.chmod(0o755)
    digest = subprocess.run(
        ["sh", "-c", "sha256sum <requirements/run.txt"],
        cwd=bare,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    (bare / ".venv" / ".equalgate-run").write_text(f"{digest} {bare}\n")
    done = without_root(bare, "doctor", "--json")
    assert (done.returncode, done.stdout) == (0, "python -m equalgate doctor --json\n")


def test_a_new_pin_makes_the_environment_stale(bare: Path) -> None:
    python = bare / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "asked for $*" >&2\nexit 7\n')
    python.chmod(0o755)
    (bare / ".venv" / ".equalgate-run").write_text("older pins\n")
    (bare / "bin" / "chmod").symlink_to(shutil.which("chmod") or "")
    for tool in ("rm", "tail", "flock"):
        (bare / "bin" / tool).symlink_to(shutil.which(tool) or "")
    done = without_root(bare, "doctor")
    assert done.returncode == 1
    assert "--require-hashes" in done.stderr
    assert "setup.log" in done.stderr
