"""Run a gate unit: `python -m edge run --config gate.toml`.

This is what starts in the field; `equalgate edge …` calls the same function.
"""

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.adapters.provisioning_cli import add_arguments, print_plate, run_provision
from edge.adapters.wiring import sim_socket
from edge.bootstrap import run
from edge.config import GateConfig, load
from mqtt.contract.errors import EqualGateError

__all__ = ["main"]

_LOG_FIELDS = ("reason", "portal", "document", "access_point", "worker", "code")

_ABOUT = """\
One gate unit: fob readers, QR, guard panel, locks; alone or with its controller.

  run           run the unit of a gate.toml
  check-config  check a gate.toml and say what it names; changes nothing
  screen        serve the screens of its access points on loopback, in a process of their own
  provision     bring this unit into a compound with a one-time token
  plate         print the plate (SVG) with the fingerprint of this unit's key
  sim           run it with simulated hardware, and drive that from another terminal
"""
_EXAMPLES = """\
examples:
  equalgate edge check-config /etc/equalgate/gate.toml
  equalgate edge provision --controller https://10.0.0.2:8443 --gate gate-east --token ABCDE-…
  equalgate edge run --config /etc/equalgate/gate.toml
  equalgate edge sim --config gate.toml
  equalgate edge sim --config gate.toml --do "fob 1234567" --do relays
  equalgate edge sim --config gate.toml --prompt
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0, 1 for a refused configuration, 2 for bad use."""
    parser = argparse.ArgumentParser(
        "equalgate edge",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("run", "sim", "screen"):
        command = verbs.add_parser(verb)
        command.add_argument("--config", type=Path, default=Path("/etc/equalgate/gate.toml"))
        if verb == "sim":
            command.add_argument(
                "--do", metavar="WORDS", action="append", help="drive a running simulator"
            )
            command.add_argument("--prompt", action="store_true", help="drive it by hand")
    check = verbs.add_parser("check-config")
    check.add_argument("file", type=Path)
    check.add_argument("--json", action="store_true", help="one JSON line for each finding")
    add_arguments(verbs.add_parser("provision"))
    plate = verbs.add_parser("plate")
    plate.add_argument("--config", type=Path, default=Path("/etc/equalgate/gate.toml"))
    options = parser.parse_args(argv)
    try:
        return _perform(options)
    except EqualGateError as error:
        for language in ("zh-CN", "en"):
            sys.stderr.write(f"{error.text(language)}  {error.cure(language)}\n")
        return 1


def _perform(options: argparse.Namespace) -> int:
    if options.verb == "check-config":
        return _check(options.file, as_json=options.json)
    if options.verb == "provision":
        return run_provision(options)
    config = load(options.config)
    if options.verb == "plate":
        return print_plate(config)
    if options.verb == "sim" and (options.do or options.prompt):
        from edge.adapters.sim import prompt  # a gate in the field loads no simulator

        return prompt.run(sim_socket(config), options.do or ())
    _log_to_stderr()
    if options.verb == "screen":
        from edge.kiosk.main import run_screens  # the door's process draws no pages

        return run_screens(config)
    return asyncio.run(_until_told(config, simulate=options.verb == "sim"))


async def _until_told(config: GateConfig, *, simulate: bool) -> int:
    """Run until SIGTERM or SIGINT."""
    task = asyncio.create_task(run(config, simulate=simulate))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return 0
    return 0


def _check(file: Path, *, as_json: bool) -> int:
    """Say everything that is wrong with a file, or what it names where nothing is."""
    from edge.config.explain import explain  # a gate in the field explains nothing

    found = explain(file)
    for each in found:
        text = json.dumps(each.as_row(), ensure_ascii=False) if as_json else str(each)
        sys.stdout.write(f"{text}\n")
    if not found and not as_json:
        sys.stdout.write(_summary(load(file)))
    return 1 if found else 0


def _summary(config: GateConfig) -> str:
    lines = [f"{config.gate.site} / {config.gate.id}"]
    lines += [f"  portal {portal.name}: lock {portal.lock}" for portal in config.portals]
    lines += [f"  fob    {row.access_point}: {row.protocol} {row.device}" for row in config.readers]
    lines += [f"  QR     {row.access_point}: {row.source}" for row in config.imagers]
    lines += [f"  guard  {row.access_point}: {row.device}" for row in config.guard_panels]
    return "\n".join([*lines, "OK", ""])


class _Lines(logging.Formatter):
    """One JSON object a line: time, level, event, and the fields that are known to be harmless."""

    def format(self, record: logging.LogRecord) -> str:
        row: dict[str, object] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        row |= {name: getattr(record, name) for name in _LOG_FIELDS if hasattr(record, name)}
        if record.exc_info is not None:
            row["error"] = self.formatException(record.exc_info)
        return json.dumps(row, ensure_ascii=False)


def _log_to_stderr() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_Lines())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)


if __name__ == "__main__":
    sys.exit(main())
