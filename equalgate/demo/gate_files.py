"""Write the folder of one simulated gate unit: `gate.toml`, its key, the keys of its readers."""

import os
from dataclasses import dataclass
from pathlib import Path

from edge.adapters.keystore import KeyStore
from edge.adapters.osdp_keys import new_scbk
from mqtt.client.tls import TlsFiles

__all__ = ["GateFolder"]

_TEMPLATE = """\
[gate]
site = "{site}"
id = "{gate}"
screen_dir = "screen"
screen_port = {screen_port}

[broker]
host = "127.0.0.1"
port = {port}
ca_file = "{trust}"
cert_file = "{certificate}"
key_file = "{key}"
retry_from_ms = 200
retry_to_ms = 1000

[keys]
trust = "{anchor}"

[workers]
face = true
face_models = "{models}"

[[portals]]
name = "{side}-door"
lock = "sim"
door_sensor = "sim"
exit_button = "sim"
lock_sensor = "sim"

[[readers]]
access_point = "{side}-in"
protocol = "osdp"
device = "sim"
scbk_file = "keys/{side}-in.scbk"
keypad = "osdp"

[[readers]]
access_point = "{side}-out"
protocol = "wiegand"
device = "sim"

[[imagers]]
access_point = "{side}-in"
source = "sim"

[[imagers]]
access_point = "{side}-out"
source = "sim"

[[face_buttons]]
access_point = "{side}-in"
device = "sim"

[[face_cameras]]
access_point = "{side}-in"
source = "sim"

[[guard_panels]]
access_point = "{side}-in"
device = "sim"

[[call_buttons]]
access_point = "{side}-in"
device = "sim"

[inputs]
fire = "sim"
fire_fault = "sim"
tamper = "sim"
battery = "sim"
"""


@dataclass(frozen=True, slots=True)
class GateFolder:
    """One simulated gate unit on disk."""

    folder: Path
    gate: str

    @property
    def config_file(self) -> Path:
        """Return its `gate.toml`."""
        return self.folder / "gate.toml"

    @property
    def sim_socket(self) -> Path:
        """Return the socket by which its simulated hardware is driven."""
        return self.folder / "state" / "sim.sock"

    @property
    def screen_folder(self) -> Path:
        """Return where its daemon leaves what its screens show."""
        return self.folder / "screen"

    @property
    def side(self) -> str:
        """Return the side of the compound, which names its portal and access points."""
        return self.gate.removeprefix("gate-")

    @property
    def portal(self) -> str:
        """Return the one portal of this unit."""
        return f"{self.side}-door"

    def make_keys(self) -> bytes:
        """Make its keys where missing; return the public half of its signing key."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys = KeyStore(self.folder / "keys")
        public_key = keys.signer().public_key
        scbk = self.folder / "keys" / f"{self.side}-in.scbk"
        if not scbk.exists():
            descriptor = os.open(scbk, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(new_scbk().hex())
        return public_key

    def write_config(
        self,
        site: str,
        port: int,
        tls: TlsFiles,
        anchor: bytes,
        models: Path | None,
        *,
        screen_port: int = 0,
    ) -> None:
        """Write `gate.toml` for this broker's port; the rest of the folder stays.

        Without `models` face says "not installed", and nothing else changes.
        """
        text = _TEMPLATE.format(
            site=site,
            gate=self.gate,
            side=self.side,
            port=port,
            trust=tls.trust,
            certificate=tls.certificate,
            key=tls.key,
            anchor=anchor.hex(),
            models="" if models is None else models.resolve(),
            screen_port=screen_port,
        )
        self.config_file.write_text(text, "utf-8")
