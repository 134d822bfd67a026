"""Named places at which a test or the demo lets the gate die, to prove that nothing is lost.

Uniform random faults missed a double opening in 190 simulated days that a named crash point found
at once (protocol notes §7.3), so every durability boundary has a name. In production no name is
set and nothing happens.
"""

import os
import signal
from collections.abc import Callable, Mapping

from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode

__all__ = ["CRASH_AT", "CrashPoint", "crash_point_from", "no_crash"]

CrashPoint = Callable[[str], None]
"""Called with the name of a boundary; returns, or the process is no more."""

CRASH_AT = "EQUALGATE_CRASH_AT"
"""`name:count` kills this process at the count-th time (from 1) that `name` is reached."""


def no_crash(_: str) -> None:
    """Do nothing."""


def crash_point_from(environment: Mapping[str, str]) -> CrashPoint:
    """Return the crash point that the environment asks for.

    Raises ConfigError(`config_invalid`) for a malformed value.
    """
    asked = environment.get(CRASH_AT, "")
    if not asked:
        return no_crash
    name, _, count = asked.partition(":")
    if not name or not count.isdecimal() or int(count) < 1:
        raise ConfigError(ReasonCode.CONFIG_INVALID, f"{CRASH_AT}=name:count")
    return _KillAt(name, int(count))


class _KillAt:
    """Kills this process at the count-th call with the name, without a word."""

    def __init__(self, name: str, count: int) -> None:
        self._name = name
        self._left = count

    def __call__(self, name: str) -> None:
        if name != self._name:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
