"""The verifier in one file says the same as the product, without anything of the product."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from equalgate.verifying import single
from tests.support.evidence_site import open_evidence_site

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])
# Stand for a machine that has Python and `cryptography` and nothing of ours.
_ALONE = """
import runpy, sys
hidden = ("mqtt", "equalgate", "controller", "edge", "cbor2", "msgspec", "sqlalchemy")
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hide())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-I", "-c", _ALONE, str(single.target()), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_file_is_fresh(database_kind: str) -> None:
    fresh = single.target().read_text("utf-8") == single.single_file()
    assert fresh, "run: python -m equalgate.verifying.single write"


def test_it_runs_alone_and_answers_with_its_exit_status(engine: Engine, tmp_path: Path) -> None:
    data, _ = open_evidence_site(engine).bundle()
    (tmp_path / "good.zip").write_bytes(data)
    changed = bytearray(data)
    changed[len(data) // 3] ^= 4
    (tmp_path / "bad.zip").write_bytes(bytes(changed))
    good = run(str(tmp_path / "good.zip"), "--json")
    assert (good.returncode, json.loads(good.stdout)["verdict"]) == (0, "INTACT"), good.stderr
    bad = run(str(tmp_path / "bad.zip"))
    assert bad.returncode == 1
    assert bad.stdout.startswith("ALTERED")
    assert run(str(tmp_path / "none.zip")).returncode == 2
    assert run().returncode == 2
