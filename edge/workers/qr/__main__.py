"""Start the QR worker: ``python -m edge.workers.qr --socket PATH --lane ap-1=SPEC``."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from edge.worker_wire import Presence, WireError, encode
from edge.workers.harness import Waker, run_worker
from edge.workers.qr.budget import BudgetSpec
from edge.workers.qr.decode import load_decoder
from edge.workers.qr.frames import Feed, SourceError
from edge.workers.qr.lane import Lane
from edge.workers.qr.sources import FORMS, open_source
from edge.workers.qr.worker import QrWorker

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run the worker; 0 for a clean end, 1 for a crash, 2 for bad use."""
    parser = _parser()
    options = parser.parse_args(argv)

    def body(waker: Waker) -> None:
        # Readers load and warm up before the hello, so that the first picture costs what all do.
        try:
            decoder = load_decoder()
        except ImportError as error:
            parser.exit(1, f"{parser.prog}: {error}\n")
        feeds = {lane_id: _feed(parser, spec, waker) for lane_id, spec in _lanes(parser, options)}
        if not options.simulated and any(feed.is_simulated for feed in feeds.values()):
            parser.error("files are no camera: add --simulated, which every record will state")
        decoder.warm_up()
        spec = BudgetSpec()
        lanes = [Lane(key, feed, decoder, _mono_ms, spec) for key, feed in feeds.items()]
        worker = QrWorker(lanes, decoder.names, is_simulated=options.simulated, mono_ms=_mono_ms)
        worker.run(options.socket, waker)

    return run_worker("qr", body)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m edge.workers.qr", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="the daemon's Unix socket")
    parser.add_argument(
        "--lane", action="append", required=True, metavar="ID=SPEC", help=f"SPEC is {FORMS}"
    )
    parser.add_argument(
        "--simulated", action="store_true", help="say in every record that this is no real camera"
    )
    return parser


def _lanes(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[tuple[str, str]]:
    pairs = [text.partition("=") for text in options.lane]
    names = [name for name, _, _ in pairs]
    if not all(equals for _, equals, _ in pairs) or len(set(names)) != len(names):
        parser.error("--lane is ID=SPEC, each access point once")
    for name in names:
        try:
            encode(Presence(name, 0))
        except WireError:
            parser.error("the ID of a --lane has 4 to 40 of a-z, 0-9 and -")
    return [(name, spec) for name, _, spec in pairs]


def _feed(parser: argparse.ArgumentParser, spec: str, waker: Waker) -> Feed:
    try:
        return open_source(spec, mono_ms=_mono_ms, wake=waker.wake)
    except SourceError as error:
        parser.error(str(error))


def _mono_ms() -> float:
    return time.monotonic() * 1000


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
