"""Let a test or the demo kill this process at a named boundary, to prove that nothing is lost.

In production no name is set and nothing happens. Ingest knows `before_commit`, `after_commit` and
`after_gate_ack`.
"""

import os
import signal
from collections.abc import Callable, Mapping

from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode

__all__ = ["CRASH_AT", "crash_point_from"]

CRASH_AT = "EQUALGATE_INGEST_CRASH_AT"
"""`name:count` kills ingest at the count-th time (from 1) that `name` is reached."""


def crash_point_from(environment: Mapping[str, str]) -> Callable[[str], None] | None:
    """Return what is called at each boundary, None if nothing was asked for.

    Raises ConfigError(`config_invalid`) for a malformed value.
    """
    asked = environment.get(CRASH_AT, "")
    if not asked:
        return None
    name, _, count = asked.partition(":")
    if not name or not count.isdecimal() or int(count) < 1:
        raise ConfigError(ReasonCode.CONFIG_INVALID, f"{CRASH_AT}=name:count")
    left = int(count)

    def kill(reached: str) -> None:
        nonlocal left
        if reached == name:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return kill
