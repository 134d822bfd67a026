"""Lay out a gate unit's folder for benchmarks: `gate.toml`, keys, and the documents it holds."""

from dataclasses import dataclass
from pathlib import Path

from edge.adapters.keystore import KeyStore
from edge.adapters.store import SqliteStore
from equalgate.bench.gate_papers import DOOR, GATE, IN, SITE, Papers
from mqtt.client.tls import TlsFiles

__all__ = ["GateFolder", "lay_out"]

_CONFIG = """\
[gate]
site = "{site}"
id = "{gate}"

[broker]
host = "127.0.0.1"
port = {port}
ca_file = "{tls.trust}"
cert_file = "{tls.certificate}"
key_file = "{tls.key}"

[keys]
trust = "{trust}"

[[portals]]
name = "{door}"
lock = "sim"

[[readers]]
access_point = "{place}"
protocol = "osdp"
device = "sim"
"""


@dataclass(frozen=True, slots=True)
class GateFolder:
    """A gate unit on disk."""

    folder: Path

    @property
    def config(self) -> Path:
        """Return the file that the daemon starts from."""
        return self.folder / "gate.toml"

    @property
    def sim_socket(self) -> Path:
        """Return where its simulated reader is driven."""
        return self.folder / "state" / "sim.sock"


def lay_out(folder: Path, papers: Papers, port: int, tls: TlsFiles) -> GateFolder:
    """Write a gate unit that held its documents when it was switched off."""
    state = folder / "state"
    state.mkdir(parents=True, mode=0o700)
    text = _CONFIG.format(
        site=SITE,
        gate=GATE,
        port=port,
        tls=tls,
        trust=papers.signer.public_key.hex(),
        door=DOOR,
        place=IN,
    )
    gate = GateFolder(folder)
    gate.config.write_text(text, "utf-8")
    signer = KeyStore(folder / "keys").signer()
    store = SqliteStore(state / "gate.db", SITE, GATE, signer=signer)
    store.open()
    for name, held in papers.documents.items():
        store.save_document(name, held)
    store.close()
    return gate
