"""Generate mosquitto.conf for 2.0.11 and later (reasons: protocol.md §2.1-2.2).

Two lines carry the security of the wire: `use_identity_as_username` makes the name in the
certificate the user, and `use_username_as_clientid` makes the user the client id. Without the
second, the certificate of one gate can connect under the client id of another and destroy what
waits for it.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode

__all__ = ["BrokerPlan", "MosquittoVersion", "parse_version", "render_config"]

_VERSION = re.compile(r"mosquitto version (\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True, order=True)
class MosquittoVersion:
    """The version that decides which options exist."""

    major: int
    minor: int
    patch: int


_OLDEST = MosquittoVersion(2, 0, 11)
_PROTOCOL_OPTION_SINCE = MosquittoVersion(2, 1, 0)


def parse_version(help_text: str) -> MosquittoVersion:
    """Read the version from `mosquitto -h`.

    Raises ConfigError(`not_supported`) for an unknown text or a version before 2.0.11.
    """
    found = _VERSION.search(help_text)
    if found is None:
        raise ConfigError(ReasonCode.NOT_SUPPORTED, "mosquitto")
    major, minor, patch = (int(part) for part in found.groups())
    version = MosquittoVersion(major, minor, patch)
    if version < _OLDEST:
        raise ConfigError(ReasonCode.NOT_SUPPORTED, f"mosquitto {major}.{minor}.{patch}")
    return version


@dataclass(frozen=True, slots=True)
class BrokerPlan:
    """What one broker needs. `run_as` is the user that it becomes when it is started as root.

    `trust` holds both roots, `revoked` both revocation lists; `data` is its folder for sessions.
    """

    host: str
    port: int
    trust: Path
    revoked: Path
    certificate: Path
    key: Path
    acl: Path
    data: Path
    run_as: str = "mosquitto"
    max_connections: int = 1000


def render_config(plan: BrokerPlan, version: MosquittoVersion) -> str:
    """Return the text of mosquitto.conf. Raises ConfigError(`config_invalid`) for odd values."""
    _check(plan)
    lines = [
        "# Generated. One listener, TLS 1.3 with client certificates, everything else denied.",
        f"listener {plan.port} {plan.host}",
        f"cafile {plan.trust}",
        f"crlfile {plan.revoked}",
        f"certfile {plan.certificate}",
        f"keyfile {plan.key}",
        "tls_version tlsv1.3",
        "require_certificate true",
        "use_identity_as_username true",
        "use_username_as_clientid true",
        f"max_connections {plan.max_connections}",
        *(["accept_protocol_versions 5"] if version >= _PROTOCOL_OPTION_SINCE else []),
        "allow_anonymous false",
        "allow_zero_length_clientid false",
        f"acl_file {plan.acl}",
        f"user {plan.run_as}",
        "set_tcp_nodelay true",
        "max_packet_size 262144",
        "max_keepalive 120",
        "max_inflight_messages 20",
        "max_queued_messages 1000",
        "max_queued_bytes 67108864",
        "memory_limit 536870912",
        "persistent_client_expiration 1d",
        "persistence true",
        f"persistence_location {plan.data}/",
        "autosave_interval 60",
        "sys_interval 0",
        "connection_messages true",
        "log_dest stdout",
        "log_type error",
        "log_type warning",
        "log_type notice",
        "log_timestamp_format %Y-%m-%dT%H:%M:%S",
    ]
    return "\n".join(lines) + "\n"


def _check(plan: BrokerPlan) -> None:
    texts = [plan.host, plan.run_as]
    paths = (plan.trust, plan.revoked, plan.certificate, plan.key, plan.acl, plan.data)
    texts += [str(path) for path in paths]
    if any(not text or not text.isprintable() for text in texts):
        raise ConfigError(ReasonCode.CONFIG_INVALID, "mosquitto.conf: unprintable text")
    if any(" " in text for text in (plan.host, plan.run_as)):
        raise ConfigError(ReasonCode.CONFIG_INVALID, "mosquitto.conf: host or user")
    if any(not path.is_absolute() for path in paths):
        raise ConfigError(ReasonCode.CONFIG_INVALID, "mosquitto.conf: relative path")
    if not 0 < plan.port < 65536:
        raise ConfigError(ReasonCode.CONFIG_INVALID, "port 1-65535")
