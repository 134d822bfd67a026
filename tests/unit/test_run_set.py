"""A first `./gate demo` installs the run set alone: nothing of it may need more at start."""

import ast
import re
import sys
from pathlib import Path

from tests.support.repository import ROOT, text_files

# What a distribution is called where it is not called like its module.
NAMES = {
    "cv2": "opencv-python-headless", "jinja2": "jinja2", "osdp": "libosdp", "serial": "pyserial",
    "zxingcpp": "zxing-cpp", "argon2": "argon2-cffi", "prometheus_client": "prometheus-client",
    "paho": "paho-mqtt",
}  # fmt: skip
OURS = {"edge", "mqtt", "controller", "equalgate"}
APART = re.compile(r"^equalgate/bench/|^controller/storage/migrations/|/static/")


def imported_at_once(name: str, text: str) -> set[str]:
    found = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return {module.partition(".")[0] for module in found}


def test_every_import_of_the_product_is_in_the_run_set() -> None:
    run = (ROOT / Path("requirements/run.txt")).read_text("utf-8")
    pinned = set(re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==", run, re.MULTILINE))
    lacking = {
        f"{name}: {module}"
        for package in sorted(OURS)
        for name, text in text_files(f"{package}/*.py")
        if not APART.search(name)
        for module in imported_at_once(name, text) - OURS - set(sys.stdlib_module_names)
        if NAMES.get(module, module.replace("_", "-").lower()) not in pinned
    }
    assert not lacking
