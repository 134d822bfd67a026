"""Measure evidence: how long a bundle of a million records takes to make and to check.

The check is compared with plain SHA-256 over the same records in the same run; the memory is that
of the verifier's own process.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from controller.services.evidence import make_bundle
from controller.services.evidence.printed import render_pdf
from equalgate.bench.evidence_fill import MOMENT, fill
from equalgate.bench.figures import Desk, at_most
from equalgate.verifying.log import Tree, read_leaves
from equalgate.verifying.zipped import BundleFile

__all__ = ["run"]

_RECORDS = 1_000_000
_VERIFY = """
import json, re, sys, time
from pathlib import Path
from equalgate.verifying.program import verify_file
began = time.perf_counter()
code = verify_file(Path(sys.argv[1]))
took = time.perf_counter() - began
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"code": code, "s": took, "mib": peak}))
"""


def run(desk: Desk) -> None:
    """Report evidence figures."""
    count = desk.size(_RECORDS, 2_000)
    desk.say(f"filling a database with {count} records")
    engine, site = fill(desk.folder, count)
    path = desk.folder / "bundle.zip"
    desk.say("making the bundle")
    began_s = perf_counter()
    with path.open("w+b") as file:
        made = make_bundle(engine, site, file, MOMENT, title="bench", render=render_pdf)
    took_s = perf_counter() - began_s
    engine.dispose()
    note = f"{made.size / 2**20:.0f} MiB, report included; SQLite"
    desk.report("bundle made", took_s, "s", count, target=at_most(180), note=note)
    _tree(desk, path, count)
    _whole(desk, path, count)


def _tree(desk: Desk, path: Path, count: int) -> None:
    """Rebuild the trees alone, right after plain SHA-256 over the same leaves."""
    desk.say("trees, against plain SHA-256")
    with path.open("rb") as file:
        opened = BundleFile.open(file)
        names = [name for name in opened.names if name.startswith("events/")]
        logs = [list(read_leaves(opened.blocks(name))) for name in names]
    began_s = perf_counter()
    for leaves in logs:
        for leaf in leaves:
            hashlib.sha256(b"\x00" + leaf).digest()
    plain_s = perf_counter() - began_s
    began_s = perf_counter()
    for leaves in logs:
        tree = Tree(0, ())
        for first in range(0, len(leaves), 1_024):
            part = leaves[first : first + 1_024]
            tree.extend([hashlib.sha256(b"\x00" + leaf).digest() for leaf in part])
        tree.root()
    tree_s = perf_counter() - began_s
    note = "baseline: plain SHA-256 over the same records"
    target = at_most(2, factor=2.5)
    desk.report("trees rebuilt", tree_s, "s", count, target=target, baseline=plain_s, note=note)


def _whole(desk: Desk, path: Path, count: int) -> None:
    desk.say("equalgate verify, everything recomputed")
    command = [sys.executable, "-c", _VERIFY, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    if told["code"] != 0:
        raise RuntimeError(f"not intact: {done.stdout[:300]}")
    note = "signatures, forms, trees, checkpoints, numbers of the ways in, containment"
    desk.report("verified", told["s"], "s", count, target=at_most(60), note=note)
    desk.report("verifier, peak RSS", told["mib"], "MiB", count, target=at_most(100))
