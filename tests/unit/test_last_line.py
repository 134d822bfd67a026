"""The last line of a test run counts the hardware tests that did not run, with the reason."""

import subprocess
import sys
from pathlib import Path

from tests.support.repository import ROOT

SUITE = """
import pytest

@pytest.mark.hardware
@pytest.mark.skipif(True, reason="needs a Jetson")
def test_engine():
    pass

@pytest.mark.hardware
def test_bus():
    pytest.skip("needs an RS-485 adapter")

def test_other():
    pytest.skip("not about hardware")

def test_plain():
    pass
"""


def last_line(folder: Path, *arguments: str) -> str:
    (folder / "test_suite.py").write_text(SUITE)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "tests.conftest",
            "-p",
            "no:cacheprovider",
            "-c",
            str(ROOT / "pyproject.toml"),
            "--rootdir",
            str(folder),
            str(folder),
            *arguments,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    return done.stdout.splitlines()[-1]


def test_it_counts_by_reason(tmp_path: Path) -> None:
    assert last_line(tmp_path) == (
        "hardware tests not run on this machine: 1 (needs a Jetson); 1 (needs an RS-485 adapter)"
    )


def test_it_is_silent_when_no_hardware_test_was_skipped(tmp_path: Path) -> None:
    assert last_line(tmp_path, "-k", "plain").startswith("1 passed, 3 deselected")
