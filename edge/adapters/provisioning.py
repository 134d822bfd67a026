"""Bring this unit into a compound with one command: keys, ask, wait for approval, files.

Both keys are made here and never leave the unit. What comes back is believed only if the site's
document key, whose hash the token carries, has signed it; so the connection itself need not be
trusted, and a controller with a private certificate works at once. Run it again after a power cut:
the same keys ask the same question.
"""

import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from edge.adapters.keystore import KeyStore
from edge.adapters.store_files import replace_file
from mqtt.client.ca_requests import make_key_and_request
from mqtt.contract.errors import ConfigError, ContractError, UnavailableError
from mqtt.contract.provisioning import (
    Answer,
    Ask,
    Token,
    ask_message,
    fingerprint,
    open_answer,
)
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.versions import SOFTWARE

__all__ = ["Post", "UnitFiles", "http_post", "plate_svg", "provision"]

Post = Callable[[bytes], bytes]
"""Sends one ask and returns the JSON answer. Raises UnavailableError, ConfigError."""

_TIMEOUT_S = 10.0
_PAUSE_S = 2.0
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class UnitFiles:
    """The unit's folder, where `gate.toml` is or will be."""

    folder: Path

    @property
    def config(self) -> Path:
        """Return the unit's configuration."""
        return self.folder / "gate.toml"

    def key_and_request(self, gate: str) -> bytes:
        """Return the certificate request; its key lies in `tls/gate.key`, made when missing."""
        request = self.folder / "tls" / "gate.csr"
        if not request.exists():
            (self.folder / "tls").mkdir(mode=0o700, parents=True, exist_ok=True)
            made = make_key_and_request(gate)
            replace_file(self.folder / "tls" / "gate.key", made.key_pem)
            replace_file(request, made.request_pem)
        return request.read_bytes()

    def take(self, answer: Answer, profile: str) -> None:
        """Write what came back; an existing `gate.toml` keeps everything but names and places."""
        replace_file(self.folder / "tls" / "ca.pem", answer.broker_root, 0o644)
        replace_file(self.folder / "tls" / "gate.pem", answer.certificate, 0o644)
        text = self.config.read_text("utf-8") if self.config.exists() else profile
        replace_file(self.config, _filled(text, answer).encode(), 0o640)
        (self.folder / "tls" / "gate.csr").unlink(missing_ok=True)


def provision(
    files: UnitFiles,
    post: Post,
    token: Token,
    gate: str,
    *,
    profile: str = "",
    tell: Callable[[str], None],
    wait: Callable[[float], None] = time.sleep,
    tries: int = 900,
) -> Answer:
    """Ask until the manager has decided; write the files; return the answer.

    Raises ContractError for an answer that the token's site has not signed, UnavailableError
    (`timeout`) when nobody decides, ConfigError (`not_allowed`) when the unit is turned away.
    """
    public_key = KeyStore(files.folder / "keys").signer().public_key
    ask = Ask(gate, public_key, files.key_and_request(gate), SOFTWARE)
    message = ask_message(ask, token)
    tell(f"指纹 / fingerprint: {fingerprint(public_key)}")
    told = ""
    for _ in range(tries):
        state, sealed = _told(post(message))
        if state != told:
            tell(_STATES.get(state, state))
            told = state
        if state == "refused":
            raise ConfigError(ReasonCode.NOT_ALLOWED, gate)
        if state == "issued":
            answer = open_answer(sealed, ask, token)
            files.take(answer, profile)
            return answer
        wait(_PAUSE_S)
    raise UnavailableError(ReasonCode.TIMEOUT, "approval")


_STATES = {
    "asked": "请物业经理核对指纹并批准 / ask the manager to compare the fingerprint and approve",
    "approved": "已批准，正在签发证书 / approved, the certificate is being issued",
    "issued": "证书已收到 / the certificate has arrived",
    "refused": "物业经理未批准 / the manager turned this unit away",
}


def http_post(base: str) -> Post:
    """Return a Post to a controller at `https://host:port` (plain http on loopback only)."""
    parts = urlsplit(base)
    is_loopback = parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback):
        raise ConfigError(ReasonCode.CONFIG_INVALID, "--controller: https://…")
    # The token's MAC and the site's signature protect both directions, whoever is in between.
    context = ssl._create_unverified_context() if parts.scheme == "https" else None  # noqa: S323, SLF001
    url = f"{parts.scheme}://{parts.netloc}/api/v1/units/ask"
    headers = {"Content-Type": "application/cbor", "Origin": f"{parts.scheme}://{parts.netloc}"}

    def post(message: bytes) -> bytes:
        request = Request(url, data=message, headers=headers, method="POST")  # noqa: S310
        try:
            with urlopen(request, timeout=_TIMEOUT_S, context=context) as answer:  # noqa: S310
                return bytes(answer.read(_MOST_BYTES))
        except HTTPError as error:
            with error:  # a refusal is an answer, with a connection of its own
                raise ConfigError(ReasonCode.NOT_ALLOWED, f"HTTP {error.code}") from error
        except (URLError, OSError) as error:
            raise UnavailableError(ReasonCode.TIMEOUT, parts.netloc) from error

    return post


def plate_svg(site: str, gate: str, public_key: bytes) -> str:
    """Return the plate for the unit's housing, 90 x 40 mm: what inspectors compare."""
    groups = fingerprint(public_key).split()
    lines = (" ".join(groups[:4]), " ".join(groups[4:]))
    rows = "".join(
        f'<text x="6" y="{24 + 8 * at}" font-family="monospace" font-size="6">{line}</text>'
        for at, line in enumerate(lines)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="90mm" height="40mm" viewBox="0 0 90 40">'
        '<rect x="0.5" y="0.5" width="89" height="39" rx="3" fill="#fff" stroke="#000"/>'
        f'<text x="6" y="9" font-family="sans-serif" font-size="5">{site} / {gate}</text>'
        '<text x="6" y="15.5" font-family="sans-serif" font-size="3.4">'
        "门禁机密钥指纹 / key fingerprint of this gate unit</text>"
        f"{rows}</svg>\n"
    )


def _told(raw: bytes) -> tuple[str, bytes]:
    try:
        row = json.loads(raw)
        return str(row["state"]), bytes.fromhex(row["answer"])
    except (ValueError, KeyError, TypeError) as error:
        raise ContractError(ReasonCode.MALFORMED, "answer") from error


def _filled(text: str, answer: Answer) -> str:
    """Put names and places into a `gate.toml`, table by table; everything else stays."""
    values = {
        ("gate", "site"): answer.site,
        ("gate", "id"): answer.gate,
        ("broker", "host"): answer.broker_host,
        ("broker", "port"): str(answer.broker_port),
        ("broker", "ca_file"): "tls/ca.pem",
        ("broker", "cert_file"): "tls/gate.pem",
        ("broker", "key_file"): "tls/gate.key",
        ("keys", "trust"): answer.anchor.hex(),
        ("keys", "folder"): "keys",
    }
    lines: list[str] = []
    table, done = "", set[tuple[str, str]]()
    for line in text.splitlines():
        if line.startswith("["):
            lines += _missing(values, table, done)
            table = line.strip("[] ")
        key = line.partition("=")[0].strip()
        if (table, key) in values:
            line = _line(key, values[table, key])  # noqa: PLW2901
            done.add((table, key))
        lines.append(line)
    lines += _missing(values, table, done)
    for name in ("gate", "broker", "keys"):
        if not any(line.strip() == f"[{name}]" for line in lines):
            lines += ["", f"[{name}]", *_missing(values, name, done)]
    return "\n".join(lines) + "\n"


def _missing(
    values: dict[tuple[str, str], str], table: str, done: set[tuple[str, str]]
) -> list[str]:
    found = [place for place in values if place[0] == table and place not in done]
    done.update(found)
    return [_line(key, values[table, key]) for table, key in found]


def _line(key: str, value: str) -> str:
    return f"{key} = {value}" if key == "port" else f'{key} = "{value}"'
