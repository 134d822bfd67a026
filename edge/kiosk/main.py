"""Run the screens of the gate unit that a `gate.toml` names: `python -m edge screen`."""

import logging
import signal
import threading
from pathlib import Path

from edge.config import GateConfig
from edge.kiosk.follow import Boards, Voice
from edge.kiosk.server import KioskServer
from edge.kiosk.speaker import speaker_named
from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode

__all__ = ["run_screens"]

_log = logging.getLogger(__name__)


def run_screens(config: GateConfig) -> int:
    """Serve until SIGTERM or SIGINT. Raises ConfigError where the gate has no `screen_dir`."""
    if not config.gate.screen_dir:
        raise ConfigError(ReasonCode.CONFIG_INVALID, "gate.screen_dir")
    folder: Path = config.path(config.gate.screen_dir)
    boards = Boards(folder)
    voice = Voice(boards, speaker_named(config.gate.speaker), config.gate.language)
    with KioskServer(boards, config.gate.screen_port, config.gate.language) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        voice.start()
        _log.info("screen_up")
        server.serve_forever(poll_interval=0.2)
        voice.stop()
    return 0
