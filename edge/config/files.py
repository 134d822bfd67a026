"""Load `gate.toml`: one file in, one checked configuration or one clear error out."""

import tomllib
from pathlib import Path

import msgspec

from edge.config.checks import findings
from edge.config.tables import GateConfig
from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode

__all__ = ["MOST_BYTES", "load", "parse"]

MOST_BYTES = 256 * 1024
"""Longest file that is looked at."""


def load(path: Path) -> GateConfig:
    """Read and check a file. Raises ConfigError with file, key and cure."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        text = raw.decode("utf-8")
    except OSError as error:
        raise ConfigError(ReasonCode.CONFIG_MISSING, path.name) from error
    except UnicodeDecodeError as error:
        raise ConfigError(ReasonCode.CONFIG_INVALID, f"{path.name}: not UTF-8") from error
    if len(raw) > MOST_BYTES:
        raise ConfigError(ReasonCode.TOO_LARGE, f"{path.name}: at most 256 KiB")
    return parse(text, name=path.name, folder=str(path.parent))


def parse(text: str, *, name: str = "gate.toml", folder: str = ".") -> GateConfig:
    """Check the text of a file. Raises ConfigError for the first thing that is wrong."""
    try:
        tables = tomllib.loads(text)
        if "folder" in tables:
            raise ConfigError(ReasonCode.CONFIG_INVALID, f"{name}: unknown field folder")
        config = msgspec.convert({**tables, "folder": folder}, GateConfig)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(ReasonCode.CONFIG_INVALID, f"{name}: {error}") from error
    except RecursionError as error:
        raise ConfigError(ReasonCode.CONFIG_INVALID, f"{name}: nested too deeply") from error
    except msgspec.ValidationError as error:
        where = str(error).replace("`", "")
        raise ConfigError(ReasonCode.CONFIG_INVALID, f"{name}: {where}") from error
    for code, detail in findings(config):
        raise ConfigError(code, f"{name}: {detail}")
    return config
