"""Fill a controller's database with many records of two gates, signed heads included.

Written past ingest, whose own benchmark is another one: here only what a bundle reads counts.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert

from controller.domain.moment import Moment
from controller.services.documents import compile_all
from controller.services.keystore import KeystoreFolder
from controller.services.seed import seed_compound
from controller.services.seed_gates import NORTH, SOUTH
from controller.services.site import Site
from controller.storage.engine import make_engine
from controller.storage.migrate import upgrade
from controller.storage.models import EventRow, GateEpochRow, GateHeadRow
from controller.storage.unit_of_work import UnitOfWork
from equalgate.bench.gate_papers import SITE
from equalgate.bench.gate_rig import NOON_MS
from mqtt.contract import codec
from mqtt.contract.audit import Frontier, leaf_hash
from mqtt.contract.envelope import Ed25519Signer
from mqtt.contract.events import (
    LEAF_VERSION,
    AdapterKind,
    Direction,
    EventKind,
    Leaf,
    Method,
    Outcome,
)
from mqtt.contract.presence import Heartbeat, seal_heartbeat
from mqtt.contract.reasons import ReasonCode

__all__ = ["MOMENT", "fill"]

MOMENT = Moment(NOON_MS, 1_000_000)
_WAYS = (Method.QR, Method.FOB, Method.FOB, Method.GUARD)
_ROWS = 10_000
_HEAD_EVERY = 50_000


def fill(folder: Path, records: int) -> tuple[Engine, Site]:
    """Return a database with `records` records, half of them of each gate, and its site."""
    engine = make_engine(f"sqlite:///{folder}/controller.db")
    upgrade(engine)
    site = Site(SITE, "Asia/Shanghai", KeystoreFolder(folder / "keys"))
    signers = {gate: Ed25519Signer.from_seed(gate.encode().ljust(32)) for gate in (SOUTH, NORTH)}
    with UnitOfWork(engine) as uow:
        keys = {gate: signer.public_key for gate, signer in signers.items()}
        seed_compound(uow, site, MOMENT, gate_keys=keys)
        compile_all(uow, site, MOMENT)
        uow.commit()
    for gate, signer in signers.items():
        _fill_gate(engine, gate, signer, records // 2)
    return engine, site


def _fill_gate(engine: Engine, gate: str, signer: Ed25519Signer, count: int) -> None:
    tree = Frontier()
    with engine.begin() as connection:
        for first in range(0, count, _ROWS):
            rows = list(_rows(gate, first, min(first + _ROWS, count), tree))
            connection.execute(insert(EventRow), rows)
            if tree.size % _HEAD_EVERY == 0 or tree.size == count:
                connection.execute(insert(GateHeadRow).values(_head(gate, tree, signer)))
        connection.execute(
            insert(GateEpochRow).values(
                gate=gate,
                epoch=1,
                size=tree.size,
                root=tree.root(),
                frontier=tree.dump(),
                stored=tree.size,
                first_received_at_ms=NOON_MS,
                last_received_at_ms=NOON_MS,
            )
        )


def _rows(gate: str, first: int, end: int, tree: Frontier) -> Iterator[dict[str, Any]]:
    for seq in range(first, end):
        raw = _leaf(gate, seq)
        hashed = leaf_hash(raw)
        tree.append(hashed)
        yield {
            "gate": gate,
            "epoch": 1,
            "seq": seq,
            "leaf": raw,
            "leaf_hash": hashed,
            "kind": "decision",
            "access_point": "",
            "method": "",
            "outcome": "",
            "reason": "",
            "direction": "in",
            "adapter_kind": "real",
            "at_s": NOON_MS // 1000 - end + seq,
            "clock_level": 0,
            "intent_to_unlock_ms": 300,
            "cause_seq": 0,
            "received_at_ms": NOON_MS,
        }


def _leaf(gate: str, seq: int) -> bytes:
    leaf = Leaf(
        version=LEAF_VERSION,
        site=SITE,
        gate=gate,
        epoch=1,
        seq=seq,
        kind=EventKind.DECISION,
        access_point=f"{gate.removeprefix('gate-')}-in",
        method=_WAYS[seq % len(_WAYS)],
        outcome=Outcome.GRANTED,
        reason=ReasonCode.GRANTED,
        at_s=NOON_MS // 1000 - 10_000_000 + seq * 10,
        boot_mono_ms=seq,
        clock_level=0,
        policy_version=1,
        intent_to_unlock_ms=200 + seq % 300,
        direction=Direction.IN,
        adapter_kind=AdapterKind.REAL,
        cause_seq=-1,
        commitment=seq.to_bytes(32, "big"),
    )
    return codec.encode(leaf)


def _head(gate: str, tree: Frontier, signer: Ed25519Signer) -> dict[str, Any]:
    heartbeat = Heartbeat(
        site=SITE,
        gate=gate,
        boot_id=bytes(16),
        mono_ms=tree.size,
        at_ms=NOON_MS,
        clock_level=0,
        epoch=1,
        size=tree.size,
        root=tree.root(),
        doors={},
        methods={},
        adapter_kind=AdapterKind.REAL,
    )
    return {
        "gate": gate,
        "epoch": 1,
        "kind": "hb",
        "slot": tree.size,
        "size": tree.size,
        "root": tree.root(),
        "presence": seal_heartbeat(heartbeat, signer),
        "heard_at_ms": NOON_MS,
        "note": "",
        "at_s": 0,
    }
