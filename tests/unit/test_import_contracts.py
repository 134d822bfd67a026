"""Plant a violation of each import contract in a copy and see exactly that contract break.

The contracts are evidence for promises 2 and 3, so a contract that cannot break proves nothing.
"""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT

PACKAGES = ("edge", "mqtt", "controller", "equalgate")
RUN_LINTER = "from importlinter.cli import lint_imports_command as c; c()"
DOOR_PROCESS_PARTS_OUTSIDE = {"workers", "worker_wire", "__init__"}

# what is planted (file, line), and the ids of all contracts that have to break
PLANTS = {
    "controller imports the gate": (
        "controller/services/planted.py",
        "import edge.domain",
        {"two-arrows"},
    ),
    "gate imports the command line": ("edge/gate/planted.py", "import equalgate", {"two-arrows"}),
    "domain imports an adapter": (
        "edge/domain/planted.py",
        "import edge.adapters",
        {"edge-layers"},
    ),
    "a package without a layer": ("edge/odds/__init__.py", "", {"edge-layers"}),
    "storage imports the pages": (
        "controller/storage/planted.py",
        "import controller.web",
        {"controller-layers"},
    ),
    "contract imports the session": (
        "mqtt/contract/planted.py",
        "import mqtt.client",
        {"mqtt-layers"},
    ),
    "asyncio in the gate's domain": ("edge/domain/planted.py", "import asyncio", {"pure-core"}),
    "a database in the contract": ("mqtt/contract/planted.py", "import sqlite3", {"pure-core"}),
    "a clock in the controller's domain": (
        "controller/domain/planted.py",
        "import time",
        {"pure-core"},
    ),
    "numpy in an adapter": ("edge/adapters/planted.py", "import numpy", {"door-process"}),
    "the loop reaches a worker": (
        "edge/gate/planted.py",
        "import edge.workers.qr",
        {"edge-layers", "door-process"},
    ),
    "the wire in a worker": (
        "edge/workers/qr/planted.py",
        "import mqtt.contract",
        {"workers-know-the-wire"},
    ),
    "a recogniser in the controller": (
        "controller/services/planted.py",
        "import onnxruntime",
        {"controller-without-biometrics"},
    ),
}

# Parts that other work brings: planted whole where they do not exist yet.
PLANTED_PARTS = {
    "the QR worker reads references": (
        {
            "edge/workers/face/__init__.py": "",
            "edge/workers/face/references.py": "",
            "edge/workers/qr/planted.py": "import edge.workers.face.references",
        },
        {"face-references", "workers-apart"},
    ),
    "the decision sees the method": (
        {
            "edge/domain/authenticate.py": "",
            "edge/domain/authorise.py": "import edge.domain.authenticate",
        },
        {"decision-blind-to-method"},
    ),
}


def contract_names() -> dict[str, str]:
    settings = configparser.ConfigParser()
    settings.read(ROOT / ".importlinter")
    prefix = "importlinter:contract:"
    return {
        section.removeprefix(prefix): settings[section]["name"]
        for section in settings.sections()
        if section.startswith(prefix)
    }


def broken_in(copy: Path) -> set[str]:
    """Run the linter and return the ids of broken contracts; every contract must be reported."""
    done = subprocess.run(
        [sys.executable, "-c", RUN_LINTER, "--no-cache"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(copy), "PATH": "/usr/bin:/bin", "COLUMNS": "500", "NO_COLOR": "1"},
    )
    report = " ".join(done.stdout.split())
    broken = set()
    for identity, name in contract_names().items():
        verdict = re.search(rf"{re.escape(name)} (KEPT|BROKEN)", report)
        assert verdict, f"{identity} was not checked:\n{done.stdout}\n{done.stderr}"
        if verdict[1] == "BROKEN":
            broken.add(identity)
    assert (done.returncode != 0) == bool(broken)
    return broken


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def plant(copy: Path, files: dict[str, str]) -> None:
    for name, line in files.items():
        path = copy / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text() if path.exists() else "") + f"\n{line}\n")


def test_every_contract_is_kept(copy: Path) -> None:
    assert broken_in(copy) == set()


@pytest.mark.parametrize("what", PLANTS)
def test_a_planted_import_breaks_its_contract(copy: Path, what: str) -> None:
    name, line, expected = PLANTS[what]
    plant(copy, {name: line})
    assert broken_in(copy) == expected


@pytest.mark.parametrize("what", PLANTED_PARTS)
def test_a_planted_part_breaks_its_contract(copy: Path, what: str) -> None:
    files, expected = PLANTED_PARTS[what]
    plant(copy, files)
    assert expected <= broken_in(copy)


def test_every_contract_has_a_plant() -> None:
    planted = set[str]().union(*(expected for *_, expected in PLANTS.values()))
    planted |= set[str]().union(*(expected for _, expected in PLANTED_PARTS.values()))
    assert planted == set(contract_names())


def test_the_door_process_contract_lists_every_part_of_the_gate() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / ".importlinter")
    listed = settings["importlinter:contract:door-process"]["source_modules"].split()
    parts = {path.stem for path in (ROOT / "edge").iterdir() if path.suffix in {"", ".py"}}
    present = parts - DOOR_PROCESS_PARTS_OUTSIDE - {"__pycache__"}
    assert {f"edge.{part}" for part in present} == set(listed), "bring .importlinter up to date"
