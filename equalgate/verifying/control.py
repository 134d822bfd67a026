"""Check the controller's own log: consents, configurations, drills, verdicts and acts of staff.

Its leaves name nobody (`mqtt.contract.control_log`); who it was stays with the controller, bound by
a commitment. The tree must have the root that the controller signed in the report's checkpoint.
"""

from collections import Counter
from hashlib import sha256

from equalgate.verifying.base import BrokenError
from equalgate.verifying.cbor import CborValue, read_cbor
from equalgate.verifying.checks import Contents, hashed
from equalgate.verifying.frames import table
from equalgate.verifying.log import Tree, read_leaves
from equalgate.verifying.signed import read_checkpoint

__all__ = ["check_control", "check_control_head"]

_MOST_LEAF = 65_535
_FORM = (int, int, str, int, dict, bytes)
_AT_ONCE = 1_024


def check_control(contents: Contents) -> None:
    """Rebuild the controller's log from its leaves. Raises BrokenError."""
    tree, waiting, kinds = Tree(0, ()), list[bytes](), Counter[str]()
    bound: dict[bytes, bytes] = {}
    for seq, leaf in enumerate(read_leaves(hashed(contents, "control.log"), _MOST_LEAF)):
        kinds[_kind(leaf, seq, bound)] += 1
        waiting.append(sha256(b"\x00" + leaf).digest())
        if len(waiting) >= _AT_ONCE:
            tree.extend(waiting)
            waiting.clear()
    tree.extend(waiting)
    contents.control = (tree.size, tree.root())
    told = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    contents.findings.notes.append(f"controller log: {tree.size} records ({told})")


def check_control_head(contents: Contents, data: bytes) -> None:
    """Hold the log against the signed checkpoint in the report. Raises BrokenError."""
    said = table(data).get("control_log")
    size, root = contents.control
    if not isinstance(said, dict) or (said.get("size"), said.get("root")) != (size, root.hex()):
        raise BrokenError("the controller's log is not the one in the report")
    keys = contents.keys.scopes.get("ack", {})
    signed = read_checkpoint(str(said.get("checkpoint")), keys)
    if signed != (f"{contents.manifest.site}/controller/0", size, root):
        raise BrokenError("the controller's log is not what the controller signed")


def _check_drill(facts: dict[str, CborValue], bound: dict[bytes, bytes]) -> None:
    """Hold a revealed list of a drill against the hash that was published before it was played."""
    visit, step = facts.get("drill"), facts.get("step")
    if not isinstance(visit, bytes):
        return
    if step == "opened":
        hashed = facts.get("list_hash")
        bound[visit] = hashed if isinstance(hashed, bytes) else b""
    elif step == "revealed":
        listed = facts.get("list")
        if not isinstance(listed, bytes) or sha256(listed).digest() != bound.get(visit):
            raise BrokenError("a drill's list is not the one that was bound before")


def _kind(leaf: bytes, seq: int, bound: dict[bytes, bytes]) -> str:
    fields = read_cbor(leaf)
    if not isinstance(fields, list) or [type(each) for each in fields] != list(_FORM):
        raise BrokenError(f"record {seq} of the controller has the wrong form")
    if fields[:2] != [1, seq]:
        raise BrokenError(f"record {seq} of the controller is out of place")
    if fields[2] == "drill":
        _check_drill(fields[4], bound)
    return str(fields[2])
