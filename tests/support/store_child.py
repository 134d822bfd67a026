"""Commit to a store in a process of its own and say what is durable; tests kill it."""

import os
import sys
from pathlib import Path

from edge.adapters.store import SqliteStore
from edge.gate.crash_points import crash_point_from
from mqtt.contract.envelope import Ed25519Signer
from mqtt.contract.topics import DocumentName
from tests.support.store_places import GATE, SITE, commit, decision, document, moment


def main(path: str, count: int) -> None:
    signer = Ed25519Signer.from_seed(b"g" * 32)
    crash_point = crash_point_from(os.environ)
    store = SqliteStore(
        Path(path), SITE, GATE, signer=signer, crash_point=crash_point, ballast_bytes=0
    )
    boot = store.open()
    print("open", boot.epoch, boot.size, flush=True)
    for number in range(count):
        seq = commit(store, decision(), decision())
        print("durable", seq, flush=True)
        if number % 5 == 0:
            store.save_document(DocumentName.ROSTER, document(number + 1, 3))
    store.erase_personal(0, 2, moment(), 1)
    store.close()
    print("closed", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
