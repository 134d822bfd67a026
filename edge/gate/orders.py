"""Say what the gate knows when a command arrives, for the contract's checks."""

from collections.abc import Mapping

from edge.domain.knowledge import Knowledge
from edge.domain.model import ClockTrust, Moment
from edge.gate.presence import Identity
from mqtt.contract.commands import CommandContext

__all__ = ["command_context"]


def command_context(
    identity: Identity, known: Knowledge, keys: Mapping[bytes, bytes], now: Moment
) -> CommandContext:
    """Return the context of a command at `now`; `keys` are those that may sign commands."""
    return CommandContext(
        site=identity.site,
        gate=identity.gate,
        boot_id=identity.boot_id,
        now_mono_ms=now.mono_ms,
        keys=keys,
        roster=known.roster,
        open_needs_own_key=known.settings.open_needs_own_key,
        now_ms=None if now.trust is ClockTrust.UNKNOWN else now.utc_ms,
    )
