"""The commands `provision` and `plate` of a gate unit."""

import argparse
import sys
from pathlib import Path

from edge.adapters.keystore import KeyStore
from edge.adapters.vault import vault_of
from edge.config import GateConfig
from mqtt.contract.ids import parse_name
from mqtt.contract.provisioning import read_token

__all__ = ["add_arguments", "print_plate", "run_provision"]


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what `provision` takes."""
    command.add_argument("--controller", required=True, help="https://host:port")
    command.add_argument("--gate", required=True, help="门的编号 / the gate's id")
    told = "一次性令牌；- 从标准输入读 / the one-time token; - reads it from stdin"
    command.add_argument("--token", required=True, help=told)
    command.add_argument("--folder", type=Path, default=Path("/etc/equalgate"))
    told = "gate.toml 的起点，如 firmware-config/profiles/orin-nano/gate.toml / to start from"
    command.add_argument("--profile", type=Path, default=None, help=told)


def run_provision(options: argparse.Namespace) -> int:
    """Ask, wait for the manager, write the files. Raises EqualGateError."""
    from edge.adapters.provisioning import UnitFiles, http_post, provision

    given: str = options.token
    text = sys.stdin.readline() if given.strip() == "-" else given
    profile = "" if options.profile is None else options.profile.read_text("utf-8")
    files = UnitFiles(options.folder)
    provision(
        files,
        http_post(options.controller),
        read_token(text),
        parse_name(options.gate),
        profile=profile,
        tell=_tell,
    )
    _tell(f"{files.config}: equalgate edge check-config")
    return 0


def print_plate(config: GateConfig) -> int:
    """Print the plate as SVG."""
    from edge.adapters.provisioning import plate_svg

    keys = KeyStore(config.path(config.keys.folder), vault_of(config.keys.store))
    public_key = keys.signer().public_key
    sys.stdout.write(plate_svg(config.gate.site, config.gate.id, public_key))
    return 0


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
